// A detection by any overload, with all of its outputs, and the comparison of results; and the switch between the fast
// detector and OpenCV's own code.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/objdetect.hpp>
#if __has_include(<opencv2/objdetect/packed_models.h>)
#include <opencv2/objdetect/packed_models.h>
#define HAS_FAST_DETECTOR 1
#else
#define HAS_FAST_DETECTOR 0
#endif

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace conformance {

// Has no effect in an SDK without the fast detector.
inline void set_fast_detector(bool on)
{
#if HAS_FAST_DETECTOR
    opencv_haar_set_fast(on ? 1 : 0);
#else
    (void)on;
#endif
}

enum class Overload { rectangles, counts, levels, levels_not_requested };

struct DetectionRequest
{
    cv::Mat image;
    bool as_umat = false;
    Overload overload = Overload::rectangles;
    double scale_factor = 1.1;
    int min_neighbors = 3;
    cv::Size min_size, max_size;
    // Rectangles that the output list contains before the call.
    std::vector<cv::Rect> existing;
};

struct DetectionResult
{
    std::string error;
    std::vector<cv::Rect> rectangles;
    std::vector<int> numbers;
    std::vector<double> weights;
};

inline DetectionResult detect(cv::CascadeClassifier& classifier, const DetectionRequest& request)
{
    DetectionResult result;
    result.rectangles = request.existing;
    cv::UMat copy;
    if (request.as_umat)
        request.image.copyTo(copy);
    const cv::_InputArray image = request.as_umat ? cv::_InputArray(copy) : cv::_InputArray(request.image);
    try
    {
        switch (request.overload)
        {
        case Overload::rectangles:
            classifier.detectMultiScale(image, result.rectangles, request.scale_factor, request.min_neighbors, 0,
                                        request.min_size, request.max_size);
            break;
        case Overload::counts:
            classifier.detectMultiScale(image, result.rectangles, result.numbers, request.scale_factor,
                                        request.min_neighbors, 0, request.min_size, request.max_size);
            break;
        default:
            classifier.detectMultiScale(image, result.rectangles, result.numbers, result.weights, request.scale_factor,
                                        request.min_neighbors, 0, request.min_size, request.max_size,
                                        request.overload == Overload::levels);
        }
    }
    catch (const cv::Exception& error)
    {
        result.error = error.err;
    }
    return result;
}

template <class Item>
std::string list_difference(const char* what, const std::vector<Item>& expected, const std::vector<Item>& found)
{
    size_t same = 0;
    while (same < expected.size() && same < found.size() && expected[same] == found[same])
        same++;
    if (same == expected.size() && same == found.size())
        return "";
    std::ostringstream text;
    text << expected.size() << ' ' << what << " expected and " << found.size() << " found; number " << same << " is ";
    if (same < found.size())
        text << found[same];
    else
        text << "missing";
    text << " instead of ";
    if (same < expected.size())
        text << expected[same];
    else
        text << "nothing";
    return text.str();
}

// Describes the first difference; empty if there is none.
inline std::string difference(const DetectionResult& expected, const DetectionResult& found)
{
    if (expected.error != found.error)
        return "the error is `" + found.error + "` instead of `" + expected.error + "`";
    std::string text = list_difference("rectangles", expected.rectangles, found.rectangles);
    if (text.empty())
        text = list_difference("counts or levels", expected.numbers, found.numbers);
    if (text.empty())
        text = list_difference("weights", expected.weights, found.weights);
    return text;
}

inline std::ostream& operator<<(std::ostream& to, const DetectionRequest& request)
{
    const char* const calls[] = {"rectangles", "counts", "levels", "levels not requested"};
    return to << calls[static_cast<int>(request.overload)] << " in " << request.image.cols << "x" << request.image.rows
              << " pixels of " << request.image.channels() << " channels" << (request.as_umat ? " as a UMat" : "")
              << ", scale factor " << request.scale_factor << ", " << request.min_neighbors << " neighbours, from "
              << request.min_size << " to " << request.max_size << ", " << request.existing.size()
              << " existing rectangles";
}

}  // namespace conformance
