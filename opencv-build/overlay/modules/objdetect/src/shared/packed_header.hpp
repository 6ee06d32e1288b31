// The beginning of packed models: what they are, and a checksum of what follows it. Numbers are little-endian.
#ifndef OPENCV_OBJDETECT_SHARED_PACKED_HEADER_HPP
#define OPENCV_OBJDETECT_SHARED_PACKED_HEADER_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cv { namespace detection {

struct PackedHeader
{
    char magic[8];
    uint32_t version, length, checksum[2];
};

// Fletcher's checksum over 32-bit words, in four lanes that fit one vector register. A flipped bit changes the first
// sum, swapped words the second.
inline void computeChecksum(const uint8_t* bytes, size_t length, uint32_t* result)
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

// The header of a model, whose length and checksum are set by `sealPacked`.
inline PackedHeader newHeader(const char (&magic)[8], uint32_t version)
{
    PackedHeader header = {};
    std::memcpy(header.magic, magic, sizeof magic);
    header.version = version;
    return header;
}

// Sets the length and the checksum of a model that is complete otherwise.
inline void sealPacked(std::vector<uint8_t>& bytes)
{
    PackedHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.length = uint32_t(bytes.size());
    computeChecksum(bytes.data() + sizeof header, bytes.size() - sizeof header, header.checksum);
    std::memcpy(bytes.data(), &header, sizeof header);
}

inline bool hasMagic(const uint8_t* bytes, size_t length, const char (&magic)[8])
{
    return length >= sizeof magic && std::memcmp(bytes, magic, sizeof magic) == 0;
}

// Validates the beginning of a model with the right magic, and its checksum. `Header` is that of the model, whose first
// member `common` is a `PackedHeader`. Returns NULL or the reason.
template <typename Header>
const char* readPackedHeader(const uint8_t* bytes, size_t length, uint32_t version, Header& model_header)
{
    if (length < sizeof model_header)
        return "it is truncated";
    std::memcpy(&model_header, bytes, sizeof model_header);
    const PackedHeader& header = model_header.common;
    if (header.version != version)
        return "its version is not supported";
    if (header.length != length)
        return "it is truncated or has trailing bytes";
    uint32_t expected[2];
    computeChecksum(bytes + sizeof header, length - sizeof header, expected);
    if (expected[0] != header.checksum[0] || expected[1] != header.checksum[1])
        return "its checksum does not match";
    return NULL;
}

}}  // namespace cv::detection

#endif
