// What is compiled once for each instruction set: all of the work on stripes.
#include "dispatch.hpp"
#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY
#include "stripe.hpp"
#endif

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

Worker* makeWorker(const Model& model);

#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY

// Stages are done for neighbours as long as the stumps of all of them are not more than this: then so few windows are
// left that gathering them pays.
enum { DenseStumps = 200 };

static uint32_t denseStages(const Model& model)
{
    uint32_t stages = 0;
    int stumps = 0;
    for (; stages < model.stages; stages++)
    {
        stumps += int(nodesOf(model.stage[stages]));
        if (stages > 0 && stumps > DenseStumps)
            break;
    }
    return stages;
}

class ThisWorker : public Worker
{
public:
    explicit ThisWorker(const Model& model);
    void look(const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count, const Stop& stop, Keep keep,
              void* kept) override;

private:
    enum { MostPools = 12 };

    Layout layout_;
    Walker walker_;
    Pool pools_[MostPools];
    Pool rest_;
    int used_;
    List<Found> found_;
};

inline ThisWorker::ThisWorker(const Model& model) : walker_(model, denseStages(model)), used_(0)
{
    const uint32_t dense = denseStages(model);
    const int places = (model.width + 1) * (model.height + 1);
    Buffer<uint32_t> offsets;
    offsets.need(size_t(places));
    for (int place = 0; place < places; place++)
        offsets[size_t(place)] = uint32_t(place * Lanes);
    layout_.start(model, offsets.data());

    // Windows wait again after 2, 3, 4, ... stages, each time a quarter of them or fewer.
    for (uint32_t first = dense; first < model.stages || used_ == 0; used_++)
    {
        const bool is_last = used_ == MostPools - 1 || first + uint32_t(used_) + 2 >= model.stages;
        const uint32_t last = is_last ? model.stages : first + uint32_t(used_) + 2;
        pools_[used_].start(model, layout_, first, last, is_last ? NULL : &pools_[used_ + 1], found_);
        first = last;
    }
    rest_.start(model, layout_, std::min(1u, model.stages), pools_[0].last(), used_ > 1 ? &pools_[1] : NULL, found_);
}

inline void ThisWorker::look(const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count, const Stop& stop,
                             Keep keep, void* kept)
{
    found_.clear();
    walker_.start(photo, layers, stripes, count, stop);
    for (size_t i = 0; i < count; i++)
        walker_.walk(layers[stripes[i].layer], stripes[i].layer, stripes[i], pools_[0], rest_);
    rest_.flush();
    for (int i = 1; i < used_; i++)
        pools_[i].flush();
    keep(found_.data(), found_.size(), kept);
}

Worker* makeWorker(const Model& model)
{
    return new ThisWorker(model);
}

#endif

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar
