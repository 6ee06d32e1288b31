// Converts BGR to grey and grey to BGR, with the results of cv::cvtColor. That function alone would link over two
// hundred conversions, half a megabyte; this calls the two that it would call.
#include <opencv2/imgproc/hal/hal.hpp>
#include <opencv2/core.hpp>

// Both arguments are cv::Mat, and the second is the output. Exceptions are caught, because they must not reach Rust.
extern "C" bool harness_bgr_to_grey(const void* colour, void* grey) noexcept
{
    try
    {
        const cv::Mat& from = *static_cast<const cv::Mat*>(colour);
        cv::Mat& to = *static_cast<cv::Mat*>(grey);
        if (from.type() != CV_8UC3 || from.dims != 2)
            return false;
        to.create(from.rows, from.cols, CV_8UC1);
        cv::hal::cvtBGRtoGray(from.data, from.step, to.data, to.step, from.cols, from.rows, CV_8U, 3, false);
        return true;
    }
    catch (...)
    {
        return false;
    }
}

// The inverse; it repeats each value three times.
extern "C" bool harness_grey_to_bgr(const void* grey, void* colour) noexcept
{
    try
    {
        const cv::Mat& from = *static_cast<const cv::Mat*>(grey);
        cv::Mat& to = *static_cast<cv::Mat*>(colour);
        if (from.type() != CV_8UC1 || from.dims != 2)
            return false;
        to.create(from.rows, from.cols, CV_8UC3);
        cv::hal::cvtGraytoBGR(from.data, from.step, to.data, to.step, from.cols, from.rows, CV_8U, 3);
        return true;
    }
    catch (...)
    {
        return false;
    }
}
