// Cancellation of detections: by a callback that each thread sets.
#ifndef OPENCV_OBJDETECT_SHARED_CANCELLATION_HPP
#define OPENCV_OBJDETECT_SHARED_CANCELLATION_HPP

namespace cv { namespace detection {

// See `opencv_detection_set_stop_callback`. Any thread may call it.
struct StopCallback
{
    int (*should_stop)(void* context);
    void* context;

    bool operator()() const { return should_stop && should_stop(context) != 0; }
};

// The callback that the calling thread has set.
StopCallback threadStopCallback();

void throwIfStopped(bool stopped);

}}  // namespace cv::detection

#endif
