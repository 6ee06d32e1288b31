// ONNX graphs that the detector does not compute, each with the reason for which they must be refused.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "onnx/graph_reader.hpp"
#include "onnx_forms.hpp"
#include "onnx_network.hpp"

namespace conformance {

struct OnnxRefusal
{
    std::string reason;
    cv::yunet::OnnxGraph graph;
};

template <class Part>
Part& part_of(std::vector<Part>& parts, const std::string& name)
{
    for (Part& part : parts)
        if (part.name == name)
            return part;
    throw std::runtime_error("the test's graph has no `" + name + "`");
}

// A graph with one change.
struct ChangedGraph
{
    cv::yunet::OnnxGraph graph;

    cv::yunet::OnnxNode& node(const std::string& name) { return part_of(graph.nodes, name); }

    cv::yunet::OnnxTensor& tensor(const std::string& name) { return part_of(graph.tensors, name); }

    // Sets an attribute, or adds it.
    void set(const std::string& name, const cv::yunet::OnnxAttribute& attribute)
    {
        std::vector<cv::yunet::OnnxAttribute>& all = node(name).attributes;
        for (cv::yunet::OnnxAttribute& other : all)
            if (other.name == attribute.name)
            {
                other = attribute;
                return;
            }
        all.push_back(attribute);
    }

    // Puts a node of the type between a node and its first input.
    void insert(const std::string& before, const char* type)
    {
        std::string& input = node(before).inputs.at(0);
        const std::string output = before + ".input";
        const cv::yunet::OnnxNode inserted = {output, type, {input}, {output}, {}};
        input = output;
        graph.nodes.push_back(inserted);
    }

