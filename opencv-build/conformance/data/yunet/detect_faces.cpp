// Runs the detections that `wheel.py` requests and prints the faces in its format.
//
//   detect_faces MODEL FOLDER THREADS
//
// FOLDER is the one with `requests` and the pictures. The first line of the output has OpenCV's CPU features.
#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/objdetect.hpp>

#include <fstream>
#include <iomanip>
#include <iostream>
#include <stdexcept>

namespace {

cv::Mat read_picture(const std::string& file, int width, int height)
{
    cv::Mat picture(height, width, CV_8UC3);
    std::ifstream from(file, std::ios::binary);
    from.read(picture.ptr<char>(), static_cast<std::streamsize>(picture.total() * picture.elemSize()));
    if (!from)
        throw std::runtime_error("`" + file + "` is truncated or does not exist");
    return picture;
}

void print_faces(const cv::Mat& faces)
{
    std::cout << faces.rows;
    for (int row = 0; row < faces.rows; row++)
        for (int column = 0; column < faces.cols; column++)
            std::cout << ' ' << faces.at<float>(row, column);
    std::cout << '\n';
}

void run_requests(const std::string& model, const std::string& folder)
{
    const cv::Ptr<cv::FaceDetectorYN> detector = cv::FaceDetectorYN::create(model, "", cv::Size());
    std::ifstream requests(folder + "/requests");
    std::string name;
    cv::Size size;
    float score = 0, nms = 0;
    int top_k = 0;
    while (requests >> name >> size.width >> size.height >> score >> nms >> top_k)
    {
        detector->setInputSize(size);
        detector->setScoreThreshold(score);
        detector->setNMSThreshold(nms);
        detector->setTopK(top_k);
        cv::Mat faces;
        detector->detect(read_picture(folder + "/" + name, size.width, size.height), faces);
        if (!faces.empty() && (faces.type() != CV_32F || faces.cols != 15))
            throw std::runtime_error("the faces are not rows of 15 floats");
        print_faces(faces);
    }
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 4)
        return 2;
    try
    {
        cv::setNumThreads(std::stoi(arguments[3]));
        // Nine digits distinguish any two floats.
        std::cout << cv::getCPUFeaturesLine() << '\n' << std::setprecision(9);
        run_requests(arguments[1], arguments[2]);
    }
    catch (const std::exception& error)
    {
        std::cerr << error.what() << std::endl;
        return 1;
    }
    return 0;
}
