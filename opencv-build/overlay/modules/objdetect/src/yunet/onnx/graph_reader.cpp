// Reads the messages of ONNX. The numbers of fields are those of `onnx.proto`.
#include "graph_reader.hpp"

#include <utility>

#include "protobuf_message.hpp"

namespace cv { namespace yunet {

namespace {

// Messages of two bytes become objects of a hundred.
const size_t MAX_PARTS_OF_GRAPH = 1024, MAX_PARTS_OF_NODE = 64;

class Reader
{
public:
    explicit Reader(std::string& reason) : reason_(reason) {}

    bool readModel(ProtobufMessage model, OnnxGraph& graph)
    {
        bool has_graph = false;
        while (model.next())
        {
            if (model.number() != 7)
                continue;
            if (has_graph)
                return fail("it has two graphs");
            has_graph = true;
            if (!readGraph(model.message(), graph))
                return false;
        }
        return finish(model, "the file") && (has_graph || fail("it is not an ONNX file: it has no graph"));
    }

private:
    bool readGraph(ProtobufMessage message, OnnxGraph& graph)
    {
        bool valid = true;
        while (valid && message.next())
            switch (message.number())
            {
            case 1: valid = readNode(message.message(), graph); break;
            case 5: {
                OnnxTensor* tensor = append(graph.tensors, MAX_PARTS_OF_GRAPH, "initializers");
                valid = tensor && readTensor(message.message(), *tensor);
                break;
            }
            case 11: {
                OnnxInput* input = append(graph.inputs, MAX_PARTS_OF_GRAPH, "inputs");
                valid = input && readInput(message.message(), *input);
                break;
            }
            case 12: {
                OnnxInput output;
                valid = readInput(message.message(), output);
                if (std::string* name = append(graph.outputs, MAX_PARTS_OF_GRAPH, "outputs"))
                    *name = output.name;
                else
                    valid = false;
                break;
            }
            }
        return valid && finish(message, "its graph");
    }

    // A `Constant` node becomes a tensor.
    bool readNode(ProtobufMessage message, OnnxGraph& graph)
    {
        OnnxNode node;
        OnnxTensor constant;
        std::string domain;
        bool valid = true, is_constant = false;
        while (valid && message.next())
            switch (message.number())
            {
            case 1: valid = appendText(node.inputs, message); break;
            case 2: valid = appendText(node.outputs, message); break;
            case 3: node.name = message.text(); break;
            case 4: node.type = message.text(); break;
            case 5: {
                OnnxAttribute* attribute = append(node.attributes, MAX_PARTS_OF_NODE, "attributes of a node");
                valid = attribute && readAttribute(message.message(), *attribute, constant, is_constant);
                break;
            }
            case 7: domain = message.text(); break;
            }
        if (!valid || !finish(message, "a node"))
            return false;
        if (!domain.empty() && domain != "ai.onnx")
            node.type = domain + "." + node.type;
        if (node.type == "Constant" && is_constant && node.outputs.size() == 1)
        {
            constant.name = node.outputs[0];
            OnnxTensor* tensor = append(graph.tensors, MAX_PARTS_OF_GRAPH, "constants");
            if (tensor)
                *tensor = std::move(constant);
            return tensor != NULL;
        }
        OnnxNode* added = append(graph.nodes, MAX_PARTS_OF_GRAPH, "nodes");
        if (added)
            *added = std::move(node);
        return added != NULL;
    }

    // A tensor is stored apart from the other attributes, of which no node has many.
    bool readAttribute(ProtobufMessage message, OnnxAttribute& attribute, OnnxTensor& tensor, bool& has_tensor)
    {
        while (message.next())
            switch (message.number())
            {
            case 1: attribute.name = message.text(); break;
            case 3:
            case 8: message.appendIntegers(attribute.integers); break;
            case 4: attribute.text = message.text(); break;
            case 5:
                if (has_tensor)
                    return fail("it has a node with two tensors");
                has_tensor = true;
                if (!readTensor(message.message(), tensor))
                    return false;
                break;
            }
        return finish(message, "an attribute");
    }

