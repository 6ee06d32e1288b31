// Decodes every JPEG file of a folder in colour and grey, re-encodes it in several ways, and writes the pixels and the
// new files beside it, for comparison with the Python wheel. For a file that cannot be decoded it writes nothing.
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>

typedef std::vector<unsigned char> Bytes;

static void write(const std::string& path, const unsigned char* bytes, size_t count)
{
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(count));
    if (!file)
        throw std::runtime_error("failed to write " + path);
}

static void encode(const std::string& path, const cv::Mat& image, const std::vector<int>& parameters)
{
    Bytes file;
    cv::imencode(".jpg", image, file, parameters);
    write(path, file.data(), file.size());
}

int main(int count, char** arguments)
{
    cv::setNumThreads(1);
    if (count != 2)
        return 2;
    std::vector<std::string> names;
    cv::glob(std::string(arguments[1]) + "/*.jpg", names);
    for (const std::string& name : names)
    {
        std::ifstream source(name, std::ios::binary);
        const Bytes file((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
        const cv::Mat colour = cv::imdecode(file, cv::IMREAD_COLOR), grey = cv::imdecode(file, cv::IMREAD_GRAYSCALE);
        if (colour.empty() || grey.empty())
            continue;
        write(name + ".colour", colour.data, colour.total() * colour.elemSize());
        write(name + ".grey", grey.data, grey.total());
        const int quality = cv::IMWRITE_JPEG_QUALITY, progressive = cv::IMWRITE_JPEG_PROGRESSIVE,
                  optimise = cv::IMWRITE_JPEG_OPTIMIZE, restart = cv::IMWRITE_JPEG_RST_INTERVAL;
        encode(name + ".95", colour, {quality, 95});
        encode(name + ".50", colour, {quality, 50});
        encode(name + ".1", colour, {quality, 1});
        encode(name + ".100", colour, {quality, 100, progressive, 1});
        encode(name + ".80", colour, {quality, 80, optimise, 1, restart, 2});
        encode(name + ".grey95", grey, {quality, 95});
        // Four channels, the last of which is ignored, and rows that are not contiguous.
        cv::Mat padded(colour.rows, colour.cols + 3, CV_8UC4, cv::Scalar(1, 2, 3, 4));
        cv::Mat four_channels = padded(cv::Rect(1, 0, colour.cols, colour.rows));
        for (int y = 0; y < four_channels.rows; y++)
            for (int x = 0; x < four_channels.cols; x++)
            {
                const cv::Vec3b& from = colour.at<cv::Vec3b>(y, x);
                four_channels.at<cv::Vec4b>(y, x) = cv::Vec4b(from[0], from[1], from[2], 9);
            }
        encode(name + ".four_channels", four_channels, {quality, 95});
    }
}
