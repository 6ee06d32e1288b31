// The SDK's side of `cargo xtask bench detect`: finds things in photos and says how long it took. Requests come
// as lines on stdin, their parts with tabs between; each is answered by one line that begins with `ok`, or says
// what is wrong. As `detect ready FACE EYE FORM` it only loads two cascades. detect.py says the same for the wheel.
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#if __has_include(<opencv2/objdetect/packed_cascade.h>)
#include <opencv2/objdetect/packed_cascade.h>
#define HAS_PACKED 1
#else
#define HAS_PACKED 0
#endif

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

int64_t nanoseconds(Clock::time_point since) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - since).count();
}

// A file in memory, which stays there until the process ends: packed cascades are read in place.
struct Mapped {
    const unsigned char* bytes = nullptr;
    size_t length = 0;

    explicit Mapped(const std::string& path) {
        const int file = open(path.c_str(), O_RDONLY);
        struct stat found {};
        if (file < 0 || fstat(file, &found) != 0) return;
        void* at = mmap(nullptr, found.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        close(file);
        if (at == MAP_FAILED) return;
        bytes = static_cast<const unsigned char*>(at);
        length = found.st_size;
    }
};

// Loads a cascade from XML, or in place from a packed file; says what is wrong, or nothing.
std::string load(cv::CascadeClassifier& cascade, const std::string& path, const std::string& form) {
    if (form == "xml") return cascade.load(path) ? "" : "failed to load `" + path + "`";
#if HAS_PACKED
    const Mapped file(path);
    if (file.bytes == nullptr) return "failed to read `" + path + "`";
    const char* wrong = opencv_packed_cascade_open(&cascade, file.bytes, file.length);
    return wrong == nullptr ? "" : wrong;
#else
    return "absent";
#endif
}

// Loads two cascades and has each look at one blank window.
std::string ready(const std::string& face, const std::string& eye, const std::string& form) {
    cv::setNumThreads(1);
    const cv::Mat window = cv::Mat::zeros(24, 24, CV_8U);
    const auto start = Clock::now();
    for (const std::string& path : {face, eye}) {
        cv::CascadeClassifier cascade;
        const std::string wrong = load(cascade, path, form);
        if (!wrong.empty()) return wrong;
        std::vector<cv::Rect> found;
        cascade.detectMultiScale(window, found);
    }
    return "ok " + std::to_string(nanoseconds(start));
}

class Side {
public:
    std::string answer(const std::vector<std::string>& parts) {
        const std::string verb = parts.empty() ? "" : parts[0];
        if (verb == "cascade" && parts.size() == 3) {
            const std::string wrong = load(cascades[parts[1]], parts[2], "xml");
            return wrong.empty() ? "ok" : wrong;
        }
        if (verb == "photo" && parts.size() == 3) return photo(parts[1], parts[2]);
        if (verb == "fast" && parts.size() == 2) return fast(parts[1] == "1");
        if (verb == "detect" && parts.size() == 10) return detect(parts);
        return "it is no request";
    }

private:
    std::map<std::string, cv::CascadeClassifier> cascades;
    std::map<std::string, cv::Mat> photos;
    int threads = -1;

    // Its grey picture's size, the sum of its pixels, and the sum of them times their places.
    std::string photo(const std::string& name, const std::string& path) {
        const cv::Mat colour = cv::imread(path, cv::IMREAD_COLOR);
        if (colour.empty()) return "it is no photo";
        cv::Mat& grey = photos[name];
        cv::cvtColor(colour, grey, cv::COLOR_BGR2GRAY);
        uint64_t sum = 0, weighted = 0, place = 0;
        for (int row = 0; row < grey.rows; ++row)
            for (int column = 0; column < grey.cols; ++column) {
                const uint64_t value = grey.at<uchar>(row, column);
                sum += value;
                weighted += value * ++place;
            }
        std::ostringstream text;
        text << "ok " << grey.cols << ' ' << grey.rows << ' ' << sum << ' ' << weighted;
        return text.str();
    }

    std::string fast(bool on) {
#if HAS_PACKED
        opencv_haar_fast(on ? 1 : 0);
        return "ok";
#else
        (void)on;
        return "absent";
#endif
    }

    std::string detect(const std::vector<std::string>& parts) {
        int number[7];
        for (int i = 0; i < 7; ++i) number[i] = std::stoi(parts[3 + i]);
        const auto cascade = cascades.find(parts[1]);
        const auto photo = photos.find(parts[2]);
        if (cascade == cascades.end() || photo == photos.end()) return "it names nothing that is here";
        if (number[5] != threads) cv::setNumThreads(threads = number[5]);
        const cv::Mat region = photo->second(cv::Rect(number[0], number[1], number[2], number[3]));
        std::vector<cv::Rect> found;
        int64_t best = INT64_MAX;
        for (int run = 0; run < number[6]; ++run) {
            const auto start = Clock::now();
            cascade->second.detectMultiScale(region, found, 1.1, number[4]);
            best = std::min(best, nanoseconds(start));
        }
        std::ostringstream text;
        text << "ok " << best;
        for (const cv::Rect& r : found)
            text << ' ' << r.x << ' ' << r.y << ' ' << r.width << ' ' << r.height;
        return text.str();
    }
};

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> parts;
    std::istringstream rest(line);
    for (std::string part; std::getline(rest, part, '\t');) parts.push_back(part);
    return parts;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 5 && std::string(arguments[1]) == "ready") {
        std::puts(ready(arguments[2], arguments[3], arguments[4]).c_str());
        return 0;
    }
    Side side;
    for (std::string line; std::getline(std::cin, line);) {
        std::string answer;
        try {
            answer = side.answer(split(line));
        } catch (const std::exception& error) {
            answer = error.what();
            std::replace(answer.begin(), answer.end(), '\n', ' ');
        }
        std::cout << answer << std::endl;
    }
}
