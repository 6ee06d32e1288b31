#include "../precomp.hpp"

#ifdef OPENCV_HAAR_DETECTOR

#include "dispatch.hpp"

#include "detect.simd.hpp"
#include "haar/detect.simd_declarations.hpp"

namespace cv { namespace haar {

void detectStripes(const Model& model, const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count,
                   Keep keep, void* kept)
{
    CV_CPU_DISPATCH(detectStripes, (model, photo, layers, stripes, count, keep, kept), CV_CPU_DISPATCH_MODES_ALL);
}

}} // namespace cv::haar

#endif
