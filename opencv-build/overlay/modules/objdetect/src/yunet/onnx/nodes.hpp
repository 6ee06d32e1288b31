// Access to the nodes of an ONNX graph, from a value to the node that computes it. The first failed check gives the
// reason; after it, no node is found any more.
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_NODES_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_NODES_HPP

#include <initializer_list>
#include <string>

#include "graph_reader.hpp"

namespace cv { namespace yunet {

// A message about a graph, built from texts, numbers and names of the file. Not inline, because inlined strings are
// large.
class OnnxMessage
{
public:
    OnnxMessage() {}

    // Begins with "the node `Conv_3`", or its output if it has no name.
    explicit OnnxMessage(const OnnxNode& node);

    OnnxMessage& operator<<(const char* text);
    OnnxMessage& operator<<(int64_t number);
    // A name is quoted, printable and not too long.
    OnnxMessage& operator<<(const std::string& name);

    const std::string& text() const { return text_; }

private:
    std::string text_;
};

class OnnxNodes
{
public:
    explicit OnnxNodes(const OnnxGraph& graph) : graph_(graph) {}

    // The first failure, or an empty string.
    const std::string& reason() const { return reason_; }

    bool failed() const { return !reason_.empty(); }

    void fail(const OnnxMessage& message);

    // The node that computes a value, without `Identity` nodes in between. NULL if there is none, as for inputs.
    const OnnxNode* find(const std::string& value) const;

    // The node that computes a value, which must be of the type. Returns NULL after a failure.
    const OnnxNode* expect(const std::string& value, const char* type);

    // The value of an input, without `Identity` nodes in between. Empty if the node has no such input.
    std::string input(const OnnxNode& node, size_t index) const;

    // NULL if the value is not constant.
    const OnnxTensor* constant(const std::string& value) const;

    // Checks the value of an attribute, which is `standard` if it is missing.
    void expectIntegers(const OnnxNode& node, const char* name, std::initializer_list<int64_t> standard,
                        std::initializer_list<int64_t> expected);

    // The text of an attribute, which is `standard` if it is missing.
    std::string text(const OnnxNode& node, const char* name, const char* standard) const;

private:
    std::string source(std::string value) const;

    const OnnxGraph& graph_;
    std::string reason_;
};

}}  // namespace cv::yunet

#endif
