// Tests how programs use `cv::FaceDetectorYN` besides detecting: its settings, images of other sizes and types, parts
// of images, and detectors in several threads.
//
//   class_usage SHARE
//
// SHARE is the SDK's folder of models and samples. Prints what fails.
#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <limits>
#include <thread>

#include "checks.hpp"

using namespace conformance;

namespace {

typedef cv::Ptr<cv::FaceDetectorYN> Detector;

std::string model;

cv::Mat detect(const Detector& detector, cv::InputArray image)
{
    cv::Mat faces;
    detector->setInputSize(image.size());
    check(detector->detect(image, faces) == 1, "detect does not return 1 for an image");
    return faces;
}

void test_settings()
{
    const Detector detector = cv::FaceDetectorYN::create(model, "", cv::Size(320, 240));
    check(detector->getInputSize() == cv::Size(320, 240), "create ignores the input size");
    check(detector->getScoreThreshold() == 0.9f && detector->getNMSThreshold() == 0.3f && detector->getTopK() == 5000,
          "the default thresholds are others than in the header");
    const Detector other = cv::FaceDetectorYN::create(model, "", cv::Size(3, 4), 0.25f, 0.5f, 7);
    check(other->getInputSize() == cv::Size(3, 4) && other->getScoreThreshold() == 0.25f &&
              other->getNMSThreshold() == 0.5f && other->getTopK() == 7,
          "create ignores its arguments");
    detector->setInputSize(cv::Size(64, 32));
    detector->setScoreThreshold(0.75f);
    detector->setNMSThreshold(0.125f);
    detector->setTopK(3);
    check(detector->getInputSize() == cv::Size(64, 32) && detector->getScoreThreshold() == 0.75f &&
              detector->getNMSThreshold() == 0.125f && detector->getTopK() == 3,
          "a setter has no effect");
}

// The settings select from the same candidates.
void test_effect_of_settings(const cv::Mat& photo)
{
    const Detector detector = cv::FaceDetectorYN::create(model, "", cv::Size(), 0.5f, 1.0f);
    const cv::Mat candidates = detect(detector, photo);
    check(candidates.rows > 3 && candidates.type() == CV_32FC1 && candidates.cols == 15,
          "the candidates are not rows of 15 floats");
    for (int i = 1; i < candidates.rows; i++)
        check(candidates.at<float>(i, 14) <= candidates.at<float>(i - 1, 14), "the scores do not fall");
    detector->setTopK(2);
    check(same(detect(detector, photo), candidates.rowRange(0, 2)), "the best two candidates are not the first");
    detector->setTopK(5000);
    detector->setScoreThreshold(candidates.at<float>(2, 14));
    check(same(detect(detector, photo), candidates.rowRange(0, 2)), "the score threshold has no effect");
    detector->setScoreThreshold(0.5f);
    detector->setNMSThreshold(0.3f);
    check(same(detect(detector, photo), candidates.rowRange(0, 1)), "the candidates of a face are not suppressed");
}

void check_refused(const Detector& detector, const cv::Mat& image, const std::string& part)
{
    cv::Mat faces;
    try
    {
        detector->detect(image, faces);
        check(false, "a detection succeeds that should be refused: " + part);
    }
    catch (const cv::Exception& error)
    {
        check(error.err.find(part) != std::string::npos,
              "the error does not contain `" + part + "`: `" + error.err + "`");
    }
}

void test_images(const cv::Mat& photo)
{
    const Detector detector = cv::FaceDetectorYN::create(model, "", cv::Size());
    cv::Mat faces;
    check(detector->detect(cv::Mat(), faces) == 0, "an empty image does not give 0");
    check(detect(detector, cv::Mat::zeros(48, 64, CV_8UC3)).empty(), "a black image has faces");
    detector->setInputSize(cv::Size(64, 48));
    check_refused(detector, cv::Mat::zeros(48, 65, CV_8UC3), "setInputSize");
    check_refused(detector, cv::Mat::zeros(64, 48, CV_8UC3), "setInputSize");
    for (int type : {CV_8UC1, CV_8UC2, CV_8UC4, CV_8SC3, CV_16UC3, CV_32FC3})
        check_refused(detector, cv::Mat::zeros(48, 64, type), "8-bit");
    const int too_long = (1 << 24) + 1;
    detector->setInputSize(cv::Size(too_long, 1));
    check_refused(detector, cv::Mat::zeros(1, too_long, CV_8UC3), "too large");

    // Memory and rows of an earlier call do not matter.
    const cv::Mat expected = detect(detector, photo);
    check(expected.rows == 1, "the sample has " + std::to_string(expected.rows) + " faces instead of 1");
    cv::Mat small;
    cv::resize(photo, small, cv::Size(101, 67), 0, 0, cv::INTER_AREA);
    const cv::Mat expected_small = detect(cv::FaceDetectorYN::create(model, "", cv::Size()), small);
    check(same(detect(detector, small), expected_small), "a smaller image gives other faces after a larger one");
    check(same(detect(detector, photo), expected), "a larger image gives other faces after a smaller one");

    cv::Mat framed;
    cv::copyMakeBorder(photo, framed, 5, 6, 7, 8, cv::BORDER_CONSTANT, cv::Scalar::all(200));
    check(same(detect(detector, framed(cv::Rect(7, 5, photo.cols, photo.rows))), expected),
          "a part of an image gives other faces than its copy");
    cv::UMat copied;
    photo.copyTo(copied);
    check(same(detect(detector, copied), expected), "a UMat gives other faces");

    cv::UMat into;
    detector->setInputSize(photo.size());
    detector->detect(photo, into);
    check(same(into.getMat(cv::ACCESS_READ), expected), "an output in a UMat has other faces");
}

void test_invalid_thresholds(const cv::Mat& photo)
{
    for (const float invalid : {-1.f, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    {
        check_refused(cv::FaceDetectorYN::create(model, "", photo.size(), invalid), photo, "score threshold");
        check_refused(cv::FaceDetectorYN::create(model, "", photo.size(), 0.9f, invalid), photo, "overlaps");
    }
}

void test_threads(const cv::Mat& photo)
{
    const cv::Mat expected = detect(cv::FaceDetectorYN::create(model, "", cv::Size()), photo);
    std::vector<cv::Mat> found(4);
    std::vector<std::thread> threads;
    for (cv::Mat& faces : found)
        threads.emplace_back([&] {
            const Detector detector = cv::FaceDetectorYN::create(model, "", cv::Size());
            for (int i = 0; i < 3; i++)
                faces = detect(detector, photo);
        });
    for (std::thread& thread : threads)
        thread.join();
    for (const cv::Mat& faces : found)
        check(same(faces, expected), "detectors in several threads find other faces");
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    const std::string share = arguments[1];
    silence_errors();
    const cv::Mat photo = cv::imread(share + "/samples/lena.jpg");
    for (const char* file : {"face_detection_yunet.onnx", "face_detection_yunet.packed"})
    {
        model = share + "/yunet/" + file;
        test_settings();
        test_effect_of_settings(photo);
        test_images(photo);
        test_invalid_thresholds(photo);
        test_threads(photo);
    }
    return failures() == 0 ? 0 : 1;
}
