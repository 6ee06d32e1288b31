// Reads the graph of an ONNX file: its nodes, constant tensors, inputs and outputs.
//
// The file may be hostile. What nodes mean is not checked here. The format is ONNX's `onnx.proto` in the wire format of
// protocol buffers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_GRAPH_READER_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_GRAPH_READER_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cv { namespace yunet {

// Larger files are refused. A network with the largest widths has 5 MB.
const size_t MaxOnnxBytes = 8 << 20;

// Values of `TensorProto.DataType`.
enum { OnnxFloat = 1, OnnxInt64 = 7 };

// An initializer, or the value of a `Constant` node, under the name that nodes use.
struct OnnxTensor
{
    std::string name;
    int64_t type = 0;
    std::vector<int64_t> shape;
    // One of them has the product of `shape` values, if `type` is one of the types above. Other types are not decoded.
    std::vector<float> floats;
    std::vector<int64_t> integers;
};

struct OnnxAttribute
{
    std::string name, text;
    std::vector<int64_t> integers;  // a single number, or a list
};

struct OnnxNode
{
    std::string name;
    std::string type;  // operators that are not ONNX's own begin with their domain and a period
    std::vector<std::string> inputs, outputs;
    std::vector<OnnxAttribute> attributes;
};

struct OnnxInput
{
    std::string name;
    std::vector<int64_t> shape;  // 0 or less where the size is dynamic; empty if the file states no shape
};

struct OnnxGraph
{
    std::vector<OnnxNode> nodes;  // without `Constant` nodes
    std::vector<OnnxTensor> tensors;
    std::vector<OnnxInput> inputs;  // may include tensors, whose default values these then are
    std::vector<std::string> outputs;
};

// Returns whether the file has been read; otherwise `reason` says why not.
bool readOnnxGraph(const uint8_t* bytes, size_t length, OnnxGraph& graph, std::string& reason);

}}  // namespace cv::yunet

#endif
