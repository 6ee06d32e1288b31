// The scratch memory of a chain, and how much each layer takes. `static`, because code that is compiled for several
// instruction sets must not emit functions that other files may use.
#ifndef OPENCV_OBJDETECT_YUNET_SCRATCH_HPP
#define OPENCV_OBJDETECT_YUNET_SCRATCH_HPP

#include <cstddef>

#include "chain.hpp"

namespace cv { namespace yunet {

// Floats in 64 bytes, the largest vector and a line of the cache.
enum { ScratchAlignment = 16 };

static inline size_t alignedLength(size_t length)
{
    return (length + ScratchAlignment - 1) / ScratchAlignment * ScratchAlignment;
}

// A row of the image for `width` outputs of the first convolution: twice as many pixels, and one to their left.
static inline size_t imageRowLength(int width) { return (2 * size_t(width) + 1) * ImageChannels; }

// A row of a layer's outputs.
static inline size_t rowScratch(int width, size_t channels) { return alignedLength(size_t(width) * channels); }

static inline size_t imageConvolutionScratch(int width, size_t channels)
{
    return 3 * alignedLength(imageRowLength(width)) + rowScratch(width, channels);
}

// Three rows and a row of zeros, with a pixel at both ends, and the output.
static inline size_t pairScratch(int width, size_t channels)
{
    return 4 * rowScratch(width + 2, channels) + rowScratch(width, channels);
}

// The number of floats that one call of `runChain` takes.
static inline size_t scratchLength(const Chain& chain)
{
    int width = chain.input.width;
    size_t channels = chain.input.channels;
    size_t length = chain.first ? imageConvolutionScratch(width, channels) : 0;
    if (chain.coarser.values)
        length += rowScratch(width, channels);
    for (int i = 0; i < chain.layer_count; i++)
    {
        const ConvolutionPair* pair = chain.layers[i].pair;
        if (pair)
            channels = pair->outputs;
        else
            width /= 2;
        length += pair ? pairScratch(width, channels) : rowScratch(width, channels);
    }
    return length;
}

}}  // namespace cv::yunet

#endif
