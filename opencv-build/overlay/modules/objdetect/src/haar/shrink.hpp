// Rows of a photo at a smaller size, one after the other: linear interpolation, the bits of cv::resize with
// INTER_LINEAR_EXACT.
//
// Why it is exact: positions are computed in double by the same operations (stock emulates double in software, which
// is the same as the processor's without contraction); weights are whole 256ths, rounded to nearest even; a row is
// p (256 - f) + q f, which fits 16 bits, and two rows together 24 bits, rounded once at the end.
#ifndef OPENCV_OBJDETECT_HAAR_SHRINK_HPP
#define OPENCV_OBJDETECT_HAAR_SHRINK_HPP

#include <algorithm>
#include <cmath>
#include "buffer.hpp"
#include "detect.hpp"
#include "lanes.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Where a place of the smaller picture lies between two pixels of the larger one.
struct Between
{
    int first;
    int fraction;  // of 256, from the first to the second
};

inline Between between(double scale, int place, int size)
{
    const double at = scale * (place + 0.5) - 0.5;
    const double whole = std::floor(at);
    Between found = {0, 0};
    if (whole >= size - 1)
    {
        found.first = size - 2;
        found.fraction = 256;
    }
    else if (whole >= 0)
    {
        found.first = int(whole);
        found.fraction = int(std::rint((at - whole) * 256.0));
    }
    return found;
}

class Shrink
{
public:
    // Both sides of the photo must be 2 pixels or more.
    void start(const Photo& photo, int width, int height);

    // Row `y`, with `room(width)` bytes to write to.
    void row(int y, uint8_t* to);

    static size_t room(int width) { return size_t(width + 2 * Lanes - 1) / (2 * Lanes) * (2 * Lanes); }

private:
    const uint16_t* across(int y);

    Photo photo_;
    int width_, height_;
    double scale_y_;
    // How many places of eight are looked up at once; 0 where single bytes are.
    int together_;
    Buffer<int> first_;             // of each place
    Buffer<uint16_t> fraction_;     // of each place
    Buffer<int> from_;              // where the sixteen bytes of each eight, or each four, places begin
    Buffer<uint8_t> mask_;          // which of them, in pairs
    Buffer<uint16_t> rows_[2];      // of the photo, as wide as the smaller picture
    int have_[2];
};

inline void Shrink::start(const Photo& photo, int width, int height)
{
    photo_ = photo;
    width_ = width;
    height_ = height;
    have_[0] = have_[1] = -1;
    if (width == photo.width && height == photo.height)
        return;
    // As cv::resize does it, by way of the inverse.
    scale_y_ = 1.0 / (double(height) / photo.height);
    const double scale_x = 1.0 / (double(width) / photo.width);
    const int room = int(Shrink::room(width));
    first_.need(size_t(room));
    fraction_.need(size_t(room));
    int span8 = 0, span4 = 0;
    for (int x = 0; x < room; x++)
    {
        const Between place = between(scale_x, std::min(x, width - 1), photo.width);
        first_[size_t(x)] = place.first;
        fraction_[size_t(x)] = uint16_t(place.fraction);
        span8 = std::max(span8, place.first - first_[size_t(x & ~7)]);
        span4 = std::max(span4, place.first - first_[size_t(x & ~3)]);
    }
    for (Buffer<uint16_t>& row : rows_)
        row.need(size_t(room));
    together_ = photo.width < 16 ? 0 : span8 <= 14 ? 8 : span4 <= 14 ? 4 : 0;
    if (together_ == 0)
        return;
    from_.need(size_t(room / together_));
    mask_.need(size_t(room / together_) * 16);
    for (int group = 0; group < room / together_; group++)
    {
        // Not beyond the row's end: behind the last row there may be nothing.
        const int* first = &first_[size_t(group * together_)];
        const int from = std::min(first[0], photo.width - 16);
        from_[size_t(group)] = from;
        for (int i = 0; i < 8; i++)
        {
            // Of groups of four only the lower half is used.
            const int byte = i < together_ ? first[i] - from : 0;
            mask_[size_t(group * 16 + 2 * i)] = uint8_t(byte);
            mask_[size_t(group * 16 + 2 * i + 1)] = uint8_t(byte + (i < together_));
        }
    }
}

inline const uint16_t* Shrink::across(int y)
{
    uint16_t* to = rows_[y & 1].data();
    if (have_[y & 1] == y)
        return to;
    have_[y & 1] = y;
    const uint8_t* from = photo_.pixels + size_t(y) * photo_.stride;
    const int room = int(Shrink::room(width_));
    const v_uint16x8 low = v_setall_u16(0xFF);
    for (int x = 0; x < room; x += 8)
    {
        v_uint16x8 both;
        if (together_ == 8)
            both = pairs(from + from_[size_t(x / 8)], &mask_[size_t(x) * 2]);
        else if (together_ == 4)
        {
            const size_t group = size_t(x / 4);
            both = v_combine_low(pairs(from + from_[group], &mask_[group * 16]),
                                 pairs(from + from_[group + 1], &mask_[group * 16 + 16]));
        }
        else
        {
            uint16_t found[8];
            for (int i = 0; i < 8; i++)
            {
                const uint8_t* pair = from + first_[size_t(x + i)];
                found[i] = uint16_t(pair[0] | pair[1] << 8);
            }
            both = v_load(found);
        }
        const v_uint16x8 p = both & low, q = v_shr<8>(both);
        const v_uint16x8 part = v_mul_wrap(v_sub_wrap(q, p), v_load(&fraction_[size_t(x)]));
        v_store(to + x, v_add_wrap(v_shl<8>(p), part));
    }
    return to;
}

inline void Shrink::row(int y, uint8_t* to)
{
    if (width_ == photo_.width && height_ == photo_.height)
    {
        std::copy_n(photo_.pixels + size_t(y) * photo_.stride, width_, to);
        return;
    }
    const Between place = between(scale_y_, y, photo_.height);
    const uint16_t* above = across(place.first);
    const uint16_t* below = across(place.first + 1);
    // The product of signed numbers is what processors have: both rows are less 2^15, which times 256 in all is 2^23,
    // and is there again as 128 in the result.
    const v_int16 sign = vx_setall_s16(int16_t(-32768));
    const v_int16 weights =
        v_reinterpret_as_s16(vx_setall_u32(uint32_t(256 - place.fraction) | uint32_t(place.fraction) << 16));
    const v_int32 half = vx_setall_s32(1 << 15);
    const v_int8 back = vx_setall_s8(-128);
    for (int x = 0; x < width_; x += 2 * Lanes)
    {
        v_int16 packed[2];
        for (int i = 0; i < 2; i++)
        {
            const int at = x + i * Lanes;
            v_int16 low, high;
            v_zip(vx_load((const int16_t*)above + at) ^ sign, vx_load((const int16_t*)below + at) ^ sign, low, high);
            packed[i] = v_pack(v_shr<16>(v_dotprod(low, weights) + half), v_shr<16>(v_dotprod(high, weights) + half));
        }
        v_store(to + x, v_reinterpret_as_u8(v_pack(packed[0], packed[1]) ^ back));
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
