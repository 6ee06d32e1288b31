// Writes and reads packed cascades.
#include "packed.hpp"

#include <cmath>
#include <cstring>

namespace cv { namespace haar {

namespace {

const char MAGIC[8] = {'C', 'A', 'S', 'C', 'A', 'D', 'E', '\n'};
const uint32_t VERSION = 2;

struct Header
{
    char magic[8];
    uint32_t version, length, check[2];
    uint32_t width, height, stages, trees, nodes, leaves, features, model;
};

// Fletcher's sums over words of 32 bits, in four lanes that a compiler can keep in one register: a flipped bit changes
// the first one, exchanged words the second one.
void checksum(const uint8_t* bytes, size_t length, uint32_t* check)
{
    uint32_t sum[4] = {1, 2, 3, 4}, sums[4] = {0, 0, 0, 0};
    for (size_t i = 0; i + 16 <= length; i += 16)
        for (int lane = 0; lane < 4; lane++)
        {
            uint32_t word;
            std::memcpy(&word, bytes + i + 4 * lane, sizeof word);
            sum[lane] += word;
            sums[lane] += sum[lane];
        }
    for (size_t i = length / 16 * 16; i < length; i++)
    {
        sum[i & 3] += bytes[i];
        sums[i & 3] += sum[i & 3];
    }
    check[0] = sum[0] ^ (sum[1] << 8 | sum[1] >> 24) ^ (sum[2] << 16 | sum[2] >> 16) ^ (sum[3] << 24 | sum[3] >> 8);
    check[1] = sums[0] ^ (sums[1] << 8 | sums[1] >> 24) ^ (sums[2] << 16 | sums[2] >> 16) ^ (sums[3] << 24 | sums[3] >> 8);
}

template <typename T> void append(std::vector<uint8_t>& bytes, const std::vector<T>& values)
{
    const uint8_t* from = reinterpret_cast<const uint8_t*>(values.data());
    bytes.insert(bytes.end(), from, from + values.size() * sizeof(T));
    bytes.resize((bytes.size() + 3) / 4 * 4);
}

template <typename T> const T* take(const uint8_t*& at, const uint8_t* end, size_t count)
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

// What the model is compiled from, if every tree has a form that it knows.
bool describe(const Description& from, Cascade& cascade)
{
    cascade.width = from.width;
    cascade.height = from.height;
    const uint8_t* tree = from.trees.data();
    const PackedNode* node = from.nodes.data();
    const float* leaf = from.leaves.data();
    for (const PackedStage& packed : from.stages)
    {
        cascade.stages.push_back({int(cascade.stumps.size()), 0, packed.threshold});
        for (uint32_t t = 0; t < packed.trees; t++, tree++)
        {
            std::vector<TreeNode> nodes;
            for (int i = 0; i < *tree; i++, node++)
                nodes.push_back({node->feature, node->threshold, node->left, node->right});
            if (!addTree(cascade, nodes.data(), *tree, leaf))
                return false;
            leaf += *tree + 1;
        }
    }
    for (const PackedFeature& packed : from.features)
    {
        Feature feature;
        for (int i = 0; i < 3; i++)
        {
            const uint8_t* box = packed.box[i];
            const Box unpacked = {box[0], box[1], box[2], box[3], float(packed.weight[i])};
            feature.boxes[i] = unpacked;
        }
        feature.tilted = packed.tilted != 0;
        cascade.features.push_back(feature);
    }
    return true;
}

// Whether stock may read the box. A tilted one begins at its upper corner, reaches its height to the left and its width to
// the right, and both together down.
bool goodBox(const uint8_t* box, bool tilted, uint32_t width, uint32_t height)
{
    const int x = box[0], y = box[1], right = box[2], down = box[3];
    if (x >= int(width) || y >= int(height) || x + right > int(width) || y + down > int(height))
        return false;
    return !tilted || (x >= down && y + right + down <= int(height));
}

const char* checkTrees(const Packed& packed)
{
    uint32_t trees = 0, nodes = 0;
    for (uint32_t s = 0; s < packed.stages; s++)
    {
        if (packed.stage[s].trees == 0 || packed.stage[s].trees > packed.trees - trees)
            return "its stages do not fit its trees";
        trees += packed.stage[s].trees;
    }
    for (uint32_t t = 0; t < packed.trees; t++)
    {
        const int count = packed.tree[t];
        if (count == 0 || uint32_t(count) > packed.nodes - nodes)
            return "its trees do not fit its nodes";
        for (int i = 0; i < count; i++)
        {
            const PackedNode& node = packed.node[nodes + uint32_t(i)];
            if (node.feature >= packed.features)
                return "it has nodes without a feature";
            const int next[] = {node.left, node.right};
            for (int to : next)
                // Only ahead, so that every way through a tree ends.
                if (to > 0 ? to <= i || to >= count : -to > count)
                    return "it has nodes that lead nowhere";
        }
        nodes += uint32_t(count);
    }
    if (trees != packed.trees || nodes != packed.nodes || packed.leaves != packed.nodes + packed.trees)
        return "its trees do not fit its stages, nodes and leaves";
    return NULL;
}

}  // namespace

std::vector<uint8_t> pack(const Description& from, bool wants_model, const char** why)
{
    Cascade cascade;
    std::vector<uint8_t> model, bytes(sizeof(Header));
    *why = !wants_model              ? "its model was not asked for"
           : describe(from, cascade) ? compile(cascade, model)
                                     : "it has trees of more than two nodes";
    append(bytes, from.stages);
    append(bytes, from.trees);
    append(bytes, from.nodes);
    append(bytes, from.leaves);
    append(bytes, from.features);
    Header header = {};
    std::memcpy(header.magic, MAGIC, sizeof MAGIC);
    header.version = VERSION;
    header.width = uint32_t(from.width);
    header.height = uint32_t(from.height);
    header.stages = uint32_t(from.stages.size());
    header.trees = uint32_t(from.trees.size());
    header.nodes = uint32_t(from.nodes.size());
    header.leaves = uint32_t(from.leaves.size());
    header.features = uint32_t(from.features.size());
    header.model = *why ? 0 : uint32_t(bytes.size());
    if (!*why)
        append(bytes, model);
    header.length = uint32_t(bytes.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    const size_t from_here = offsetof(Header, width);
    checksum(&bytes[from_here], bytes.size() - from_here, header.check);
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

const char* open(const uint8_t* bytes, size_t length, Packed& packed)
{
    Header header;
    if (length < sizeof header || std::memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return "it is no packed cascade";
    std::memcpy(&header, bytes, sizeof header);
    if (header.version != VERSION)
        return "it is a packed cascade of another version";
    if (header.length != length)
        return "it is cut short or has something behind it";
    uint32_t check[2];
    const size_t from_here = offsetof(Header, width);
    checksum(bytes + from_here, length - from_here, check);
    if (check[0] != header.check[0] || check[1] != header.check[1])
        return "its checksum is another";
    // 255 is what a box can say.
    if (header.width < 3 || header.width > 255 || header.height < 3 || header.height > 255)
        return "its window is too large or too small";
    packed.width = header.width;
    packed.height = header.height;
    packed.stages = header.stages;
    packed.trees = header.trees;
    packed.nodes = header.nodes;
    packed.leaves = header.leaves;
    packed.features = header.features;
    const uint8_t* at = bytes + sizeof header;
    const uint8_t* const end = bytes + (header.model ? header.model : length);
    if (header.model > length || header.model % 4 != 0 || (header.model && header.model < sizeof header))
        return "its model is not in it";
    packed.stage = take<PackedStage>(at, end, packed.stages);
    packed.tree = take<uint8_t>(at, end, packed.trees);
    packed.node = take<PackedNode>(at, end, packed.nodes);
    packed.leaf = take<float>(at, end, packed.leaves);
    packed.feature = take<PackedFeature>(at, end, packed.features);
    if (at != end || packed.stages == 0)
        return "its parts do not fit its length";
    if (const char* why = checkTrees(packed))
        return why;
    for (uint32_t f = 0; f < packed.features; f++)
    {
        const PackedFeature& feature = packed.feature[f];
        for (const uint8_t* box : feature.box)
            if (!goodBox(box, feature.tilted != 0, packed.width, packed.height))
                return "it has features that reach out of the window";
    }
    packed.block = header.model ? bytes + header.model : NULL;
    if (packed.block)
    {
        if (const char* why = open(packed.block, length - header.model, packed.model))
            return why;
        if (uint32_t(packed.model.width) != packed.width || uint32_t(packed.model.height) != packed.height)
            return "its model is of another window";
    }
    return NULL;
}

}} // namespace cv::haar
