// The layers of a chain. Each computes its rows from the top to the bottom on request, and requests the rows that it
// needs from the layer before it.
#ifndef OPENCV_OBJDETECT_YUNET_LAYER_ROWS_HPP
#define OPENCV_OBJDETECT_YUNET_LAYER_ROWS_HPP

#include <algorithm>
#include <cstring>

#include "chain.hpp"
#include "depthwise.hpp"
#include "pointwise.hpp"
#include "scratch.hpp"

namespace cv { namespace yunet {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Hands out parts of the scratch memory.
class Scratch
{
public:
    explicit Scratch(float* next) : next_(next) {}

    float* take(size_t length)
    {
        float* part = next_;
        next_ += alignedLength(length);
        return part;
    }

private:
    float* next_;
};

class RowSource
{
public:
    RowSource(int width, int height, size_t channels) : width(width), height(height), channels(channels) {}

    // Prepares for rows from `first` on.
    virtual void start(int first) = 0;

    // The row `y`, which is valid until the next call. `y` increases from call to call, by 1.
    virtual const float* row(int y) = 0;

    const int width, height;
    const size_t channels;

protected:
    ~RowSource() {}
};

// The first convolution of the image, with ReLU. Outside the image pixels are 0.
class ImageConvolution final : public RowSource
{
public:
    ImageConvolution(const ImageView& image, const FirstConvolution& convolution, int width, int height,
                     Scratch& scratch)
        : RowSource(width, height, convolution.outputs),
          image_(image),
          convolution_(convolution),
          pixels_length_(imageRowLength(width)),
          output_(scratch.take(size_t(width) * channels)),
          next_(0)
    {
        for (int i = 0; i < 3; i++)
        {
            pixels_[i] = scratch.take(pixels_length_);
            std::memset(pixels_[i], 0, pixels_length_ * sizeof(float));
        }
    }

    void start(int first) override { next_ = std::max(2 * first - 1, 0); }

    const float* row(int y) override
    {
        for (; next_ <= 2 * y + 1; next_++)
            loadPixels(next_);
        PixelInputs inputs = PixelInputs();
        for (int i = 0; i < 3; i++)
            inputs.groups[i] = pixels_[(2 * y + i + 2) % 3];
        inputs.count = 3;
        inputs.length = 3 * ImageChannels;
        const Weights weights = {convolution_.weights, convolution_.bias, channels};
        const PixelOutputs outputs = {output_, size_t(width) * ChannelStep};
        multiplyRow<2 * ImageChannels, true>(inputs, weights, width, outputs);
        return output_;
    }

private:
    // Row -1 has the same place as row 2, which is loaded later, and is zero until then.
    void loadPixels(int y)
    {
        float* to = pixels_[y % 3] + ImageChannels;
        const int length = y < image_.height ? image_.width * ImageChannels : 0;
        const uint8_t* from = image_.pixels + size_t(std::min(y, image_.height - 1)) * image_.stride;
        int i = 0;
        // Not `vx_load_expand_q`, which reads an `int` with SSE, although `from` is not aligned.
        for (; i + 2 * VectorLength <= length; i += 2 * VectorLength)
        {
            v_uint32 low, high;
            v_expand(vx_load_expand(from + i), low, high);
            v_store(to + i, v_cvt_f32(v_reinterpret_as_s32(low)));
            v_store(to + i + VectorLength, v_cvt_f32(v_reinterpret_as_s32(high)));
        }
        for (; i < length; i++)
            to[i] = from[i];
        std::memset(to + length, 0, (pixels_length_ - ImageChannels - size_t(length)) * sizeof(float));
    }

    const ImageView image_;
    const FirstConvolution& convolution_;
    const size_t pixels_length_;
    float* pixels_[3];
    float* output_;
    int next_;
};

// A stored feature map.
class StoredMap final : public RowSource
{
public:
    explicit StoredMap(const FeatureMap& map) : RowSource(map.width, map.height, map.channels), map_(map) {}

    void start(int) override {}
    const float* row(int y) override { return map_.values + size_t(y) * rowLength(map_); }

private:
    const FeatureMap map_;
};

// The sum of a feature map and one of half its size, enlarged by repeating pixels.
class SumWithCoarser final : public RowSource
{
public:
    SumWithCoarser(const FeatureMap& map, const FeatureMap& coarser, Scratch& scratch)
        : RowSource(map.width, map.height, map.channels),
          map_(map),
          coarser_(coarser),
          output_(scratch.take(rowLength(map)))
    {
    }

    void start(int) override {}

