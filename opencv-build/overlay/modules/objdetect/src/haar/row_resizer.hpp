// Scales an image down, row by row, by linear interpolation. The result is bit-identical to cv::resize with
// INTER_LINEAR_EXACT.
//
// Why it is exact: positions are computed in double by the same operations. (Upstream emulates double in software,
// which equals the hardware's double without contraction.) Weights are multiples of 1/256, rounded to nearest even. A
// row is p (256 - f) + q f, which fits 16 bits; two rows combined fit 24 bits and are rounded once at the end.
#ifndef OPENCV_OBJDETECT_HAAR_ROW_RESIZER_HPP
#define OPENCV_OBJDETECT_HAAR_ROW_RESIZER_HPP

#include <algorithm>
#include <cmath>
#include "buffer.hpp"
#include "detect.hpp"
#include "simd_utils.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The position of an output pixel between two input pixels.
struct Interpolation
{
    int first;
    int fraction;  // in units of 1/256, from the first pixel to the second
};

inline Interpolation interpolationAt(double scale, int position, int size)
{
    const double at = scale * (position + 0.5) - 0.5;
    const double pixel = std::floor(at);
    Interpolation result = {0, 0};
    if (pixel >= size - 1)
    {
        result.first = size - 2;
        result.fraction = 256;
    }
    else if (pixel >= 0)
    {
        result.first = int(pixel);
        result.fraction = int(std::rint((at - pixel) * 256.0));
    }
    return result;
}

class RowResizer
{
public:
    // Both sides of the image must be at least 2 pixels.
    void start(const ImageView& image, int width, int height);

    // Writes row `y`; `to` needs room for `paddedWidth(width)` bytes.
    void resizeRow(int y, uint8_t* to);

    static size_t paddedWidth(int width) { return size_t(width + 2 * Lanes - 1) / (2 * Lanes) * (2 * Lanes); }

private:
    const uint16_t* resizeHorizontally(int y);

    ImageView image_;
    int width_, height_;
    double scale_y_;
    // Output pixels (8 or 4) per gather; 0 if pixel pairs are loaded one by one.
    int gather_size_;
    Buffer<int> left_pixel_;         // per output pixel
    Buffer<uint16_t> fraction_;      // per output pixel
    Buffer<int> gather_start_;       // where the 16 bytes of each gather begin
    Buffer<uint8_t> shuffle_masks_;  // pairs of byte indices into them
    Buffer<uint16_t> rows_[2];       // input rows scaled horizontally
    int cached_rows_[2];
};

inline void RowResizer::start(const ImageView& image, int width, int height)
{
    image_ = image;
    width_ = width;
    height_ = height;
    cached_rows_[0] = cached_rows_[1] = -1;
    if (width == image.width && height == image.height)
        return;
    // Computed from the inverse scale, as in cv::resize.
    scale_y_ = 1.0 / (double(height) / image.height);
    const double scale_x = 1.0 / (double(width) / image.width);
    const int padded = int(RowResizer::paddedWidth(width));
    left_pixel_.reserve(size_t(padded));
    fraction_.reserve(size_t(padded));
    int span8 = 0, span4 = 0;
    for (int x = 0; x < padded; x++)
    {
        const Interpolation position = interpolationAt(scale_x, std::min(x, width - 1), image.width);
        left_pixel_[size_t(x)] = position.first;
        fraction_[size_t(x)] = uint16_t(position.fraction);
        span8 = std::max(span8, position.first - left_pixel_[size_t(x & ~7)]);
        span4 = std::max(span4, position.first - left_pixel_[size_t(x & ~3)]);
    }
    for (Buffer<uint16_t>& row : rows_)
        row.reserve(size_t(padded));
    gather_size_ = image.width < 16 ? 0 : span8 <= 14 ? 8 : span4 <= 14 ? 4 : 0;
    if (gather_size_ == 0)
        return;
    gather_start_.reserve(size_t(padded / gather_size_));
    shuffle_masks_.reserve(size_t(padded / gather_size_) * 16);
    for (int group = 0; group < padded / gather_size_; group++)
    {
        // Do not read beyond the row's end: the last row may end the allocation.
        const int* first = &left_pixel_[size_t(group * gather_size_)];
        const int from = std::min(first[0], image.width - 16);
        gather_start_[size_t(group)] = from;
        for (int i = 0; i < 8; i++)
        {
            // Groups of four use only the lower half.
            const int byte = i < gather_size_ ? first[i] - from : 0;
            shuffle_masks_[size_t(group * 16 + 2 * i)] = uint8_t(byte);
            shuffle_masks_[size_t(group * 16 + 2 * i + 1)] = uint8_t(byte + (i < gather_size_));
        }
    }
}

inline const uint16_t* RowResizer::resizeHorizontally(int y)
{
    uint16_t* to = rows_[y & 1].data();
    if (cached_rows_[y & 1] == y)
        return to;
    cached_rows_[y & 1] = y;
    const uint8_t* from = image_.pixels + size_t(y) * image_.stride;
    const int padded = int(RowResizer::paddedWidth(width_));
    const v_uint16x8 low = v_setall_u16(0xFF);
    for (int x = 0; x < padded; x += 8)
    {
        v_uint16x8 pixel_pairs;
        if (gather_size_ == 8)
            pixel_pairs = shuffleBytePairs(from + gather_start_[size_t(x / 8)], &shuffle_masks_[size_t(x) * 2]);
        else if (gather_size_ == 4)
        {
            const size_t group = size_t(x / 4);
            pixel_pairs =
                v_combine_low(shuffleBytePairs(from + gather_start_[group], &shuffle_masks_[group * 16]),
                              shuffleBytePairs(from + gather_start_[group + 1], &shuffle_masks_[group * 16 + 16]));
        }
        else
        {
            uint16_t found[8];
            for (int i = 0; i < 8; i++)
            {
                const uint8_t* pair = from + left_pixel_[size_t(x + i)];
                found[i] = uint16_t(pair[0] | pair[1] << 8);
            }
            pixel_pairs = v_load(found);
        }
        const v_uint16x8 p = pixel_pairs & low, q = v_shr<8>(pixel_pairs);
        const v_uint16x8 weighted = v_mul_wrap(v_sub_wrap(q, p), v_load(&fraction_[size_t(x)]));
        v_store(to + x, v_add_wrap(v_shl<8>(p), weighted));
    }
    return to;
}

inline void RowResizer::resizeRow(int y, uint8_t* to)
{
    if (width_ == image_.width && height_ == image_.height)
    {
        std::copy_n(image_.pixels + size_t(y) * image_.stride, width_, to);
        return;
    }
    const Interpolation position = interpolationAt(scale_y_, y, image_.height);
    const uint16_t* above = resizeHorizontally(position.first);
    const uint16_t* below = resizeHorizontally(position.first + 1);
    // Processors multiply signed numbers. Subtracting 2^15 from both rows changes the sum, whose weights total 256, by
    // 2^23; in the result that is 128, which is added back.
    const v_int16 sign = vx_setall_s16(int16_t(-32768));
    const v_int16 weights =
        v_reinterpret_as_s16(vx_setall_u32(uint32_t(256 - position.fraction) | uint32_t(position.fraction) << 16));
    const v_int32 half = vx_setall_s32(1 << 15);
    const v_int8 sign_flip = vx_setall_s8(-128);
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
        v_store(to + x, v_reinterpret_as_u8(v_pack(packed[0], packed[1]) ^ sign_flip));
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
