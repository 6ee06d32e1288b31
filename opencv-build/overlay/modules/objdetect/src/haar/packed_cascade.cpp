// Writes and reads packed cascades.
#include "packed_cascade.hpp"

#include <cmath>
#include <cstring>

#include "../shared/packed_header.hpp"

namespace cv { namespace haar {

namespace {

const char MAGIC[8] = {'C', 'A', 'S', 'C', 'A', 'D', 'E', '\n'};
const uint32_t VERSION = 2;

struct CascadeHeader
{
    detection::PackedHeader common;
    uint32_t width, height, stage_count, tree_count, node_count, leaf_count, feature_count, model_offset;
};

template <typename T> void append(std::vector<uint8_t>& bytes, const std::vector<T>& values)
{
    const uint8_t* from = reinterpret_cast<const uint8_t*>(values.data());
    bytes.insert(bytes.end(), from, from + values.size() * sizeof(T));
    bytes.resize((bytes.size() + 3) / 4 * 4);
}

template <typename T> const T* readArray(const uint8_t*& at, const uint8_t* end, size_t count)
{
    const size_t bytes = (count * sizeof(T) + 3) / 4 * 4;
    if (!at || size_t(end - at) < bytes)
    {
        at = NULL;
        return NULL;
    }
    const T* values = reinterpret_cast<const T*>(at);
    at += bytes;
    return values;
}

// Converts to the model compiler's input. Returns false if a tree has an unsupported form.
bool toCascade(const CascadeDescription& from, Cascade& cascade)
{
    cascade.width = from.width;
    cascade.height = from.height;
    const uint8_t* tree = from.tree_sizes.data();
    const PackedNode* node = from.nodes.data();
    const float* leaf = from.leaves.data();
    for (const PackedStage& stage : from.stages)
    {
        cascade.stages.push_back({int(cascade.stumps.size()), 0, stage.threshold});
        for (uint32_t t = 0; t < stage.tree_count; t++, tree++)
        {
            std::vector<TreeNode> nodes;
            for (int i = 0; i < *tree; i++, node++)
                nodes.push_back({node->feature, node->threshold, node->left, node->right});
            if (!addTree(cascade, nodes.data(), *tree, leaf))
                return false;
            leaf += *tree + 1;
        }
    }
    for (const PackedFeature& packed_feature : from.features)
    {
        Feature feature;
        for (int i = 0; i < 3; i++)
        {
            const uint8_t* box = packed_feature.box[i];
            const Box unpacked = {box[0], box[1], box[2], box[3], float(packed_feature.weight[i])};
            feature.boxes[i] = unpacked;
        }
        feature.tilted = packed_feature.tilted != 0;
        cascade.features.push_back(feature);
    }
    return true;
}

// Whether upstream can safely read the box. A tilted box starts at its top corner. It extends by its height to the
// left, by its width to the right, and by their sum downwards.
bool isBoxInWindow(const uint8_t* box, bool tilted, uint32_t width, uint32_t height)
{
    const int x = box[0], y = box[1], right = box[2], down = box[3];
    if (x >= int(width) || y >= int(height) || x + right > int(width) || y + down > int(height))
        return false;
    return !tilted || (x >= down && y + right + down <= int(height));
}

const char* validateTrees(const PackedCascade& packed)
{
    uint32_t trees = 0, nodes = 0;
    for (uint32_t s = 0; s < packed.stage_count; s++)
    {
        if (packed.stages[s].tree_count == 0 || packed.stages[s].tree_count > packed.tree_count - trees)
            return "its stages and trees do not match";
        trees += packed.stages[s].tree_count;
    }
    for (uint32_t t = 0; t < packed.tree_count; t++)
    {
        const int count = packed.tree_sizes[t];
        if (count == 0 || uint32_t(count) > packed.node_count - nodes)
            return "its trees and nodes do not match";
        for (int i = 0; i < count; i++)
        {
            const PackedNode& node = packed.nodes[nodes + uint32_t(i)];
            if (node.feature >= packed.feature_count)
                return "it has nodes that refer to missing features";
            const int next[] = {node.left, node.right};
            for (int to : next)
                // Children must follow their parents, so that every path through a tree ends.
                if (to > 0 ? to <= i || to >= count : -to > count)
                    return "it has nodes with invalid children";
        }
        nodes += uint32_t(count);
    }
    if (trees != packed.tree_count || nodes != packed.node_count ||
        packed.leaf_count != packed.node_count + packed.tree_count)
        return "its trees do not match its stages, nodes and leaves";
    return NULL;
}

}  // namespace

std::vector<uint8_t> packCascade(const CascadeDescription& from, bool with_model, const char** reason)
{
    Cascade cascade;
    std::vector<uint8_t> model, bytes(sizeof(CascadeHeader));
    *reason = !with_model                ? "no model was requested"
              : toCascade(from, cascade) ? compileModel(cascade, model)
                                         : "it has trees of more than two nodes";
    append(bytes, from.stages);
    append(bytes, from.tree_sizes);
    append(bytes, from.nodes);
    append(bytes, from.leaves);
    append(bytes, from.features);
    CascadeHeader header = {};
    header.common = detection::newHeader(MAGIC, VERSION);
    header.width = uint32_t(from.width);
    header.height = uint32_t(from.height);
    header.stage_count = uint32_t(from.stages.size());
    header.tree_count = uint32_t(from.tree_sizes.size());
    header.node_count = uint32_t(from.nodes.size());
    header.leaf_count = uint32_t(from.leaves.size());
    header.feature_count = uint32_t(from.features.size());
    header.model_offset = *reason ? 0 : uint32_t(bytes.size());
    if (!*reason)
        append(bytes, model);
    std::memcpy(bytes.data(), &header, sizeof header);
    detection::sealPacked(bytes);
    return bytes;
}

const char* openPackedCascade(const uint8_t* bytes, size_t length, PackedCascade& packed)
{
    if (!detection::hasMagic(bytes, length, MAGIC))
        return "it is not a packed cascade";
    CascadeHeader header;
    if (const char* reason = detection::readPackedHeader(bytes, length, VERSION, header))
        return reason;
    // Boxes have 8-bit coordinates.
    if (header.width < 3 || header.width > 255 || header.height < 3 || header.height > 255)
        return "its window is too large or too small";
    packed.width = header.width;
    packed.height = header.height;
    packed.stage_count = header.stage_count;
    packed.tree_count = header.tree_count;
    packed.node_count = header.node_count;
    packed.leaf_count = header.leaf_count;
    packed.feature_count = header.feature_count;
    const uint8_t* at = bytes + sizeof header;
    const uint8_t* const end = bytes + (header.model_offset ? header.model_offset : length);
    if (header.model_offset > length || header.model_offset % 4 != 0 ||
        (header.model_offset && header.model_offset < sizeof header))
        return "its model is out of range";
    packed.stages = readArray<PackedStage>(at, end, packed.stage_count);
    packed.tree_sizes = readArray<uint8_t>(at, end, packed.tree_count);
    packed.nodes = readArray<PackedNode>(at, end, packed.node_count);
    packed.leaves = readArray<float>(at, end, packed.leaf_count);
    packed.features = readArray<PackedFeature>(at, end, packed.feature_count);
    if (at != end || packed.stage_count == 0)
        return "its parts do not match its length";
    if (const char* reason = validateTrees(packed))
        return reason;
    for (uint32_t f = 0; f < packed.feature_count; f++)
    {
        const PackedFeature& feature = packed.features[f];
        for (const uint8_t* box : feature.box)
            if (!isBoxInWindow(box, feature.tilted != 0, packed.width, packed.height))
                return "it has features outside the window";
    }
    packed.model_bytes = header.model_offset ? bytes + header.model_offset : NULL;
    if (packed.model_bytes)
    {
        if (const char* reason = openModel(packed.model_bytes, length - header.model_offset, packed.model))
            return reason;
        if (uint32_t(packed.model.width) != packed.width || uint32_t(packed.model.height) != packed.height)
            return "its model has another window size";
    }
    return NULL;
}

}}  // namespace cv::haar
