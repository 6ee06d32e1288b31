// Finds the convolutions of a YuNet network in an ONNX graph, and checks that the graph computes what `network.hpp`
// shows: every node from the outputs back to the image.
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_TOPOLOGY_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_TOPOLOGY_HPP

#include <cstdint>
#include <string>

#include "../network.hpp"
#include "graph_reader.hpp"
#include "operators.hpp"

namespace cv { namespace yunet {

struct OnnxPair
{
    OnnxConvolution pointwise, depthwise;
};

enum { HeadCount = 4 };

// A head of one level: the part of the outputs of `HeadOutput` from `first` on.
struct OnnxHead
{
    const char* name;  // the output's name without its stride
    uint32_t first, outputs;
    bool sigmoid;
};

extern const OnnxHead HEADS[HeadCount];

// Its tensors are those of the graph. Widths are as in the file, not padded, and at most `MaxChannels`.
struct OnnxTopology
{
    OnnxConvolution first;
    OnnxPair stem[StemPairs];
    OnnxPair stage4[Stage4Pairs];
    OnnxPair stages[LevelCount][StagePairs];
    OnnxPair laterals[LevelCount];
    bool has_shared;
    OnnxPair shared[LevelCount];  // zero if there are none
    OnnxPair heads[LevelCount][HeadCount];
};

// Returns whether the graph is a YuNet network. Otherwise `reason` names the first thing that does not fit.
bool findTopology(const OnnxGraph& graph, OnnxTopology& topology, std::string& reason);

}}  // namespace cv::yunet

#endif
