// Compiles a cascade into a model.
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "block.hpp"
#include "stump.hpp"

namespace cv { namespace haar {

namespace {

// Sums of a stage in fixed point: the largest scale at which none overflows, each answer rounded to a whole number, and
// how far the sum can then be from the true one; and the same once more for what rounding lost.
void quantise(const Stage& from, const std::vector<Compiled>& stumps, ModelStage& stage, std::vector<ModelAnswer>& answers)
{
    double least = -double(from.threshold), most = least;
    for (const Compiled& stump : stumps)
    {
        least += std::min(stump.left, stump.right);
        most += std::max(stump.left, stump.right);
    }
    const double range = std::max(std::fabs(least), std::fabs(most)), count = double(stumps.size()) + 1;
    // What rounding adds, half of one for each answer and for the threshold, needs room as well.
    const double room = std::numeric_limits<int16_t>::max() - 2 * (count + 1);
    const double scale = std::min(room / std::max(range, 1e-9), 16384.0);
    // An answer's fine part is at most one coarse unit and one fine one, and there is one for each stump.
    const double fineness = std::min(std::floor(room / count / 1.5) - 2, 256.0);
    const double fine_scale = scale * fineness;
    double base = -std::rint(from.threshold * scale), fine_base = -std::rint(from.threshold * fine_scale);
    double error = std::fabs(base + from.threshold * scale), fine_error = std::fabs(fine_base + from.threshold * fine_scale);
    for (const Compiled& stump : stumps)
    {
        const double left = std::rint(stump.left * scale), right = std::rint(stump.right * scale);
        const double fine_left = std::rint(stump.left * fine_scale), fine_right = std::rint(stump.right * fine_scale);
        base += right;
        fine_base += fine_right;
        const double coarse = left - right, fine = fine_left - fine_right - coarse * fineness;
        // A single answer may be twice as large as any sum; modulo 2^16 the sum is right all the same.
        const ModelAnswer answer = {int16_t(uint16_t(int(coarse))), int16_t(fine)};
        answers.push_back(answer);
        error += std::max(std::fabs(left - stump.left * scale), std::fabs(right - stump.right * scale));
        fine_error += std::max(std::fabs(fine_left - stump.left * fine_scale), std::fabs(fine_right - stump.right * fine_scale));
    }
    stage.base = int16_t(base);
    stage.fineness = int16_t(fineness);
    stage.fine = int16_t(fine_base - base * fineness);
    // One more than enough, because stock's sum in double and these are rounded themselves, by some 1e-12.
    stage.margin = int16_t(std::ceil(error) + 1);
    stage.fine_margin = int16_t(std::ceil(fine_error) + 1);
}

// For a stage of few stumps: tries all their answers, which shows how far from 0 a wrong sum really comes.
void narrow(const Stage& from, const std::vector<Compiled>& stumps, const std::vector<uint16_t>& place, const ModelAnswer* known,
            ModelStage& stage)
{
    if (stumps.size() > 12)
        return;
    int margin = 0;
    for (unsigned answers = 0; answers < 1u << stumps.size(); answers++)
    {
        int fixed = stage.base;
        double sum = 0;
        for (size_t i = 0; i < stumps.size(); i++)
            if (answers >> i & 1)
                fixed += known[i].coarse;
        fixed = int16_t(uint16_t(fixed));
        for (uint16_t i : place)
            sum += answers >> i & 1 ? stumps[i].left : stumps[i].right;
        const bool passes = !(sum < from.threshold);
        if (passes != (fixed >= 0))
            margin = std::max(margin, passes ? -fixed : fixed + 1);
    }
    stage.margin = int16_t(margin);
}

template <typename T> void append(std::vector<uint8_t>& block, const std::vector<T>& values)
{
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(values.data());
    block.insert(block.end(), bytes, bytes + values.size() * sizeof(T));
    block.resize((block.size() + 3) / 4 * 4);
}

}  // namespace

const char* compile(const Cascade& cascade, std::vector<uint8_t>& block)
{
    if (!goodWindow(uint32_t(cascade.width), uint32_t(cascade.height)))
        return "its window is too large or too small";
    if (cascade.stages.empty())
        return "it has no stages";
    std::vector<ModelStage> stages;
    std::vector<float> thresholds, leaves;
    std::vector<ModelAnswer> answers;
    std::vector<uint16_t> order;
    std::vector<uint8_t> corners;
    for (const Stage& from : cascade.stages)
    {
        if (from.count <= 0 || from.count > 4096 || !std::isfinite(from.threshold))
            return "it has stages that are empty or too large";
        std::vector<Compiled> stumps;
        double size = std::fabs(double(from.threshold));
        for (int i = from.first; i < from.first + from.count; i++)
        {
            const Stump& stump = cascade.stumps.at(size_t(i));
            if (!std::isfinite(stump.threshold) || !std::isfinite(stump.left) || !std::isfinite(stump.right))
                return "it has numbers that are not finite";
            if (stump.feature < 0 || size_t(stump.feature) >= cascade.features.size())
                return "it has stumps without a feature";
            Compiled compiled = {Other, stump.threshold, stump.left, stump.right, std::vector<uint8_t>()};
            const Feature& feature = cascade.features[size_t(stump.feature)];
            if (const char* why = compileFeature(feature, cascade.width, cascade.height, compiled))
                return why;
            size += std::max(std::fabs(double(compiled.left)), std::fabs(double(compiled.right)));
            stumps.push_back(compiled);
        }
        // Stock's sum in double is then within a fiftieth of a fine unit of the true one.
        if (size > 1e4)
            return "it has answers that are too large";
        std::vector<uint16_t> sorted;
        ModelStage stage = {};
        for (int shape = 0; shape < Shapes; shape++)
            for (size_t i = 0; i < stumps.size(); i++)
                if (stumps[i].shape == shape)
                {
                    sorted.push_back(uint16_t(i));
                    stage.count[shape]++;
                }
        std::vector<Compiled> in_order;
        std::vector<uint16_t> place(stumps.size());
        for (size_t i = 0; i < sorted.size(); i++)
        {
            place[sorted[i]] = uint16_t(i);
            in_order.push_back(stumps[sorted[i]]);
        }
        stage.threshold = from.threshold;
        stage.first = uint32_t(thresholds.size());
        stage.corners = uint32_t(corners.size());
        quantise(from, in_order, stage, answers);
        narrow(from, in_order, place, &answers[stage.first], stage);
        for (const Compiled& stump : in_order)
        {
            thresholds.push_back(stump.threshold);
            leaves.push_back(stump.left);
            leaves.push_back(stump.right);
            corners.insert(corners.end(), stump.corners.begin(), stump.corners.end());
        }
        order.insert(order.end(), place.begin(), place.end());
        stages.push_back(stage);
    }
    const BlockHeader header = {BlockMagic, BlockVersion, uint32_t(cascade.width), uint32_t(cascade.height), uint32_t(stages.size()),
                           uint32_t(thresholds.size()), uint32_t(corners.size())};
    block.clear();
    append(block, std::vector<BlockHeader>(1, header));
    append(block, stages);
    append(block, thresholds);
    append(block, answers);
    append(block, leaves);
    append(block, order);
    append(block, corners);
    return NULL;
}

}} // namespace cv::haar
