// Properties of the instruction set that the file is compiled for.
#ifndef OPENCV_OBJDETECT_YUNET_VECTORS_HPP
#define OPENCV_OBJDETECT_YUNET_VECTORS_HPP

#include "opencv2/core/hal/intrin.hpp"

// Loops over arrays of vectors must be unrolled, otherwise the arrays are in memory instead of in registers.
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

namespace cv { namespace yunet {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

enum {
    VectorLength = v_float32::nlanes,
#if CV_AVX512_SKX || (CV_NEON && defined(__aarch64__))
    RegisterCount = 32
#else
    RegisterCount = 16
#endif
};

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::yunet

#endif
