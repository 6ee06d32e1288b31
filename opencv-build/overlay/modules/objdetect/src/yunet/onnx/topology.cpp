// Follows the graph from its outputs back to the image.
#include "topology.hpp"

#include "nodes.hpp"
#include "operators.hpp"

namespace cv { namespace yunet {

const OnnxHead HEADS[HeadCount] = {{"cls_", HeadClass, 1, true},
                                   {"obj_", HeadObject, 1, true},
                                   {"bbox_", HeadBox, 4, false},
                                   {"kps_", HeadLandmarks, 10, false}};

namespace {

// A value of the graph, and the number of channels that its users expect.
struct Value
{
    std::string name;
    uint32_t channels;
};

class Finder
{
public:
    Finder(const OnnxGraph& graph, OnnxTopology& topology) : graph_(graph), nodes_(graph), topology_(topology) {}

    // Returns the first thing that does not fit, or an empty string.
    std::string find()
    {
        topology_ = OnnxTopology();
        Value laterals[LevelCount], stages[LevelCount];
        for (int level = 0; level < LevelCount; level++)
        {
            laterals[level] = heads(level);
            if (level == 0)
                topology_.has_shared = hasShared(laterals[0]);
            if (topology_.has_shared)
                pair(laterals[level], topology_.shared[level], true);
        }
        for (int level = 0; level < LevelCount; level++)
        {
            stages[level] = laterals[level];
            pair(stages[level], topology_.laterals[level], true);
            if (level + 1 < LevelCount)
                stages[level] = addend(stages[level], laterals[level + 1]);
        }
        Value value;
        for (int level = LevelCount - 1; level >= 0; level--)
        {
            value = stages[level];
            pairs(value, topology_.stages[level]);
            pool(value, level > 0 ? &stages[level - 1] : NULL);
        }
        pairs(value, topology_.stage4);
        pool(value, NULL);
        pairs(value, topology_.stem);
        relu(value);
        convolution(value, topology_.first, FirstKind);
        image(value);
        return nodes_.reason();
    }

private:
    // The input of the four heads of a level.
    Value heads(int level)
    {
        Value common = {"", 0};
        for (int i = 0; i < HeadCount && !nodes_.failed(); i++)
        {
            Value value = {HEADS[i].name + std::to_string(8 << level), HEADS[i].outputs};
            const std::string output = value.name;
            if (!hasOutput(output))
                failOutput(output);
            cells(value, HEADS[i]);
            pair(value, topology_.heads[level][i], false);
            if (i == 0)
                common = value;
            else if (value.name != common.name)
                nodes_.fail(OnnxMessage()
                            << "the output " << output << " is computed from " << value.name << "; expected from "
                            << common.name << " as the other outputs of its stride");
        }
        return common;
    }

    void failOutput(const std::string& missing)
    {
        OnnxMessage message;
        message << "it has no output " << missing;
        if (hasOutput("loc"))
            message << "; models of 2021 and 2022 are not supported, use face_detection_yunet_2023mar.onnx";
        nodes_.fail(message);
    }

    bool hasOutput(const std::string& name) const
    {
        for (const std::string& output : graph_.outputs)
            if (output == name)
                return true;
        return false;
    }

    // From an output of the form [batch][cell][channel] back to the convolution, [batch][channel][row][column]. Each of
    // the operations between them occurs once, in any order.
    void cells(Value& value, const OnnxHead& head)
    {
        const std::string output = value.name;
        bool activated = false, reshaped = false, transposed = false;
        while (const OnnxNode* node = nodes_.find(value.name))
        {
            bool* const seen = node->type == "Sigmoid"     ? &activated
                               : node->type == "Reshape"   ? &reshaped
                               : node->type == "Transpose" ? &transposed
                                                           : NULL;
            if (!seen || *seen)
                break;
            *seen = true;
            if (seen == &reshaped)
                checkReshape(*node, head.outputs);
            if (seen == &transposed)
                nodes_.expectIntegers(*node, "perm", {}, {0, 2, 3, 1});
            value.name = nodes_.input(*node, 0);
        }
        nodes_.expect(value.name, "Conv");
        if (activated != head.sigmoid)
            nodes_.fail(OnnxMessage() << "the output " << output
                                      << (activated ? " has a `Sigmoid`; expected none" : " has no `Sigmoid`"));
        if (!reshaped)
            nodes_.fail(OnnxMessage() << "the output " << output << " has no `Reshape`");
        // The order of dimensions has no effect on a single channel.
        if (!transposed && head.outputs > 1)
            nodes_.fail(OnnxMessage() << "the output " << output << " has no `Transpose`");
    }

