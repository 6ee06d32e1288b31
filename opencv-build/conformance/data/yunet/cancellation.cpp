// Cancels the detection of faces: it ends soon, with an error, and later calls give the same faces as before.
//
//   cancellation SHARE
//
// SHARE is the SDK's folder of models and samples. Prints what fails.
#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <climits>

#include "checks.hpp"
#include "stop_after_calls.hpp"

using namespace conformance;

namespace {

// Returns the error, or an empty string.
std::string detect(cv::FaceDetectorYN& detector, const cv::Mat& image, cv::Mat& faces)
{
    try
    {
        detector.detect(image, faces);
        return "";
    }
    catch (const cv::Exception& error)
    {
        return error.err;
    }
}

void test_detection(const std::string& model, const cv::Mat& image, int threads)
{
    const std::string name = std::to_string(threads) + " threads: ";
    cv::setNumThreads(threads);
    const cv::Ptr<cv::FaceDetectorYN> detector = cv::FaceDetectorYN::create(model, "", image.size(), 0.5f);
    cv::Mat expected, faces;
    check(detect(*detector, image, expected).empty() && expected.rows > 0, name + "no face is found");
    long all;
    {
        StopAfterCalls stopper(LONG_MAX);
        check(detect(*detector, image, faces).empty() && same(expected, faces),
              name + "other faces are found while a stop callback is set");
        all = stopper.calls;
    }
    check(all > 20, name + "the stop callback is called only " + std::to_string(all) + " times");
    for (long limit : {0L, 1L, all / 2})
    {
        StopAfterCalls stopper(limit);
        const std::string error = detect(*detector, image, faces);
        check(error == stopped_error, name + "the detection is not stopped: `" + error + "`");
        // Each thread may call it once more for each piece of work that it has left.
        check(stopper.calls < all / 2 + all / 4, name +
                                                     "the detection continues after the stop: it calls the callback " +
                                                     std::to_string(stopper.calls) + " times");
    }
    check(detect(*detector, image, faces).empty() && same(expected, faces),
          name + "other faces are found after it was stopped");
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    const std::string share = arguments[1];
    silence_errors();
    // Large enough for many calls.
    cv::Mat photo = cv::imread(share + "/samples/lena.jpg"), large;
    cv::resize(photo, large, cv::Size(), 3, 3, cv::INTER_LINEAR);
    for (int threads : {1, 2, 4})
        test_detection(share + "/yunet/face_detection_yunet.packed", large, threads);
    return failures() == 0 ? 0 : 1;
}
