// Pointwise convolutions as matrix products: each pixel's outputs are its inputs times the weights. The first
// convolution is the same with the 9 values of three pixels in each of three rows as inputs.
#ifndef OPENCV_OBJDETECT_YUNET_POINTWISE_HPP
#define OPENCV_OBJDETECT_YUNET_POINTWISE_HPP

#include <cstddef>

#include "network.hpp"
#include "vectors.hpp"

namespace cv { namespace yunet {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// The inputs of a row of pixels, in groups: pixel x has `length` values of each group, from `groups[i] + x * Step`.
struct PixelInputs
{
    const float* groups[MaxChannels / ChannelStep];
    int count, length;
};

// Weights are [input][output], with the inputs of all groups in order.
struct Weights
{
    const float* values;
    const float* bias;
    size_t outputs;
};

// The outputs of a row, in groups of channels that are `pitch` values apart.
struct PixelOutputs
{
    float* values;
    size_t pitch;
};

// Computes `Vectors` vectors of outputs, from output `first`, for `Pixels` pixels from `x`. All sums stay in registers.
// They start with the bias and add the inputs in order, so that a pixel's result does not depend on its block.
template <int Step, int Pixels, int Vectors, bool Relu>
inline void multiplyBlock(const PixelInputs& inputs, const Weights& weights, int x, size_t first,
                          const PixelOutputs& outputs)
{
    v_float32 sums[Pixels][Vectors];
    UNROLL for (int v = 0; v < Vectors; v++)
    {
        const v_float32 bias = vx_load(weights.bias + first + v * VectorLength);
        UNROLL for (int p = 0; p < Pixels; p++) sums[p][v] = bias;
    }
    const float* row = weights.values + first;
    for (int group = 0; group < inputs.count; group++)
    {
        const float* values = inputs.groups[group] + size_t(x) * Step;
        for (int i = 0; i < inputs.length; i++, values++, row += weights.outputs)
        {
            v_float32 factors[Vectors];
            UNROLL for (int v = 0; v < Vectors; v++) factors[v] = vx_load(row + v * VectorLength);
            UNROLL for (int p = 0; p < Pixels; p++)
            {
                const v_float32 value = vx_setall_f32(values[p * Step]);
                UNROLL for (int v = 0; v < Vectors; v++) sums[p][v] = v_fma(value, factors[v], sums[p][v]);
            }
        }
    }
    UNROLL for (int v = 0; v < Vectors; v++)
    {
        const size_t channel = first + size_t(v) * VectorLength;
        float* output =
            outputs.values + channel / ChannelStep * outputs.pitch + channel % ChannelStep + size_t(x) * ChannelStep;
        UNROLL for (int p = 0; p < Pixels; p++)
            v_store(output + p * ChannelStep, Relu ? v_max(sums[p][v], vx_setzero_f32()) : sums[p][v]);
    }
}

// A block's sums, factors and a value fill the registers. Rows of the large feature maps are multiples of 16 sums.
enum { MaxBlockVectors = RegisterCount == 32 ? 4 : 2, BlockSums = RegisterCount == 32 ? 16 : 12 };

template <int Step, int Vectors, bool Relu>
inline void multiplyColumns(const PixelInputs& inputs, const Weights& weights, int width, size_t first,
                            const PixelOutputs& outputs)
{
    enum { Pixels = BlockSums / Vectors };
    int x = 0;
    // The last 8 pixels are two blocks of 4, which take less time than one of 6 and two of 1.
    for (; x + Pixels <= width && (Pixels != 6 || width - x != 8); x += Pixels)
        multiplyBlock<Step, Pixels, Vectors, Relu>(inputs, weights, x, first, outputs);
    for (; x + 4 <= width; x += 4)
        multiplyBlock<Step, 4, Vectors, Relu>(inputs, weights, x, first, outputs);
    for (; x < width; x++)
        multiplyBlock<Step, 1, Vectors, Relu>(inputs, weights, x, first, outputs);
}

// Computes all outputs of `width` pixels.
template <int Step, bool Relu>
inline void multiplyRow(const PixelInputs& inputs, const Weights& weights, int width, const PixelOutputs& outputs)
{
    size_t first = 0;
    for (; first + MaxBlockVectors * VectorLength <= weights.outputs; first += MaxBlockVectors * VectorLength)
        multiplyColumns<Step, MaxBlockVectors, Relu>(inputs, weights, width, first, outputs);
    for (; first + 2 * VectorLength <= weights.outputs; first += 2 * VectorLength)
        multiplyColumns<Step, 2, Relu>(inputs, weights, width, first, outputs);
    for (; first < weights.outputs; first += VectorLength)
        multiplyColumns<Step, 1, Relu>(inputs, weights, width, first, outputs);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::yunet

#endif
