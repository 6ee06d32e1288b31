// Gathers windows that passed the first stages, from anywhere in the image, until they fill a vector.
//
// Surviving windows are far apart, so vectors of neighbouring windows are mostly idle. As soon as there are enough for
// a vector, their integral images are transposed, so that each corner is one load for all of them, and they go through
// the next stages together. The survivors are copied to the pool of the next group of stages.
//
// Why it is exact: whether a window passes depends only on its integral image and normalisation factor, and both are
// copied. Candidates are sorted at the end.
#ifndef OPENCV_OBJDETECT_HAAR_WINDOW_POOL_HPP
#define OPENCV_OBJDETECT_HAAR_WINDOW_POOL_HPP

#include "buffer.hpp"
#include "detect.hpp"
#include "stage_decision.hpp"
#include "stage_tables.hpp"
#include "transpose.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Elements per row of a copy, for all window widths.
enum { CopyStride = 32 };

struct PooledWindow
{
    Candidate candidate;
    float norm_factor;  // divided by 2^16
};

// The location and column order of a window's integral image.
struct WindowSource
{
    const uint16_t* integral;
    size_t stride;
    ColumnLayout columns;
};

// The number of windows that are evaluated at once.
enum { PoolVectors = Lanes >= 16 ? 1 : 16 / Lanes, PoolWindows = PoolVectors * Lanes };

// Windows that have yet to pass the stages from `first` up to but excluding `last`.
class WindowPool
{
public:
    void init(const Model& model, StageTables& stage_tables, uint32_t first, uint32_t last, WindowPool* next,
              List<Candidate>& candidates);

    uint32_t last() const { return last_; }

    // Makes windows that are added from now on start with an earlier stage.
    void setFirstStage(uint32_t first) { first_ = first; }

    // Adds a window whose integral image stays valid until the pool is flushed. All windows must have the same layout.
    void add(const WindowSource& source, const PooledWindow& window);

    // Adds a window and copies its integral image.
    void addCopy(const WindowSource& source, const PooledWindow& window);

    // Evaluates the pending windows even if they do not fill a vector.
    void flush();

    // Flushes the pool, or moves its windows to a pool that begins with an earlier stage if they are too few to justify
    // a vector of their own.
    void handOver(WindowPool& earlier);

private:
    void evaluate();
    uint64_t runStage(uint32_t s, const WindowBatch* batches, uint64_t active);

    const Model* model_;
    StageTables* stage_tables_;
    uint32_t first_, last_;
    WindowPool* next_;
    List<Candidate>* candidates_;
    int count_;
    PooledWindow windows_[PoolWindows];
    const uint16_t* integrals_[PoolWindows];
    size_t transposed_size_;  // elements of one transposed vector of windows
    size_t stride_;
    ColumnLayout columns_;
    Buffer<uint16_t> copies_;      // one after the other
    Buffer<uint16_t> transposed_;  // indexed by row, column and lane
    Buffer<float> leaf_values_;
};

inline void WindowPool::init(const Model& model, StageTables& stage_tables, uint32_t first, uint32_t last,
                             WindowPool* next, List<Candidate>& candidates)
{
    model_ = &model;
    stage_tables_ = &stage_tables;
    first_ = first;
    last_ = last;
    next_ = next;
    candidates_ = &candidates;
    count_ = 0;
    transposed_size_ = size_t((model.width + 1) * (model.height + 1)) * Lanes;
}

inline void copyRow(const uint16_t* from, const ColumnLayout& columns, uint16_t* to)
{
    if (columns.step == 1)
    {
        for (int i = 0; i < CopyStride; i += v_uint16::nlanes)
            v_store(to + i, vx_load(from + i));
        return;
    }
    for (int i = 0; i < CopyStride; i += 16)
    {
        v_uint16x8 low, high;
        v_zip(v_load(from + i / 2), v_load(from + columns.odd_offset + i / 2), low, high);
        v_store(to + i, low);
        v_store(to + i + 8, high);
    }
}

