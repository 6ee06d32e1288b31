// Process-wide and per-thread settings: whether our code is used, and when to stop.
#ifndef OPENCV_OBJDETECT_HAAR_CONTROL_HPP
#define OPENCV_OBJDETECT_HAAR_CONTROL_HPP

namespace cv { namespace haar {

// See `opencv_haar_set_fast`.
bool isFastEnabled();

// See `opencv_detection_set_stop_callback`. Any thread may call it.
struct StopCallback
{
    int (*should_stop)(void* context);
    void* context;

    bool operator()() const { return should_stop && should_stop(context) != 0; }
};

StopCallback threadStopCallback();

void throwIfStopped(bool stopped);

}}  // namespace cv::haar

#endif
