#include "../precomp.hpp"

#ifdef OPENCV_HAAR_DETECTOR

#include "dispatch.hpp"

#include "detect.simd.hpp"
#include "haar/detect.simd_declarations.hpp"

namespace cv { namespace haar {

Worker* createWorker(const Model& model) { CV_CPU_DISPATCH(createWorker, (model), CV_CPU_DISPATCH_MODES_ALL); }

}}  // namespace cv::haar

#endif
