// Exports cascades and samples for programs without OpenCV: Haar cascades of trees of one or two nodes as numbers,
// photos as greyscale PGM files.
//
//   export_text SHARE OUT
//
// SHARE is the SDK's folder of cascades and samples.
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <iostream>

#include "opencv_storage.hpp"
#include "text_format.hpp"

using namespace conformance;

namespace {

std::string stem(const std::string& file)
{
    const std::string name = file.substr(file.rfind('/') + 1);
    return name.substr(0, name.rfind('.'));
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 3)
        return 2;
    const std::string share = arguments[1], out = arguments[2];
    std::vector<cv::String> files;
    cv::glob(share + "/haarcascades/*.xml", files);
    int written = 0;
    for (const std::string& file : files)
    {
        Cascade cascade;
        cascade.name = stem(file);
        if (!read_cascade(file, cascade))
            continue;
        write_cascade_text(cascade, out + "/" + cascade.name + ".txt");
        written++;
    }
    cv::glob(share + "/samples/*.jpg", files);
    for (const std::string& file : files)
    {
        cv::Mat grey = cv::imread(file, cv::IMREAD_GRAYSCALE);
        if (grey.empty())
            continue;
        // The tests crop the photos; at half size that is quicker and works as well.
        cv::resize(grey, grey, cv::Size(), 0.5, 0.5, cv::INTER_AREA);
        Image image(grey.cols, grey.rows);
        grey.copyTo(cv::Mat(grey.rows, grey.cols, CV_8U, image.pixels.data()));
        write_pgm(image, out + "/" + stem(file) + ".pgm");
        written++;
    }
    std::cout << written << " files" << std::endl;
    return written > 0 ? 0 : 1;
}
