#include "../precomp.hpp"

#include "control.hpp"

#include <atomic>

#include "opencv2/objdetect/packed_cascade.h"

namespace cv { namespace haar {

static std::atomic<int> fast_enabled(1);
static thread_local StopCallback thread_stop_callback;

bool isFastEnabled() { return fast_enabled != 0; }

StopCallback threadStopCallback() { return thread_stop_callback; }

void throwIfStopped(bool stopped)
{
    // Not `cv::error`, which prints what it throws.
    if (stopped)
        throw Exception(Error::StsError, "the detection was stopped", CV_Func, __FILE__, __LINE__);
}

}}  // namespace cv::haar

CV_EXPORTS int opencv_haar_set_fast(int enabled) { return cv::haar::fast_enabled.exchange(enabled != 0); }

CV_EXPORTS void opencv_detection_set_stop_callback(int (*should_stop)(void*), void* context)
{
    const cv::haar::StopCallback callback = {should_stop, context};
    cv::haar::thread_stop_callback = callback;
}
