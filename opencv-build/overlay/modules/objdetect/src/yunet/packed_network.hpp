// Packed networks: the weights of a network as bytes that are used in place.
//
//   header | arrays of weights
//
// The header has the widths, which determine the sizes of all arrays; `network_arrays.hpp` states their order. The
// checksum covers everything after it. Everything is validated before use. Numbers are little-endian.
#ifndef OPENCV_OBJDETECT_YUNET_PACKED_NETWORK_HPP
#define OPENCV_OBJDETECT_YUNET_PACKED_NETWORK_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "network.hpp"

namespace cv { namespace yunet {

std::vector<uint8_t> packNetwork(const Network& network);

// Whether the bytes begin as a packed network does.
bool isPackedNetwork(const uint8_t* bytes, size_t length);

// Validates and opens a packed network. Returns NULL or the reason. `bytes` must be aligned to 4 and outlive it.
const char* openPackedNetwork(const uint8_t* bytes, size_t length, Network& network);

}}  // namespace cv::yunet

#endif
