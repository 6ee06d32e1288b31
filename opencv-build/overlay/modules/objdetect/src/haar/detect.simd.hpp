// Compiled once per instruction set: all work on stripes.
#include "dispatch.hpp"
#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY
#include "stripe_scanner.hpp"
#endif

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

Worker* createWorker(const Model& model);

#ifndef CV_CPU_OPTIMIZATION_DECLARATIONS_ONLY

// Stages run densely, for neighbouring windows, as long as their total number of stumps is at most this. After that,
// gathering the few remaining windows is faster.
enum { MaxDenseStumps = 200 };

static uint32_t denseStageCount(const Model& model)
{
    uint32_t stages = 0;
    int stumps = 0;
    for (; stages < model.stage_count; stages++)
    {
        stumps += int(nodeCount(model.stages[stages]));
        if (stages > 0 && stumps > MaxDenseStumps)
            break;
    }
    return stages;
}

class SimdWorker : public Worker
{
public:
    explicit SimdWorker(const Model& model);
    void detect(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes, size_t count,
                const detection::StopCallback& stop, CandidateSink sink, void* sink_context) override;

private:
    enum { MaxPools = 12 };

    StageTables stage_tables_;
    StripeScanner scanner_;
    WindowPool pools_[MaxPools];
    WindowPool leftover_pool_;
    int pool_count_;
    List<Candidate> candidates_;
};

inline SimdWorker::SimdWorker(const Model& model) : scanner_(model, denseStageCount(model)), pool_count_(0)
{
    const uint32_t dense_stages = denseStageCount(model);
    const int positions = (model.width + 1) * (model.height + 1);
    Buffer<uint32_t> offsets;
    offsets.reserve(size_t(positions));
    for (int position = 0; position < positions; position++)
        offsets[size_t(position)] = uint32_t(position * Lanes);
    stage_tables_.init(model, offsets.data());

    // Windows are pooled again after 2, 3, 4, ... stages. Each time a quarter of them or fewer remain.
    for (uint32_t first = dense_stages; first < model.stage_count || pool_count_ == 0; pool_count_++)
    {
        const bool is_last = pool_count_ == MaxPools - 1 || first + uint32_t(pool_count_) + 2 >= model.stage_count;
        const uint32_t last = is_last ? model.stage_count : first + uint32_t(pool_count_) + 2;
        pools_[pool_count_].init(model, stage_tables_, first, last, is_last ? NULL : &pools_[pool_count_ + 1],
                                 candidates_);
        first = last;
    }
    leftover_pool_.init(model, stage_tables_, std::min(1u, model.stage_count), pools_[0].last(),
                        pool_count_ > 1 ? &pools_[1] : NULL, candidates_);
}

inline void SimdWorker::detect(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes, size_t count,
                               const detection::StopCallback& stop, CandidateSink sink, void* sink_context)
{
    candidates_.clear();
    scanner_.start(image, levels, stripes, count, stop);
    for (size_t i = 0; i < count; i++)
        scanner_.scan(levels[stripes[i].level], stripes[i].level, stripes[i], pools_[0], leftover_pool_);
    leftover_pool_.flush();
    for (int i = 1; i < pool_count_; i++)
        pools_[i].flush();
    sink(candidates_.data(), candidates_.size(), sink_context);
}

Worker* createWorker(const Model& model) { return new SimdWorker(model); }

#endif

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar
