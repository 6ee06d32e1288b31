// Finds faces in a photo: faces CASCADE PHOTO
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <cstdio>
#include <vector>

int main(int count, char** arguments)
{
    cv::CascadeClassifier cascade;
    if (count != 3 || !cascade.load(arguments[1]))
    {
        std::fprintf(stderr, "usage: faces CASCADE PHOTO\n");
        return 2;
    }
    const cv::Mat photo = cv::imread(arguments[2], cv::IMREAD_COLOR);
    if (photo.empty())
    {
        std::fprintf(stderr, "failed to read %s\n", arguments[2]);
        return 1;
    }
    cv::Mat grey;
    cv::cvtColor(photo, grey, cv::COLOR_BGR2GRAY);
    std::vector<cv::Rect> faces;
    cascade.detectMultiScale(grey, faces, 1.1, 4);
    std::printf("OpenCV %s\n", CV_VERSION);
    for (const cv::Rect& face : faces)
        std::printf("[%d,%d,%d,%d]\n", face.x, face.y, face.width, face.height);
    return 0;
}
