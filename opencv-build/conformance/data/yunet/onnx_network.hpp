// A random network as an ONNX graph, in the forms that exports have, and as `network.hpp` stores it.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "onnx/graph_reader.hpp"
#include "onnx_forms.hpp"
#include "test_network.hpp"

namespace conformance {

// `network` is padded with zeros to multiples of `ChannelStep` channels; `graph` is not.
struct OnnxNetwork
{
    cv::yunet::OnnxGraph graph;
    std::unique_ptr<TestNetwork> network;
};

// Adds nodes from the image to the outputs. A node has the name of its output.
class OnnxNetworkBuilder
{
public:
    OnnxNetworkBuilder(Random& random, const GraphForm& form) : random_(random), form_(form), network_()
    {
        using namespace cv::yunet;
        for (uint32_t& width : widths_)
            width = static_cast<uint32_t>(random.between(1, 40));
        for (int level = 0; level < LevelCount; level++)
        {
            // A lateral is added to the output of the stage before its own.
            if (level > 0)
                widths_[LateralWidth + level] = widths_[StageWidth + StagePairs * level - 1];
            widths_[FirstSharedWidth + LevelCount + level] = HeadOutputCount;
            if (!form.shared[level])
                widths_[FirstSharedWidth + level] = 0;
        }
        uint32_t padded[WidthCount];
        for (int i = 0; i < WidthCount; i++)
            padded[i] = (widths_[i] + ChannelStep - 1) / ChannelStep * ChannelStep;
        if (const char* reason = setWidths(padded, network_))
            throw std::runtime_error(std::string("random widths are refused: ") + reason);
        weights_.assign(countWeights(network_), 0);
        placeArrays(weights_.data(), network_);
    }

    OnnxNetwork build()
    {
        using namespace cv::yunet;
        graph_.inputs.push_back({"image", {1, ImageChannels, 64, 64}});
        if (form_.dynamic)
            graph_.inputs[0].shape = {0, random_.chance(0.5) ? ImageChannels : 0, 0, 0};
        const uint32_t* width = widths_;
        const FirstConvolution& first = network_.first;
        const Place place = {first.weights, first.bias, first.outputs, ImageChannels * first.outputs};
        Features value = convolution({"image", ImageChannels}, "first", First, *width++, place);
        value = {add("Relu", "first.relu", {value.name}), value.channels};
        value = pairs(value, "stem", network_.stem, width);
        value = pairs(pool(value, "pool2"), "stage4", network_.stage4, width);
        Features stages[LevelCount];
        for (int level = 0; level < LevelCount; level++)
        {
            const Features pooled = pool(value, "pool" + std::to_string(4 << level));
            value = stages[level] = pairs(pooled, "stage" + stride(level), network_.stages[level], width);
        }
        for (int level = LevelCount - 1; level >= 0; level--)
        {
            if (level + 1 < LevelCount)
            {
                std::vector<std::string> addends = {resize(value, level + 1), stages[level].name};
                if (random_.chance(0.5))
                    std::swap(addends[0], addends[1]);
                value.name = add("Add", "add" + stride(level), addends);
            }
            value = pair(value, "lateral" + stride(level), network_.laterals[level], 0, widths_[LateralWidth + level]);
            Features features = value;
            if (form_.shared[level])
                features =
                    pair(value, "shared" + stride(level), network_.shared[level], 0, widths_[FirstSharedWidth + level]);
            heads(features, level);
        }
        return {std::move(graph_), std::unique_ptr<TestNetwork>(new TestNetwork(network_, weights_))};
    }

private:
    enum {
        StageWidth = 1 + cv::yunet::StemPairs + cv::yunet::Stage4Pairs,
        LateralWidth = cv::yunet::FirstSharedWidth - cv::yunet::LevelCount
    };

    enum Kernel { First, Pointwise, Depthwise };

    struct Features
    {
        std::string name;
        uint32_t channels;
    };

    // Where weights are: those of consecutive outputs are adjacent, those of inputs and taps are steps apart.
    struct Place
    {
        const float *weights, *bias;
        size_t input_step, tap_step;
    };

