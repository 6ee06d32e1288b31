// Checks a model that was compiled elsewhere: every count, and every corner.
#include "block.hpp"
#include "model.hpp"

namespace cv { namespace haar {

namespace {

// Takes `count` values from the block, or NULL if it has not so many.
template <typename T> const T* take(const uint8_t*& at, const uint8_t* end, size_t count)
{
    const size_t bytes = (count * sizeof(T) + 3) / 4 * 4;
    if (size_t(end - at) < bytes)
        return NULL;
    const T* values = reinterpret_cast<const T*>(at);
    at += bytes;
    return values;
}

// Whether `count` corners of `size` bytes are all there and within the window. Steps over them.
bool goodCorners(const Model& model, const uint8_t*& at, size_t count, size_t size)
{
    if (size_t(model.end - at) < count * size)
        return false;
    unsigned outside = 0;
    for (; count > 0; count--, at += size)
        outside |= unsigned(at[0] > unsigned(model.width)) | unsigned(at[1] > unsigned(model.height));
    return !outside;
}

bool goodOther(const Model& model, const uint8_t*& at)
{
    if (at == model.end)
        return false;
    for (int parts = *at++; parts > 0; parts--)
    {
        if (at == model.end)
            return false;
        const size_t corners = *at++;
        if (!goodCorners(model, at, corners, 3))
            return false;
    }
    return true;
}

bool goodNode(const Model& model, const uint8_t*& at, Shape shape)
{
    static const size_t corners[Other] = {EdgeCorners, LineCorners, CheckerCorners};
    return shape == Other ? goodOther(model, at) : goodCorners(model, at, corners[shape], 2);
}

// The same for a stage.
bool goodStage(const Model& model, const ModelStage& stage, const uint8_t*& at)
{
    const size_t plain = size_t(stage.count[Edge]) * EdgeCorners + size_t(stage.count[Line]) * LineCorners +
                         size_t(stage.count[Checker]) * CheckerCorners;
    if (!goodCorners(model, at, plain, 2))
        return false;
    for (int i = 0; i < stage.count[Other]; i++)
        if (!goodOther(model, at))
            return false;
    for (int i = 0; i < stage.trees; i++)
    {
        if (at == model.end)
            return false;
        const int form = *at++;
        if (form >= TreeForms || !goodNode(model, at, firstShape(form)) || !goodNode(model, at, secondShape(form)))
            return false;
    }
    return true;
}

}  // namespace

const char* open(const uint8_t* block, size_t length, Model& model)
{
    const uint8_t* at = block;
    const uint8_t* const end = block + length;
    const BlockHeader* header = take<BlockHeader>(at, end, 1);
    if (!header || header->magic != BlockMagic)
        return "its model is none";
    if (header->version != BlockVersion)
        return "its model is of another version";
    if (!goodWindow(header->width, header->height))
        return "its model's window is too large or too small";
    model.width = int(header->width);
    model.height = int(header->height);
    model.stages = header->stages;
    model.stumps = header->stumps;
    model.stage = take<ModelStage>(at, end, model.stages);
    model.threshold = model.stage ? take<float>(at, end, model.stumps) : NULL;
    model.answer = model.threshold ? take<ModelAnswer>(at, end, model.stumps) : NULL;
    model.leaves = model.answer ? take<float>(at, end, size_t(model.stumps) * 2) : NULL;
    model.order = model.leaves ? take<uint16_t>(at, end, model.stumps) : NULL;
    model.corners = model.order ? take<uint8_t>(at, end, header->corners) : NULL;
    if (!model.corners || model.stages == 0 || at != end)
        return "its model is cut short or has something behind it";
    model.end = model.corners + header->corners;
    const uint8_t* corners = model.corners;
    uint32_t first = 0;
    for (uint32_t s = 0; s < model.stages; s++)
    {
        const ModelStage& stage = model.stage[s];
        const uint32_t count = nodesOf(stage);
        if (stage.first != first || count == 0 || count > model.stumps - first)
            return "its model's stages do not fit its stumps";
        for (uint32_t i = first; i < first + count; i++)
            if (model.order[i] >= count)
                return "its model's stumps are out of order";
        if (stage.corners != size_t(corners - model.corners) || !goodStage(model, stage, corners))
            return "its model has corners outside of the window";
        first += count;
    }
    if (first != model.stumps || corners != model.end)
        return "its model's stages do not fit its stumps";
    return NULL;
}

}} // namespace cv::haar
