// Where the corners of each stump are in one layout of the integral image: tables that the stages are summed by.
#ifndef OPENCV_OBJDETECT_HAAR_LAYOUT_HPP
#define OPENCV_OBJDETECT_HAAR_LAYOUT_HPP

#include "buffer.hpp"
#include "features.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Tables of a model's stages for integral images in which (x, y) is at an offset of its own. A stage's table is made when
// it is first asked for: most photos have no window that comes to the last ones.
class Layout
{
public:
    // `offsets` is a table of the model's (width + 1) x (height + 1) places, row by row, and is copied.
    void start(const Model& model, const uint32_t* offsets);

    const StageTable& operator[](uint32_t stage)
    {
        if (!entries_[stage].data())
            build(stage);
        return tables_[stage];
    }

    Layout() : model_(NULL), entries_(NULL) {}
    ~Layout() { delete[] entries_; }
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;

private:
    void build(uint32_t stage);

    const Model* model_;
    Buffer<uint32_t> offsets_;
    Buffer<StageTable> tables_;
    Buffer<uint32_t>* entries_;    // of each stage
};

inline void Layout::start(const Model& model, const uint32_t* offsets)
{
    model_ = &model;
    const size_t places = size_t(model.width + 1) * size_t(model.height + 1);
    offsets_.need(places);
    std::memcpy(offsets_.data(), offsets, places * sizeof *offsets);
    tables_.need(model.stages);
    delete[] entries_;
    entries_ = NULL;
    entries_ = new Buffer<uint32_t>[model.stages];
}

// An answer twice, to fill a vector of 16-bit lanes with.
inline int32_t twice(int16_t value)
{
    return int32_t(uint32_t(uint16_t(value)) * 0x10001u);
}

inline void Layout::build(uint32_t s)
{
    const Model& model = *model_;
    const ModelStage& stage = model.stage[s];
    const uint8_t* at = model.corners + stage.corners;
    const size_t edges = stage.count[Edge], lines = stage.count[Line], checkers = stage.count[Checker];
    const size_t bytes = s + 1 < model.stages ? model.stage[s + 1].corners - stage.corners : size_t(model.end - at);
    const size_t others = bytes - 2 * (edges * EdgeCorners + lines * LineCorners + checkers * CheckerCorners);
    // Each byte of an Other's description becomes one word at most, as does the form of a tree; each node has three words more.
    entries_[s].need(edges * (EdgeCorners + 3) + lines * (LineCorners + 3) + checkers * (CheckerCorners + 3) + others +
                     3 * size_t(stage.count[Other]) + 6 * size_t(stage.trees));
    uint32_t* to = entries_[s].data();
    uint32_t stump = stage.first;
    const uint32_t width = uint32_t(model.width) + 1;
    const auto place = [&](const uint8_t* corner) { return offsets_[corner[1] * width + corner[0]]; };
    const auto end = [&]() {
        std::memcpy(to++, &model.threshold[stump], sizeof(float));
        *to++ = uint32_t(twice(model.answer[stump].coarse));
        *to++ = uint32_t(twice(model.answer[stump].fine));
        stump++;
    };
    const auto plain = [&](size_t count, int corners) {
        for (; count > 0; count--)
        {
            for (int i = 0; i < corners; i++, at += 2)
                *to++ = place(at);
            end();
        }
    };
    StageTable& table = tables_[s];
    table.edges = reinterpret_cast<const EdgeEntry*>(to);
    plain(edges, EdgeCorners);
    table.lines = reinterpret_cast<const LineEntry*>(to);
    plain(lines, LineCorners);
    table.checkers = reinterpret_cast<const CheckerEntry*>(to);
    plain(checkers, CheckerCorners);
    table.others = to;
    const auto other = [&]() {
        const int parts = *at++;
        *to++ = uint32_t(parts);
        for (int part = 0; part < parts; part++)
        {
            int corners = *at++;
            *to++ = uint32_t(corners);
            for (; corners > 0; corners--, at += 3)
            {
                *to++ = place(at);
                *to++ = uint32_t(twice(int16_t(int8_t(at[2]))));
            }
        }
        end();
    };
    for (int count = stage.count[Other]; count > 0; count--)
        other();
    const auto node = [&](Shape shape) {
        static const int corners[Other] = {EdgeCorners, LineCorners, CheckerCorners};
        if (shape == Other)
            other();
        else
            plain(1, corners[shape]);
    };
    table.trees = to;
    for (int count = stage.trees; count > 0; count--)
    {
        const int form = *at++;
        *to++ = uint32_t(form);
        node(firstShape(form));
        node(secondShape(form));
    }
    table.tree_count = stage.trees;
    for (int shape = 0; shape < Shapes; shape++)
        table.count[shape] = stage.count[shape];
    table.base[Coarse] = twice(stage.base);
    table.base[Fine] = twice(stage.fine);
    table.fineness = stage.fineness;
    table.margin = stage.margin;
    table.fine_margin = stage.fine_margin;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
