// The network of the YuNet family: a fixed topology with variable widths, and its weights.
//
//   image ─▶ stem ─▶ pool ─▶ stage 4 ─▶ pool ─▶ stage 8 ─▶ pool ─▶ stage 16 ─▶ pool ─▶ stage 32
//   1/1      1/2             1/4                1/8 │              1/16 │              1/32 │
//                                              lateral ◀─ x2, add ─ lateral ◀─ x2, add ─ lateral
//                                                 │                    │                    │
//                                              (shared)             (shared)             (shared)
//                                                 │                    │                    │
//                                               head 8              head 16              head 32
//
// The pairs that the outputs of a head share are optional: the model yunet_n has them, yunet_s does not.
// Numbers of channels are multiples of `ChannelStep`, padded with zero weights, so that any vector width divides them.
// A row of activations is stored in groups of `ChannelStep` channels, each with all pixels of the row, so that passes
// over a group read memory in order.
#ifndef OPENCV_OBJDETECT_YUNET_NETWORK_HPP
#define OPENCV_OBJDETECT_YUNET_NETWORK_HPP

#include <cstdint>

namespace cv { namespace yunet {

enum {
    ChannelStep = 16,
    MaxChannels = 256,
    LevelCount = 3,
    ImageChannels = 3,
    // The input is padded at its right and bottom to a multiple of the largest stride.
    LargestStride = 32
};

// The outputs of a head for one cell, in this order. A head has `ChannelStep` channels, none of which is unused.
enum HeadOutput {
    HeadClass = 0,      // logit
    HeadObject = 1,     // logit
    HeadBox = 2,        // x, y of the centre, logarithms of width and height
    HeadLandmarks = 6,  // x, y of 5 points
    HeadOutputCount = 16
};

// 3x3, stride 2, followed by ReLU.
struct FirstConvolution
{
    uint32_t outputs;
    const float* weights;  // [row][column][channel (blue, green, red)][output]
    const float* bias;     // [output]
};

// A pointwise convolution and a depthwise 3x3 convolution. ReLU follows, except in heads.
struct ConvolutionPair
{
    uint32_t inputs, outputs;
    const float* pointwise;       // [input][output]
    const float* pointwise_bias;  // [output]
    const float* depthwise;       // [row][column][output]
    const float* depthwise_bias;  // [output]
};

enum { StemPairs = 1, Stage4Pairs = 4, StagePairs = 2 };

// All pointers are aligned to 4 bytes and point into memory that must outlive the network.
struct Network
{
    FirstConvolution first;
    ConvolutionPair stem[StemPairs];
    ConvolutionPair stage4[Stage4Pairs];
    ConvolutionPair stages[LevelCount][StagePairs];  // of strides 8, 16, 32
    ConvolutionPair laterals[LevelCount];
    ConvolutionPair shared[LevelCount];  // one that is absent has 0 outputs, and arrays that are NULL
    ConvolutionPair heads[LevelCount];
};

}}  // namespace cv::yunet

#endif
