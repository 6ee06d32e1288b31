// The first stages, for rows of neighbouring windows.
//
// All windows of a row go through the first stage. After it a row is a set of bits, and each further stage is summed
// for as few vectors as cover those bits, several vectors at once, from all rows of a band.
#ifndef OPENCV_OBJDETECT_HAAR_DENSE_HPP
#define OPENCV_OBJDETECT_HAAR_DENSE_HPP

#include <algorithm>

#include "buffer.hpp"
#include "contrast.hpp"
#include "decide.hpp"
#include "layout.hpp"
#include "visit.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// A row of windows: a bit for each that is still in, and their contrasts.
struct Row
{
    const uint16_t* integral;
    uint64_t* bits;           // with a word more than the windows need
    float* contrasts[2];      // of the even and of the odd windows, divided by 2^16
    float contrast(int x) const { return contrasts[x & 1][x / 2]; }
    Group at(int x) const
    {
        const Group group = {integral + x, contrasts[x & 1] + x / 2, contrasts[~x & 1] + (x + 1) / 2};
        return group;
    }
};

// What all rows of a layer have in common.
struct Band
{
    const Model* model;
    Layout* layout;
    Columns columns;
    size_t stride;
    int windows;          // in a row
    Box2 box;
};

// Decides what the sums leave open, window by window.
inline bool passesAt(const Band& band, uint32_t stage, const Row& row, int x, Buffer<float>& answers)
{
    const uint16_t* integral = row.integral + x;
    const auto at = [&](int column, int line) { return integral[size_t(line) * band.stride + band.columns(column)]; };
    return passes(*band.model, stage, at, row.contrast(x) * 65536.f, answers);
}

// Of the windows `in` from `x` on those that pass the stage; what the coarse sums leave open is decided.
inline uint64_t passing(const Band& band, uint32_t s, const Row& row, int x, const v_int16& sums, uint64_t passed,
                        uint64_t failed, uint64_t in, Buffer<float>& answers)
{
    passed &= in;
    const uint64_t open = in & ~passed & ~failed;
    if (open)
        passed |= decide((*band.layout)[s], row.at(x), sums, open,
                         [&](int lane) { return passesAt(band, s, row, x + lane, answers); });
    return passed;
}

// Which windows stock looks at for their contrast, and which of them pass the first stage, from `x` on: a bit for each
// lane of `Count` vectors, of which `there` are windows.
template <int Count>
inline void firstVectors(const Band& band, const Row& row, const uint32_t* squares, int x, uint64_t there, uint64_t& valid,
                         uint64_t& passed, Buffer<float>& answers)
{
    const StageTable& stage = (*band.layout)[0];
    v_int16 seen[Count + 1], sums[Count + 1];
    Group groups[Count];
    for (int i = 0; i < Count; i++)
    {
        const int at = x + i * Lanes;
        seen[i] = contrasts(band.box, row.integral + at, band.stride, squares + at, row.contrasts[0] + at / 2,
                            row.contrasts[1] + at / 2);
        groups[i] = row.at(at);
    }
    seen[Count] = sums[Count] = vx_setzero_s16();
    sum<Count, Coarse>(stage, groups, sums);
    valid = passed = 0;
    for (int i = 0; i < Count; i += 2)
    {
        const int shift = i * Lanes;
        const uint64_t two = bits(seen[i], seen[i + 1]) & there >> shift;
        const Decided found = decided(stage, sums[i], sums[i + 1]);
        valid |= two << shift;
        for (int j = 0; j < 2 && i + j < Count; j++)
        {
            const int lanes = j * Lanes;
            passed |= passing(band, 0, row, x + (i + j) * Lanes, sums[i + j], found.passed >> lanes, found.failed >> lanes,
                              two >> lanes & All, answers)
                      << (shift + lanes);
        }
    }
}

