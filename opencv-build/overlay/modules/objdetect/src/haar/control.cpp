#include "../precomp.hpp"

#include "control.hpp"

#include <atomic>

#include "opencv2/objdetect/packed_cascade.h"

namespace cv { namespace haar {

static std::atomic<int> fast(1);
static thread_local Stop stop_of_thread;

bool isFast()
{
    return fast != 0;
}

Stop stopOfThread()
{
    return stop_of_thread;
}

void throwIf(bool stopped)
{
    // Not by `cv::error`, which prints what it throws.
    if (stopped)
        throw Exception(Error::StsError, "the detection was stopped", CV_Func, __FILE__, __LINE__);
}

}} // namespace cv::haar

CV_EXPORTS int opencv_haar_fast(int on)
{
    return cv::haar::fast.exchange(on != 0);
}

CV_EXPORTS void opencv_detection_stop(int (*stop)(void*), void* context)
{
    const cv::haar::Stop made = {stop, context};
    cv::haar::stop_of_thread = made;
}
