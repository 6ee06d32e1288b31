// Cancels detection and grouping: they end soon, with an error, and later calls give the same results as before.
//
//   cancellation SHARE
//
// SHARE is the SDK's folder of cascades and samples. Prints what fails.
#include <opencv2/imgcodecs.hpp>

#include <climits>

#include "checks.hpp"
#include "detection.hpp"
#include "stop_after_calls.hpp"

using namespace conformance;

namespace {

void test_detection(const std::string& name, const std::string& file, const cv::Mat& image, int threads)
{
    cv::setNumThreads(threads);
    cv::CascadeClassifier classifier(file);
    DetectionRequest request;
    request.image = image;
    request.min_neighbors = 2;
    const DetectionResult expected = detect(classifier, request);
    long all;
    {
        StopAfterCalls stopper(LONG_MAX);
        check(difference(expected, detect(classifier, request)).empty() || threads > 1,
              name + " finds other rectangles while a stop callback is set");
        all = stopper.calls;
    }
    check(all > 20, name + " calls the stop callback only " + std::to_string(all) + " times");
    for (long limit : {0L, 1L, all / 2})
    {
        StopAfterCalls stopper(limit);
        const DetectionResult result = detect(classifier, request);
        check(result.error == stopped_error, name + " is not stopped: `" + result.error + "`");
        // Each remaining work item calls the callback once more.
        check(stopper.calls < all / 2 + all / 4,
              name + " continues after the stop: it calls the callback " + std::to_string(stopper.calls) + " times");
    }
    // With several threads the order of OpenCV's own code is nondeterministic, and grouping depends on it.
    check(difference(expected, detect(classifier, request)).empty() || threads > 1,
          name + " finds other rectangles after it was stopped");
}

void test_grouping()
{
    std::vector<cv::Rect> many;
    for (int i = 0; i < 100000; i++)
        many.push_back(cv::Rect(i % 500, i / 500, 24, 24));
    StopAfterCalls stopper(3);
    std::string error;
    try
    {
        cv::groupRectangles(many, 2);
    }
    catch (const cv::Exception& stopped)
    {
        error = stopped.err;
    }
    check(error == stopped_error && stopper.calls == 4, "grouping is not stopped");
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    const std::string share = arguments[1];
    silence_errors();
    const cv::Mat photo = cv::imread(share + "/samples/lena.jpg", cv::IMREAD_GRAYSCALE);
    // The last one runs in OpenCV's own code.
    for (const char* name : {"frontalface_default", "frontalface_alt2", "eye_tree_eyeglasses"})
        for (int threads : {1, 2})
            test_detection(name, share + "/haarcascades/haarcascade_" + name + ".xml", photo, threads);
    test_grouping();
    return failures() == 0 ? 0 : 1;
}