    const float* row(int y) override
    {
        const float* fine = map_.values + size_t(y) * rowLength(map_);
        const float* coarse = coarser_.values + size_t(y / 2) * rowLength(coarser_);
        // A group has twice as many pixels as the coarser map's, so the repeated pixel is the one at half the index.
        const size_t pixels = rowLength(map_) / ChannelStep;
        for (size_t x = 0; x < pixels; x++)
            for (size_t c = 0; c < ChannelStep; c += VectorLength)
            {
                const v_float32 sum = vx_load(fine + x * ChannelStep + c) + vx_load(coarse + x / 2 * ChannelStep + c);
                v_store(output_ + x * ChannelStep + c, sum);
            }
        return output_;
    }

private:
    const FeatureMap map_, coarser_;
    float* output_;
};

// The maxima of 2x2 pixels.
class MaxPool final : public RowSource
{
public:
    MaxPool(RowSource& source, Scratch& scratch)
        : RowSource(source.width / 2, source.height / 2, source.channels),
          source_(source),
          output_(scratch.take(size_t(width) * channels))
    {
    }

    void start(int first) override { source_.start(2 * first); }

    const float* row(int y) override
    {
        maxOfPairs(source_.row(2 * y), false);
        maxOfPairs(source_.row(2 * y + 1), true);
        return output_;
    }

private:
    // Groups have an even number of pixels, so that pairs do not cross their ends.
    void maxOfPairs(const float* from, bool and_output)
    {
        const size_t pixels = size_t(width) * channels / ChannelStep;
        for (size_t x = 0; x < pixels; x++)
            for (size_t c = 0; c < ChannelStep; c += VectorLength)
            {
                const float* pair = from + 2 * x * ChannelStep + c;
                float* output = output_ + x * ChannelStep + c;
                const v_float32 maximum = v_max(vx_load(pair), vx_load(pair + ChannelStep));
                v_store(output, and_output ? v_max(maximum, vx_load(output)) : maximum);
            }
    }

    RowSource& source_;
    float* output_;
};

// A pair of convolutions. Keeps three rows of the pointwise convolution's results, with a zero pixel at both ends of
// each group.
class PairRows final : public RowSource
{
public:
    PairRows(RowSource& source, const Layer& layer, Scratch& scratch)
        : RowSource(source.width, source.height, layer.pair->outputs),
          source_(source),
          layer_(layer),
          output_(scratch.take(size_t(width) * channels)),
          next_(0)
    {
        const size_t length = size_t(width + 2) * channels, group = size_t(width + 2) * ChannelStep;
        for (float*& row : rows_)
        {
            row = scratch.take(length);
            for (size_t start = 0; start < length; start += group)
            {
                clearPixel(row + start);
                clearPixel(row + start + group - ChannelStep);
            }
        }
        float* zeros = scratch.take(length);
        std::memset(zeros, 0, length * sizeof(float));
        zeros_ = zeros;
    }

    void start(int first) override
    {
        next_ = std::max(first - 1, 0);
        source_.start(next_);
    }

    const float* row(int y) override
    {
        for (; next_ <= std::min(y + 1, height - 1); next_++)
            multiply(next_);
        const float* const rows[3] = {y > 0 ? rows_[(y - 1) % 3] : zeros_, rows_[y % 3],
                                      y + 1 < height ? rows_[(y + 1) % 3] : zeros_};
        const ConvolutionPair& pair = *layer_.pair;
        const auto depthwise = layer_.relu ? depthwiseRow<true> : depthwiseRow<false>;
        depthwise(rows, pair.depthwise, pair.depthwise_bias, channels, width, output_);
        return output_;
    }

private:
    static void clearPixel(float* pixel) { std::memset(pixel, 0, ChannelStep * sizeof(float)); }

    void multiply(int y)
    {
        const ConvolutionPair& pair = *layer_.pair;
        const float* from = source_.row(y);
        PixelInputs inputs = PixelInputs();
        inputs.count = int(pair.inputs / ChannelStep);
        inputs.length = ChannelStep;
        for (int i = 0; i < inputs.count; i++)
            inputs.groups[i] = from + size_t(i) * size_t(width) * ChannelStep;
        const Weights weights = {pair.pointwise, pair.pointwise_bias, channels};
        const PixelOutputs outputs = {rows_[y % 3] + ChannelStep, size_t(width + 2) * ChannelStep};
        multiplyRow<ChannelStep, false>(inputs, weights, width, outputs);
    }

    RowSource& source_;
    const Layer layer_;
    float* rows_[3];
    const float* zeros_;
    float* output_;
    int next_;
};

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::yunet

#endif
