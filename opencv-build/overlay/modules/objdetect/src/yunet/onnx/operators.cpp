// Checks weights, shapes and attributes.
#include "operators.hpp"

#include <algorithm>

#include "../network.hpp"
#include "../network_arrays.hpp"

namespace cv { namespace yunet {

namespace {

void checkWeights(OnnxNodes& nodes, const OnnxNode& node, const OnnxTensor& weights, ConvolutionKind kind)
{
    const std::vector<int64_t>& shape = weights.shape;
    const int64_t side = kind == PointwiseKind ? 1 : 3;
    if (weights.type != OnnxFloat)
        nodes.fail(OnnxMessage(node) << " has weights that are not 32-bit floats");
    else if (shape.size() != 4)
        nodes.fail(OnnxMessage(node) << " is not a convolution of two dimensions");
    else if (shape[2] != side || shape[3] != side)
        nodes.fail(OnnxMessage(node) << " has a " << shape[2] << "x" << shape[3] << " kernel; expected " << side << "x"
                                     << side);
    else if (shape[0] < 1 || shape[0] > MaxChannels || shape[1] < 1 || shape[1] > MaxChannels)
        nodes.fail(OnnxMessage(node) << " has " << shape[0] << " output and " << shape[1]
                                     << " input channels; expected 1 to " << MaxChannels);
    else if (kind == DepthwiseKind && shape[1] != 1)
        nodes.fail(OnnxMessage(node) << " has " << shape[1]
                                     << " input channels per group; expected 1, a depthwise convolution");
    else if (!areFinite(weights.floats.data(), weights.floats.size()))
        nodes.fail(OnnxMessage(node) << " has weights that are infinite or not numbers");
}

void checkBias(OnnxNodes& nodes, const OnnxNode& node, const OnnxTensor& bias, size_t outputs)
{
    if (bias.type != OnnxFloat || bias.floats.size() != outputs)
        nodes.fail(OnnxMessage(node) << " has a bias that is not " << int64_t(outputs) << " 32-bit floats");
    else if (!areFinite(bias.floats.data(), bias.floats.size()))
        nodes.fail(OnnxMessage(node) << " has a bias that is infinite or not a number");
}

void expectNoAutomaticPads(OnnxNodes& nodes, const OnnxNode& node)
{
    const std::string pads = nodes.text(node, "auto_pad", "NOTSET");
    if (pads != "NOTSET")
        nodes.fail(OnnxMessage(node) << " has auto_pad " << pads << "; expected `NOTSET`");
}

}  // namespace

bool readConvolution(OnnxNodes& nodes, const OnnxNode& node, ConvolutionKind kind, OnnxConvolution& found)
{
    const std::string bias = nodes.input(node, 2);
    found.weights = nodes.constant(nodes.input(node, 1));
    found.bias = nodes.constant(bias);
    if (!found.weights || (!found.bias && !bias.empty()))
        nodes.fail(OnnxMessage(node) << " has weights that are not constant");
    else
        checkWeights(nodes, node, *found.weights, kind);
    if (nodes.failed())
        return false;
    const int64_t outputs = found.weights->shape[0];
    found.outputs = uint32_t(outputs);
    found.inputs = kind == DepthwiseKind ? found.outputs : uint32_t(found.weights->shape[1]);
    if (found.bias)
        checkBias(nodes, node, *found.bias, found.outputs);
    const int64_t side = kind == PointwiseKind ? 1 : 3, pad = side / 2, stride = kind == FirstKind ? 2 : 1;
    nodes.expectIntegers(node, "kernel_shape", {side, side}, {side, side});
    nodes.expectIntegers(node, "strides", {1, 1}, {stride, stride});
    nodes.expectIntegers(node, "pads", {0, 0, 0, 0}, {pad, pad, pad, pad});
    nodes.expectIntegers(node, "dilations", {1, 1}, {1, 1});
    nodes.expectIntegers(node, "group", {1}, {kind == DepthwiseKind ? outputs : 1});
    expectNoAutomaticPads(nodes, node);
    return !nodes.failed();
}

void checkPool(OnnxNodes& nodes, const OnnxNode& node)
{
    nodes.expectIntegers(node, "kernel_shape", {}, {2, 2});
    nodes.expectIntegers(node, "strides", {1, 1}, {2, 2});
    nodes.expectIntegers(node, "pads", {0, 0, 0, 0}, {0, 0, 0, 0});
    nodes.expectIntegers(node, "dilations", {1, 1}, {1, 1});
    // `ceil_mode` has no effect, because all images are padded to multiples of `LargestStride`.
    expectNoAutomaticPads(nodes, node);
}

void checkResize(OnnxNodes& nodes, const OnnxNode& node)
{
    // Nodes of opset 10 and older have two inputs and no transformation of coordinates.
    const bool is_old = node.inputs.size() == 2;
    const OnnxTensor* scales = nodes.constant(nodes.input(node, is_old ? 1 : 2));
    const float expected[] = {1, 1, 2, 2};
    if (!scales || scales->floats.size() != 4 || !std::equal(expected, expected + 4, scales->floats.begin()))
        nodes.fail(OnnxMessage(node) << " has scales that are not the constants [1, 1, 2, 2]");
    nodes.expectIntegers(node, "axes", {0, 1, 2, 3}, {0, 1, 2, 3});
    const std::string mode = nodes.text(node, "mode", "nearest");
    if (mode != "nearest")
        nodes.fail(OnnxMessage(node) << " has mode " << mode << "; expected `nearest`");
    const std::string transform =
        nodes.text(node, "coordinate_transformation_mode", is_old ? "asymmetric" : "half_pixel");
    const std::string rounding = nodes.text(node, "nearest_mode", is_old ? "floor" : "round_prefer_floor");
    const bool is_half_pixel = transform == "half_pixel" || transform == "pytorch_half_pixel";
    const bool copies = (transform == "asymmetric" && (rounding == "floor" || rounding == "round_prefer_floor")) ||
                        (is_half_pixel && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil"));
    if (!copies)
        nodes.fail(OnnxMessage(node) << " has the modes " << transform << " and " << rounding
                                     << "; expected `asymmetric` and `floor`");
}

}}  // namespace cv::yunet
