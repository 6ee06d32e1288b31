// The SDK's side of `cargo xtask bench detect`: detects in photos and measures the time. Each line of stdin is a
// request with tab-separated fields. Each response is a line that begins with `ok`, or an error message. `detect load
// FACE EYE FORM` only loads two cascades. detect.py implements the same protocol for the wheel.
#include "requests.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#if __has_include(<opencv2/objdetect/packed_models.h>)
#include <opencv2/objdetect/packed_models.h>
#define HAS_PACKED_CASCADES 1
#else
#define HAS_PACKED_CASCADES 0
#endif

#include <cstdio>
#include <map>

namespace {

// Loads a cascade from XML, or in place from a packed file. Returns an error message, or nothing.
std::string load(cv::CascadeClassifier& cascade, const std::string& path, const std::string& form)
{
    if (form == "xml")
        return cascade.load(path) ? "" : "failed to load `" + path + "`";
#if HAS_PACKED_CASCADES
    const MappedFile file(path);
    if (file.bytes == nullptr)
        return "failed to read `" + path + "`";
    const char* wrong = opencv_packed_cascade_open(&cascade, file.bytes, file.length);
    return wrong == nullptr ? "" : wrong;
#else
    return "absent";
#endif
}

// Loads two cascades and detects with each in one blank window.
std::string load_cascades(const std::string& face, const std::string& eye, const std::string& form)
{
    cv::setNumThreads(1);
    const cv::Mat window = cv::Mat::zeros(24, 24, CV_8U);
    const auto start = Clock::now();
    for (const std::string& path : {face, eye})
    {
        cv::CascadeClassifier cascade;
        const std::string wrong = load(cascade, path, form);
        if (!wrong.empty())
            return wrong;
        std::vector<cv::Rect> found;
        cascade.detectMultiScale(window, found);
    }
    return "ok " + std::to_string(nanoseconds_since(start));
}

class RequestHandler
{
public:
    std::string handle(const std::vector<std::string>& fields)
    {
        const std::string command = fields.empty() ? "" : fields[0];
        if (command == "cascade" && fields.size() == 3)
        {
            const std::string wrong = load(cascades[fields[1]], fields[2], "xml");
            return wrong.empty() ? "ok" : wrong;
        }
        if (command == "photo" && fields.size() == 3)
            return photo(fields[1], fields[2]);
        if (command == "fast" && fields.size() == 2)
            return fast(fields[1] == "1");
        if (command == "detect" && fields.size() == 10)
            return detect(fields);
        return "invalid request";
    }

private:
    std::map<std::string, cv::CascadeClassifier> cascades;
    std::map<std::string, cv::Mat> photos;
    int threads = -1;

    // Responds with the size of the grey image, the sum of its pixels, and the sum of its pixels weighted by position.
    std::string photo(const std::string& name, const std::string& path)
    {
        const cv::Mat colour = cv::imread(path, cv::IMREAD_COLOR);
        if (colour.empty())
            return "failed to decode `" + path + "`";
        cv::Mat& grey = photos[name];
        cv::cvtColor(colour, grey, cv::COLOR_BGR2GRAY);
        uint64_t sum = 0, weighted = 0, position = 0;
        for (int row = 0; row < grey.rows; ++row)
            for (int column = 0; column < grey.cols; ++column)
            {
                const uint64_t value = grey.at<uchar>(row, column);
                sum += value;
                weighted += value * ++position;
            }
        std::ostringstream text;
        text << "ok " << grey.cols << ' ' << grey.rows << ' ' << sum << ' ' << weighted;
        return text.str();
    }

    std::string fast(bool on)
    {
#if HAS_PACKED_CASCADES
        opencv_haar_set_fast(on ? 1 : 0);
        return "ok";
#else
        (void)on;
        return "absent";
#endif
    }

    std::string detect(const std::vector<std::string>& fields)
    {
        int numbers[7];
        for (int i = 0; i < 7; ++i)
            numbers[i] = std::stoi(fields[3 + i]);
        const auto cascade = cascades.find(fields[1]);
        const auto photo = photos.find(fields[2]);
        if (cascade == cascades.end() || photo == photos.end())
            return "the cascade or photo was not loaded";
        if (numbers[5] != threads)
            cv::setNumThreads(threads = numbers[5]);
        const cv::Mat region = photo->second(cv::Rect(numbers[0], numbers[1], numbers[2], numbers[3]));
        std::vector<cv::Rect> found;
        int64_t best = INT64_MAX;
        for (int run = 0; run < numbers[6]; ++run)
        {
            const auto start = Clock::now();
            cascade->second.detectMultiScale(region, found, 1.1, numbers[4]);
            best = std::min(best, nanoseconds_since(start));
        }
        std::ostringstream text;
        text << "ok " << best;
        for (const cv::Rect& r : found)
            text << ' ' << r.x << ' ' << r.y << ' ' << r.width << ' ' << r.height;
        return text.str();
    }
};

}  // namespace

int main(int count, char** arguments)
{
    if (count == 5 && std::string(arguments[1]) == "load")
    {
        std::puts(load_cascades(arguments[2], arguments[3], arguments[4]).c_str());
        return 0;
    }
    RequestHandler handler;
    serve_requests([&](const std::vector<std::string>& fields) { return handler.handle(fields); });
}
