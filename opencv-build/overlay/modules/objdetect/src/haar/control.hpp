// What a program tells our code: whether it is used, and when to end.
#ifndef OPENCV_OBJDETECT_HAAR_CONTROL_HPP
#define OPENCV_OBJDETECT_HAAR_CONTROL_HPP

namespace cv { namespace haar {

// See `opencv_haar_set_fast`.
bool isFastEnabled();

// See `opencv_detection_set_stop_callback`. May be asked by any thread.
struct StopCallback
{
    int (*should_stop)(void* context);
    void* context;

    bool operator()() const { return should_stop && should_stop(context) != 0; }
};

// What the calling thread has set.
StopCallback threadStopCallback();

// Throws the `cv::Exception` of a detection that was stopped.
void throwIfStopped(bool stopped);

}}  // namespace cv::haar

#endif
