// Writes graphs as ONNX files in the encodings that exporters use: the inverse of `onnx/graph_reader.hpp`. The numbers
// of fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "onnx/graph_reader.hpp"
#include "onnx_forms.hpp"

namespace conformance {

// A message in the wire format of protocol buffers: https://protobuf.dev/programming-guides/encoding/
class ProtobufWriter
{
public:
    const std::vector<uint8_t>& bytes() const { return bytes_; }

    void integer(unsigned field, int64_t value)
    {
        varint(field << 3);
        varint(static_cast<uint64_t>(value));
    }

    void message(unsigned field, const ProtobufWriter& content) { append(field, content.bytes_); }

    void text(unsigned field, const std::string& text) { append(field, text); }

    void integers(unsigned field, const std::vector<int64_t>& values, bool packed)
    {
        ProtobufWriter content;
        for (int64_t value : values)
            if (packed)
                content.varint(static_cast<uint64_t>(value));
            else
                integer(field, value);
        if (packed)
            message(field, content);
    }

    void floats(unsigned field, const std::vector<float>& values, bool packed)
    {
        if (packed)
            return raw(field, values);
        for (const float& value : values)
        {
            varint(field << 3 | 5);
            number(value);
        }
    }

    // The numbers' own bytes; both the file and the machine are little-endian.
    template <class Number>
    void raw(unsigned field, const std::vector<Number>& values)
    {
        ProtobufWriter content;
        for (const Number& value : values)
            content.number(value);
        message(field, content);
    }

private:
    template <class Content>
    void append(unsigned field, const Content& content)
    {
        varint(field << 3 | 2);
        varint(content.size());
        bytes_.insert(bytes_.end(), content.begin(), content.end());
    }

    template <class Number>
    void number(const Number& value)
    {
        const uint8_t* const first = reinterpret_cast<const uint8_t*>(&value);
        bytes_.insert(bytes_.end(), first, first + sizeof value);
    }

    void varint(uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
            bytes_.push_back(static_cast<uint8_t>(value | 0x80));
        bytes_.push_back(static_cast<uint8_t>(value));
    }

    std::vector<uint8_t> bytes_;
};

inline ProtobufWriter write_tensor(const cv::yunet::OnnxTensor& tensor, const OnnxEncoding& encoding)
{
    ProtobufWriter message;
    message.integers(1, tensor.shape, encoding.packed);
    message.integer(2, tensor.type);
    message.text(8, tensor.name);
    const bool has_integers = tensor.type == cv::yunet::OnnxInt64;
    if (encoding.raw && has_integers)
        message.raw(9, tensor.integers);
    else if (encoding.raw)
        message.raw(9, tensor.floats);
    else if (has_integers)
        message.integers(7, tensor.integers, encoding.packed);
    else
        message.floats(4, tensor.floats, encoding.packed);
    return message;
}

inline ProtobufWriter write_attribute(const cv::yunet::OnnxAttribute& attribute, bool packed)
{
    enum { Integer = 2, Text = 3, Integers = 7 };
    ProtobufWriter message;
    message.text(1, attribute.name);
    // The only attributes here that are a number, not a list.
    const bool is_number = attribute.name == "group" || attribute.name == "axis";
    message.integer(20, is_number ? Integer : attribute.text.empty() ? Integers : Text);
    if (is_number)
        message.integer(3, attribute.integers.at(0));
    else if (attribute.text.empty())
        message.integers(8, attribute.integers, packed);
    else
        message.text(4, attribute.text);
    return message;
}

inline ProtobufWriter write_node(const cv::yunet::OnnxNode& node, const OnnxEncoding& encoding)
{
    ProtobufWriter message;
    for (const std::string& input : node.inputs)
        message.text(1, input);
    for (const std::string& output : node.outputs)
        message.text(2, output);
    message.text(3, node.name);
    const size_t period = node.type.rfind('.');
    const bool is_foreign = period != std::string::npos;
    message.text(4, is_foreign ? node.type.substr(period + 1) : node.type);
    for (const cv::yunet::OnnxAttribute& attribute : node.attributes)
        message.message(5, write_attribute(attribute, encoding.packed));
    if (is_foreign || encoding.domain)
        message.text(7, is_foreign ? node.type.substr(0, period) : "ai.onnx");
    return message;
}

inline ProtobufWriter write_constant(const cv::yunet::OnnxTensor& tensor, const OnnxEncoding& encoding)
{
    enum { Tensor = 4 };
    ProtobufWriter attribute, message;
    attribute.text(1, "value");
    attribute.message(5, write_tensor(tensor, encoding));
    attribute.integer(20, Tensor);
    message.text(2, tensor.name);
    message.text(4, "Constant");
    message.message(5, attribute);
    return message;
}

// An input or output. Sides of 0 are dynamic. An empty shape is left out.
inline ProtobufWriter write_value(const std::string& name, const std::vector<int64_t>& shape)
{
    ProtobufWriter dimensions, tensor, type, message;
    for (int64_t side : shape)
    {
        ProtobufWriter dimension;
        if (side > 0)
            dimension.integer(1, side);
        else
            dimension.text(2, "dynamic");
        dimensions.message(1, dimension);
    }
    tensor.integer(1, cv::yunet::OnnxFloat);
    if (!shape.empty())
        tensor.message(2, dimensions);
    type.message(1, tensor);
    message.text(1, name);
    message.message(2, type);
    return message;
}

inline std::vector<uint8_t> write_onnx(const cv::yunet::OnnxGraph& graph, const OnnxEncoding& encoding)
{
    ProtobufWriter message, opset, model;
    for (const cv::yunet::OnnxTensor& tensor : graph.tensors)
        if (encoding.constants)
            message.message(1, write_constant(tensor, encoding));
        else
            message.message(5, write_tensor(tensor, encoding));
    for (const cv::yunet::OnnxNode& node : graph.nodes)
        message.message(1, write_node(node, encoding));
    message.text(2, "yunet");
    for (const cv::yunet::OnnxInput& input : graph.inputs)
        message.message(11, write_value(input.name, input.shape));
    for (const std::string& output : graph.outputs)
        message.message(12, write_value(output, {0, 0, 0}));
    if (encoding.domain)
        opset.text(1, "ai.onnx");
    opset.integer(2, encoding.opset);
    model.integer(1, 7);  // the version of the format, of ONNX 1.8
    model.message(7, message);
    model.message(8, opset);
    return model.bytes();
}

}  // namespace conformance
