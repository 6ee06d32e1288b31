// Requests that detections of this thread stop after a number of calls of the callback.
#pragma once

#include <opencv2/objdetect/packed_models.h>

#include "call_counter.hpp"

namespace conformance {

const char* const stopped_error = "the detection was stopped";

struct StopAfterCalls : CallCounter
{
    explicit StopAfterCalls(long times) : CallCounter(times)
    {
        opencv_detection_set_stop_callback(should_stop, static_cast<CallCounter*>(this));
    }
    ~StopAfterCalls() { opencv_detection_set_stop_callback(nullptr, nullptr); }
};

}  // namespace conformance
