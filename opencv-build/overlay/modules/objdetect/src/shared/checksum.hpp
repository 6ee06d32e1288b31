// The checksum of packed models.
#ifndef OPENCV_OBJDETECT_SHARED_CHECKSUM_HPP
#define OPENCV_OBJDETECT_SHARED_CHECKSUM_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cv { namespace detection {

// Fletcher's checksum over 32-bit words, in four lanes that fit one vector register. A flipped bit changes the first
// sum, swapped words the second.
inline void checksum(const uint8_t* bytes, size_t length, uint32_t* result)
{
    uint32_t sum[4] = {1, 2, 3, 4}, sums[4] = {0, 0, 0, 0};
    for (size_t i = 0; i + 16 <= length; i += 16)
        for (int lane = 0; lane < 4; lane++)
        {
            uint32_t word;
            std::memcpy(&word, bytes + i + 4 * lane, sizeof word);
            sum[lane] += word;
            sums[lane] += sum[lane];
        }
    for (size_t i = length / 16 * 16; i < length; i++)
    {
        sum[i & 3] += bytes[i];
        sums[i & 3] += sum[i & 3];
    }
    result[0] = sum[0] ^ (sum[1] << 8 | sum[1] >> 24) ^ (sum[2] << 16 | sum[2] >> 16) ^ (sum[3] << 24 | sum[3] >> 8);
    result[1] =
        sums[0] ^ (sums[1] << 8 | sums[1] >> 24) ^ (sums[2] << 16 | sums[2] >> 16) ^ (sums[3] << 24 | sums[3] >> 8);
}

}}  // namespace cv::detection

#endif
