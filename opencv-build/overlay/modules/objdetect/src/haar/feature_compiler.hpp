// A node as the model has it: from boxes to corners of the integral image.
#ifndef OPENCV_OBJDETECT_HAAR_FEATURE_COMPILER_HPP
#define OPENCV_OBJDETECT_HAAR_FEATURE_COMPILER_HPP

#include <cstdint>
#include <vector>

#include "model.hpp"

namespace cv { namespace haar {

// Its answers and threshold may be other than the cascade's, where the feature's negative is what is computed.
struct CompiledStump
{
    Shape shape;
    float threshold, left, right;
    ChildSide child;
    std::vector<uint8_t> corners;
};

// Finds the shape of a stump's feature and its corners; says why not if it cannot be done exactly.
const char* compileFeature(const Feature& feature, int width, int height, CompiledStump& stump);

}}  // namespace cv::haar

#endif
