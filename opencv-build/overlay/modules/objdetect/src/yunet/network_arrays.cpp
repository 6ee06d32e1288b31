// Sizes and positions of a network's arrays.
#include "network_arrays.hpp"

#include <cstring>

namespace cv { namespace yunet {

namespace {

struct PairList
{
    ConvolutionPair* pairs[PairCount];

    explicit PairList(Network& network)
    {
        ConvolutionPair** at = pairs;
        for (ConvolutionPair& pair : network.stem)
            *at++ = &pair;
        for (ConvolutionPair& pair : network.stage4)
            *at++ = &pair;
        for (ConvolutionPair(&stage)[StagePairs] : network.stages)
            for (ConvolutionPair& pair : stage)
                *at++ = &pair;
        for (ConvolutionPair& pair : network.laterals)
            *at++ = &pair;
        for (ConvolutionPair& pair : network.shared)
            *at++ = &pair;
        for (ConvolutionPair& pair : network.heads)
            *at++ = &pair;
    }
};

// Calls `visit(array, count)` for every array, in the order of memory, except those of pairs that are absent. `array`
// is the network's pointer itself.
template <typename Visit> void visitArrays(Network& network, Visit visit)
{
    const size_t taps = 3 * 3;
    visit(network.first.weights, taps * ImageChannels * network.first.outputs);
    visit(network.first.bias, size_t(network.first.outputs));
    for (ConvolutionPair* pair : PairList(network).pairs)
    {
        const size_t inputs = pair->inputs, outputs = pair->outputs;
        if (outputs == 0)
            continue;
        visit(pair->pointwise, inputs * outputs);
        visit(pair->pointwise_bias, outputs);
        visit(pair->depthwise, taps * outputs);
        visit(pair->depthwise_bias, outputs);
    }
}

}  // namespace

const char* setWidths(const uint32_t (&widths)[WidthCount], Network& network)
{
    for (int i = 0; i < WidthCount; i++)
    {
        const bool is_optional = i >= FirstSharedWidth && i < FirstSharedWidth + LevelCount;
        if (widths[i] > MaxChannels || widths[i] % ChannelStep != 0 || (widths[i] == 0 && !is_optional))
            return "it has an unsupported number of channels";
    }
    network = Network();
    const uint32_t* width = widths;
    uint32_t inputs = network.first.outputs = *width++;
    const PairList list(network);
    for (ConvolutionPair* pair : list.pairs)
    {
        pair->inputs = inputs;
        inputs = pair->outputs = *width++;
    }
    // Pairs from the laterals on do not follow the pair before them in the list.
    for (int level = 0; level < LevelCount; level++)
    {
        const uint32_t shared = network.shared[level].outputs, lateral = network.laterals[level].outputs;
        network.laterals[level].inputs = network.stages[level][StagePairs - 1].outputs;
        network.shared[level].inputs = shared ? lateral : 0;
        network.heads[level].inputs = shared ? shared : lateral;
        if (network.heads[level].outputs != HeadOutputCount)
            return "its heads have an unsupported number of outputs";
        if (level > 0 && network.laterals[level].outputs != network.laterals[level - 1].inputs)
            return "it adds different numbers of channels";
    }
    return NULL;
}

void getWidths(const Network& network, uint32_t (&widths)[WidthCount])
{
    Network copy = network;
    uint32_t* width = widths;
    *width++ = copy.first.outputs;
    for (const ConvolutionPair* pair : PairList(copy).pairs)
        *width++ = pair->outputs;
}

size_t countWeights(const Network& network)
{
    Network copy = network;
    size_t total = 0;
    visitArrays(copy, [&total](const float*&, size_t count) { total += count; });
    return total;
}

void placeArrays(const float* weights, Network& network)
{
    visitArrays(network, [&weights](const float*& array, size_t count) {
        array = weights;
        weights += count;
    });
}

std::vector<float> collectWeights(const Network& network)
{
    Network copy = network;
    std::vector<float> weights;
    weights.reserve(countWeights(network));
    visitArrays(copy,
                [&weights](const float*& array, size_t count) { weights.insert(weights.end(), array, array + count); });
    return weights;
}

bool areFinite(const float* weights, size_t count)
{
    // An exponent of ones is that of infinities and NaNs.
    const uint32_t exponent = 0x7F800000;
    uint32_t invalid = 0;
    for (size_t i = 0; i < count; i++)
    {
        uint32_t bits;
        std::memcpy(&bits, weights + i, sizeof bits);
        invalid |= uint32_t((bits & exponent) == exponent);
    }
    return !invalid;
}

}}  // namespace cv::yunet