    void resize_kernel(const std::string& name, const std::vector<int64_t>& shape)
    {
        tensor(name).shape = shape;
        tensor(name).floats.assign(static_cast<size_t>(shape[0] * shape[1] * shape[2] * shape[3]), 0.5f);
    }
};

struct GraphChange
{
    const char* reason;
    void (*apply)(ChangedGraph&);
};

// Changes of operators' types, attributes and weights.
const GraphChange OPERATOR_CHANGES[] = {
    {"the node `stage8.0.pointwise` is of type `QLinearConv`; quantized models are not supported, use the model "
     "with 32-bit floats",
     [](ChangedGraph& it) { it.node("stage8.0.pointwise").type = "QLinearConv"; }},
    {"the node `stem.0.relu.input` is of type `DequantizeLinear`; quantized models are not supported, use the "
     "model with 32-bit floats",
     [](ChangedGraph& it) { it.insert("stem.0.relu", "DequantizeLinear"); }},
    {"the node `first` is of type `com.microsoft.FusedConv`; expected `Conv`",
     [](ChangedGraph& it) { it.node("first").type = "com.microsoft.FusedConv"; }},
    {"the node `stage4.3.relu` is of type `LeakyRelu`; expected `Relu`",
     [](ChangedGraph& it) { it.node("stage4.3.relu").type = "LeakyRelu"; }},
    {"the node `pool8` is of type `AveragePool`; expected `MaxPool`",
     [](ChangedGraph& it) { it.node("pool8").type = "AveragePool"; }},
    {"the node `add8` is of type `Concat`; expected `Add`", [](ChangedGraph& it) { it.node("add8").type = "Concat"; }},
    {"the node `add16` has no input that a `Resize` computes",
     [](ChangedGraph& it) { it.node("resize32").type = "ConvTranspose"; }},
    {"the node `first` has a 5x5 kernel; expected 3x3",
     [](ChangedGraph& it) { it.resize_kernel("first.weight", {16, 3, 5, 5}); }},
    {"the node `lateral8.pointwise` has a 3x3 kernel; expected 1x1",
     [](ChangedGraph& it) { it.resize_kernel("lateral8.pointwise.weight", {16, 16, 3, 3}); }},
    {"the node `stem.0.depthwise` has 2 input channels per group; expected 1, a depthwise convolution",
     [](ChangedGraph& it) { it.resize_kernel("stem.0.depthwise.weight", {16, 2, 3, 3}); }},
    {"the node `first` has 257 output and 3 input channels; expected 1 to 256",
     [](ChangedGraph& it) { it.resize_kernel("first.weight", {257, 3, 3, 3}); }},
    {"the node `first` has weights that are infinite or not numbers",
     [](ChangedGraph& it) { it.tensor("first.weight").floats.back() = std::numeric_limits<float>::infinity(); }},
    {"the node `first` has a bias that is infinite or not a number",
     [](ChangedGraph& it) { it.tensor("first.bias").floats[0] = std::numeric_limits<float>::quiet_NaN(); }},
    {"the node `first` has weights that are not 32-bit floats",
     [](ChangedGraph& it) { it.tensor("first.weight").type = 10; }},
    {"the node `first` has weights that are not constant",
     [](ChangedGraph& it) { it.node("first").inputs[1] = "image"; }},
    {"the node `first` has strides [1, 1]; expected [2, 2]",
     [](ChangedGraph& it) { it.set("first", {"strides", "", {1, 1}}); }},
    {"the node `stem.0.depthwise` has pads [0, 0, 0, 0]; expected [1, 1, 1, 1]",
     [](ChangedGraph& it) { it.set("stem.0.depthwise", {"pads", "", {0, 0, 0, 0}}); }},
    {"the node `stem.0.depthwise` has dilations [2, 2]; expected [1, 1]",
     [](ChangedGraph& it) { it.set("stem.0.depthwise", {"dilations", "", {2, 2}}); }},
    {"the node `stem.0.pointwise` has group [2]; expected [1]",
     [](ChangedGraph& it) { it.set("stem.0.pointwise", {"group", "", {2}}); }},
    {"the node `first` has auto_pad `SAME_UPPER`; expected `NOTSET`",
     [](ChangedGraph& it) { it.set("first", {"auto_pad", "SAME_UPPER", {}}); }},
    {"the node `pool4` has kernel_shape [3, 3]; expected [2, 2]",
     [](ChangedGraph& it) { it.set("pool4", {"kernel_shape", "", {3, 3}}); }},
    {"the node `resize16` has mode `linear`; expected `nearest`",
     [](ChangedGraph& it) { it.set("resize16", {"mode", "linear", {}}); }},
    {"the node `resize16` has the modes `align_corners` and `floor`; expected `asymmetric` and `floor`",
     [](ChangedGraph& it) { it.set("resize16", {"coordinate_transformation_mode", "align_corners", {}}); }},
    {"the node `resize16` has scales that are not the constants [1, 1, 2, 2]",
     [](ChangedGraph& it) { it.tensor("resize16.scales").floats = {1, 1, 4, 4}; }},
};

// Changes of outputs, of the input and of connections.
const GraphChange TOPOLOGY_CHANGES[] = {
    {"it has no output `cls_8`; models of 2021 and 2022 are not supported, use face_detection_yunet_2023mar.onnx",
     [](ChangedGraph& it) { it.graph.outputs = {"loc", "conf", "iou"}; }},
    {"it has no output `kps_8`", [](ChangedGraph& it) { it.graph.outputs.pop_back(); }},
    {"the output `obj_16` has no `Sigmoid`", [](ChangedGraph& it) { it.node("obj_16.sigmoid").type = "Identity"; }},
    {"the output `bbox_8` has a `Sigmoid`; expected none",
     [](ChangedGraph& it) { it.insert("bbox_8.transpose", "Sigmoid"); }},
    {"the output `kps_8` has no `Transpose`", [](ChangedGraph& it) { it.node("kps_8.transpose").type = "Identity"; }},
    {"the output `cls_32` has no `Reshape`", [](ChangedGraph& it) { it.node("cls_32.reshape").type = "Identity"; }},
    {"the node `cls_8.reshape` has another shape than [1, -1, 1]",
     [](ChangedGraph& it) { it.tensor("cls_8.cells").integers.back() = 2; }},
    {"the node `kps_8.transpose` has perm [0, 3, 1, 2]; expected [0, 2, 3, 1]",
     [](ChangedGraph& it) { it.set("kps_8.transpose", {"perm", "", {0, 3, 1, 2}}); }},
    {"the output `obj_8` is computed from `stage8.1.relu`; expected from `lateral8.relu` as the other outputs of "
     "its stride",
     [](ChangedGraph& it) { it.node("head_obj_8.pointwise").inputs[0] = "stage8.1.relu"; }},
    {"the node `pool16` has the input `stage8.0.relu`; expected `stage16.1.relu`",
     [](ChangedGraph& it) { it.node("pool16").inputs[0] = "stage8.0.relu"; }},
    {"no node computes `nothing`; expected `MaxPool`",
     [](ChangedGraph& it) { it.node("stage4.0.pointwise").inputs[0] = "nothing"; }},
    {"the node `first.relu.input` is of type `Identity`; expected `Conv`",
     [](ChangedGraph& it) {
         it.insert("first.relu", "Identity");
         it.node("first.relu.input").inputs[0] = "first.relu.input";
     }},
    {"the first convolution has the input `stem.0.relu`; expected the image",
     [](ChangedGraph& it) { it.node("first").inputs[0] = "stem.0.relu"; }},
    {"it has more than one input: `image` and `other`",
     [](ChangedGraph& it) { it.graph.inputs.push_back({"other", {}}); }},
    {"the input `image` has not the shape [1, 3, height, width]",
     [](ChangedGraph& it) { it.graph.inputs[0].shape[1] = 4; }},
    {"the first convolution has 4 input channels; expected 3",
     [](ChangedGraph& it) { it.resize_kernel("first.weight", {it.tensor("first.weight").shape[0], 4, 3, 3}); }},
};

// Networks in which one level lacks the pair that its outputs share.
inline std::vector<OnnxRefusal> incomplete_networks(Random& random, GraphForm form)
{
    const char* const reasons[] = {"the node `resize16` has the input `lateral16.relu`; expected `shared16.relu`",
                                   "the node `resize16` has the input `lateral16.relu`; expected `add16`",
                                   "the node `resize32` has the input `lateral32.relu`; expected `stage32.1.relu`"};
    std::vector<OnnxRefusal> refusals;
    for (int lacking = 0; lacking < cv::yunet::LevelCount; lacking++)
    {
        for (int level = 0; level < cv::yunet::LevelCount; level++)
            form.shared[level] = level != lacking;
        refusals.push_back({reasons[lacking], random_onnx_network(random, form).graph});
    }
    return refusals;
}

inline std::vector<OnnxRefusal> onnx_refusals(Random& random)
{
    const GraphForm form = {{false, false, false}, false, true, false, false, AsymmetricResize};
    const cv::yunet::OnnxGraph good = random_onnx_network(random, form).graph;
    std::vector<OnnxRefusal> refusals = incomplete_networks(random, form);
    const auto add = [&](const GraphChange& change) {
        ChangedGraph changed = {good};
        change.apply(changed);
        refusals.push_back({change.reason, changed.graph});
    };
    for (const GraphChange& change : OPERATOR_CHANGES)
        add(change);
    for (const GraphChange& change : TOPOLOGY_CHANGES)
        add(change);
    return refusals;
}

}  // namespace conformance
