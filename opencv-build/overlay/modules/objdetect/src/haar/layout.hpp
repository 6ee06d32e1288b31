// Where the corners of each stump are in one layout of the integral image: tables that the stages are summed by.
#ifndef OPENCV_OBJDETECT_HAAR_LAYOUT_HPP
#define OPENCV_OBJDETECT_HAAR_LAYOUT_HPP

#include "buffer.hpp"
#include "features.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Tables of the stages `from` to `to`, for integral images in which (x, y) is at `offset(x, y)`.
class Layout
{
public:
    // `offset` is a table of the model's (width + 1) x (height + 1) places, row by row.
    void build(const Model& model, uint32_t from, uint32_t to, const uint32_t* offset);

    const StageTable& operator[](uint32_t stage) const { return tables_[stage - from_]; }

private:
    uint32_t from_ = 0;
    Buffer<StageTable> tables_;
    Buffer<uint32_t> entries_;
};

inline int32_t twice(int16_t value)
{
    return int32_t(uint32_t(uint16_t(value)) * 0x10001u);
}

inline void Layout::build(const Model& model, uint32_t from, uint32_t to, const uint32_t* offset)
{
    from_ = from;
    tables_.need(to - from);
    const uint32_t width = uint32_t(model.width) + 1;
    size_t room = 0;
    for (uint32_t s = from; s < to; s++)
    {
        const ModelStage& stage = model.stage[s];
        const size_t plain[] = {size_t(stage.count[Edge]), size_t(stage.count[Line]), size_t(stage.count[Checker])};
        const size_t bytes = size_t(model.end - model.corners) - stage.corners;
        const size_t whole = s + 1 < model.stages ? model.stage[s + 1].corners - stage.corners : bytes;
        const size_t others = whole - 2 * (plain[0] * EdgeCorners + plain[1] * LineCorners + plain[2] * CheckerCorners);
        // Each byte of an Other's description becomes one word at most.
        room += plain[0] * (EdgeCorners + 3) + plain[1] * (LineCorners + 3) + plain[2] * (CheckerCorners + 3) + others +
                3 * size_t(stage.count[Other]);
    }
    entries_.need(room);
    uint32_t* to_word = entries_.data();
    for (uint32_t s = from; s < to; s++)
    {
        const ModelStage& stage = model.stage[s];
        StageTable& table = tables_[s - from];
        const uint8_t* at = model.corners + stage.corners;
        uint32_t stump = stage.first;
        const auto place = [&](const uint8_t* corner) { return offset[corner[1] * width + corner[0]]; };
        const auto end = [&]() {
            std::memcpy(to_word++, &model.threshold[stump], sizeof(float));
            *to_word++ = uint32_t(twice(model.answer[stump].coarse));
            *to_word++ = uint32_t(twice(model.answer[stump].fine));
            stump++;
        };
        const auto plain = [&](int count, int corners) {
            for (; count > 0; count--)
            {
                for (int i = 0; i < corners; i++, at += 2)
                    *to_word++ = place(at);
                end();
            }
        };
        table.edges = reinterpret_cast<const EdgeEntry*>(to_word);
        plain(stage.count[Edge], EdgeCorners);
        table.lines = reinterpret_cast<const LineEntry*>(to_word);
        plain(stage.count[Line], LineCorners);
        table.checkers = reinterpret_cast<const CheckerEntry*>(to_word);
        plain(stage.count[Checker], CheckerCorners);
        table.others = to_word;
        for (int count = stage.count[Other]; count > 0; count--)
        {
            const int parts = *at++;
            *to_word++ = uint32_t(parts);
            for (int part = 0; part < parts; part++)
            {
                int corners = *at++;
                *to_word++ = uint32_t(corners);
                for (; corners > 0; corners--, at += 3)
                {
                    *to_word++ = place(at);
                    *to_word++ = uint32_t(twice(int16_t(int8_t(at[2]))));
                }
            }
            end();
        }
        for (int shape = 0; shape < Shapes; shape++)
            table.count[shape] = stage.count[shape];
        table.base[Coarse] = twice(stage.base);
        table.base[Fine] = twice(stage.fine);
        table.fineness = stage.fineness;
        table.margin = stage.margin;
        table.fine_margin = stage.fine_margin;
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
