// Walks over a stripe of a layer, a band of rows at a time: the photo's rows are made smaller, added up, and looked at
// while they are in the processor's cache. No picture of a whole layer exists.
#ifndef OPENCV_OBJDETECT_HAAR_STRIPE_HPP
#define OPENCV_OBJDETECT_HAAR_STRIPE_HPP

#include <algorithm>
#include <cstring>

#include "dense.hpp"
#include "pool.hpp"
#include "shrink.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Rows of windows in a band. More would fill vectors better and the cache worse.
enum { BandRows = 32 };

// Windows in a vector of neighbours, on average, that make it pay more than gathering them does.
enum { EnoughWindows = 3 };

// Numbers behind a row, for vectors that begin at its last window.
enum { Slack = Abreast * Lanes + 64 };

class Walker
{
public:
    Walker(const Model& model, uint32_t dense);

    // For these stripes of a photo. Rows of all layers are laid out for the widest one, so that the same tables serve
    // all of them.
    void start(const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count, const Stop& stop);
    // Ends between two bands where it is told to stop. Windows that are left of a band and do not fill a vector go to `rest`, to wait for those of other bands.
    void walk(const Layer& layer, size_t number, const Stripe& stripe, Pool& pool, Pool& rest);

private:
    void prepare(const Layer& layer);
    void fill(int first, int last);
    void look(int rows, size_t number, int first, Pool& pool, Pool& rest);
    uint16_t* integral(int row) { return &integral_[size_t(row) * band_.stride]; }
    // Row -step is the first.
    uint8_t* pixels(int row) { return &pixels_[size_t(row + band_.columns.step) * pixel_stride_]; }

    const Model& model_;
    Photo photo_;
    Stop stop_;
    const uint32_t dense_;
    // Of layers with windows each pixel, and each second one.
    Layout layouts_[2];
    Columns columns_of_[2];
    size_t strides_[2];
    int width_;    // that they are for
    Band band_;
    Shrink shrink_;
    Layer layer_;
    size_t pixel_stride_;
    int words_;
    int top_;    // the row of pixels that the band begins with
    Buffer<uint8_t> pixels_;
    Buffer<uint16_t> integral_;
    Buffer<uint32_t> columns_, squares_, offsets_;
    Buffer<float> contrasts_;
    Buffer<uint64_t> bits_;
    Row rows_[BandRows];
    List<Cover> covers_;
    Buffer<float> answers_;
};

inline Walker::Walker(const Model& model, uint32_t dense) : model_(model), photo_(), stop_(), dense_(dense), width_(-1)
{
}

inline void Walker::start(const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count, const Stop& stop)
{
    photo_ = photo;
    stop_ = stop;
    int width = 0;
    for (size_t i = 0; i < count; i++)
        width = std::max(width, layers[stripes[i].layer].width);
    width = (width + 63) / 64 * 64;
    if (width == width_)
        return;
    width_ = width;
    offsets_.need(size_t((model_.width + 1) * (model_.height + 1)));
    for (int step = 1; step <= 2; step++)
    {
        const size_t half = (size_t(width) / 2 + 1 + Slack + 31) / 32 * 32;
        Columns& columns = columns_of_[step - 1];
        columns.step = step;
        columns.odd = half;
        size_t& stride = strides_[step - 1];
        stride = step == 2 ? 2 * half : (size_t(width) + 1 + Slack + 31) / 32 * 32;
        // Rows a multiple of 1 KiB apart share few sets of the cache.
        if (stride % 512 == 0)
            stride += 32;
        uint32_t* offset = offsets_.data();
        for (int y = 0; y <= model_.height; y++)
            for (int x = 0; x <= model_.width; x++)
                *offset++ = uint32_t(size_t(y) * stride + columns(x));
        layouts_[step - 1].start(model_, offsets_.data());
    }
}

