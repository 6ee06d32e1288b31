// The SDK's side of `cargo xtask bench detect` for YuNet: detects in prepared photos and measures the time. Requests
// are `photo NAME FILE WIDTH HEIGHT`, where the file has the pixels (blue, green, red; rows without gaps), and
// `detect NAME THREADS REPEAT`. The response to the latter is `ok`, the nanoseconds of the fastest run, and the 15
// numbers of each face. yunet.py does the same with the wheel.
//
//   yunet PACKED_MODEL SCORE_THRESHOLD NMS_THRESHOLD TOP_K
#include "requests.hpp"

#include <opencv2/core.hpp>
#include <opencv2/objdetect/face.hpp>
#include <opencv2/objdetect/packed_models.h>

#include <map>
#include <memory>

namespace {

class RequestHandler
{
public:
    explicit RequestHandler(cv::Ptr<cv::FaceDetectorYN> detector) : detector(detector) {}

    std::string handle(const std::vector<std::string>& fields)
    {
        const std::string command = fields.empty() ? "" : fields[0];
        if (command == "photo" && fields.size() == 5)
            return photo(fields[1], fields[2], std::stoi(fields[3]), std::stoi(fields[4]));
        if (command == "detect" && fields.size() == 4)
            return detect(fields[1], std::stoi(fields[2]), std::stoi(fields[3]));
        return "invalid request";
    }

private:
    cv::Ptr<cv::FaceDetectorYN> detector;
    std::map<std::string, cv::Mat> photos;
    int threads = -1;

    std::string photo(const std::string& name, const std::string& path, int width, int height)
    {
        const MappedFile file(path);
        if (file.bytes == nullptr || file.length != size_t(width) * size_t(height) * 3)
            return "`" + path + "` does not have the pixels of a photo of this size";
        photos[name] = cv::Mat(height, width, CV_8UC3, const_cast<unsigned char*>(file.bytes)).clone();
        return "ok";
    }

    std::string detect(const std::string& name, int wanted_threads, int repeat)
    {
        const auto found = photos.find(name);
        if (found == photos.end())
            return "the photo was not loaded";
        if (wanted_threads != threads)
            cv::setNumThreads(threads = wanted_threads);
        const cv::Mat& photo = found->second;
        cv::Mat faces;
        if (detector->getInputSize() != photo.size())
        {
            detector->setInputSize(photo.size());
            // As in yunet.py, the first detection at a new size is not timed.
            detector->detect(photo, faces);
        }
        int64_t best = INT64_MAX;
        for (int run = 0; run < repeat; ++run)
        {
            const auto start = Clock::now();
            detector->detect(photo, faces);
            best = std::min(best, nanoseconds_since(start));
        }
        std::ostringstream text;
        text << "ok " << best;
        for (int row = 0; row < faces.rows; ++row)
            for (int column = 0; column < faces.cols; ++column)
                text << ' ' << faces.at<float>(row, column);
        return text.str();
    }
};

}  // namespace

int main(int count, char** arguments)
{
    if (count != 5)
    {
        std::cerr << "usage: yunet PACKED_MODEL SCORE_THRESHOLD NMS_THRESHOLD TOP_K" << std::endl;
        return 1;
    }
    const MappedFile model(arguments[1]);
    if (model.bytes == nullptr)
    {
        std::cerr << "failed to read `" << arguments[1] << "`" << std::endl;
        return 1;
    }
    void* created = nullptr;
    const char* wrong = opencv_packed_face_detector_create(&created, model.bytes, model.length);
    if (wrong != nullptr)
    {
        std::cerr << "failed to load `" << arguments[1] << "`: " << wrong << std::endl;
        return 1;
    }
    const std::unique_ptr<cv::Ptr<cv::FaceDetectorYN>> detector(static_cast<cv::Ptr<cv::FaceDetectorYN>*>(created));
    (*detector)->setScoreThreshold(std::stof(arguments[2]));
    (*detector)->setNMSThreshold(std::stof(arguments[3]));
    (*detector)->setTopK(std::stoi(arguments[4]));
    RequestHandler handler(*detector);
    serve_requests([&](const std::vector<std::string>& fields) { return handler.handle(fields); });
}
