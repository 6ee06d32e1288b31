// Linked against every new SDK and, if the build machine can run it, executed: finds a library that is missing from the
// link list and a module that does not work before the SDK's users do.
#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/opencv_modules.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef HAVE_OPENCV_IMGPROC
#include <opencv2/imgproc.hpp>
#endif
#ifdef HAVE_OPENCV_IMGCODECS
#include <opencv2/imgcodecs.hpp>
#endif
#ifdef HAVE_OPENCV_OBJDETECT
#include <opencv2/objdetect.hpp>
#endif

static void require(bool holds, const std::string& what)
{
    if (!holds)
        throw std::runtime_error(what);
}

static void check_core()
{
    const cv::Mat ones = cv::Mat::ones(48, 64, CV_8UC3);
    require(cv::sum(ones) == cv::Scalar(48 * 64, 0, 0), "cv::sum");
}

// Encodes and decodes an image; if `lossless`, the pixels must be the same, otherwise differ by at most 40.
static void check_format(const std::string& extension, bool lossless)
{
#ifdef HAVE_OPENCV_IMGCODECS
    cv::Mat image(48, 64, CV_8UC3);
    for (int y = 0; y < image.rows; y++)
        for (int x = 0; x < image.cols; x++)
            image.at<cv::Vec3b>(y, x) = cv::Vec3b(x, y, x + y);
    std::vector<uchar> bytes;
    require(cv::imencode(extension, image, bytes), "encode " + extension);
    const cv::Mat decoded = cv::imdecode(bytes, cv::IMREAD_COLOR);
    require(decoded.size() == image.size(), "decode " + extension);
    const double difference = cv::norm(image, decoded, cv::NORM_INF);
    require(difference <= (lossless ? 0 : 40), "pixels of " + extension);
#endif
}

// A format that is only read has no encoder.
static void check_decode_only(const std::string& extension)
{
#ifdef HAVE_OPENCV_IMGCODECS
    require(!cv::haveImageWriter("image" + extension), "no encoder for " + extension);
#endif
}

static void check_objdetect(const std::string& share)
{
#ifdef HAVE_OPENCV_OBJDETECT
    cv::CascadeClassifier faces;
    require(faces.load(share + "/haarcascades/haarcascade_frontalface_default.xml"), "load a cascade");
    std::vector<cv::Rect> found;
    faces.detectMultiScale(cv::Mat::zeros(100, 100, CV_8UC1), found);
    require(found.empty(), "faces in a black image");

    const cv::Ptr<cv::FaceDetectorYN> network =
        cv::FaceDetectorYN::create(share + "/yunet/face_detection_yunet.packed", "", cv::Size(100, 100));
    cv::Mat rows;
    network->detect(cv::Mat::zeros(100, 100, CV_8UC3), rows);
    require(rows.empty(), "faces that the network finds in a black image");
#endif
}

// usage: probe SHARE [EXTENSION lossless|lossy|decode-only]...
int main(int count, char** arguments)
{
    try
    {
        require(count >= 2, "the folder of the models is missing");
        check_core();
        for (int i = 2; i + 1 < count; i += 2)
        {
            const std::string extension = arguments[i], test = arguments[i + 1];
            if (test == "decode-only")
                check_decode_only(extension);
            else
                check_format(extension, test == "lossless");
        }
        check_objdetect(arguments[1]);
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "the SDK does not work: %s\n", error.what());
        return 1;
    }
    std::printf("OpenCV %s works\n", CV_VERSION);
    return 0;
}
