// Finds faces with a cascade and with YuNet, in a photo or in a sample of OpenCV: faces [PHOTO]
#include <opencv2/core/utility.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <cstdio>
#include <string>
#include <vector>

int main(int count, char** arguments)
{
    // `findFile` searches the folder of the SDK.
    const std::string cascade_file = cv::samples::findFile("haarcascades/haarcascade_frontalface_default.xml");
    const std::string model_file = cv::samples::findFile("yunet/face_detection_yunet.onnx");
    const std::string photo_file = count > 1 ? arguments[1] : cv::samples::findFile("lena.jpg");
    cv::CascadeClassifier cascade(cascade_file);
    const cv::Mat photo = cv::imread(photo_file, cv::IMREAD_COLOR);
    if (photo.empty())
    {
        std::fprintf(stderr, "failed to read %s\n", photo_file.c_str());
        return 1;
    }
    cv::Mat grey;
    cv::cvtColor(photo, grey, cv::COLOR_BGR2GRAY);
    std::vector<cv::Rect> faces;
    cascade.detectMultiScale(grey, faces, 1.1, 4);
    std::printf("OpenCV %s\n", CV_VERSION);
    for (const cv::Rect& face : faces)
        std::printf("cascade [%d,%d,%d,%d]\n", face.x, face.y, face.width, face.height);

    // Each row begins with left, top, width and height, and ends with the score.
    cv::Mat rows;
    cv::FaceDetectorYN::create(model_file, "", photo.size())->detect(photo, rows);
    for (int row = 0; row < rows.rows; ++row)
    {
        const float* face = rows.ptr<float>(row);
        std::printf("YuNet [%.0f,%.0f,%.0f,%.0f] %.2f\n", face[0], face[1], face[2], face[3], face[14]);
    }
    return 0;
}
