// Finds faces in a photo with a cascade and with YuNet: faces CASCADE MODEL PHOTO
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <cstdio>
#include <vector>

int main(int count, char** arguments)
{
    cv::CascadeClassifier cascade;
    if (count != 4 || !cascade.load(arguments[1]))
    {
        std::fprintf(stderr, "usage: faces CASCADE MODEL PHOTO\n");
        return 2;
    }
    const cv::Mat photo = cv::imread(arguments[3], cv::IMREAD_COLOR);
    if (photo.empty())
    {
        std::fprintf(stderr, "failed to read %s\n", arguments[3]);
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
    cv::FaceDetectorYN::create(arguments[2], "", photo.size())->detect(photo, rows);
    for (int row = 0; row < rows.rows; ++row)
    {
        const float* face = rows.ptr<float>(row);
        std::printf("YuNet [%.0f,%.0f,%.0f,%.0f] %.2f\n", face[0], face[1], face[2], face[3], face[14]);
    }
    return 0;
}
