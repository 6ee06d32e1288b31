// Chains: sequences of layers that are computed row by row, so that activations between them stay in the cache. Each
// layer keeps only the rows that the next one needs.
#ifndef OPENCV_OBJDETECT_YUNET_CHAIN_HPP
#define OPENCV_OBJDETECT_YUNET_CHAIN_HPP

#include <cstddef>
#include <cstdint>

#include "../shared/cancellation.hpp"
#include "network.hpp"

namespace cv { namespace yunet {

// An image with three bytes per pixel (blue, green, red) that is owned elsewhere; rows are `stride` bytes apart.
struct ImageView
{
    const uint8_t* pixels;
    size_t stride;
    int width, height;
};

// Activations: `height` rows of `width` pixels of `channels` values. `values` is NULL if there are none.
struct FeatureMap
{
    float* values;
    int width, height;
    size_t channels;
};

static inline size_t rowLength(const FeatureMap& map) { return size_t(map.width) * map.channels; }

struct Layer
{
    const ConvolutionPair* pair;  // NULL: maximum of 2x2 pixels
    bool relu;
};

enum { MaxLayers = 9 };

// The first input is `image` with the first convolution if that is given. Otherwise it is `input`, to which `coarser`,
// enlarged twice, is added if it has values.
struct Chain
{
    const FirstConvolution* first;
    ImageView image;
    FeatureMap input, coarser;
    Layer layers[MaxLayers];
    int layer_count;
    FeatureMap output;
};

// Computes rows of the output, from `first` up to but excluding `last`, until `stop` returns true. Rows do not depend
// on the range. `scratch` is aligned to 64 bytes and has the length that `scratch.hpp` computes.
void runChain(const Chain& chain, int first, int last, float* scratch, const detection::StopCallback& stop);

}}  // namespace cv::yunet

#endif
