// Tables of the stages for one layout of the integral image, with the offset of each stump's corners.
#ifndef OPENCV_OBJDETECT_HAAR_STAGE_TABLES_HPP
#define OPENCV_OBJDETECT_HAAR_STAGE_TABLES_HPP

#include "buffer.hpp"
#include "stage_sums.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The tables of a model's stages for one mapping from (x, y) to offsets. A stage's table is built on first use, because
// most images have no window that reaches the last stages.
class StageTables
{
public:
    // `offsets` has the offset of each of the model's (width + 1) x (height + 1) corners, row by row, and is copied.
    void init(const Model& model, const uint32_t* offsets);

    const StageTable& operator[](uint32_t stage)
    {
        if (!entries_[stage].data())
            build(stage);
        return tables_[stage];
    }

    StageTables() : model_(NULL), entries_(NULL) {}
    ~StageTables() { delete[] entries_; }
    StageTables(const StageTables&) = delete;
    StageTables& operator=(const StageTables&) = delete;

private:
    void build(uint32_t stage);

    const Model* model_;
    Buffer<uint32_t> offsets_;
    Buffer<StageTable> tables_;
    Buffer<uint32_t>* entries_;  // one per stage
};

inline void StageTables::init(const Model& model, const uint32_t* offsets)
{
    model_ = &model;
    const size_t positions = size_t(model.width + 1) * size_t(model.height + 1);
    offsets_.reserve(positions);
    std::memcpy(offsets_.data(), offsets, positions * sizeof *offsets);
    tables_.reserve(model.stage_count);
    delete[] entries_;
    entries_ = NULL;
    entries_ = new Buffer<uint32_t>[model.stage_count];
}

// The value in both 16-bit halves, for splatPair.
inline int32_t duplicate16(int16_t value) { return int32_t(uint32_t(uint16_t(value)) * 0x10001u); }

inline void StageTables::build(uint32_t s)
{
    const Model& model = *model_;
    const ModelStage& stage = model.stages[s];
    const uint8_t* at = model.corners + stage.corner_offset;
    const size_t edges = stage.shape_counts[Edge], lines = stage.shape_counts[Line],
                 checkers = stage.shape_counts[Checker];
    const size_t bytes = s + 1 < model.stage_count ? model.stages[s + 1].corner_offset - stage.corner_offset
                                                   : size_t(model.corners_end - at);
    const size_t generic_bytes = bytes - 2 * (edges * EdgeCorners + lines * LineCorners + checkers * CheckerCorners);
    // Each byte of a Generic, and each tree form, becomes at most one word; each node has three more words.
    entries_[s].reserve(edges * (EdgeCorners + 3) + lines * (LineCorners + 3) + checkers * (CheckerCorners + 3) +
                        generic_bytes + 3 * size_t(stage.shape_counts[Generic]) + 6 * size_t(stage.tree_count));
    uint32_t* to = entries_[s].data();
    uint32_t stump = stage.first;
    const uint32_t width = uint32_t(model.width) + 1;
    const auto offsetOf = [&](const uint8_t* corner) { return offsets_[corner[1] * width + corner[0]]; };
    const auto appendLeaves = [&]() {
        std::memcpy(to++, &model.thresholds[stump], sizeof(float));
        *to++ = uint32_t(duplicate16(model.leaf_deltas[stump].coarse));
        *to++ = uint32_t(duplicate16(model.leaf_deltas[stump].fine));
        stump++;
    };
    const auto appendStumps = [&](size_t count, int corners) {
        for (; count > 0; count--)
        {
            for (int i = 0; i < corners; i++, at += 2)
                *to++ = offsetOf(at);
            appendLeaves();
        }
    };
    StageTable& table = tables_[s];
    table.edges = reinterpret_cast<const EdgeEntry*>(to);
    appendStumps(edges, EdgeCorners);
    table.lines = reinterpret_cast<const LineEntry*>(to);
    appendStumps(lines, LineCorners);
    table.checkers = reinterpret_cast<const CheckerEntry*>(to);
    appendStumps(checkers, CheckerCorners);
    table.generics = to;
    const auto appendGeneric = [&]() {
        const int parts = *at++;
        *to++ = uint32_t(parts);
        for (int part = 0; part < parts; part++)
        {
            int corners = *at++;
            *to++ = uint32_t(corners);
            for (; corners > 0; corners--, at += 3)
            {
                *to++ = offsetOf(at);
                *to++ = uint32_t(duplicate16(int16_t(int8_t(at[2]))));
            }
        }
        appendLeaves();
    };
    for (int count = stage.shape_counts[Generic]; count > 0; count--)
        appendGeneric();
    const auto appendNode = [&](Shape shape) {
        static const int corner_counts[Generic] = {EdgeCorners, LineCorners, CheckerCorners};
        if (shape == Generic)
            appendGeneric();
        else
            appendStumps(1, corner_counts[shape]);
    };
    table.trees = to;
    for (int count = stage.tree_count; count > 0; count--)
    {
        const int form = *at++;
        *to++ = uint32_t(form);
        appendNode(firstShape(form));
        appendNode(secondShape(form));
    }
    table.tree_count = stage.tree_count;
    for (int shape = 0; shape < ShapeCount; shape++)
        table.shape_counts[shape] = stage.shape_counts[shape];
    table.base[Coarse] = duplicate16(stage.coarse_base);
    table.base[Fine] = duplicate16(stage.fine_base);
    table.fine_per_coarse = stage.fine_per_coarse;
    table.margin = stage.margin;
    table.fine_margin = stage.fine_margin;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
