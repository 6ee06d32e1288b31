// Rows of the integral image modulo 2^16, and column and row sums of squares.
//
// Why it is exact: only differences of such sums are used, and modulo 2^16 (2^32 for squares) a difference that fits is
// correct despite overflows. This is also why a stripe may start with a row of zeros anywhere in the image.
//
// Where windows are 2 pixels apart, a row stores its even columns first and then its odd ones. Neighbouring windows are
// then adjacent in memory for each corner.
#ifndef OPENCV_OBJDETECT_HAAR_INTEGRAL_HPP
#define OPENCV_OBJDETECT_HAAR_INTEGRAL_HPP

#include "simd_utils.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The order of a row's columns: column x is at index x, or at x / 2, plus `odd_offset` if x is odd.
struct ColumnLayout
{
    int step;
    size_t odd_offset;
    size_t operator()(int x) const { return step == 1 ? size_t(x) : size_t(x >> 1) + (x & 1 ? odd_offset : 0); }
};

inline v_uint16x8 prefixSums(v_uint16x8 a)
{
    a = v_add_wrap(a, v_rotate_left<1>(a));
    a = v_add_wrap(a, v_rotate_left<2>(a));
    return v_add_wrap(a, v_rotate_left<4>(a));
}

inline v_uint32x4 prefixSums(v_uint32x4 a)
{
    a = a + v_rotate_left<1>(a);
    return a + v_rotate_left<2>(a);
}

// Writes the row of the integral image below `above`; its first column is 0. `pixels` and the rows need room for
// `width` rounded up to 16, plus one vector.
inline void integralRow(const uint8_t* pixels, int width, const ColumnLayout& columns, const uint16_t* above,
                        uint16_t* row)
{
    v_uint16x8 carry = v_setzero_u16();
    if (columns.step == 1)
    {
        row[0] = 0;
        for (int x = 0; x < width; x += 8)
        {
            const v_uint16x8 sums = v_add_wrap(prefixSums(v_load_expand(pixels + x)), carry);
            carry = broadcastLast(sums);
            v_store(row + x + 1, v_add_wrap(sums, v_load(above + x + 1)));
        }
        return;
    }
    row[0] = 0;
    for (int x = 0; x < width; x += 16)
    {
        const v_uint16x8 first = v_add_wrap(prefixSums(v_load_expand(pixels + x)), carry);
        const v_uint16x8 second = v_add_wrap(prefixSums(v_load_expand(pixels + x + 8)), broadcastLast(first));
        carry = broadcastLast(second);
        // Lane 0 is column x + 1, which is odd.
        const v_uint32x4 low = v_setall_u32(0xFFFF);
        const v_uint32x4 a = v_reinterpret_as_u32(first), b = v_reinterpret_as_u32(second);
        const v_uint16x8 odd = v_pack(a & low, b & low);
        const v_uint16x8 even = v_pack(v_shr<16>(a), v_shr<16>(b));
        const size_t at = size_t(x / 2);
        v_store(row + columns.odd_offset + at, v_add_wrap(odd, v_load(above + columns.odd_offset + at)));
        v_store(row + at + 1, v_add_wrap(even, v_load(above + at + 1)));
    }
}

// The squares of `Lanes` pixels.
inline void squarePixels(const uint8_t* pixels, v_uint32& low, v_uint32& high)
{
    const v_uint16 values = vx_load_expand(pixels);
    v_expand(v_mul_wrap(values, values), low, high);
}

// Adds the squares of a row to the column sums. Rows need room for one vector more than `width`.
inline void addSquares(const uint8_t* pixels, int width, uint32_t* sums)
{
    for (int x = 0; x < width; x += Lanes)
    {
        v_uint32 low, high;
        squarePixels(pixels + x, low, high);
        v_store(sums + x, vx_load(sums + x) + low);
        v_store(sums + x + Lanes / 2, vx_load(sums + x + Lanes / 2) + high);
    }
}

// Adds the squares of an entering row to the column sums and subtracts those of a leaving row.
inline void slideSquares(const uint8_t* entering, const uint8_t* leaving, int width, uint32_t* sums)
{
    for (int x = 0; x < width; x += Lanes)
    {
        v_uint32 low, high, old_low, old_high;
        squarePixels(entering + x, low, high);
        squarePixels(leaving + x, old_low, old_high);
        v_store(sums + x, vx_load(sums + x) + low - old_low);
        v_store(sums + x + Lanes / 2, vx_load(sums + x + Lanes / 2) + high - old_high);
    }
}

// Prefix sums of the columns; the first is 0.
inline void prefixSumRow(const uint32_t* sums, int width, const ColumnLayout& columns, uint32_t* row)
{
    v_uint32x4 carry = v_setzero_u32();
    row[0] = 0;
    for (int x = 0; x < width; x += 8)
    {
        const v_uint32x4 first = prefixSums(v_load(sums + x)) + carry;
        const v_uint32x4 second = prefixSums(v_load(sums + x + 4)) + v_broadcast_element<3>(first);
        carry = v_broadcast_element<3>(second);
        if (columns.step == 1)
        {
            v_store(row + x + 1, first);
            v_store(row + x + 5, second);
            continue;
        }
        v_uint32x4 low, high, odd, even;
        v_zip(first, second, low, high);  // 1 5 2 6 | 3 7 4 8
        v_zip(low, high, odd, even);      // 1 3 5 7 | 2 4 6 8
        v_store(row + columns.odd_offset + x / 2, odd);
        v_store(row + x / 2 + 1, even);
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