    bool readTensor(ProtobufMessage message, OnnxTensor& tensor)
    {
        ProtobufMessage raw(NULL, 0);
        while (message.next())
            switch (message.number())
            {
            case 1: message.appendIntegers(tensor.shape); break;
            case 2: tensor.type = message.integer(); break;
            case 4: message.appendFloats(tensor.floats); break;
            case 7: message.appendIntegers(tensor.integers); break;
            case 8: tensor.name = message.text(); break;
            case 9: raw = message.message(); break;
            case 14:
                if (message.integer() != 0)
                    return fail("it has tensors in other files, which are not supported");
                break;
            }
        if (tensor.type == OnnxFloat)
            raw.appendRest(tensor.floats);
        else if (tensor.type == OnnxInt64)
            raw.appendRest(tensor.integers);
        return finish(raw, "the data of a tensor") && finish(message, "a tensor") && checkSize(tensor);
    }

    bool checkSize(const OnnxTensor& tensor)
    {
        uint64_t size = 1;
        for (int64_t side : tensor.shape)
        {
            if (side < 0 || side > int64_t(MaxOnnxBytes))
                return fail("it has a tensor with an invalid shape");
            // Both factors are below 2^24, so the product does not overflow.
            size *= uint64_t(side);
            if (size > MaxOnnxBytes)
                return fail("it has a tensor with an invalid shape");
        }
        const bool matches = tensor.type == OnnxFloat   ? size == tensor.floats.size()
                             : tensor.type == OnnxInt64 ? size == tensor.integers.size()
                                                        : true;
        return matches || fail("it has a tensor whose data does not match its shape");
    }

    // The name of a `ValueInfoProto` and, if it is a tensor with a shape, its shape.
    bool readInput(ProtobufMessage message, OnnxInput& input)
    {
        while (message.next())
            if (message.number() == 1)
                input.name = message.text();
            else if (message.number() == 2 && !readType(message.message(), input.shape))
                return false;
        return finish(message, "an input or output");
    }

    bool readType(ProtobufMessage type, std::vector<int64_t>& shape)
    {
        while (type.next())
        {
            if (type.number() != 1)
                continue;
            ProtobufMessage tensor = type.message();
            while (tensor.next())
                if (tensor.number() == 2 && !readShape(tensor.message(), shape))
                    return false;
            if (!finish(tensor, "the type of an input or output"))
                return false;
        }
        return finish(type, "the type of an input or output");
    }

    bool readShape(ProtobufMessage message, std::vector<int64_t>& shape)
    {
        while (message.next())
        {
            if (message.number() != 1)
                continue;
            int64_t* side = append(shape, MAX_PARTS_OF_NODE, "dimensions of an input or output");
            if (!side)
                return false;
            ProtobufMessage dimension = message.message();
            while (dimension.next())
                if (dimension.number() == 1)
                    *side = dimension.integer();
            if (!finish(dimension, "a dimension"))
                return false;
        }
        return finish(message, "the shape of an input or output");
    }

    bool appendText(std::vector<std::string>& texts, ProtobufMessage& message)
    {
        std::string* text = append(texts, MAX_PARTS_OF_NODE, "inputs or outputs of a node");
        if (text)
            *text = message.text();
        return text != NULL;
    }

    // Appends an empty item. Returns NULL if there are too many.
    template <typename T> T* append(std::vector<T>& items, size_t limit, const char* what)
    {
        if (items.size() == limit)
        {
            fail("it has more than " + std::to_string(limit) + " " + what);
            return NULL;
        }
        items.push_back(T());
        return &items.back();
    }

    // Whether a message was read to its end.
    bool finish(const ProtobufMessage& message, const char* name)
    {
        return !message.error() ||
               fail(std::string("it is damaged or not an ONNX file: ") + name + " " + message.error());
    }

    bool fail(const std::string& reason)
    {
        reason_ = reason;
        return false;
    }

    std::string& reason_;
};

}  // namespace

bool readOnnxGraph(const uint8_t* bytes, size_t length, OnnxGraph& graph, std::string& reason)
{
    graph = OnnxGraph();
    if (length > MaxOnnxBytes)
    {
        reason = "it is larger than " + std::to_string(MaxOnnxBytes >> 20) + " MiB";
        return false;
    }
    return Reader(reason).readModel(ProtobufMessage(bytes, length), graph);
}

}}  // namespace cv::yunet
