// The sizes of a network's arrays, and their order in memory.
//
// The numbers of output channels of all convolutions determine every size. They are `WidthCount` numbers: of the first
// convolution, then of the pairs of the stem, of stage 4, of the stages 8, 16, 32, of the laterals, of the shared pairs
// (0 for one that is absent) and of the heads.
#ifndef OPENCV_OBJDETECT_YUNET_NETWORK_ARRAYS_HPP
#define OPENCV_OBJDETECT_YUNET_NETWORK_ARRAYS_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "network.hpp"

namespace cv { namespace yunet {

enum {
    // Each level has a lateral, a shared pair and a head.
    PairCount = StemPairs + Stage4Pairs + LevelCount * (StagePairs + 3),
    WidthCount = 1 + PairCount,
    FirstSharedWidth = WidthCount - 2 * LevelCount
};

// A network and its weights. Not copied, because the network points to the weights.
struct OwnedNetwork
{
    OwnedNetwork() : network() {}
    OwnedNetwork(const OwnedNetwork&) = delete;
    OwnedNetwork& operator=(const OwnedNetwork&) = delete;

    std::vector<float> weights;
    Network network;
};

// Sets all numbers of channels, and all arrays to NULL. Returns NULL, or the reason why no network has these widths.
const char* setWidths(const uint32_t (&widths)[WidthCount], Network& network);

void getWidths(const Network& network, uint32_t (&widths)[WidthCount]);

// The number of weights, which the limits of widths keep below 2^21. The widths must be set.
size_t countWeights(const Network& network);

// Points all arrays of the network to consecutive parts of `weights`, which has `countWeights` values.
void placeArrays(const float* weights, Network& network);

// The weights of all arrays, as `placeArrays` expects them.
std::vector<float> collectWeights(const Network& network);

// Whether no weight is infinite or NaN.
bool areFinite(const float* weights, size_t count);

}}  // namespace cv::yunet

#endif
