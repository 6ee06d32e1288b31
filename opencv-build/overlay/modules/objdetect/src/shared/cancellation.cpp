#include "../precomp.hpp"

#include "cancellation.hpp"

#include "opencv2/objdetect/packed_models.h"

namespace cv { namespace detection {

static thread_local StopCallback thread_stop_callback;

StopCallback threadStopCallback() { return thread_stop_callback; }

void throwIfStopped(bool stopped)
{
    // Not `cv::error`, which prints what it throws.
    if (stopped)
        throw Exception(Error::StsError, "the detection was stopped", CV_Func, __FILE__, __LINE__);
}

}}  // namespace cv::detection

CV_EXPORTS void opencv_detection_set_stop_callback(int (*should_stop)(void*), void* context)
{
    const cv::detection::StopCallback callback = {should_stop, context};
    cv::detection::thread_stop_callback = callback;
}
