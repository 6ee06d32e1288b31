// Counts failed checks, for programs that test many properties of a class and print each one that does not hold.
#pragma once

#include <opencv2/core.hpp>

#include <iostream>
#include <string>

namespace conformance {

inline int& failures()
{
    static int count = 0;
    return count;
}

inline void check(bool good, const std::string& what)
{
    if (good)
        return;
    failures()++;
    std::cout << what << std::endl;
}

// Whether two matrices have the same size and values.
inline bool same(const cv::Mat& one, const cv::Mat& two)
{
    return one.size() == two.size() && (one.empty() || cv::norm(one, two, cv::NORM_INF) == 0);
}

// Stops OpenCV from printing errors that tests expect.
inline void silence_errors()
{
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
}

}  // namespace conformance
