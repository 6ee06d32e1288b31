// The first stages, for rows of neighbouring windows.
//
// All windows of a row go through the first stage. After it, a row is a bit set. For each further stage, the remaining
// windows of all rows of a band are covered with as few vectors as possible, and several vectors are evaluated at a
// time.
#ifndef OPENCV_OBJDETECT_HAAR_DENSE_STAGES_HPP
#define OPENCV_OBJDETECT_HAAR_DENSE_STAGES_HPP

#include <algorithm>

#include "buffer.hpp"
#include "variance_norm.hpp"
#include "stage_decision.hpp"
#include "stage_tables.hpp"
#include "window_skipping.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// A row of windows: one bit per remaining window, and their normalisation factors.
struct WindowRow
{
    const uint16_t* integral;
    uint64_t* bits;          // one word more than the windows need
    float* norm_factors[2];  // of the even and of the odd windows, divided by 2^16
    float normFactor(int x) const { return norm_factors[x & 1][x / 2]; }
    WindowBatch batchAt(int x) const
    {
        const WindowBatch batch = {integral + x, norm_factors[x & 1] + x / 2, norm_factors[~x & 1] + (x + 1) / 2};
        return batch;
    }
};

// The state that all rows of a level share.
struct Band
{
    const Model* model;
    StageTables* stage_tables;
    ColumnLayout columns;
    size_t stride;
    int windows;  // per row
    NormRect norm_rect;
};

inline bool passesExactlyAt(const Band& band, uint32_t stage, const WindowRow& row, int x, Buffer<float>& leaf_values)
{
    const uint16_t* integral = row.integral + x;
    const auto at = [&](int column, int line) { return integral[size_t(line) * band.stride + band.columns(column)]; };
    return passesExactly(*band.model, stage, at, row.normFactor(x) * 65536.f, leaf_values);
}

// The windows of `active`, from `x` on, that pass the stage. Resolves those that the coarse sums leave undecided.
inline uint64_t passingMask(const Band& band, uint32_t s, const WindowRow& row, int x, const v_int16& sums,
                            uint64_t passed, uint64_t failed, uint64_t active, Buffer<float>& leaf_values)
{
    passed &= active;
    const uint64_t undecided = active & ~passed & ~failed;
    if (undecided)
        passed |= resolveUndecided((*band.stage_tables)[s], row.batchAt(x), sums, undecided,
                                   [&](int lane) { return passesExactlyAt(band, s, row, x + lane, leaf_values); });
    return passed;
}

// Finds, from `x` on, the windows whose variance upstream accepts (`valid`) and those of them that pass the first stage
// (`passed`): one bit per lane of `Count` vectors. `existing` masks the lanes that are windows.
template <int Count>
inline void evaluateFirstBatches(const Band& band, const WindowRow& row, const uint32_t* squares, int x,
                                 uint64_t existing, uint64_t& valid, uint64_t& passed, Buffer<float>& leaf_values)
{
    const StageTable& stage = (*band.stage_tables)[0];
    v_int16 evaluated[Count + 1], sums[Count + 1];
    WindowBatch batches[Count];
    for (int i = 0; i < Count; i++)
    {
        const int at = x + i * Lanes;
        evaluated[i] = computeNormFactors(band.norm_rect, row.integral + at, band.stride, squares + at,
                                          row.norm_factors[0] + at / 2, row.norm_factors[1] + at / 2);
        batches[i] = row.batchAt(at);
    }
    evaluated[Count] = sums[Count] = vx_setzero_s16();
    stageSums<Count, Coarse>(stage, batches, sums);
    valid = passed = 0;
    for (int i = 0; i < Count; i += 2)
    {
        const int shift = i * Lanes;
        const uint64_t pair = laneMask(evaluated[i], evaluated[i + 1]) & existing >> shift;
        const CoarseMasks coarse = coarseMasks(stage, sums[i], sums[i + 1]);
        valid |= pair << shift;
        for (int j = 0; j < 2 && i + j < Count; j++)
        {
            const int lanes = j * Lanes;
            passed |= passingMask(band, 0, row, x + (i + j) * Lanes, sums[i + j], coarse.passed >> lanes,
                                  coarse.failed >> lanes, pair >> lanes & AllLanes, leaf_values)
                      << (shift + lanes);
        }
    }
}

