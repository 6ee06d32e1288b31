// The normalisation factor of windows: one over the product of the number of pixels and their standard deviation.
//
// Why it is exact: area * squares - sum * sum is an integer below 2^53, so every step is exact in double. Root and
// quotient are rounded as IEEE 754 requires, identically on every processor, and the conversion to float is the same
// instruction as upstream's. The sum is computed as two halves, each of which fits 16 bits.
#ifndef OPENCV_OBJDETECT_HAAR_VARIANCE_NORM_HPP
#define OPENCV_OBJDETECT_HAAR_VARIANCE_NORM_HPP

#include <cmath>

#include "integral.hpp"
#include "model.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The corners of the normalisation box: the window without its border of one pixel.
struct NormRect
{
    size_t left, middle, right;  // column offsets within a row
    size_t top, bottom;          // rows, relative to the window's first
    double area;
    float max_factor;  // the largest factor that upstream accepts
};

inline NormRect makeNormRect(const Model& model, const ColumnLayout& columns)
{
    NormRect rect;
    rect.left = columns(1);
    rect.middle = columns(1 + (model.width - 2) / 2);
    rect.right = columns(model.width - 1);
    rect.top = 1;
    rect.bottom = size_t(model.height - 1);
    rect.area = double(model.width - 2) * (model.height - 2);
    // Upstream requires area * factor < 0.1, in double.
    rect.max_factor = float(0.1 / rect.area);
    while (rect.area * rect.max_factor >= 1e-1)
        rect.max_factor = std::nextafter(rect.max_factor, 0.f);
    while (rect.area * std::nextafter(rect.max_factor, 1.f) < 1e-1)
        rect.max_factor = std::nextafter(rect.max_factor, 1.f);
    return rect;
}

// Sums of the pixels in one box for the windows of one vector, as 32-bit integers.
inline void boxSums(const uint16_t* a, const uint16_t* b, const uint16_t* c, const uint16_t* d, v_uint32* halves)
{
    const v_uint16 sum = v_sub_wrap(v_sub_wrap(vx_load(d), vx_load(c)), v_sub_wrap(vx_load(b), vx_load(a)));
    v_expand(sum, halves[0], halves[1]);
}

// Computes the normalisation factors of `Lanes` windows, divided by 2^16, separately for even and odd lanes. Returns
// the mask of the windows that upstream evaluates. `integral` points to the first row of the window, with rows `stride`
// apart; `squares` has the prefix sums of squares over the rows of the box.
inline v_int16 computeNormFactors(const NormRect& rect, const uint16_t* integral, size_t stride,
                                  const uint32_t* squares, float* evens, float* odds)
{
    const uint16_t* top = integral + rect.top * stride;
    const uint16_t* bottom = integral + rect.bottom * stride;
    v_uint32 left[2], right[2];
    boxSums(top + rect.left, top + rect.middle, bottom + rect.left, bottom + rect.middle, left);
    boxSums(top + rect.middle, top + rect.right, bottom + rect.middle, bottom + rect.right, right);
    const v_float64 area = vx_setall_f64(rect.area), one = vx_setall_f64(1.0);
    v_float32 factor[2];
    for (int i = 0; i < 2; i++)
    {
        const int at = i * v_uint32::nlanes;
        const v_int32 sum = v_reinterpret_as_s32(left[i] + right[i]);
        const v_int32 square =
            v_reinterpret_as_s32(vx_load(squares + rect.right + at) - vx_load(squares + rect.left + at));
        const v_float64 sum0 = v_cvt_f64(sum), sum1 = v_cvt_f64_high(sum);
        const v_float64 variance0 = area * v_cvt_f64(square) - sum0 * sum0;
        const v_float64 variance1 = area * v_cvt_f64_high(square) - sum1 * sum1;
        // A flat window has an infinite factor, which is above the maximum.
        factor[i] = v_cvt_f32(one / v_sqrt(variance0), one / v_sqrt(variance1));
    }
    v_float32 even, odd;
    float factors[Lanes];
    v_store(factors, factor[0]);
    v_store(factors + v_float32::nlanes, factor[1]);
    v_load_deinterleave(factors, even, odd);
    const v_float32 max_factor = vx_setall_f32(rect.max_factor), scale = vx_setall_f32(1.f / 65536);
    v_store(evens, even * scale);
    v_store(odds, odd * scale);
    return interleaveMasks(even <= max_factor, odd <= max_factor);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
