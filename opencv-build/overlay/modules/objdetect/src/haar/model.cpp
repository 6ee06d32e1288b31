// Compiles a cascade into a model.
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model_header.hpp"
#include "feature_compiler.hpp"

namespace cv { namespace haar {

namespace {

// One or two nodes.
typedef std::vector<CompiledStump> Tree;

// The leaf values of a tree as terms of the fixed-point sum: `base` of each tree; `first` instead if the first node
// goes left; and `second` instead of `second_base` if the second node is reached and goes left.
struct TreeLeaves
{
    float base, first, second_base, second;
    bool has_second;

    explicit TreeLeaves(const Tree& tree) : has_second(tree.size() == 2)
    {
        const CompiledStump &root = tree.front(), &last = tree.back();
        second = last.left;
        second_base = last.right;
        base = has_second && root.child == LeftChild ? root.left : last.right;
        first = !has_second ? root.left : root.child == LeftChild ? last.right : root.left;
    }

    // The maximum of a function over the leaves.
    template <typename F> double maxOf(const F& of) const
    {
        return std::max(std::max(of(base), of(first)), has_second ? of(second) : of(first));
    }
};

// Quantises the leaf values of a stage: chooses the largest scale at which no sum overflows, rounds each leaf value to
// an integer, and bounds the error of the sum. Then does the same for the rounding remainders.
void quantise(const Stage& source, const std::vector<Tree>& trees, ModelStage& stage,
              std::vector<LeafDelta>& leaf_deltas)
{
    double min_sum = -double(source.threshold), max_sum = min_sum;
    for (const Tree& tree : trees)
    {
        const TreeLeaves leaves(tree);
        min_sum -= leaves.maxOf([](float leaf) { return -double(leaf); });
        max_sum += leaves.maxOf([](float leaf) { return double(leaf); });
    }
    const double range = std::max(std::fabs(min_sum), std::fabs(max_sum)), count = double(trees.size()) + 1;
    // Headroom for rounding: half a unit for each leaf value and for the threshold.
    const double headroom = std::numeric_limits<int16_t>::max() - 2 * (count + 1);
    const double scale = std::min(headroom / std::max(range, 1e-9), 16384.0);
    // The fine part of a leaf value is at most one coarse unit plus one fine unit, and each stump has one.
    const double fine_per_coarse = std::min(std::floor(headroom / count / 1.5) - 2, 256.0);
    const double fine_scale = scale * fine_per_coarse;
    const auto coarse = [=](float leaf) { return std::rint(leaf * scale); };
    const auto fine = [=](float leaf) { return std::rint(leaf * fine_scale); };
    double coarse_base = -coarse(source.threshold), fine_base = -fine(source.threshold);
    double error = std::fabs(coarse_base + source.threshold * scale),
           fine_error = std::fabs(fine_base + source.threshold * fine_scale);
    const auto appendDelta = [&](float left, float right) {
        const double step = coarse(left) - coarse(right);
        // A single difference may be twice as large as any sum; modulo 2^16 the sum is still correct.
        const LeafDelta delta = {int16_t(uint16_t(int(step))),
                                 int16_t(fine(left) - fine(right) - step * fine_per_coarse)};
        leaf_deltas.push_back(delta);
    };
    for (const Tree& tree : trees)
    {
        const TreeLeaves leaves(tree);
        coarse_base += coarse(leaves.base);
        fine_base += fine(leaves.base);
        appendDelta(leaves.first, leaves.base);
        if (leaves.has_second)
            appendDelta(leaves.second, leaves.second_base);
        error += leaves.maxOf([&](float leaf) { return std::fabs(coarse(leaf) - leaf * scale); });
        fine_error += leaves.maxOf([&](float leaf) { return std::fabs(fine(leaf) - leaf * fine_scale); });
    }
    stage.coarse_base = int16_t(coarse_base);
    stage.fine_per_coarse = int16_t(fine_per_coarse);
    stage.fine_base = int16_t(fine_base - coarse_base * fine_per_coarse);
    // Plus one, because upstream's sum in double and these bounds are themselves rounded, by about 1e-12.
    stage.margin = int16_t(std::ceil(error) + 1);
    stage.fine_margin = int16_t(std::ceil(fine_error) + 1);
}

// Tries all outcomes of a stage with few stumps, which gives the actual distance from 0 within which a fixed-point sum
// can be wrong.
void tightenMargin(const Stage& source, const std::vector<CompiledStump>& stumps,
                   const std::vector<uint16_t>& positions, const LeafDelta* leaf_deltas, ModelStage& stage)
{
    if (stumps.size() > 12 || stage.tree_count > 0)
        return;
    int margin = 0;
    for (unsigned outcomes = 0; outcomes < 1u << stumps.size(); outcomes++)
    {
        int fixed = stage.coarse_base;
        double sum = 0;
        for (size_t i = 0; i < stumps.size(); i++)
            if (outcomes >> i & 1)
                fixed += leaf_deltas[i].coarse;
        fixed = int16_t(uint16_t(fixed));
        for (uint16_t i : positions)
            sum += outcomes >> i & 1 ? stumps[i].left : stumps[i].right;
        const bool passes = !(sum < source.threshold);
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

const char* compileModel(const Cascade& cascade, std::vector<uint8_t>& block)
{
    if (!isSupportedWindow(uint32_t(cascade.width), uint32_t(cascade.height)))
        return "its window is too large or too small";
    if (cascade.stages.empty())
        return "it has no stages";
    std::vector<ModelStage> stages;
    std::vector<float> thresholds, leaves;
    std::vector<LeafDelta> leaf_deltas;
    std::vector<uint16_t> order;
    std::vector<uint8_t> corners;
    for (const Stage& source : cascade.stages)
    {
        if (source.count <= 0 || source.count > 4096 || !std::isfinite(source.threshold))
            return "it has stages that are empty or too large";
        std::vector<Tree> trees;
        double magnitude = std::fabs(double(source.threshold));
        for (int i = source.first; i < source.first + source.count; i++)
        {
            const Stump& stump = cascade.stumps.at(size_t(i));
            if (!std::isfinite(stump.threshold) || !std::isfinite(stump.left) || !std::isfinite(stump.right))
                return "it has numbers that are not finite";
            if (stump.feature < 0 || size_t(stump.feature) >= cascade.features.size())
                return "it has stumps that refer to missing features";
            CompiledStump compiled = {Generic,     stump.threshold, stump.left,
                                      stump.right, stump.child,     std::vector<uint8_t>()};
            const Feature& feature = cascade.features[size_t(stump.feature)];
            if (const char* reason = compileFeature(feature, cascade.width, cascade.height, compiled))
                return reason;
            magnitude += std::max(std::fabs(double(compiled.left)), std::fabs(double(compiled.right)));
            if (trees.empty() || trees.back().back().child == NoChild)
                trees.push_back(Tree());
            trees.back().push_back(compiled);
            if (trees.back().size() == 2 && compiled.child != NoChild)
                return "it has trees of more than two nodes";
        }
        if (trees.back().back().child != NoChild)
            return "it has an incomplete tree";
        // This keeps upstream's sum in double within a fiftieth of a fine unit of the true one.
        if (magnitude > 1e4)
            return "its leaf values are too large";
        // Sorts stumps by shape, then trees by form; otherwise in the cascade's order.
        const auto treeForm = [&](size_t i) {
            const CompiledStump &root = trees[i].front(), &last = trees[i].back();
            const int shapes = root.shape | last.shape << SecondShapeShift;
            return trees[i].size() == 1 ? int(root.shape) - TreeFormCount
                                        : shapes | (root.child == LeftChild ? SecondIsLeftChild : 0);
        };
        std::vector<size_t> sorted, first(trees.size());
        for (size_t i = 0, node = 0; i < trees.size(); node += trees[i++].size())
        {
            sorted.push_back(i);
            first[i] = node;
        }
        std::stable_sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) { return treeForm(a) < treeForm(b); });
        ModelStage stage = {};
        std::vector<Tree> trees_in_order;
        std::vector<CompiledStump> in_order;
        std::vector<uint16_t> positions(size_t(source.count));
        for (size_t i : sorted)
        {
            const Tree& tree = trees[i];
            for (size_t node = 0; node < tree.size(); node++)
                positions[first[i] + node] = uint16_t(in_order.size() + node);
            in_order.insert(in_order.end(), tree.begin(), tree.end());
            trees_in_order.push_back(tree);
            if (tree.size() == 1)
                stage.shape_counts[tree[0].shape]++;
            else
                stage.tree_count++;
        }
        stage.threshold = source.threshold;
        stage.first = uint32_t(thresholds.size());
        stage.corner_offset = uint32_t(corners.size());
        quantise(source, trees_in_order, stage, leaf_deltas);
        tightenMargin(source, in_order, positions, &leaf_deltas[stage.first], stage);
        for (const CompiledStump& stump : in_order)
        {
            thresholds.push_back(stump.threshold);
            leaves.push_back(stump.left);
            leaves.push_back(stump.right);
        }
        for (size_t i : sorted)
        {
            if (trees[i].size() == 2)
                corners.push_back(uint8_t(treeForm(i)));
            for (const CompiledStump& node : trees[i])
                corners.insert(corners.end(), node.corners.begin(), node.corners.end());
        }
        order.insert(order.end(), positions.begin(), positions.end());
        stages.push_back(stage);
    }
    const ModelHeader header = {ModelMagic,
                                ModelVersion,
                                uint32_t(cascade.width),
                                uint32_t(cascade.height),
                                uint32_t(stages.size()),
                                uint32_t(thresholds.size()),
                                uint32_t(corners.size())};
    block.clear();
    append(block, std::vector<ModelHeader>(1, header));
    append(block, stages);
    append(block, thresholds);
    append(block, leaf_deltas);
    append(block, leaves);
    append(block, order);
    append(block, corners);
    return NULL;
}

}}  // namespace cv::haar
