// ONNX files of random networks, in all forms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnx_forms.hpp"
#include "onnx_network.hpp"
#include "onnx_writer.hpp"

namespace conformance {

struct OnnxFile
{
    Bytes bytes;
    std::unique_ptr<TestNetwork> network;
};

// Puts `Identity` nodes between nodes and their inputs, among them weights.
inline void insert_identities(Random& random, cv::yunet::OnnxGraph& graph)
{
    std::vector<cv::yunet::OnnxNode> nodes;
    for (cv::yunet::OnnxNode node : graph.nodes)
    {
        for (std::string& input : node.inputs)
            if (!input.empty() && random.chance(0.2))
            {
                const std::string output = input + ".identity" + std::to_string(nodes.size());
                nodes.push_back({output, "Identity", {input}, {output}, {}});
                input = output;
            }
        nodes.push_back(node);
    }
    graph.nodes = nodes;
}

inline OnnxFile random_onnx_file(Random& random)
{
    const GraphForm form = random_form(random);
    const OnnxEncoding encoding = random_encoding(random, form.resize);
    OnnxNetwork made = random_onnx_network(random, form);
    if (random.chance(0.5))
        insert_identities(random, made.graph);
    // Old exports have initializers among the inputs.
    if (!encoding.constants && random.chance(0.5))
        for (const cv::yunet::OnnxTensor& tensor : made.graph.tensors)
            made.graph.inputs.push_back({tensor.name, tensor.shape});
    if (random.chance(0.5))
        for (cv::yunet::OnnxNode& node : made.graph.nodes)
            node.name.clear();
    if (random.chance(0.2))
        made.graph.inputs[0].shape.clear();
    return {write_onnx(made.graph, encoding), std::move(made.network)};
}

}  // namespace conformance
