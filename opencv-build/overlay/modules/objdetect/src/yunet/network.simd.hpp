// Compiled once per instruction set: all work on activations.
#include "chain.hpp"
#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY
#include "layer_rows.hpp"
#endif

namespace cv { namespace yunet {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

void runChain(const Chain& chain, int first, int last, float* scratch, const detection::StopCallback& stop);

#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY

// A range of rows, and how to compute it from the layers so far.
struct RowRange
{
    const Chain& chain;
    int first, last;
    const detection::StopCallback& stop;
};

static void storeRows(RowSource& source, const RowRange& range)
{
    const FeatureMap& output = range.chain.output;
    source.start(range.first);
    for (int y = range.first; y < range.last && !range.stop(); y++)
        std::memcpy(output.values + size_t(y) * rowLength(output), source.row(y), rowLength(output) * sizeof(float));
}

// Adds the layer with this index and the further ones; layers live on the stack.
static void runLayers(RowSource& source, int index, const RowRange& range, Scratch scratch)
{
    if (index == range.chain.layer_count)
        return storeRows(source, range);
    const Layer& layer = range.chain.layers[index];
    if (layer.pair)
    {
        PairRows rows(source, layer, scratch);
        runLayers(rows, index + 1, range, scratch);
    }
    else
    {
        MaxPool rows(source, scratch);
        runLayers(rows, index + 1, range, scratch);
    }
}

void runChain(const Chain& chain, int first, int last, float* memory, const detection::StopCallback& stop)
{
    const RowRange range = {chain, first, last, stop};
    Scratch scratch(memory);
    if (chain.first)
    {
        ImageConvolution rows(chain.image, *chain.first, chain.input.width, chain.input.height, scratch);
        runLayers(rows, 0, range, scratch);
    }
    else if (chain.coarser.values)
    {
        SumWithCoarser rows(chain.input, chain.coarser, scratch);
        runLayers(rows, 0, range, scratch);
    }
    else
    {
        StoredMap rows(chain.input);
        runLayers(rows, 0, range, scratch);
    }
}

#endif

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::yunet
