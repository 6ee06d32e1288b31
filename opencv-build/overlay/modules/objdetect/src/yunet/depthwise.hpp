// Depthwise 3x3 convolutions of a row.
#ifndef OPENCV_OBJDETECT_YUNET_DEPTHWISE_HPP
#define OPENCV_OBJDETECT_YUNET_DEPTHWISE_HPP

#include <cstddef>

#include "network.hpp"
#include "vectors.hpp"

namespace cv { namespace yunet {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Computes a vector of outputs for each of `Pixels` pixels. `inputs` are the rows above, at and below the outputs' row,
// from the pixel to the left. The taps are added in order, so that a pixel's result does not depend on its block.
template <int Pixels, bool Relu>
inline void depthwiseBlock(const float* const (&inputs)[3], const v_float32 (&weights)[3][3], const v_float32& bias,
                           float* output)
{
    v_float32 sums[Pixels];
    UNROLL for (int p = 0; p < Pixels; p++) sums[p] = bias;
    UNROLL for (int y = 0; y < 3; y++)
    {
        v_float32 values[Pixels + 2];
        UNROLL for (int column = 0; column < Pixels + 2; column++) values[column] =
            vx_load(inputs[y] + column * ChannelStep);
        UNROLL for (int x = 0; x < 3; x++) UNROLL for (int p = 0; p < Pixels; p++) sums[p] =
            v_fma(values[p + x], weights[y][x], sums[p]);
    }
    UNROLL for (int p = 0; p < Pixels; p++)
        v_store(output + p * ChannelStep, Relu ? v_max(sums[p], vx_setzero_f32()) : sums[p]);
}

// Computes `channels` outputs for `width` pixels. `rows` are the pixels above, at and below the outputs' row, each
// group of channels with one more pixel at both ends. `weights` are [row][column][channel].
template <bool Relu>
inline void depthwiseRow(const float* const (&rows)[3], const float* weights, const float* bias, size_t channels,
                         int width, float* outputs)
{
    enum { Unrolled = RegisterCount == 32 ? 8 : 4 };
    for (size_t c = 0; c < channels; c += VectorLength)
    {
        v_float32 w[3][3];
        UNROLL for (int y = 0; y < 3; y++) UNROLL for (int x = 0; x < 3; x++) w[y][x] =
            vx_load(weights + size_t(3 * y + x) * channels + c);
        const v_float32 start = vx_load(bias + c);
        const size_t group = c / ChannelStep * ChannelStep, lane = c % ChannelStep;
        const float* from[3];
        UNROLL for (int y = 0; y < 3; y++) from[y] = rows[y] + group * size_t(width + 2) + lane;
        float* output = outputs + group * size_t(width) + lane;
        int x = 0;
        for (; x + Unrolled <= width; x += Unrolled, output += Unrolled * ChannelStep)
        {
            depthwiseBlock<Unrolled, Relu>(from, w, start, output);
            UNROLL for (int y = 0; y < 3; y++) from[y] += Unrolled * ChannelStep;
        }
        for (; x < width; x++, output += ChannelStep)
        {
            depthwiseBlock<1, Relu>(from, w, start, output);
            UNROLL for (int y = 0; y < 3; y++) from[y] += ChannelStep;
        }
    }
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::yunet

#endif
