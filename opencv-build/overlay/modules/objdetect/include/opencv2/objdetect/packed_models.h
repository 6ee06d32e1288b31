/* Models embedded in a program: no file is opened and nothing is parsed. Plain C, for any language.

   The SDK contains packed cascades as `share/haarcascades/NAME.packed` beside `NAME.xml`, and the packed face detection
   network as `share/yunet/face_detection_yunet.packed` beside its ONNX file. */
#ifndef OPENCV_OBJDETECT_PACKED_MODELS_H
#define OPENCV_OBJDETECT_PACKED_MODELS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads the packed cascade in `bytes` into `classifier`, a `cv::CascadeClassifier *`. The bytes must outlive the
   classifier and its copies, and are not copied if their address is a multiple of 4. Returns NULL on success; otherwise
   the reason, and the classifier is empty. Does not throw. */
const char* opencv_packed_cascade_open(void* classifier, const unsigned char* bytes, size_t length);

/* Creates a detector from the packed network in `bytes`. On success, returns NULL and sets `*detector` to a new
   `cv::Ptr<cv::FaceDetectorYN> *`, which the caller deletes, with an empty input size and the default thresholds of
   `cv::FaceDetectorYN::create`. The bytes must outlive the detector, and are not copied if their address is a multiple
   of 4. Otherwise returns the reason, and `*detector` is NULL. Does not throw. */
const char* opencv_packed_face_detector_create(void** detector, const unsigned char* bytes, size_t length);

/* Enables (1, the default) or disables (0) the fast Haar detector and the fast grouping of rectangles for all
   classifiers of the process. OpenCV's own code finds the same rectangles, so this is only for comparisons. Returns the
   previous value. */
int opencv_haar_set_fast(int enabled);

/* Makes detections that the calling thread starts from now on cancellable: cascades', in our code and in OpenCV's, and
   `cv::FaceDetectorYN`'s. They call `should_stop` with `context` about every millisecond, from any thread and from
   several at once; the network calls it for each 8 rows of the image, which takes longer if a row has more than 4000
   pixels. When it returns nonzero, the detection throws a `cv::Exception`; from then on it must always return nonzero.
   It must not throw. NULL, the default, disables cancellation. */
void opencv_detection_set_stop_callback(int (*should_stop)(void* context), void* context);

#ifdef __cplusplus
}
#endif

#endif