    // Exports with dynamic shapes compute the shape; the number of cells can be any.
    void checkReshape(const OnnxNode& node, int64_t channels)
    {
        const OnnxTensor* shape = nodes_.constant(nodes_.input(node, 1));
        if (shape && (shape->integers.size() != 3 || shape->integers[2] != channels))
            nodes_.fail(OnnxMessage(node) << " has another shape than [1, -1, " << channels << "]");
    }

    // Whether a pair lies between the finest lateral and its heads: then the pair before them has no sum as its input.
    bool hasShared(Value features)
    {
        OnnxPair last;
        pair(features, last, true);
        const OnnxNode* node = nodes_.find(features.name);
        return node && node->type == "Relu";
    }

    template <size_t Count> void pairs(Value& value, OnnxPair (&found)[Count])
    {
        for (size_t i = Count; i-- > 0;)
            pair(value, found[i], true);
    }

    void pair(Value& value, OnnxPair& found, bool with_relu)
    {
        if (with_relu)
            relu(value);
        convolution(value, found.depthwise, DepthwiseKind);
        convolution(value, found.pointwise, PointwiseKind);
    }

    void relu(Value& value)
    {
        if (const OnnxNode* node = nodes_.expect(value.name, "Relu"))
            value.name = nodes_.input(*node, 0);
    }

    void convolution(Value& value, OnnxConvolution& found, ConvolutionKind kind)
    {
        const OnnxNode* node = nodes_.expect(value.name, "Conv");
        if (!node || !readConvolution(nodes_, *node, kind, found))
            return;
        if (found.outputs != value.channels)
            nodes_.fail(OnnxMessage(*node)
                        << " has " << found.outputs << " output channels; expected " << value.channels);
        value.name = nodes_.input(*node, 0);
        value.channels = found.inputs;
    }

    // If `input` is not NULL, the node must pool this value.
    void pool(Value& value, const Value* input)
    {
        const OnnxNode* node = nodes_.expect(value.name, "MaxPool");
        if (!node)
            return;
        checkPool(nodes_, *node);
        value.name = nodes_.input(*node, 0);
        if (input)
            expectInput(*node, value, *input);
    }

    void expectInput(const OnnxNode& node, const Value& actual, const Value& expected)
    {
        if (actual.name != expected.name)
            nodes_.fail(OnnxMessage(node) << " has the input " << actual.name << "; expected " << expected.name);
        if (actual.channels != expected.channels)
            nodes_.fail(OnnxMessage(node)
                        << " has an input of " << expected.channels << " channels; expected " << actual.channels);
    }

    // The value to which the upsampled features of the next level are added.
    Value addend(const Value& sum, const Value& features)
    {
        const OnnxNode* add = nodes_.expect(sum.name, "Add");
        if (!add)
            return sum;
        const OnnxNode* first = nodes_.find(nodes_.input(*add, 0));
        const size_t resized = first && (first->type == "Resize" || first->type == "Upsample") ? 0 : 1;
        const OnnxNode* resize = nodes_.find(nodes_.input(*add, resized));
        if (!resize || (resize->type != "Resize" && resize->type != "Upsample"))
        {
            nodes_.fail(OnnxMessage(*add) << " has no input that a `Resize` computes");
            return sum;
        }
        checkResize(nodes_, *resize);
        const Value input = {nodes_.input(*resize, 0), sum.channels};
        expectInput(*resize, input, features);
        const Value other = {nodes_.input(*add, 1 - resized), sum.channels};
        return other;
    }

    // The only input that is not a constant.
    void image(const Value& value)
    {
        const OnnxInput* image = NULL;
        for (const OnnxInput& input : graph_.inputs)
        {
            if (nodes_.constant(input.name))
                continue;
            if (image)
                nodes_.fail(OnnxMessage() << "it has more than one input: " << image->name << " and " << input.name);
            image = &input;
        }
        if (!image || image->name != value.name)
            return nodes_.fail(OnnxMessage()
                               << "the first convolution has the input " << value.name << "; expected the image");
        if (value.channels != ImageChannels)
            nodes_.fail(OnnxMessage() << "the first convolution has " << value.channels
                                      << " input channels; expected 3");
        if (!image->shape.empty() && (image->shape.size() != 4 || (image->shape[1] > 0 && image->shape[1] != 3)))
            nodes_.fail(OnnxMessage() << "the input " << image->name << " has not the shape [1, 3, height, width]");
    }

    const OnnxGraph& graph_;
    OnnxNodes nodes_;
    OnnxTopology& topology_;
};

}  // namespace

bool findTopology(const OnnxGraph& graph, OnnxTopology& topology, std::string& reason)
{
    reason = Finder(graph, topology).find();
    return reason.empty();
}

}}  // namespace cv::yunet
