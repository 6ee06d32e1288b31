// Turns the integral images of a vector's windows from one behind the other into one lane each.
#ifndef OPENCV_OBJDETECT_HAAR_TRANSPOSE_HPP
#define OPENCV_OBJDETECT_HAAR_TRANSPOSE_HPP

#include "integral.hpp"
#include "lanes.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Up to eight columns, from `from`, of eight windows in each block of 128 bits. Column i goes to `to + i * apart`.
// Only what the columns need is done.
template <int Wanted> inline void transposeTile(const uint16_t* const* at, size_t from, uint16_t* to, size_t apart)
{
    Wide row[8], pair[8], four[8];
    for (int i = 0; i < 8; i++)
        row[i] = rows(at + i, from);
    for (int i = 0; i < 4; i++)
    {
        pair[i] = low16(row[2 * i], row[2 * i + 1]);
        if (Wanted > 4)
            pair[i + 4] = high16(row[2 * i], row[2 * i + 1]);
    }
    for (int i = 0; i < (Wanted > 4 ? 8 : 4); i += 4)
    {
        four[i] = low32(pair[i], pair[i + 1]);
        four[i + 1] = low32(pair[i + 2], pair[i + 3]);
        if (Wanted > 2)
        {
            four[i + 2] = high32(pair[i], pair[i + 1]);
            four[i + 3] = high32(pair[i + 2], pair[i + 3]);
        }
    }
    for (int i = 0; i < Wanted; i += 2)
    {
        keep(to + size_t(i) * apart, low64(four[i], four[i + 1]));
        if (i + 1 < Wanted)
            keep(to + size_t(i + 1) * apart, high64(four[i], four[i + 1]));
    }
}

// A row of `count` columns.
inline void transposeRow(const uint16_t* const* at, size_t from, int count, uint16_t* to, size_t apart)
{
    for (; count > 4; count -= 8, from += 8, to += 8 * apart)
        if (count >= 8)
            transposeTile<8>(at, from, to, apart);
        else
            transposeTile<7>(at, from, to, apart);
    if (count > 2)
        transposeTile<4>(at, from, to, apart);
    else if (count == 2)
        transposeTile<2>(at, from, to, apart);
    else if (count == 1)
        transposeTile<1>(at, from, to, apart);
}

// All `width` by `height` places; (x, y) of all windows goes to (y * width + x) * Lanes, and no more than a tile behind
// the last one is written.
inline void transpose(const uint16_t* const* windows, size_t stride, const Columns& columns, int width, int height,
                      uint16_t* to)
{
    for (int y = 0; y < height; y++, to += width * Lanes)
    {
        const size_t row = size_t(y) * stride;
        if (columns.step == 1)
            transposeRow(windows, row, width, to, Lanes);
        else
        {
            transposeRow(windows, row, (width + 1) / 2, to, 2 * Lanes);
            transposeRow(windows, row + columns.odd, width / 2, to + Lanes, 2 * Lanes);
        }
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
