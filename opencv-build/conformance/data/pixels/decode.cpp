// Decodes every file of a folder in each of imdecode's modes, and writes the pixels beside it, after their type and
// size; nothing if a file cannot be decoded. Unchanged images are also re-encoded as PNG, if the SDK supports PNG.
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>

typedef std::vector<unsigned char> Bytes;

static void write(const std::string& path, const int header[3], const Bytes& content)
{
    std::ofstream file(path, std::ios::binary);
    if (header)
        file.write(reinterpret_cast<const char*>(header), 3 * sizeof *header);
    file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    if (!file)
        throw std::runtime_error("failed to write " + path);
}

int main(int count, char** arguments)
{
    if (count < 3)
        return 2;
    cv::setNumThreads(1);
    const bool has_png = std::string(arguments[2]) == "png";
    std::vector<std::string> names;
    cv::glob(std::string(arguments[1]) + "/*", names);
    for (const std::string& name : names)
    {
        std::ifstream source(name, std::ios::binary);
        const Bytes file((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
        for (const int mode : {-1, 0, 1, 2, 6})
        {
            const cv::Mat image = cv::imdecode(file, mode);
            if (image.empty())
                continue;
            const int header[] = {image.type(), image.cols, image.rows};
            const size_t bytes = image.total() * image.elemSize();
            write(name + "." + std::to_string(mode), header, Bytes(image.data, image.data + bytes));
            if (mode != -1 || !has_png || image.depth() > CV_16U || image.channels() == 2)
                continue;
            Bytes reencoded;
            cv::imencode(".png", image, reencoded);
            write(name + ".reencoded", nullptr, reencoded);
        }
    }
}
