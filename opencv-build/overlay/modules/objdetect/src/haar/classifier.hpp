// Between OpenCV's classifier and the detector: which calls the detector takes, and what packed cascades are to the
// classifier.
#ifndef OPENCV_OBJDETECT_HAAR_CLASSIFIER_HPP
#define OPENCV_OBJDETECT_HAAR_CLASSIFIER_HPP

#include "../cascadedetect.hpp"
#include "control.hpp"

namespace cv { namespace haar {

// Finds what upstream's code would find, in the order in which it does with one thread; false if that code has to do
// it, which then has all that it needs.
bool detectCandidates(CascadeClassifierImpl& classifier, const Mat& grey, const std::vector<float>& scales,
                      bool reject_levels, std::vector<Rect>& candidates);

}}  // namespace cv::haar

#endif
