// Decides whether windows pass a stage when the sum may be too close to the threshold.
//
// There are three steps, each for the windows that the previous one left undecided: the coarse sums, which exist
// already; the fine sums, which leave about one window in a hundred thousand; and the sum of all leaf values in double,
// in the cascade's own order, as upstream computes it.
#ifndef OPENCV_OBJDETECT_HAAR_STAGE_DECISION_HPP
#define OPENCV_OBJDETECT_HAAR_STAGE_DECISION_HPP

#include "buffer.hpp"
#include "stage_sums.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The feature value of a stump whose corners begin at `cursor`. `integral(x, y)` is the integral image modulo 2^16.
// Advances `cursor` past the corners.
template <typename Integral> inline int exactFeatureValue(const uint8_t*& cursor, Shape shape, const Integral& integral)
{
    static const int8_t weights[Generic][CheckerCorners] = {
        {1, 1, -1, -1, -2, 2, 0, 0, 0}, {1, 1, -1, -1, 3, 3, -3, -3, 0}, {1, 1, 1, 1, -2, -2, -2, -2, 4}};
    static const int corner_counts[Generic] = {EdgeCorners, LineCorners, CheckerCorners};
    if (shape != Generic)
    {
        unsigned sum = 0;
        for (int i = 0; i < corner_counts[shape]; i++, cursor += 2)
            sum += unsigned(weights[shape][i]) * integral(cursor[0], cursor[1]);
        return int16_t(uint16_t(sum));
    }
    int value = 0;
    for (int parts = *cursor++; parts > 0; parts--)
    {
        unsigned sum = 0;
        for (int count = *cursor++; count > 0; count--, cursor += 3)
            sum += unsigned(int(int8_t(cursor[2]))) * integral(cursor[0], cursor[1]);
        value += int16_t(uint16_t(sum));
    }
    return value;
}

// Whether the window passes the stage. `norm_factor` is not divided by 2^16.
template <typename Integral>
inline bool passesExactly(const Model& model, uint32_t s, const Integral& integral, float norm_factor,
                          Buffer<float>& leaf_values)
{
    const ModelStage& stage = model.stages[s];
    const uint8_t* cursor = model.corners + stage.corner_offset;
    uint32_t stump = stage.first;
    leaf_values.reserve(nodeCount(stage));
    const auto goesLeft = [&](Shape shape) {
        return float(exactFeatureValue(cursor, shape, integral)) * norm_factor < model.thresholds[stump++];
    };
    for (int shape = 0; shape < ShapeCount; shape++)
        for (int i = 0; i < stage.shape_counts[shape]; i++)
        {
            float& leaf_value = leaf_values[stump - stage.first];
            const float* leaves = &model.leaves[2 * stump];
            leaf_value = leaves[goesLeft(Shape(shape)) ? 0 : 1];
        }
    for (int i = 0; i < stage.tree_count; i++)
    {
        const int form = *cursor++;
        float* const leaf_value = &leaf_values[stump - stage.first];
        const float* leaves = &model.leaves[2 * stump];
        const bool first = goesLeft(firstShape(form)), second = goesLeft(secondShape(form));
        const bool reaches_second = first == ((form & SecondIsLeftChild) != 0);
        leaf_value[0] = reaches_second ? 0 : leaves[0];
        leaf_value[1] = reaches_second ? leaves[second ? 2 : 3] : 0;
    }
    double sum = 0;
    for (uint32_t i = stage.first; i < stump; i++)
        sum += leaf_values[model.order[i]];
    return !(sum < stage.threshold);
}

// The windows whose coarse sums alone decide that they pass or fail, one bit per lane of two vectors. The others are
// undecided.
struct CoarseMasks
{
    uint64_t passed, failed;
};

inline CoarseMasks coarseMasks(const StageTable& stage, const v_int16& first, const v_int16& second)
{
    const v_int16 pass_margin = vx_setall_s16(stage.margin), fail_margin = vx_setall_s16(int16_t(-stage.margin));
    const CoarseMasks masks = {laneMask(first >= pass_margin, second >= pass_margin),
                               laneMask(first < fail_margin, second < fail_margin)};
    return masks;
}

// The windows of `undecided`, lanes of one vector, that pass.
template <typename Exact>
inline uint64_t resolveUndecided(const StageTable& stage, const WindowBatch& batch, const v_int16& coarse,
                                 uint64_t undecided, const Exact& exact)
{
    v_int16 fine;
    stageSums<1, Fine>(stage, &batch, &fine);
    int16_t sums[2][Lanes];
    v_store(sums[Coarse], coarse);
    v_store(sums[Fine], fine);
    uint64_t passed = 0;
    for (; undecided; undecided &= undecided - 1)
    {
        const int i = lowestBit(undecided);
        const int sum = sums[Coarse][i] * stage.fine_per_coarse + sums[Fine][i];
        if (sum >= stage.fine_margin || (sum >= -stage.fine_margin && exact(i)))
            passed |= undecided & (0 - undecided);
    }
    return passed;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
