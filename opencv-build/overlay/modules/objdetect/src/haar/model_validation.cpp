// Validates a model that was compiled elsewhere: every count and every corner.
#include "model_header.hpp"
#include "model.hpp"

namespace cv { namespace haar {

namespace {

// Consumes `count` values of the block. Returns NULL if it is too short.
template <typename T> const T* readArray(const uint8_t*& at, const uint8_t* end, size_t count)
{
    const size_t bytes = (count * sizeof(T) + 3) / 4 * 4;
    if (size_t(end - at) < bytes)
        return NULL;
    const T* values = reinterpret_cast<const T*>(at);
    at += bytes;
    return values;
}

// Whether `count` corners of `size` bytes each are in the block and within the window. Advances `at`.
bool areCornersInWindow(const Model& model, const uint8_t*& at, size_t count, size_t size)
{
    if (size_t(model.corners_end - at) < count * size)
        return false;
    unsigned outside = 0;
    for (; count > 0; count--, at += size)
        outside |= unsigned(at[0] > unsigned(model.width)) | unsigned(at[1] > unsigned(model.height));
    return !outside;
}

bool checkGenericNode(const Model& model, const uint8_t*& at)
{
    if (at == model.corners_end)
        return false;
    for (int parts = *at++; parts > 0; parts--)
    {
        if (at == model.corners_end)
            return false;
        const size_t corners = *at++;
        if (!areCornersInWindow(model, at, corners, 3))
            return false;
    }
    return true;
}

bool checkNode(const Model& model, const uint8_t*& at, Shape shape)
{
    static const size_t corners[Generic] = {EdgeCorners, LineCorners, CheckerCorners};
    return shape == Generic ? checkGenericNode(model, at) : areCornersInWindow(model, at, corners[shape], 2);
}

// Whether all corners of a stage are valid. Advances `at`.
bool checkStage(const Model& model, const ModelStage& stage, const uint8_t*& at)
{
    const size_t plain = size_t(stage.shape_counts[Edge]) * EdgeCorners +
                         size_t(stage.shape_counts[Line]) * LineCorners +
                         size_t(stage.shape_counts[Checker]) * CheckerCorners;
    if (!areCornersInWindow(model, at, plain, 2))
        return false;
    for (int i = 0; i < stage.shape_counts[Generic]; i++)
        if (!checkGenericNode(model, at))
            return false;
    for (int i = 0; i < stage.tree_count; i++)
    {
        if (at == model.corners_end)
            return false;
        const int form = *at++;
        if (form >= TreeFormCount || !checkNode(model, at, firstShape(form)) ||
            !checkNode(model, at, secondShape(form)))
            return false;
    }
    return true;
}

}  // namespace

const char* openModel(const uint8_t* block, size_t length, Model& model)
{
    const uint8_t* at = block;
    const uint8_t* const end = block + length;
    const ModelHeader* header = readArray<ModelHeader>(at, end, 1);
    if (!header || header->magic != ModelMagic)
        return "its model has no valid header";
    if (header->version != ModelVersion)
        return "its model has an unsupported version";
    if (!isSupportedWindow(header->width, header->height))
        return "its model's window is too large or too small";
    model.width = int(header->width);
    model.height = int(header->height);
    model.stage_count = header->stage_count;
    model.node_count = header->node_count;
    model.stages = readArray<ModelStage>(at, end, model.stage_count);
    model.thresholds = model.stages ? readArray<float>(at, end, model.node_count) : NULL;
    model.leaf_deltas = model.thresholds ? readArray<LeafDelta>(at, end, model.node_count) : NULL;
    model.leaves = model.leaf_deltas ? readArray<float>(at, end, size_t(model.node_count) * 2) : NULL;
    model.order = model.leaves ? readArray<uint16_t>(at, end, model.node_count) : NULL;
    model.corners = model.order ? readArray<uint8_t>(at, end, header->corner_bytes) : NULL;
    if (!model.corners || model.stage_count == 0 || at != end)
        return "its model is truncated or has trailing bytes";
    model.corners_end = model.corners + header->corner_bytes;
    const uint8_t* corners = model.corners;
    uint32_t first = 0;
    for (uint32_t s = 0; s < model.stage_count; s++)
    {
        const ModelStage& stage = model.stages[s];
        const uint32_t count = nodeCount(stage);
        if (stage.first != first || count == 0 || count > model.node_count - first)
            return "its model's stages and nodes do not match";
        for (uint32_t i = first; i < first + count; i++)
            if (model.order[i] >= count)
                return "its model has a node index out of range";
        if (stage.corner_offset != size_t(corners - model.corners) || !checkStage(model, stage, corners))
            return "its model has corners outside the window";
        first += count;
    }
    if (first != model.node_count || corners != model.corners_end)
        return "its model's stages and nodes do not match";
    return NULL;
}

}}  // namespace cv::haar
