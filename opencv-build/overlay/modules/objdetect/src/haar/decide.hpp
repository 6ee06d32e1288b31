// Whether windows pass a stage, by sums that may be too near to the threshold to tell.
//
// Three steps, each for what the one before left open: the coarse sums that are there; the fine ones, which leave one
// window in a hundred thousand; and for those every answer in the cascade's own order, added in double, as stock does it.
#ifndef OPENCV_OBJDETECT_HAAR_DECIDE_HPP
#define OPENCV_OBJDETECT_HAAR_DECIDE_HPP

#include "buffer.hpp"
#include "features.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The value of a stump whose corners begin at `at`; `at(x, y)` is the integral image modulo 2^16. Steps over them.
template <typename Integral> inline int valueOf(const uint8_t*& at, Shape shape, const Integral& integral)
{
    static const int8_t weights[Other][CheckerCorners] = {
        {1, 1, -1, -1, -2, 2, 0, 0, 0}, {1, 1, -1, -1, 3, 3, -3, -3, 0}, {1, 1, 1, 1, -2, -2, -2, -2, 4}};
    static const int corners[Other] = {EdgeCorners, LineCorners, CheckerCorners};
    if (shape != Other)
    {
        unsigned sum = 0;
        for (int i = 0; i < corners[shape]; i++, at += 2)
            sum += unsigned(weights[shape][i]) * integral(at[0], at[1]);
        return int16_t(uint16_t(sum));
    }
    int value = 0;
    for (int parts = *at++; parts > 0; parts--)
    {
        unsigned sum = 0;
        for (int count = *at++; count > 0; count--, at += 3)
            sum += unsigned(int(int8_t(at[2]))) * integral(at[0], at[1]);
        value += int16_t(uint16_t(sum));
    }
    return value;
}

// Whether the window passes the stage; `contrast` is the inverse, not divided by 2^16.
template <typename Integral>
inline bool passes(const Model& model, uint32_t s, const Integral& integral, float contrast, Buffer<float>& answers)
{
    const ModelStage& stage = model.stage[s];
    const uint8_t* at = model.corners + stage.corners;
    uint32_t stump = stage.first;
    answers.need(nodesOf(stage));
    const auto isLeft = [&](Shape shape) {
        return float(valueOf(at, shape, integral)) * contrast < model.threshold[stump++];
    };
    for (int shape = 0; shape < Shapes; shape++)
        for (int i = 0; i < stage.count[shape]; i++)
        {
            float& answer = answers[stump - stage.first];
            const float* leaves = &model.leaves[2 * stump];
            answer = leaves[isLeft(Shape(shape)) ? 0 : 1];
        }
    for (int i = 0; i < stage.trees; i++)
    {
        const int form = *at++;
        float* const answer = &answers[stump - stage.first];
        const float* leaves = &model.leaves[2 * stump];
        const bool first = isLeft(firstShape(form)), second = isLeft(secondShape(form));
        const bool leads = first == ((form & SecondIsLeft) != 0);
        answer[0] = leads ? 0 : leaves[0];
        answer[1] = leads ? leaves[second ? 2 : 3] : 0;
    }
    double sum = 0;
    for (uint32_t i = stage.first; i < stump; i++)
        sum += answers[model.order[i]];
    return !(sum < stage.threshold);
}

// Bits of the windows whose coarse sums are surely high enough, and of those whose are surely not.
struct Decided
{
    uint64_t passed, failed;
};

inline Decided decided(const StageTable& stage, const v_int16& first, const v_int16& second)
{
    const v_int16 enough = vx_setall_s16(stage.margin), least = vx_setall_s16(int16_t(-stage.margin));
    const Decided found = {bits(first >= enough, second >= enough), bits(first < least, second < least)};
    return found;
}

// Of one vector's windows that are `open`, those that pass after all.
template <typename Exact>
inline uint64_t decide(const StageTable& stage, const Group& group, const v_int16& coarse, uint64_t open, const Exact& exact)
{
    v_int16 fine;
    sum<1, Fine>(stage, &group, &fine);
    int16_t parts[2][Lanes];
    v_store(parts[Coarse], coarse);
    v_store(parts[Fine], fine);
    uint64_t passed = 0;
    for (; open; open &= open - 1)
    {
        const int i = lowest(open);
        const int sum = parts[Coarse][i] * stage.fineness + parts[Fine][i];
        if (sum >= stage.fine_margin || (sum >= -stage.fine_margin && exact(i)))
            passed |= open & (0 - open);
    }
    return passed;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