    static std::string stride(int level) { return std::to_string(8 << level); }

    std::string add(const char* type, const std::string& name, std::vector<std::string> inputs,
                    std::vector<cv::yunet::OnnxAttribute> attributes = {})
    {
        graph_.nodes.push_back({name, type, std::move(inputs), {name}, std::move(attributes)});
        return name;
    }

    std::string constant(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values)
    {
        cv::yunet::OnnxTensor tensor;
        tensor.name = name;
        tensor.type = cv::yunet::OnnxFloat;
        tensor.shape = std::move(shape);
        tensor.floats = values;
        graph_.tensors.push_back(tensor);
        return name;
    }

    std::string constant(const std::string& name, const std::vector<int64_t>& values)
    {
        cv::yunet::OnnxTensor tensor;
        tensor.name = name;
        tensor.type = cv::yunet::OnnxInt64;
        tensor.shape = {static_cast<int64_t>(values.size())};
        tensor.integers = values;
        graph_.tensors.push_back(tensor);
        return name;
    }

    void state(std::vector<cv::yunet::OnnxAttribute>& attributes, const char* name, const std::vector<int64_t>& value,
               const std::vector<int64_t>& standard)
    {
        if (form_.states_defaults || value != standard)
            attributes.push_back({name, "", value});
    }

    float* writable(const float* array) { return weights_.data() + (array - weights_.data()); }

    // The magnitude of activations stays the same from layer to layer, also for few channels.
    Features convolution(const Features& from, const std::string& name, Kernel kernel, uint32_t outputs,
                         const Place& place)
    {
        const size_t inputs = kernel == Depthwise ? 1 : from.channels, taps = kernel == Pointwise ? 1 : 9;
        const double limit = std::sqrt((kernel == Depthwise ? 6.0 : 3.0) / static_cast<double>(inputs * taps));
        float* const stored = writable(place.weights);
        std::vector<float> weights, bias;
        for (size_t output = 0; output < outputs; output++)
            for (size_t input = 0; input < inputs; input++)
                for (size_t tap = 0; tap < taps; tap++)
                {
                    // Pixels are up to 255.
                    const double weight = random_.between(-limit, limit) / (kernel == First ? 100 : 1);
                    weights.push_back(static_cast<float>(weight));
                    stored[output + input * place.input_step + tap * place.tap_step] = weights.back();
                }
        const int64_t side = kernel == Pointwise ? 1 : 3, pad = side / 2, step = kernel == First ? 2 : 1;
        const int64_t group = kernel == Depthwise ? outputs : 1;
        std::vector<std::string> arguments = {
            from.name, constant(name + ".weight", {outputs, static_cast<int64_t>(inputs), side, side}, weights)};
        if (!form_.omits_biases || random_.chance(0.5))
        {
            for (size_t output = 0; output < outputs; output++)
                bias.push_back(writable(place.bias)[output] = static_cast<float>(random_.between(-0.3, 0.3)));
            arguments.push_back(constant(name + ".bias", {outputs}, bias));
        }
        else if (random_.chance(0.5))
            arguments.push_back("");
        std::vector<cv::yunet::OnnxAttribute> attributes;
        state(attributes, "kernel_shape", {side, side}, {side, side});
        state(attributes, "strides", {step, step}, {1, 1});
        state(attributes, "pads", {pad, pad, pad, pad}, {0, 0, 0, 0});
        state(attributes, "dilations", {1, 1}, {1, 1});
        state(attributes, "group", {group}, {1});
        return {add("Conv", name, arguments, attributes), outputs};
    }

    // The network's channels from `first` on.
    Features pair(const Features& from, const std::string& name, const cv::yunet::ConvolutionPair& to, size_t first,
                  uint32_t outputs, bool relu = true)
    {
        const Place pointwise = {to.pointwise + first, to.pointwise_bias + first, to.outputs, 0};
        const Place depthwise = {to.depthwise + first, to.depthwise_bias + first, 0, to.outputs};
        Features value = convolution(from, name + ".pointwise", Pointwise, outputs, pointwise);
        value = convolution(value, name + ".depthwise", Depthwise, outputs, depthwise);
        return relu ? Features{add("Relu", name + ".relu", {value.name}), outputs} : value;
    }

