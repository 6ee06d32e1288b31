// Checks that single nodes of an ONNX graph compute what a YuNet network needs. Failures go to `OnnxNodes`.
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_OPERATORS_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_OPERATORS_HPP

#include <cstdint>

#include "graph_reader.hpp"
#include "nodes.hpp"

namespace cv { namespace yunet {

enum ConvolutionKind {
    FirstKind,      // 3x3, stride 2
    PointwiseKind,  // 1x1
    DepthwiseKind   // 3x3, a group for each channel
};

struct OnnxConvolution
{
    uint32_t inputs, outputs;
    const OnnxTensor* weights;  // [output][input, one if depthwise][row][column]
    const OnnxTensor* bias;     // [output]; NULL if there is none
};

// Reads a `Conv` node. Returns whether it is of the kind and has finite constant weights of at most `MaxChannels`
// channels.
bool readConvolution(OnnxNodes& nodes, const OnnxNode& node, ConvolutionKind kind, OnnxConvolution& found);

// Checks a `MaxPool` node: 2x2, stride 2.
void checkPool(OnnxNodes& nodes, const OnnxNode& node);

// Checks a `Resize` or `Upsample` node: every pixel is copied to the four that it covers.
void checkResize(OnnxNodes& nodes, const OnnxNode& node);

}}  // namespace cv::yunet

#endif
