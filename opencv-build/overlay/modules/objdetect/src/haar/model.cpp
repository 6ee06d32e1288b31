// Compiles a cascade into a model.
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "block.hpp"
#include "stump.hpp"

namespace cv { namespace haar {

namespace {

// A stump, or a tree of two nodes.
typedef std::vector<Compiled> Tree;

// Leaves of a tree whose numbers in fixed point make the answers: the sum has `base` of each tree, `first` instead where the
// first node says `left`, and `second` instead of `other` where the second does and is led to.
struct Leaves
{
    float base, first, other, second;
    bool two;

    explicit Leaves(const Tree& tree) : two(tree.size() == 2)
    {
        const Compiled &root = tree.front(), &last = tree.back();
        second = last.left;
        other = last.right;
        base = two && root.next == NextLeft ? root.left : last.right;
        first = !two ? root.left : root.next == NextLeft ? last.right : root.left;
    }

    // The largest of a function of its leaves.
    template <typename F> double most(const F& of) const
    {
        return std::max(std::max(of(base), of(first)), two ? of(second) : of(first));
    }
};

// Sums of a stage in fixed point: the largest scale at which none overflows, each answer rounded to a whole number, and
// how far the sum can then be from the true one; and the same once more for what rounding lost.
void quantise(const Stage& from, const std::vector<Tree>& trees, ModelStage& stage, std::vector<ModelAnswer>& answers)
{
    double least = -double(from.threshold), most = least;
    for (const Tree& tree : trees)
    {
        const Leaves leaves(tree);
        least -= leaves.most([](float leaf) { return -double(leaf); });
        most += leaves.most([](float leaf) { return double(leaf); });
    }
    const double range = std::max(std::fabs(least), std::fabs(most)), count = double(trees.size()) + 1;
    // What rounding adds, half of one for each answer and for the threshold, needs room as well.
    const double room = std::numeric_limits<int16_t>::max() - 2 * (count + 1);
    const double scale = std::min(room / std::max(range, 1e-9), 16384.0);
    // An answer's fine part is at most one coarse unit and one fine one, and there is one for each stump.
    const double fineness = std::min(std::floor(room / count / 1.5) - 2, 256.0);
    const double fine_scale = scale * fineness;
    const auto coarse = [=](float leaf) { return std::rint(leaf * scale); };
    const auto fine = [=](float leaf) { return std::rint(leaf * fine_scale); };
    double base = -coarse(from.threshold), fine_base = -fine(from.threshold);
    double error = std::fabs(base + from.threshold * scale), fine_error = std::fabs(fine_base + from.threshold * fine_scale);
    const auto put = [&](float left, float right) {
        const double step = coarse(left) - coarse(right);
        // A single answer may be twice as large as any sum; modulo 2^16 the sum is right all the same.
        const ModelAnswer answer = {int16_t(uint16_t(int(step))), int16_t(fine(left) - fine(right) - step * fineness)};
        answers.push_back(answer);
    };
    for (const Tree& tree : trees)
    {
        const Leaves leaves(tree);
        base += coarse(leaves.base);
        fine_base += fine(leaves.base);
        put(leaves.first, leaves.base);
        if (leaves.two)
            put(leaves.second, leaves.other);
        error += leaves.most([&](float leaf) { return std::fabs(coarse(leaf) - leaf * scale); });
        fine_error += leaves.most([&](float leaf) { return std::fabs(fine(leaf) - leaf * fine_scale); });
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
    if (stumps.size() > 12 || stage.trees > 0)
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
        std::vector<Tree> trees;
        double size = std::fabs(double(from.threshold));
        for (int i = from.first; i < from.first + from.count; i++)
        {
            const Stump& stump = cascade.stumps.at(size_t(i));
            if (!std::isfinite(stump.threshold) || !std::isfinite(stump.left) || !std::isfinite(stump.right))
                return "it has numbers that are not finite";
            if (stump.feature < 0 || size_t(stump.feature) >= cascade.features.size())
                return "it has stumps without a feature";
            Compiled compiled = {Other, stump.threshold, stump.left, stump.right, stump.next, std::vector<uint8_t>()};
            const Feature& feature = cascade.features[size_t(stump.feature)];
            if (const char* why = compileFeature(feature, cascade.width, cascade.height, compiled))
                return why;
            size += std::max(std::fabs(double(compiled.left)), std::fabs(double(compiled.right)));
            if (trees.empty() || trees.back().back().next == NoNext)
                trees.push_back(Tree());
            trees.back().push_back(compiled);
            if (trees.back().size() == 2 && compiled.next != NoNext)
                return "it has trees of more than two nodes";
        }
        if (trees.back().back().next != NoNext)
            return "it has a tree that does not end";
        // Stock's sum in double is then within a fiftieth of a fine unit of the true one.
        if (size > 1e4)
            return "it has answers that are too large";
        // Trees by form behind the stumps by shape, otherwise in the cascade's order.
        const auto form = [&](size_t i) {
            const Compiled &root = trees[i].front(), &last = trees[i].back();
            const int shapes = root.shape | last.shape << SecondShape;
            return trees[i].size() == 1 ? int(root.shape) - TreeForms : shapes | (root.next == NextLeft ? SecondIsLeft : 0);
        };
        std::vector<size_t> sorted, first(trees.size());
        for (size_t i = 0, node = 0; i < trees.size(); node += trees[i++].size())
        {
            sorted.push_back(i);
            first[i] = node;
        }
        std::stable_sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) { return form(a) < form(b); });
        ModelStage stage = {};
        std::vector<Tree> trees_in_order;
        std::vector<Compiled> in_order;
        std::vector<uint16_t> place(size_t(from.count));
        for (size_t i : sorted)
        {
            const Tree& tree = trees[i];
            for (size_t node = 0; node < tree.size(); node++)
                place[first[i] + node] = uint16_t(in_order.size() + node);
            in_order.insert(in_order.end(), tree.begin(), tree.end());
            trees_in_order.push_back(tree);
            if (tree.size() == 1)
                stage.count[tree[0].shape]++;
            else
                stage.trees++;
        }
        stage.threshold = from.threshold;
        stage.first = uint32_t(thresholds.size());
        stage.corners = uint32_t(corners.size());
        quantise(from, trees_in_order, stage, answers);
        narrow(from, in_order, place, &answers[stage.first], stage);
        for (const Compiled& stump : in_order)
        {
            thresholds.push_back(stump.threshold);
            leaves.push_back(stump.left);
            leaves.push_back(stump.right);
        }
        for (size_t i : sorted)
        {
            if (trees[i].size() == 2)
                corners.push_back(uint8_t(form(i)));
            for (const Compiled& node : trees[i])
                corners.insert(corners.end(), node.corners.begin(), node.corners.end());
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