    template <size_t Count>
    Features pairs(Features value, const std::string& name, const cv::yunet::ConvolutionPair (&to)[Count],
                   const uint32_t*& width)
    {
        for (size_t i = 0; i < Count; i++)
            value = pair(value, name + "." + std::to_string(i), to[i], 0, *width++);
        return value;
    }

    Features pool(const Features& from, const std::string& name)
    {
        std::vector<cv::yunet::OnnxAttribute> attributes = {{"kernel_shape", "", {2, 2}}, {"strides", "", {2, 2}}};
        state(attributes, "pads", {0, 0, 0, 0}, {0, 0, 0, 0});
        return {add("MaxPool", name, {from.name}, attributes), from.channels};
    }

    // Twice the size, for the level before `level`.
    std::string resize(const Features& from, int level)
    {
        const std::string name = "resize" + stride(level), scales = constant(name + ".scales", {4}, {1, 1, 2, 2});
        std::vector<cv::yunet::OnnxAttribute> attributes = {{"mode", "nearest", {}}};
        if (form_.resize == UpsampleOfOpset9)
            return add("Upsample", name, {from.name, scales}, attributes);
        if (form_.resize == ResizeOfOpset10)
            return add("Resize", name, {from.name, scales}, attributes);
        if (form_.resize == AsymmetricResize)
        {
            attributes.push_back({"coordinate_transformation_mode", "asymmetric", {}});
            attributes.push_back({"nearest_mode", "floor", {}});
        }
        if (form_.resize == PytorchHalfPixelResize)
        {
            attributes.push_back({"coordinate_transformation_mode", "pytorch_half_pixel", {}});
            attributes.push_back({"nearest_mode", "round_prefer_ceil", {}});
        }
        return add("Resize", name, {from.name, "", scales}, attributes);
    }

    void heads(const Features& features, int level)
    {
        using namespace cv::yunet;
        const ConvolutionPair& to = network_.heads[level];
        const auto head = [&](const char* name, HeadOutput first, uint32_t outputs) {
            const std::string output = name + stride(level);
            output_of(pair(features, "head_" + output, to, first, outputs, false), output, outputs == 1);
        };
        head("cls_", HeadClass, 1);
        head("obj_", HeadObject, 1);
        head("bbox_", HeadBox, 4);
        head("kps_", HeadLandmarks, 10);
    }

    // From [batch][channel][row][column] to [batch][cell][channel].
    void output_of(const Features& values, const std::string& output, bool with_sigmoid)
    {
        std::string value = values.name;
        if (with_sigmoid && form_.sigmoid_first)
            value = add("Sigmoid", output + ".sigmoid", {value});
        value = add("Transpose", output + ".transpose", {value}, {{"perm", "", {0, 2, 3, 1}}});
        value = add("Reshape", output + ".reshape", {value, cells(value, output, values.channels)});
        if (with_sigmoid && !form_.sigmoid_first)
            value = add("Sigmoid", output + ".sigmoid", {value});
        graph_.nodes.back().outputs = {output};
        graph_.outputs.push_back(output);
    }

    // The shape [batch, -1, channels].
    std::string cells(const std::string& value, const std::string& output, int64_t channels)
    {
        if (!form_.dynamic)
            return constant(output + ".cells", {1, -1, channels});
        const std::string shape = add("Shape", output + ".shape", {value});
        const std::string batch =
            add("Gather", output + ".batch", {shape, constant(output + ".index", {0})}, {{"axis", "", {0}}});
        return add("Concat", output + ".cells", {batch, constant(output + ".rest", {-1, channels})},
                   {{"axis", "", {0}}});
    }

    Random& random_;
    const GraphForm& form_;
    uint32_t widths_[cv::yunet::WidthCount];
    cv::yunet::Network network_;
    std::vector<float> weights_;
    cv::yunet::OnnxGraph graph_;
};

inline OnnxNetwork random_onnx_network(Random& random, const GraphForm& form)
{
    return OnnxNetworkBuilder(random, form).build();
}

}  // namespace conformance