inline void WindowPool::add(const WindowSource& source, const PooledWindow& window)
{
    stride_ = source.stride;
    columns_ = source.columns;
    integrals_[count_] = source.integral;
    windows_[count_++] = window;
    if (count_ == PoolWindows)
        evaluate();
}

inline void WindowPool::addCopy(const WindowSource& source, const PooledWindow& window)
{
    const size_t size = size_t(model_->height + 1) * CopyStride;
    copies_.reserve(size * PoolWindows);
    uint16_t* to = &copies_[size * size_t(count_)];
    for (int y = 0; y <= model_->height; y++)
        copyRow(source.integral + size_t(y) * source.stride, source.columns, to + y * CopyStride);
    add({to, CopyStride, {1, 0}}, window);
}

inline void WindowPool::flush()
{
    if (count_ > 0)
        evaluate();
}

inline void WindowPool::evaluate()
{
    // With room for the elements that the last tile writes beyond the end.
    transposed_.reserve(PoolVectors * transposed_size_ + 8 * Lanes);
    float norm_factors[PoolVectors][2][Lanes / 2];
    WindowBatch batches[PoolVectors];
    for (int i = 0; i < PoolWindows; i++)
    {
        // Idle lanes repeat the first window.
        integrals_[i] = integrals_[i < count_ ? i : 0];
        norm_factors[i / Lanes][i & 1][i % Lanes / 2] = windows_[i < count_ ? i : 0].norm_factor;
    }
    for (int i = 0; i < PoolVectors; i++)
    {
        uint16_t* to = &transposed_[size_t(i) * transposed_size_];
        if (i * Lanes < count_)
            transpose(integrals_ + i * Lanes, stride_, columns_, model_->width + 1, model_->height + 1, to);
        batches[i].integral = to;
        batches[i].even = norm_factors[i][0];
        batches[i].odd = norm_factors[i][1];
    }
    uint64_t remaining = (uint64_t(2) << (count_ - 1)) - 1;
    for (uint32_t s = first_; s < last_ && remaining; s++)
        remaining = runStage(s, batches, remaining);
    count_ = 0;
    for (; remaining; remaining &= remaining - 1)
    {
        const int i = lowestBit(remaining);
        if (next_)
            next_->addCopy({integrals_[i], stride_, columns_}, windows_[i]);
        else
            candidates_->add(windows_[i].candidate);
    }
}

inline void WindowPool::handOver(WindowPool& earlier)
{
    if (2 * count_ > PoolWindows)
        return flush();
    for (int i = 0; i < count_; i++)
    {
        const WindowSource source = {integrals_[i], stride_, columns_};
        earlier.addCopy(source, windows_[i]);
    }
    count_ = 0;
}

// The windows of `active` that pass the stage.
inline uint64_t WindowPool::runStage(uint32_t s, const WindowBatch* batches, uint64_t active)
{
    const StageTable& table = (*stage_tables_)[s];
    v_int16 sums[PoolVectors + 1];
    sums[PoolVectors] = vx_setzero_s16();
    stageSums<PoolVectors, Coarse>(table, batches, sums);
    uint64_t remaining = 0;
    for (int i = 0; i < PoolVectors; i += 2)
    {
        const CoarseMasks coarse = coarseMasks(table, sums[i], sums[i + 1]);
        for (int j = i; j < i + 2 && j < PoolVectors; j++)
        {
            const int shift = (j - i) * Lanes;
            const uint64_t lanes = active >> (j * Lanes) & AllLanes;
            uint64_t passed = coarse.passed >> shift & lanes;
            const uint64_t undecided = lanes & ~passed & ~(coarse.failed >> shift);
            if (undecided)
                passed |= resolveUndecided(table, batches[j], sums[j], undecided, [&](int lane) {
                    const int window = j * Lanes + lane;
                    const uint16_t* from = integrals_[window];
                    const auto integral = [&](int x, int y) { return from[size_t(y) * stride_ + columns_(x)]; };
                    return passesExactly(*model_, s, integral, windows_[window].norm_factor * 65536.f, leaf_values_);
                });
            remaining |= passed << (j * Lanes);
        }
    }
    return remaining;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
