#include "inference.hpp"

#include <algorithm>
#include <cstdint>

#include "scratch.hpp"

namespace cv { namespace yunet {

namespace {

// Bands overlap by the rows around them that convolutions need, so that shorter bands would cost more than they gain.
const int MinBandRows = 8;

int padded(int side) { return (side + LargestStride - 1) / LargestStride * LargestStride; }

float* aligned(std::vector<float>& values)
{
    const uintptr_t bytes = ScratchAlignment * sizeof(float);
    return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(values.data()) + bytes - 1) / bytes * bytes);
}

// Grows `values` so that `length` values fit behind its first aligned one.
void reserveAligned(std::vector<float>& values, size_t length)
{
    if (values.size() < length + ScratchAlignment)
    {
        // Not resized, which would hold both and copy.
        std::vector<float>().swap(values);
        values.resize(length + ScratchAlignment);
    }
}

FeatureMap mapOf(int width, int height, int stride, size_t channels)
{
    const FeatureMap map = {NULL, width / stride, height / stride, channels};
    return map;
}

Chain chainOf(const FeatureMap& input, const FeatureMap& output)
{
    Chain chain = Chain();
    chain.input = input;
    chain.output = output;
    return chain;
}

// The backbone is the longest chain.
static_assert(MaxLayers >= StemPairs + 1 + Stage4Pairs + 1 + StagePairs, "a chain has too many layers");

void addPair(Chain& chain, const ConvolutionPair& pair, bool relu)
{
    const Layer layer = {&pair, relu};
    chain.layers[chain.layer_count++] = layer;
}

void addPool(Chain& chain)
{
    const Layer layer = {NULL, false};
    chain.layers[chain.layer_count++] = layer;
}

}  // namespace

Inference::Inference(const Network& network) : network_(network), threads_(1), stop_() {}

// All maps lie behind each other in `maps_`.
void Inference::layOut(int width, int height)
{
    std::vector<FeatureMap*> maps;
    for (int level = 0; level < LevelCount; level++)
    {
        const int stride = 8 << level;
        stages_[level] = mapOf(width, height, stride, network_.stages[level][StagePairs - 1].outputs);
        laterals_[level] = mapOf(width, height, stride, network_.laterals[level].outputs);
        heads_[level] = mapOf(width, height, stride, HeadOutputCount);
        maps.push_back(&stages_[level]);
        maps.push_back(&heads_[level]);
        // The first level's is not stored.
        if (level > 0)
            maps.push_back(&laterals_[level]);
    }
    const auto length = [](const FeatureMap* map) { return alignedLength(size_t(map->height) * rowLength(*map)); };
    size_t total = 0;
    for (const FeatureMap* map : maps)
        total += length(map);
    reserveAligned(maps_, total);
    float* next = aligned(maps_);
    for (FeatureMap* map : maps)
    {
        map->values = next;
        next += length(map);
    }
}

void Inference::runInBands(const Chain& chain)
{
    const int rows = chain.output.height;
    const int bands = std::max(std::min(threads_, rows / MinBandRows), 1);
    const size_t length = scratchLength(chain);
    reserveAligned(scratch_, length * size_t(bands));
    float* scratch = aligned(scratch_);
    const auto work = [&](int band) {
        const int first = int(int64_t(rows) * band / bands), last = int(int64_t(rows) * (band + 1) / bands);
        runChain(chain, first, last, scratch + length * size_t(band), stop_);
    };
    if (bands == 1)
        work(0);
    else
        parallel_for_(bands, work);
}

const FeatureMap* Inference::run(const ImageView& image, int threads, const detection::ParallelFor& parallel_for,
                                 const detection::StopCallback& stop)
{
    threads_ = threads;
    parallel_for_ = parallel_for;
    stop_ = stop;
    const int width = padded(image.width), height = padded(image.height);
    layOut(width, height);

    Chain backbone = chainOf(mapOf(width, height, 2, network_.first.outputs), stages_[0]);
    backbone.first = &network_.first;
    backbone.image = image;
    for (const ConvolutionPair& pair : network_.stem)
        addPair(backbone, pair, true);
    addPool(backbone);
    for (const ConvolutionPair& pair : network_.stage4)
        addPair(backbone, pair, true);
    addPool(backbone);
    for (const ConvolutionPair& pair : network_.stages[0])
        addPair(backbone, pair, true);
    runInBands(backbone);

    for (int level = 1; level < LevelCount; level++)
    {
        Chain stage = chainOf(stages_[level - 1], stages_[level]);
        addPool(stage);
        for (const ConvolutionPair& pair : network_.stages[level])
            addPair(stage, pair, true);
        runInBands(stage);
    }

    for (int level = LevelCount - 1; level >= 0; level--)
    {
        Chain chain = chainOf(stages_[level], heads_[level]);
        if (level < LevelCount - 1)
            chain.coarser = laterals_[level + 1];
        addPair(chain, network_.laterals[level], true);
        // The next level needs the lateral's output too.
        if (level > 0)
        {
            chain.output = laterals_[level];
            runInBands(chain);
            chain = chainOf(laterals_[level], heads_[level]);
        }
        if (network_.shared[level].outputs)
            addPair(chain, network_.shared[level], true);
        addPair(chain, network_.heads[level], false);
        runInBands(chain);
    }
    return heads_;
}

}}  // namespace cv::yunet
