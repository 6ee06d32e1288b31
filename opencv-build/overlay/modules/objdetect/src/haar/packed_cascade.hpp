// Packed cascades: the contents of a cascade's file, and its model if it has one, as bytes that are used in place.
//
//   header | stages | trees | nodes | leaves | features | model
//
// Upstream's detection, which some calls and some cascades need, uses the contents of the file. `checksum` covers
// everything after it. Everything is validated before use: counts, indices, boxes, and that every tree ends.
#ifndef OPENCV_OBJDETECT_HAAR_PACKED_CASCADE_HPP
#define OPENCV_OBJDETECT_HAAR_PACKED_CASCADE_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model.hpp"

namespace cv { namespace haar {

struct PackedStage
{
    float threshold;
    uint32_t tree_count;
};

// A positive `left` or `right` is the index of a node of the same tree; otherwise its negative is the index of a leaf.
struct PackedNode
{
    float threshold;
    uint16_t feature;
    int8_t left, right;
};

struct PackedFeature
{
    uint8_t box[3][4];  // x, y, width, height
    int8_t weight[3];
    uint8_t tilted;
};

// A cascade as its file describes it.
struct CascadeDescription
{
    int width, height;
    std::vector<PackedStage> stages;
    std::vector<uint8_t> tree_sizes;  // number of nodes per tree
    std::vector<PackedNode> nodes;
    std::vector<float> leaves;  // per tree, one more than its nodes
    std::vector<PackedFeature> features;
};

// A validated packed cascade. Points into bytes that must outlive it.
struct PackedCascade
{
    uint32_t width, height;
    uint32_t stage_count, tree_count, node_count, leaf_count, feature_count;
    const PackedStage* stages;
    const uint8_t* tree_sizes;
    const PackedNode* nodes;
    const float* leaves;
    const PackedFeature* features;
    const uint8_t* model_bytes;  // NULL if there is no model
    Model model;
};

// Packs a cascade, with its model if requested. `reason` is the reason why it has no model, or NULL.
std::vector<uint8_t> packCascade(const CascadeDescription& description, bool with_model, const char** reason);

// Validates and opens a packed cascade. Returns NULL or the reason. `bytes` must be aligned to 4 and outlive it.
const char* openPackedCascade(const uint8_t* bytes, size_t length, PackedCascade& packed);

}}  // namespace cv::haar

#endif
