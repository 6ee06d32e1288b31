// A Haar cascade of trees of one or two nodes as plain numbers; the rule by which the fast detector accepts cascades;
// and random cascades, whose windows get further in noise than those of trained ones.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "random.hpp"

namespace conformance {

struct Box
{
    int x, y, width, height;
    float weight;
};

struct Feature
{
    std::vector<Box> boxes;
    bool tilted;
};

// The side of a node that leads to its child.
enum class ChildSide { none, left, right };

// If one side leads to a child, `left` and `right` both hold the other side's leaf value.
struct Stump
{
    int feature;
    float threshold, left, right;
    ChildSide child = ChildSide::none;
};

struct Stage
{
    // Nodes.
    int first, count;
    // As stored in the file.
    float stored_threshold;

    // The threshold that sums are compared with, as OpenCV computes it.
    float threshold() const { return stored_threshold - 1e-5f; }
};

struct Cascade
{
    std::string name;
    int width = 0, height = 0;
    std::vector<Feature> features;
    std::vector<Stage> stages;
    std::vector<Stump> stumps;

    // The number of nodes of the tree that begins here.
    int tree_size_at(int stump) const { return stumps[static_cast<size_t>(stump)].child == ChildSide::none ? 1 : 2; }

    int tree_count(const Stage& stage) const
    {
        int trees = 0;
        for (int i = stage.first; i < stage.first + stage.count; i += tree_size_at(i))
            trees++;
        return trees;
    }
};

// Which code detects with a cascade, according to opencv-build/HAAR.md.
enum class Implementation { fast, upstream, either };

// Whether each row of the feature fits 16 bits for any pixels.
inline bool rows_fit_int16(const Feature& feature, int width, int height)
{
    for (int y = 0; y < height; y++)
    {
        double most = 0, least = 0;
        for (int x = 0; x < width; x++)
        {
            double weight = 0;
            for (const Box& box : feature.boxes)
                if (y >= box.y && y < box.y + box.height && x >= box.x && x < box.x + box.width)
                    weight += static_cast<double>(box.weight);
            (weight > 0 ? most : least) += weight * 255;
        }
        if (most > 32767 || least < -32768)
            return false;
    }
    return true;
}

inline Implementation expected_implementation(const Cascade& cascade)
{
    const int width = cascade.width, height = cascade.height;
    if (width > 31 || (width - 2) * (height - 2) / 2 * 255 >= 65536)
        return Implementation::upstream;
    // `either` where the description leaves it open.
    const bool halves_fit = (width - 1) / 2 * (height - 2) * 255 < 65536;
    Implementation implementation =
        width < 8 || height < 8 || !halves_fit ? Implementation::either : Implementation::fast;
    // Features that no stump uses do not matter.
    for (const Stump& stump : cascade.stumps)
    {
        const Feature& feature = cascade.features[static_cast<size_t>(stump.feature)];
        if (feature.tilted)
            return Implementation::upstream;
        double most = 0;
        for (const Box& box : feature.boxes)
        {
            const double weight = std::fabs(static_cast<double>(box.weight));
            if (weight != std::floor(weight))
                return Implementation::upstream;
            if (weight > 16 || box.width < 1 || box.height < 1)
                implementation = Implementation::either;
            most += weight * box.width * box.height * 255;
        }
        if (most >= 16777216 || !rows_fit_int16(feature, width, height))
            implementation = Implementation::either;
    }
    return implementation;
}

// Properties of random cascades that trained ones lack.
struct FeatureAnomalies
{
    bool fractions, tilted, heavy, empty_boxes;
};

inline Feature random_feature(Random& random, int width, int height, const FeatureAnomalies& anomalies)
{
    Feature feature;
    feature.tilted = anomalies.tilted && width > 4 && height > 4 && random.chance(0.3);
    const int small[] = {-4, -3, -2, -1, -1, -1, 1, 2, 2, 3, 3, 4, 9};
    for (int count = random.chance(0.05) ? 1 : random.between(2, 3); count > 0; count--)
    {
        Box box;
        if (feature.tilted)
        {
            box.width = random.between(1, std::min(width, height) / 4);
            box.height = random.between(1, std::min(width, height) / 4);
            box.x = random.between(box.height, width - box.width);
            box.y = random.between(0, height - box.width - box.height);
        }
        else
        {
            box.x = random.below(width);
            box.y = random.below(height);
            box.width = random.between(1, width - box.x);
            box.height = random.between(1, height - box.y);
            if (anomalies.empty_boxes && random.chance(0.1))
                box.width = 0;
        }
        box.weight = static_cast<float>(small[random.below(13)]);
        if (anomalies.fractions && random.chance(0.2))
            box.weight = static_cast<float>(random.between(-3.0, 3.0));
        if (anomalies.heavy && random.chance(0.2))
            box.weight *= static_cast<float>(random.between(17, 400000));
        feature.boxes.push_back(box);
    }
    return feature;
}

// `kind` selects the leaf values: arbitrary, of very different magnitudes, or multiples of a tenth, whose sums often
// equal the threshold up to rounding. Occasionally both sides are equal.
inline Stump random_stump(Random& random, int features, int kind)
{
    Stump stump;
    stump.feature = random.below(features);
    const double level = random.between(-1.0, 1.0) * random.real() * 0.2;
    stump.threshold = random.chance(0.1) ? 0.0f : static_cast<float>(level);
    const auto leaf = [&]() -> float {
        if (kind == 0)
            return static_cast<float>(random.between(-5, 5)) * 0.1f;
        if (kind == 1)
            return static_cast<float>(random.between(-1.0, 1.0) * std::pow(10.0, random.between(-3, 2)));
        return static_cast<float>(random.between(-1.0, 1.0));
    };
    stump.left = leaf();
    stump.right = random.chance(0.02) ? stump.left : leaf();
    return stump;
}

// A feature as in trained cascades: two, three or four equal parts, or a centre.
inline Feature typical_feature(Random& random, int width, int height)
{
    const int kind = random.below(7);
    const int across[] = {2, 1, 3, 1, 4, 3, 2}, down[] = {1, 2, 1, 3, 1, 3, 2};
    const int columns = across[kind], rows = down[kind];
    if (width < columns || height < rows)
        return random_feature(random, width, height, {false, false, false, false});
    const int wide = random.between(1, width / columns), high = random.between(1, height / rows);
    const int x = random.between(0, width - wide * columns), y = random.between(0, height - high * rows);
    const float sign = random.chance(0.2) ? -1.0f : 1.0f;
    Feature feature = {{{x, y, wide * columns, high * rows, -sign}}, false};
    const bool second = random.chance(0.5);
    switch (kind)
    {
    case 0: feature.boxes.push_back({second ? x + wide : x, y, wide, high, 2 * sign}); break;
    case 1: feature.boxes.push_back({x, second ? y + high : y, wide, high, 2 * sign}); break;
    case 2: feature.boxes.push_back({x + wide, y, wide, high, 3 * sign}); break;
    case 3: feature.boxes.push_back({x, y + high, wide, high, 3 * sign}); break;
    case 4: feature.boxes.push_back({x + wide, y, 2 * wide, high, 2 * sign}); break;
    case 5: feature.boxes.push_back({x + wide, y + high, wide, high, 9 * sign}); break;
    default:
        feature.boxes.push_back({second ? x + wide : x, y, wide, high, 2 * sign});
        feature.boxes.push_back({second ? x : x + wide, y + high, wide, high, 2 * sign});
    }
    return feature;
}

// `leniency` is how far, in standard deviations, the threshold usually is below the mean sum of windows.
inline float random_threshold(Random& random, const Cascade& cascade, const Stage& stage, double leniency)
{
    // The sum of a window whose stumps go randomly left or right, either exactly or slightly off.
    double sum = 0, mean = 0, variance = 0;
    for (int i = stage.first; i < stage.first + stage.count; i += cascade.tree_size_at(i))
    {
        const Stump &stump = cascade.stumps[static_cast<size_t>(i)],
                    &last = cascade.stumps[static_cast<size_t>(i + cascade.tree_size_at(i) - 1)];
        const double left = static_cast<double>(stump.left),
                     right = static_cast<double>(random.chance(0.5) ? last.right : last.left);
        sum += random.chance(0.5) ? left : right;
        mean += (left + right) / 2;
        variance += (left - right) * (left - right) / 4;
    }
    if (random.chance(0.03))
        return random.chance(0.9) ? -1000.0f : 1000.0f;
    if (random.chance(0.3))
        return static_cast<float>(std::min(sum, mean - std::sqrt(variance) * leniency) + 1e-5);
    return static_cast<float>(mean + std::sqrt(variance) * (random.between(-0.7, 0.7) - leniency));
}

inline Cascade random_cascade(Random& random)
{
    Cascade cascade;
    cascade.name = "a random cascade";
    cascade.width = random.between(8, 31);
    cascade.height = random.between(8, std::min(31, 513 / (cascade.width - 2) + 2));
    if (random.chance(0.05))
        cascade.width = random.between(1, 8);
    if (random.chance(0.05))
        cascade.height = random.between(1, 8);
    if (random.chance(0.05))
        cascade.width = random.between(28, 40);
    if (random.chance(0.05))
        cascade.height = random.between(25, 40);
    const FeatureAnomalies anomalies = {random.chance(0.05), random.chance(0.05), random.chance(0.06),
                                        random.chance(0.03)};
    const double typical_share = random.chance(0.6) ? 1.0 : random.real();
    for (int count = random.between(1, 60); count > 0; count--)
        cascade.features.push_back(random.chance(typical_share)
                                       ? typical_feature(random, cascade.width, cascade.height)
                                       : random_feature(random, cascade.width, cascade.height, anomalies));
    const int stages = random.between(1, 25), most = random.between(1, 40), kind = random.below(4);
    const double leniency = random.between(0.0, 3.0), two_node_share = random.chance(0.6)   ? 0.0
                                                                       : random.chance(0.6) ? 1.0
                                                                                            : random.real();
    for (int i = 0; i < stages; i++)
    {
        Stage stage = {static_cast<int>(cascade.stumps.size()), 0, 0};
        for (int trees = random.between(1, most); trees > 0; trees--)
        {
            const auto add = [&]() {
                cascade.stumps.push_back(random_stump(random, static_cast<int>(cascade.features.size()), kind));
            };
            add();
            if (random.chance(two_node_share))
            {
                Stump& root = cascade.stumps.back();
                root.child = random.chance(0.5) ? ChildSide::left : ChildSide::right;
                root.right = root.left;
                add();
            }
        }
        stage.count = static_cast<int>(cascade.stumps.size()) - stage.first;
        stage.stored_threshold = random_threshold(random, cascade, stage, leniency);
        cascade.stages.push_back(stage);
    }
    return cascade;
}

// A trained cascade with fewer stages, lower thresholds or both, so that windows get further.
inline Cascade relaxed(Random& random, const Cascade& trained)
{
    Cascade cascade = trained;
    cascade.name = "relaxed " + trained.name;
    if (random.chance(0.7))
    {
        const size_t stages = static_cast<size_t>(random.between(1, static_cast<int>(trained.stages.size())));
        cascade.stages.resize(stages);
        cascade.stumps.resize(static_cast<size_t>(cascade.stages.back().first + cascade.stages.back().count));
    }
    const double leniency = random.chance(0.4) ? 0.0 : random.between(0.0, 1.5);
    for (Stage& stage : cascade.stages)
    {
        double variance = 0;
        for (int i = stage.first; i < stage.first + stage.count; i += cascade.tree_size_at(i))
        {
            const Stump &stump = cascade.stumps[static_cast<size_t>(i)],
                        &last = cascade.stumps[static_cast<size_t>(i + cascade.tree_size_at(i) - 1)];
            const double range = static_cast<double>(stump.left) - static_cast<double>(last.right);
            variance += range * range / 4;
        }
        stage.stored_threshold -= static_cast<float>(std::sqrt(variance) * leniency);
    }
    return cascade;
}

}  // namespace conformance
