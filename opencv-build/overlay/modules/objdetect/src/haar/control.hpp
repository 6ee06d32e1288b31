// What a program tells our code: whether it is used, and when to end.
#ifndef OPENCV_OBJDETECT_HAAR_CONTROL_HPP
#define OPENCV_OBJDETECT_HAAR_CONTROL_HPP

namespace cv { namespace haar {

// See `opencv_haar_fast`.
bool isFast();

// See `opencv_detection_stop`. May be asked by any thread.
struct Stop
{
    int (*ask)(void* context);
    void* context;

    bool operator()() const { return ask && ask(context) != 0; }
};

// What the calling thread has set.
Stop stopOfThread();

// Throws the `cv::Exception` of a detection that was stopped.
void throwIf(bool stopped);

}} // namespace cv::haar

#endif