// Contrasts and the first stage of a row; its bits are then those windows that stock looks at and that pass.
inline void firstStage(const Band& band, const Row& row, const uint32_t* squares, Buffer<float>& answers)
{
    bool carry = false;
    for (int word = 0; word * 64 < band.windows; word++)
    {
        uint64_t valid = 0, passed = 0;
        for (int x = word * 64; x < word * 64 + 64 && x < band.windows; x += Abreast * Lanes)
        {
            const int left = std::min(band.windows - x, 64);
            const uint64_t there = ~uint64_t(0) >> (64 - left);
            uint64_t of_these[2];
            // A narrow row does not fill all vectors.
            if (left <= Lanes)
                firstVectors<1>(band, row, squares, x, there, of_these[0], of_these[1], answers);
            else if (left <= 2 * Lanes)
                firstVectors<2>(band, row, squares, x, there, of_these[0], of_these[1], answers);
            else
                firstVectors<Abreast>(band, row, squares, x, there, of_these[0], of_these[1], answers);
            valid |= of_these[0] << (x & 63);
            passed |= of_these[1] << (x & 63);
        }
        const uint64_t out = leftOut(valid & ~passed, carry);
        row.bits[word] = passed & ~out;
    }
}

// Windows of one row that one vector covers.
struct Cover
{
    int row, x;
    uint64_t bits;
};

// Words of a row that are gone through for all rows before the next ones are: so much of the integral image stays in
// the fastest cache.
enum { BlockWords = 8 };

// As few vectors as cover all bits of the rows, block by block; returns how many bits that are.
inline int cover(const Row* rows, int count, int words, List<Cover>& covers)
{
    covers.clear();
    int all = 0;
    for (int begin = 0; begin < words; begin += BlockWords)
    {
        const int end = std::min(begin + BlockWords, words);
        for (int r = 0; r < count; r++)
        {
            const uint64_t* bits = rows[size_t(r)].bits;
            uint64_t rest = bits[begin];
            for (int word = begin;;)
            {
                if (rest == 0)
                {
                    if (++word == end)
                        break;
                    rest = bits[word];
                    continue;
                }
                const int first = lowest(rest), over = first + Lanes - 64;
                uint64_t found = rest >> first;
                if (over <= 0 || word + 1 == end)
                    rest &= over < 0 ? ~uint64_t(0) << (first + Lanes) : 0;
                else
                {
                    rest = bits[word + 1];
                    found |= rest << (64 - first);
                    rest &= ~uint64_t(0) << over;
                }
                const Cover vector = {r, word * 64 + first, found & All};
                covers.add(vector);
                all += ones(vector.bits);
                if (over > 0 && word + 1 < end)
                    word++;
            }
        }
    }
    return all;
}

// Clears the bits of windows that fail the stage, in `Count` vectors.
template <int Count>
inline void furtherVectors(const Band& band, uint32_t s, const Row* rows, const Cover* covers, Buffer<float>& answers)
{
    const StageTable& stage = (*band.layout)[s];
    Group groups[Count];
    for (int i = 0; i < Count; i++)
        groups[i] = rows[covers[i].row].at(covers[i].x);
    v_int16 sums[Count + 1];
    sums[Count] = vx_setzero_s16();
    sum<Count, Coarse>(stage, groups, sums);
    for (int i = 0; i < Count; i += 2)
    {
        const Decided found = decided(stage, sums[i], sums[i + 1]);
        for (int j = 0; j < 2 && i + j < Count; j++)
        {
            const Cover& vector = covers[i + j];
            const Row& row = rows[vector.row];
            const uint64_t out = vector.bits & ~passing(band, s, row, vector.x, sums[i + j], found.passed >> (j * Lanes),
                                                        found.failed >> (j * Lanes), vector.bits, answers);
            const int word = vector.x >> 6, shift = vector.x & 63;
            row.bits[word] &= ~(out << shift);
            if (shift + Lanes > 64)
                row.bits[word + 1] &= ~(out >> (64 - shift));
        }
    }
}

inline void furtherStage(const Band& band, uint32_t s, const Row* rows, const List<Cover>& covers, Buffer<float>& answers)
{
    size_t c = 0;
    for (; c + Abreast <= covers.size(); c += Abreast)
        furtherVectors<Abreast>(band, s, rows, covers.data() + c, answers);
    for (; c + 2 <= covers.size(); c += 2)
        furtherVectors<2>(band, s, rows, covers.data() + c, answers);
    if (c < covers.size())
        furtherVectors<1>(band, s, rows, covers.data() + c, answers);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
