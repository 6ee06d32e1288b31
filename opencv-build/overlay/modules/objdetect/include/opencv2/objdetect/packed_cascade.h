/* Cascades as data of a program: no file is opened and nothing is parsed. Plain C, for any language.

   Packed cascades are made with the SDK, `share/haarcascades/NAME.packed` beside `NAME.xml`. */
#ifndef OPENCV_OBJDETECT_PACKED_CASCADE_H
#define OPENCV_OBJDETECT_PACKED_CASCADE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes `classifier`, which is a `cv::CascadeClassifier *`, one that detects by the packed cascade in `bytes`. They
   are not copied if their address is a multiple of 4, and must live as long as the classifier and its copies. Returns
   NULL, or a text that says what is wrong with the bytes; then the classifier is empty. Throws nothing. */
const char* opencv_packed_cascade_open(void* classifier, const unsigned char* bytes, size_t length);

/* Switches the fast detector and the fast grouping of rectangles on (1, as they are at first) or off (0) for all
   classifiers of the process: off, OpenCV's own code does both, and finds the same. Returns what it was before. For
   comparisons. */
int opencv_haar_set_fast(int enabled);

/* Lets detections end early that the calling thread begins from now on, whichever code detects: they call
   `should_stop`, with `context`, every millisecond or so, from any thread and from several at once. When it returns
   other than 0, as it must from then on, the detection ends with a `cv::Exception`. It must not throw. NULL, as at
   first, lets all detections go on to their end. */
void opencv_detection_set_stop_callback(int (*should_stop)(void* context), void* context);

#ifdef __cplusplus
}
#endif

#endif
