// The detector's work for the processor that it runs on.
#ifndef OPENCV_OBJDETECT_HAAR_DISPATCH_HPP
#define OPENCV_OBJDETECT_HAAR_DISPATCH_HPP

#include "detect.hpp"

namespace cv { namespace haar {

// Takes what was found.
typedef void (*Keep)(const Found* found, size_t count, void* to);

// Looks at the stripes and hands over what passes, in no order.
void detectStripes(const Model& model, const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count,
                   Keep keep, void* kept);

}} // namespace cv::haar

#endif
