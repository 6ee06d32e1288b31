// Packed cascades: what a cascade's file says, and its model where it has one, as bytes that are used where they lie.
//
//   header | stages | trees | nodes | leaves | features | model
//
// What the file says is for upstream's detection, which some calls and some cascades need. `checksum` is a sum over all
// that follows it. Everything is looked at before it is used: counts, indices, boxes, and that trees end.
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

// Where `left` or `right` is above 0 it is a node of the same tree, else a leaf of it, by its number's negative.
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
    std::vector<uint8_t> tree_sizes;  // the number of nodes of each
    std::vector<PackedNode> nodes;
    std::vector<float> leaves;  // of each tree, one more than nodes
    std::vector<PackedFeature> features;
};

// The same where it lies, checked.
struct PackedCascade
{
    uint32_t width, height;
    uint32_t stage_count, tree_count, node_count, leaf_count, feature_count;
    const PackedStage* stages;
    const uint8_t* tree_sizes;
    const PackedNode* nodes;
    const float* leaves;
    const PackedFeature* features;
    const uint8_t* model_bytes;  // of the model; NULL if there is none
    Model model;
};

// Packs a cascade, with its model if that is wanted. `reason` says why it has none, or is NULL.
std::vector<uint8_t> packCascade(const CascadeDescription& description, bool with_model, const char** reason);

// Finds a cascade in bytes that must be aligned to 4 and live as long; says what is wrong, or NULL.
const char* openPackedCascade(const uint8_t* bytes, size_t length, PackedCascade& packed);

}}  // namespace cv::haar

#endif
