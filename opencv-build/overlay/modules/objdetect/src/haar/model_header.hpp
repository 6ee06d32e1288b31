// The header of a model's block and the supported window sizes, for the compiler and the validator.
#ifndef OPENCV_OBJDETECT_HAAR_MODEL_HEADER_HPP
#define OPENCV_OBJDETECT_HAAR_MODEL_HEADER_HPP

#include <cstdint>
#include <limits>

namespace cv { namespace haar {

const uint32_t ModelMagic = 0x52414148;  // "HAAR"
const uint32_t ModelVersion = 2;

struct ModelHeader
{
    uint32_t magic, version;
    uint32_t width, height, stage_count, node_count, corner_bytes;
};

const int MaxPixelValue = 255;

inline bool isSupportedWindow(uint32_t width, uint32_t height)
{
    const uint32_t min_side = 5, max_width = 31, max_height = 63;
    // The normalisation box is summed as two halves, each of which must fit 16 bits.
    return width >= min_side && width <= max_width && height >= min_side && height <= max_height &&
           (width - 1) / 2 * (height - 2) * MaxPixelValue <= std::numeric_limits<uint16_t>::max();
}

}}  // namespace cv::haar

#endif
