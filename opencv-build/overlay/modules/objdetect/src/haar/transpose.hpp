// Transposes the integral images of a vector's windows, from one after the other to one per lane.
#ifndef OPENCV_OBJDETECT_HAAR_TRANSPOSE_HPP
#define OPENCV_OBJDETECT_HAAR_TRANSPOSE_HPP

#include "integral.hpp"
#include "simd_utils.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Transposes up to eight columns, starting at `from`, of eight windows per 128-bit block. Column i is written to `to +
// i * column_stride`.
template <int ColumnCount> inline void transposeTile(const uint16_t* const* windows, size_t from, uint16_t* to,
                                                     size_t column_stride)
{
    U16Vector row[8], pair[8], four[8];
    for (int i = 0; i < 8; i++)
        row[i] = loadRows(windows + i, from);
    for (int i = 0; i < 4; i++)
    {
        pair[i] = unpackLow16(row[2 * i], row[2 * i + 1]);
        if (ColumnCount > 4)
            pair[i + 4] = unpackHigh16(row[2 * i], row[2 * i + 1]);
    }
    for (int i = 0; i < (ColumnCount > 4 ? 8 : 4); i += 4)
    {
        four[i] = unpackLow32(pair[i], pair[i + 1]);
        four[i + 1] = unpackLow32(pair[i + 2], pair[i + 3]);
        if (ColumnCount > 2)
        {
            four[i + 2] = unpackHigh32(pair[i], pair[i + 1]);
            four[i + 3] = unpackHigh32(pair[i + 2], pair[i + 3]);
        }
    }
    for (int i = 0; i < ColumnCount; i += 2)
    {
        storeLanes(to + size_t(i) * column_stride, unpackLow64(four[i], four[i + 1]));
        if (i + 1 < ColumnCount)
            storeLanes(to + size_t(i + 1) * column_stride, unpackHigh64(four[i], four[i + 1]));
    }
}

// Transposes a row of `count` columns.
inline void transposeRow(const uint16_t* const* windows, size_t from, int count, uint16_t* to, size_t column_stride)
{
    for (; count > 4; count -= 8, from += 8, to += 8 * column_stride)
        if (count >= 8)
            transposeTile<8>(windows, from, to, column_stride);
        else
            transposeTile<7>(windows, from, to, column_stride);
    if (count > 2)
        transposeTile<4>(windows, from, to, column_stride);
    else if (count == 2)
        transposeTile<2>(windows, from, to, column_stride);
    else if (count == 1)
        transposeTile<1>(windows, from, to, column_stride);
}

// Transposes all `width` by `height` elements. (x, y) of all windows is written to (y * width + x) * Lanes. Writes at
// most one tile beyond the last element.
inline void transpose(const uint16_t* const* windows, size_t stride, const ColumnLayout& columns, int width, int height,
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
            transposeRow(windows, row + columns.odd_offset, width / 2, to + Lanes, 2 * Lanes);
        }
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
