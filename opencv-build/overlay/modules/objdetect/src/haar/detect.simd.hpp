// What is compiled once for each instruction set: all of the work on stripes.
#include "dispatch.hpp"
#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY
#include "stripe.hpp"
#endif

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

void detectStripes(const Model& model, const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count,
                   Keep keep, void* kept);

#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY

// Stages are done for neighbours as long as the stumps of all of them are not more than this: then so few windows are
// left that gathering them pays.
enum { DenseStumps = 140 };

static uint32_t denseStages(const Model& model)
{
    uint32_t stages = 0;
    int stumps = 0;
    for (; stages < model.stages; stages++)
    {
        const ModelStage& stage = model.stage[stages];
        stumps += stage.count[Edge] + stage.count[Line] + stage.count[Checker] + stage.count[Other];
        if (stages > 0 && stumps > DenseStumps)
            break;
    }
    return stages;
}

void detectStripes(const Model& model, const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count,
                   Keep keep, void* kept)
{
    const uint32_t dense = denseStages(model);
    const int places = (model.width + 1) * (model.height + 1);
    Buffer<uint32_t> offsets;
    offsets.need(size_t(places));
    for (int place = 0; place < places; place++)
        offsets[size_t(place)] = uint32_t(place * Lanes);
    Layout layout;
    layout.build(model, dense, model.stages, offsets.data());

    // Windows wait again after 2, 3, 4, ... stages, each time a quarter of them or fewer.
    enum { MostPools = 12 };
    Pool pools[MostPools];
    List<Found> found;
    int used = 0;
    for (uint32_t first = dense; first < model.stages || used == 0; used++)
    {
        const bool is_last = used == MostPools - 1 || first + uint32_t(used) + 2 >= model.stages;
        const uint32_t last = is_last ? model.stages : first + uint32_t(used) + 2;
        pools[used].start(model, layout, first, last, is_last ? NULL : &pools[used + 1], found);
        first = last;
    }

    Walker walker(model, photo, dense);
    for (size_t i = 0; i < count; i++)
        walker.walk(layers[stripes[i].layer], stripes[i].layer, stripes[i], pools[0]);
    for (int i = 0; i < used; i++)
        pools[i].flush();
    keep(found.data(), found.size(), kept);
}

#endif

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar
