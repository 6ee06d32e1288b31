// The header of damaged packed models.
#pragma once

#include <cstdint>
#include <vector>

// In the sources of the detectors.
#include "../shared/packed_header.hpp"

namespace conformance {

// Corrects the length and the checksum, so that validation gets to other damage. Leaves bytes that are too short.
inline void correct_header(std::vector<uint8_t>& bytes)
{
    if (bytes.size() >= sizeof(cv::detection::PackedHeader))
        cv::detection::sealPacked(bytes);
}

}  // namespace conformance
