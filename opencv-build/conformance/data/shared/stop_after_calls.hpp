// Requests that detections of this thread stop after a number of calls of the callback.
#pragma once

#include <opencv2/objdetect/packed_models.h>

#include <atomic>

namespace conformance {

const char* const stopped_error = "the detection was stopped";

struct StopAfterCalls
{
    long limit;
    std::atomic<long> calls;

    explicit StopAfterCalls(long times) : limit(times), calls(0)
    {
        opencv_detection_set_stop_callback(should_stop, this);
    }
    ~StopAfterCalls() { opencv_detection_set_stop_callback(nullptr, nullptr); }

    static int should_stop(void* context)
    {
        StopAfterCalls& it = *static_cast<StopAfterCalls*>(context);
        return it.calls++ >= it.limit;
    }
};

}  // namespace conformance
