// The process-wide setting whether our code is used.
#ifndef OPENCV_OBJDETECT_HAAR_CONTROL_HPP
#define OPENCV_OBJDETECT_HAAR_CONTROL_HPP

namespace cv { namespace haar {

// See `opencv_haar_set_fast`.
bool isFastEnabled();

}}  // namespace cv::haar

#endif
