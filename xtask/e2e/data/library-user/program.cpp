// Blurs an image of one bright pixel, and prints the sum of all pixels, which stays the same.
#include <opencv2/imgproc.hpp>

#include <cstdio>

int main()
{
    cv::Mat image = cv::Mat::zeros(33, 33, CV_32F);
    image.at<float>(16, 16) = 100;
    cv::Mat blurred;
    cv::GaussianBlur(image, blurred, cv::Size(5, 5), 0);
    std::printf("%.0f of %.0f\n", cv::sum(blurred)[0], blurred.at<float>(16, 16));
    return 0;
}
