#include "../precomp.hpp"

#include "control.hpp"

#include <atomic>

#include "opencv2/objdetect/packed_models.h"

namespace cv { namespace haar {

static std::atomic<int> fast_enabled(1);

bool isFastEnabled() { return fast_enabled != 0; }

}}  // namespace cv::haar

CV_EXPORTS int opencv_haar_set_fast(int enabled) { return cv::haar::fast_enabled.exchange(enabled != 0); }