// Computes normalisation factors and the first stage of a row. Afterwards its bits are the windows that upstream
// evaluates and that pass.
inline void evaluateFirstStage(const Band& band, const WindowRow& row, const uint32_t* squares,
                               Buffer<float>& leaf_values)
{
    bool carry = false;
    for (int word = 0; word * 64 < band.windows; word++)
    {
        uint64_t valid = 0, passed = 0;
        for (int x = word * 64; x < word * 64 + 64 && x < band.windows; x += UnrollFactor * Lanes)
        {
            const int left = std::min(band.windows - x, 64);
            const uint64_t existing = ~uint64_t(0) >> (64 - left);
            uint64_t masks[2];
            // A narrow row does not fill all vectors.
            if (left <= Lanes)
                evaluateFirstBatches<1>(band, row, squares, x, existing, masks[0], masks[1], leaf_values);
            else if (left <= 2 * Lanes)
                evaluateFirstBatches<2>(band, row, squares, x, existing, masks[0], masks[1], leaf_values);
            else
                evaluateFirstBatches<UnrollFactor>(band, row, squares, x, existing, masks[0], masks[1], leaf_values);
            valid |= masks[0] << (x & 63);
            passed |= masks[1] << (x & 63);
        }
        const uint64_t skipped = skippedWindows(valid & ~passed, carry);
        row.bits[word] = passed & ~skipped;
    }
}

struct BatchPosition
{
    int row, x;
    uint64_t bits;
};

// Words of a row that are processed for all rows before the next words: this much of the integral image stays in the L1
// cache.
enum { CacheBlockWords = 8 };

// Covers all bits of the rows with as few vectors as possible, block by block. Returns the number of bits.
inline int coverWithBatches(const WindowRow* rows, int count, int words, List<BatchPosition>& positions)
{
    positions.clear();
    int windows = 0;
    for (int begin = 0; begin < words; begin += CacheBlockWords)
    {
        const int end = std::min(begin + CacheBlockWords, words);
        for (int r = 0; r < count; r++)
        {
            const uint64_t* bits = rows[size_t(r)].bits;
            uint64_t rest = bits[begin];
            for (int word = begin;;)
            {
                if (rest == 0)
                {
                    if (++word == end)
                        break;
                    rest = bits[word];
                    continue;
                }
                const int first = lowestBit(rest), overhang = first + Lanes - 64;
                uint64_t found = rest >> first;
                if (overhang <= 0 || word + 1 == end)
                    rest &= overhang < 0 ? ~uint64_t(0) << (first + Lanes) : 0;
                else
                {
                    rest = bits[word + 1];
                    found |= rest << (64 - first);
                    rest &= ~uint64_t(0) << overhang;
                }
                const BatchPosition position = {r, word * 64 + first, found & AllLanes};
                positions.add(position);
                windows += popCount(position.bits);
                if (overhang > 0 && word + 1 < end)
                    word++;
            }
        }
    }
    return windows;
}

// Clears the bits of the windows in `Count` vectors that fail the stage.
template <int Count>
inline void evaluateBatches(const Band& band, uint32_t s, const WindowRow* rows, const BatchPosition* positions,
                            Buffer<float>& leaf_values)
{
    const StageTable& stage = (*band.stage_tables)[s];
    WindowBatch batches[Count];
    for (int i = 0; i < Count; i++)
        batches[i] = rows[positions[i].row].batchAt(positions[i].x);
    v_int16 sums[Count + 1];
    sums[Count] = vx_setzero_s16();
    stageSums<Count, Coarse>(stage, batches, sums);
    for (int i = 0; i < Count; i += 2)
    {
        const CoarseMasks coarse = coarseMasks(stage, sums[i], sums[i + 1]);
        for (int j = 0; j < 2 && i + j < Count; j++)
        {
            const BatchPosition& position = positions[i + j];
            const WindowRow& row = rows[position.row];
            const uint64_t failing =
                position.bits & ~passingMask(band, s, row, position.x, sums[i + j], coarse.passed >> (j * Lanes),
                                             coarse.failed >> (j * Lanes), position.bits, leaf_values);
            const int word = position.x >> 6, shift = position.x & 63;
            row.bits[word] &= ~(failing << shift);
            if (shift + Lanes > 64)
                row.bits[word + 1] &= ~(failing >> (64 - shift));
        }
    }
}

inline void evaluateStage(const Band& band, uint32_t s, const WindowRow* rows, const List<BatchPosition>& positions,
                          Buffer<float>& leaf_values)
{
    size_t c = 0;
    for (; c + UnrollFactor <= positions.size(); c += UnrollFactor)
        evaluateBatches<UnrollFactor>(band, s, rows, positions.data() + c, leaf_values);
    for (; c + 2 <= positions.size(); c += 2)
        evaluateBatches<2>(band, s, rows, positions.data() + c, leaf_values);
    if (c < positions.size())
        evaluateBatches<1>(band, s, rows, positions.data() + c, leaf_values);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
