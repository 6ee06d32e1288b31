// What a model's block begins with, and which windows it may be for: for those who write one and those who check it.
#ifndef OPENCV_OBJDETECT_HAAR_BLOCK_HPP
#define OPENCV_OBJDETECT_HAAR_BLOCK_HPP

#include <cstdint>
#include <limits>

namespace cv { namespace haar {

const uint32_t BlockMagic = 0x52414148;  // "HAAR"
const uint32_t BlockVersion = 2;

struct BlockHeader
{
    uint32_t magic, version;
    uint32_t width, height, stages, stumps, corners;
};

// A pixel's highest value.
const int White = 255;

inline bool goodWindow(uint32_t width, uint32_t height)
{
    const uint32_t smallest = 5, widest = 31, highest = 63;
    // The contrast's box is summed as two halves, each of which must fit 16 bits.
    return width >= smallest && width <= widest && height >= smallest && height <= highest &&
           (width - 1) / 2 * (height - 2) * White <= std::numeric_limits<uint16_t>::max();
}

}} // namespace cv::haar

#endif
