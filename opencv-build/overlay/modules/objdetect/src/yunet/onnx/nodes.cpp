// Looks up nodes, tensors and attributes, and says what does not fit.
#include "nodes.hpp"

#include <algorithm>

namespace cv { namespace yunet {

namespace {

template <typename T> const T* findName(const std::vector<T>& items, const std::string& name)
{
    for (const T& item : items)
        if (item.name == name)
            return &item;
    return NULL;
}

const OnnxNode* findOutput(const OnnxGraph& graph, const std::string& value)
{
    // An empty name is that of an output that is left out.
    if (!value.empty())
        for (const OnnxNode& node : graph.nodes)
            for (const std::string& output : node.outputs)
                if (output == value)
                    return &node;
    return NULL;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool isQuantized(const std::string& type)
{
    return contains(type, "QLinear") || contains(type, "uantize") || contains(type, "Integer");
}

void appendList(OnnxMessage& message, const int64_t* numbers, size_t count)
{
    message << "[";
    for (size_t i = 0; i < count; i++)
        message << (i ? ", " : "") << numbers[i];
    message << "]";
}

}  // namespace

OnnxMessage::OnnxMessage(const OnnxNode& node)
{
    if (!node.name.empty())
        *this << "the node " << node.name;
    else
        *this << "the node with the output " << (node.outputs.empty() ? std::string() : node.outputs[0]);
}

OnnxMessage& OnnxMessage::operator<<(const char* text)
{
    text_ += text;
    return *this;
}

OnnxMessage& OnnxMessage::operator<<(int64_t number)
{
    text_ += std::to_string(number);
    return *this;
}

OnnxMessage& OnnxMessage::operator<<(const std::string& name)
{
    const size_t limit = 80;
    text_ += '`';
    for (size_t i = 0; i < name.size() && i < limit; i++)
        text_ += name[i] >= ' ' && name[i] <= '~' && name[i] != '`' ? name[i] : '?';
    return *this << (name.size() > limit ? "...`" : "`");
}

void OnnxNodes::fail(const OnnxMessage& message)
{
    if (!failed())
        reason_ = message.text();
}

std::string OnnxNodes::source(std::string value) const
{
    // Exports have one of them in a row. A graph that is not valid may have cycles.
    for (int i = 0; i < 8; i++)
    {
        const OnnxNode* node = findOutput(graph_, value);
        if (!node || node->type != "Identity" || node->inputs.empty())
            break;
        value = node->inputs[0];
    }
    return value;
}

const OnnxNode* OnnxNodes::find(const std::string& value) const { return findOutput(graph_, source(value)); }

const OnnxNode* OnnxNodes::expect(const std::string& value, const char* type)
{
    if (failed())
        return NULL;
    const OnnxNode* node = find(value);
    if (node && node->type == type)
        return node;
    OnnxMessage message;
    if (!node)
        message << "no node computes " << value;
    else
        message = OnnxMessage(*node) << " is of type " << node->type;
    if (node && isQuantized(node->type))
        message << "; quantized models are not supported, use the model with 32-bit floats";
    else
        message << "; expected `" << type << "`";
    fail(message);
    return NULL;
}

std::string OnnxNodes::input(const OnnxNode& node, size_t index) const
{
    return index < node.inputs.size() ? source(node.inputs[index]) : std::string();
}

const OnnxTensor* OnnxNodes::constant(const std::string& value) const
{
    return value.empty() ? NULL : findName(graph_.tensors, value);
}

void OnnxNodes::expectIntegers(const OnnxNode& node, const char* name, std::initializer_list<int64_t> standard,
                               std::initializer_list<int64_t> expected)
{
    const OnnxAttribute* found = findName(node.attributes, name);
    const int64_t* const actual = found ? found->integers.data() : standard.begin();
    const size_t count = found ? found->integers.size() : standard.size();
    if (count == expected.size() && std::equal(expected.begin(), expected.end(), actual))
        return;
    OnnxMessage message(node);
    message << " has " << name << " ";
    appendList(message, actual, count);
    message << "; expected ";
    appendList(message, expected.begin(), expected.size());
    fail(message);
}

std::string OnnxNodes::text(const OnnxNode& node, const char* name, const char* standard) const
{
    const OnnxAttribute* found = findName(node.attributes, name);
    return found ? found->text : standard;
}

}}  // namespace cv::yunet
