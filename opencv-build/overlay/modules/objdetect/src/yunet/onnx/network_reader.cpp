// Arranges the weights of an ONNX file as `network.hpp` states.
#include "network_reader.hpp"

#include "graph_reader.hpp"
#include "topology.hpp"

namespace cv { namespace yunet {

namespace {

// Rounds up to a multiple of `ChannelStep`.
uint32_t pad(uint32_t channels) { return (channels + ChannelStep - 1) / ChannelStep * ChannelStep; }

// Sets all widths, and all weights to zero.
const char* allocate(const OnnxTopology& topology, OwnedNetwork& owned)
{
    uint32_t widths[WidthCount];
    uint32_t* width = widths;
    *width++ = pad(topology.first.outputs);
    for (const OnnxPair& pair : topology.stem)
        *width++ = pad(pair.pointwise.outputs);
    for (const OnnxPair& pair : topology.stage4)
        *width++ = pad(pair.pointwise.outputs);
    for (const OnnxPair(&stage)[StagePairs] : topology.stages)
        for (const OnnxPair& pair : stage)
            *width++ = pad(pair.pointwise.outputs);
    for (const OnnxPair& pair : topology.laterals)
        *width++ = pad(pair.pointwise.outputs);
    for (const OnnxPair& pair : topology.shared)
        *width++ = pad(pair.pointwise.outputs);
    for (int level = 0; level < LevelCount; level++)
        *width++ = HeadOutputCount;
    if (const char* reason = setWidths(widths, owned.network))
        return reason;
    owned.weights.assign(countWeights(owned.network), 0.f);
    placeArrays(owned.weights.data(), owned.network);
    return NULL;
}

class Weights
{
public:
    explicit Weights(OwnedNetwork& owned) : owned_(owned) {}

    void copyFirst(const OnnxConvolution& from, const FirstConvolution& to)
    {
        float* weights = writable(to.weights);
        const float* value = from.weights->floats.data();
        for (size_t output = 0; output < from.outputs; output++)
            for (size_t channel = 0; channel < ImageChannels; channel++)
                for (size_t tap = 0; tap < 9; tap++)
                    weights[(tap * ImageChannels + channel) * to.outputs + output] = *value++;
        copyBias(from, writable(to.bias));
    }

    // Copies to the outputs from `first` on.
    void copyPair(const OnnxPair& from, const ConvolutionPair& to, size_t first)
    {
        float* pointwise = writable(to.pointwise) + first;
        const float* value = from.pointwise.weights->floats.data();
        for (size_t output = 0; output < from.pointwise.outputs; output++)
            for (size_t input = 0; input < from.pointwise.inputs; input++)
                pointwise[input * to.outputs + output] = *value++;
        float* depthwise = writable(to.depthwise) + first;
        value = from.depthwise.weights->floats.data();
        for (size_t output = 0; output < from.depthwise.outputs; output++)
            for (size_t tap = 0; tap < 9; tap++)
                depthwise[tap * to.outputs + output] = *value++;
        copyBias(from.pointwise, writable(to.pointwise_bias) + first);
        copyBias(from.depthwise, writable(to.depthwise_bias) + first);
    }

    template <size_t Count> void copyPairs(const OnnxPair (&from)[Count], const ConvolutionPair (&to)[Count])
    {
        for (size_t i = 0; i < Count; i++)
            copyPair(from[i], to[i], 0);
    }

private:
    static void copyBias(const OnnxConvolution& from, float* bias)
    {
        if (from.bias)
            for (float value : from.bias->floats)
                *bias++ = value;
    }

    float* writable(const float* array) { return owned_.weights.data() + (array - owned_.weights.data()); }

    OwnedNetwork& owned_;
};

}  // namespace

bool readOnnxNetwork(const uint8_t* bytes, size_t length, OwnedNetwork& owned, std::string& reason)
{
    OnnxGraph graph;
    OnnxTopology topology;
    if (!readOnnxGraph(bytes, length, graph, reason) || !findTopology(graph, topology, reason))
        return false;
    if (const char* wrong = allocate(topology, owned))
    {
        reason = wrong;
        return false;
    }
    Weights weights(owned);
    const Network& network = owned.network;
    weights.copyFirst(topology.first, network.first);
    weights.copyPairs(topology.stem, network.stem);
    weights.copyPairs(topology.stage4, network.stage4);
    for (int level = 0; level < LevelCount; level++)
        weights.copyPairs(topology.stages[level], network.stages[level]);
    weights.copyPairs(topology.laterals, network.laterals);
    if (topology.has_shared)
        weights.copyPairs(topology.shared, network.shared);
    for (int level = 0; level < LevelCount; level++)
        for (int head = 0; head < HeadCount; head++)
            weights.copyPair(topology.heads[level][head], network.heads[level], HEADS[head].first);
    return true;
}

}}  // namespace cv::yunet