inline void Walker::prepare(const Layer& layer)
{
    layer_ = layer;
    const int step = layer.step;
    shrink_.start(photo_, layer.width, layer.height);
    band_.model = &model_;
    band_.layout = &layouts_[step - 1];
    band_.columns = columns_of_[step - 1];
    band_.stride = strides_[step - 1];
    band_.windows = layer.columns;
    band_.box = contrastBox(model_, band_.columns);
    pixel_stride_ = Shrink::room(layer.width) + 32;
    words_ = (layer.columns + 63) / 64;

    const size_t lines = size_t(std::min(int(BandRows), layer.rows));
    const size_t rows = (lines - 1) * size_t(step) + size_t(model_.height) + 1;
    pixels_.need((rows + size_t(step)) * pixel_stride_);
    integral_.need(rows * band_.stride + Slack);
    columns_.need(size_t(layer.width) + 64);
    squares_.need(band_.stride + Slack);
    const size_t windows = size_t(layer.columns) / 2 + Slack;
    contrasts_.need(2 * lines * windows);
    bits_.need(lines * size_t(words_ + 2));
    for (size_t r = 0; r < lines; r++)
    {
        rows_[r].integral = integral(int(r) * step);
        rows_[r].bits = &bits_[r * size_t(words_ + 2)];
        rows_[r].contrasts[0] = &contrasts_[2 * r * windows];
        rows_[r].contrasts[1] = &contrasts_[(2 * r + 1) * windows];
    }
}

// Makes rows of pixels and of the integral image, counted from the band's top.
inline void Walker::fill(int first, int last)
{
    for (int row = first; row < last; row++)
    {
        shrink_.row(top_ + row, pixels(row));
        integralRow(pixels(row), layer_.width, band_.columns, integral(row), integral(row + 1));
    }
}

inline void Walker::walk(const Layer& layer, size_t number, const Stripe& stripe, Pool& pool, Pool& rest)
{
    if (stop_())
        return;
    prepare(layer);
    const int step = layer.step;
    int made = 0;
    top_ = stripe.first * step;
    std::fill_n(integral(0), band_.stride, uint16_t(0));
    std::fill_n(columns_.data(), layer.width, 0u);
    for (int first = stripe.first; first < stripe.last; first += BandRows)
    {
        const int rows = std::min(int(BandRows), stripe.last - first);
        const int needed = (rows - 1) * step + model_.height;
        fill(made, needed);
        if (first == stripe.first)
            for (int row = 1; row < model_.height - 1; row++)
                addSquares(pixels(row), layer.width, columns_.data());
        for (int r = 0; r < rows; r++)
        {
            const int y = r * step;
            if (first != stripe.first || r > 0)
                for (int i = 0; i < step; i++)
                    moveSquares(pixels(y + model_.height - 1 - step + i), pixels(y + 1 - step + i), layer.width,
                                columns_.data());
            addUp(columns_.data(), layer.width, band_.columns, squares_.data());
            firstStage(band_, rows_[size_t(r)], squares_.data(), answers_);
            rows_[size_t(r)].bits[words_] = 0;
        }
        look(rows, number, first, pool, rest);
        if (first + rows == stripe.last || stop_())
            break;
        // What the next band has in common with this one moves up.
        const int passed = rows * step, kept = needed - passed;
        std::memmove(integral(0), integral(passed), size_t(kept + 1) * band_.stride * sizeof(uint16_t));
        std::memmove(pixels(-step), pixels(passed - step), size_t(kept + step) * pixel_stride_);
        top_ += passed;
        made = kept;
    }
}

// The further stages, in which rows of the band share vectors, and then the pool.
inline void Walker::look(int rows, size_t number, int first, Pool& pool, Pool& rest)
{
    uint32_t s = 1;
    for (; s < dense_; s++)
    {
        const int windows = cover(rows_, rows, words_, covers_);
        if (windows == 0)
            return;
        if (windows < EnoughWindows * int(covers_.size()))
            break;
        furtherStage(band_, s, rows_, covers_, answers_);
    }
    pool.begin(s);
    for (int r = 0; r < rows; r++)
    {
        const Row& row = rows_[size_t(r)];
        for (int word = 0; word < words_; word++)
            for (uint64_t left = row.bits[word]; left; left &= left - 1)
            {
                const int x = word * 64 + lowest(left);
                const Waiting window = {{number, x * layer_.step, (first + r) * layer_.step}, row.contrast(x)};
                pool.add({row.integral + x, band_.stride, band_.columns}, window);
            }
    }
    pool.empty(rest);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
