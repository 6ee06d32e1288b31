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

// Whether the corners of a stage are all there and within the window.
bool goodCorners(const Model& model, const ModelStage& stage, const uint8_t* at, const uint8_t** next)
{
    const unsigned width = unsigned(model.width), height = unsigned(model.height);
    const size_t plain = size_t(stage.count[Edge]) * EdgeCorners + size_t(stage.count[Line]) * LineCorners +
                         size_t(stage.count[Checker]) * CheckerCorners;
    if (size_t(model.end - at) < 2 * plain)
        return false;
    unsigned outside = 0;
    for (size_t i = 0; i < plain; i++)
        outside |= unsigned(at[2 * i] > width) | unsigned(at[2 * i + 1] > height);
    if (outside)
        return false;
    at += 2 * plain;
    for (int i = 0; i < stage.count[Other]; i++)
    {
        if (at == model.end)
            return false;
        for (int parts = *at++; parts > 0; parts--)
        {
            if (at == model.end)
                return false;
            int corners = *at++;
            if (model.end - at < 3 * corners)
                return false;
            for (; corners > 0; corners--, at += 3)
                if (at[0] > width || at[1] > height)
                    return false;
        }
    }
    *next = at;
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
        const uint32_t count = uint32_t(stage.count[Edge]) + stage.count[Line] + stage.count[Checker] + stage.count[Other];
        if (stage.first != first || count == 0 || count > model.stumps - first)
            return "its model's stages do not fit its stumps";
        for (uint32_t i = first; i < first + count; i++)
            if (model.order[i] >= count)
                return "its model's stumps are out of order";
        if (stage.corners != size_t(corners - model.corners) || !goodCorners(model, stage, corners, &corners))
            return "its model has corners outside of the window";
        first += count;
    }
    if (first != model.stumps || corners != model.end)
        return "its model's stages do not fit its stumps";
    return NULL;
}

}} // namespace cv::haar
