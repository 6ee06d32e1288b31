// Compiles a node: from boxes to corners of the integral image.
#ifndef OPENCV_OBJDETECT_HAAR_FEATURE_COMPILER_HPP
#define OPENCV_OBJDETECT_HAAR_FEATURE_COMPILER_HPP

#include <cstdint>
#include <vector>

#include "model.hpp"

namespace cv { namespace haar {

// Leaf values and threshold can differ from the cascade's, if the negated feature is computed.
struct CompiledStump
{
    Shape shape;
    float threshold, left, right;
    ChildSide child;
    std::vector<uint8_t> corners;
};

// Finds the shape and corners of a stump's feature. Returns NULL, or the reason why it cannot be computed exactly.
const char* compileFeature(const Feature& feature, int width, int height, CompiledStump& stump);

}}  // namespace cv::haar

#endif
