// Connects OpenCV's classifier to the detector: decides which calls the detector takes, and loads packed cascades into
// classifiers.
#ifndef OPENCV_OBJDETECT_HAAR_CLASSIFIER_HPP
#define OPENCV_OBJDETECT_HAAR_CLASSIFIER_HPP

#include "../cascadedetect.hpp"
#include "../shared/cancellation.hpp"
#include "control.hpp"

namespace cv { namespace haar {

// Finds the same candidates as upstream's code, in its single-threaded order. Returns false if upstream's code must
// detect instead; everything it needs is then loaded.
bool detectCandidates(CascadeClassifierImpl& classifier, const Mat& grey, const std::vector<float>& scales,
                      bool reject_levels, std::vector<Rect>& candidates);

}}  // namespace cv::haar

#endif
