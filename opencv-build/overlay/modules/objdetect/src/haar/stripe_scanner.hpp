// Scans a stripe of a level, a band of rows at a time: image rows are scaled, integrated and evaluated while they are
// in the processor's cache. The scaled image of a whole level is never stored.
#ifndef OPENCV_OBJDETECT_HAAR_STRIPE_SCANNER_HPP
#define OPENCV_OBJDETECT_HAAR_STRIPE_SCANNER_HPP

#include <algorithm>
#include <cstring>

#include "dense_stages.hpp"
#include "window_pool.hpp"
#include "row_resizer.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Rows of windows in a band. More rows fill vectors better but use the cache worse.
enum { BandRows = 32 };

// With fewer windows per vector on average, gathering them is faster than evaluating neighbours.
enum { MinWindowsPerBatch = 3 };

// Elements after a row, for vectors that begin at its last window.
enum { RowPadding = UnrollFactor * Lanes + 64 };

class StripeScanner
{
public:
    StripeScanner(const Model& model, uint32_t dense_stages);

    // Prepares for these stripes of an image. Rows of all levels have the stride of the widest one, so that they share
    // the tables.
    void start(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes, size_t count,
               const detection::StopCallback& stop);
    // Returns between two bands once `stop_` returns true. Windows of a band that do not fill a vector go to
    // `leftover`, where they are combined with those of other bands.
    void scan(const PyramidLevel& level, size_t level_index, const Stripe& stripe, WindowPool& pool,
              WindowPool& leftover);

private:
    void prepare(const PyramidLevel& level);
    void fillRows(int first, int last);
    void evaluateStages(int rows, size_t level_index, int first, WindowPool& pool, WindowPool& leftover);
    uint16_t* integral(int row) { return &integral_[size_t(row) * band_.stride]; }
    // The first row is -step.
    uint8_t* pixels(int row) { return &pixels_[size_t(row + band_.columns.step) * pixel_stride_]; }

    const Model& model_;
    ImageView image_;
    detection::StopCallback stop_;
    const uint32_t dense_stages_;
    // For levels with steps of 1 and 2 pixels.
    StageTables stage_tables_[2];
    ColumnLayout column_layouts_[2];
    size_t strides_[2];
    int width_;  // level width that they are for
    Band band_;
    RowResizer resizer_;
    PyramidLevel level_;
    size_t pixel_stride_;
    int words_;
    int top_;  // first row of pixels of the band
    Buffer<uint8_t> pixels_;
    Buffer<uint16_t> integral_;
    Buffer<uint32_t> column_squares_, square_sums_, offsets_;
    Buffer<float> norm_factors_;
    Buffer<uint64_t> bits_;
    WindowRow rows_[BandRows];
    List<BatchPosition> positions_;
    Buffer<float> leaf_values_;
};

inline StripeScanner::StripeScanner(const Model& model, uint32_t dense_stages)
    : model_(model), image_(), stop_(), dense_stages_(dense_stages), width_(-1)
{
}

inline void StripeScanner::start(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes,
                                 size_t count, const detection::StopCallback& stop)
{
    image_ = image;
    stop_ = stop;
    int width = 0;
    for (size_t i = 0; i < count; i++)
        width = std::max(width, levels[stripes[i].level].width);
    width = (width + 63) / 64 * 64;
    if (width == width_)
        return;
    width_ = width;
    offsets_.reserve(size_t((model_.width + 1) * (model_.height + 1)));
    for (int step = 1; step <= 2; step++)
    {
        const size_t half = (size_t(width) / 2 + 1 + RowPadding + 31) / 32 * 32;
        ColumnLayout& columns = column_layouts_[step - 1];
        columns.step = step;
        columns.odd_offset = half;
        size_t& stride = strides_[step - 1];
        stride = step == 2 ? 2 * half : (size_t(width) + 1 + RowPadding + 31) / 32 * 32;
        // Rows a multiple of 1 KiB apart map to few cache sets.
        if (stride % 512 == 0)
            stride += 32;
        uint32_t* offset = offsets_.data();
        for (int y = 0; y <= model_.height; y++)
            for (int x = 0; x <= model_.width; x++)
                *offset++ = uint32_t(size_t(y) * stride + columns(x));
        stage_tables_[step - 1].init(model_, offsets_.data());
    }
}

inline void StripeScanner::prepare(const PyramidLevel& level)
{
    level_ = level;
    const int step = level.step;
    resizer_.start(image_, level.width, level.height);
    band_.model = &model_;
    band_.stage_tables = &stage_tables_[step - 1];
    band_.columns = column_layouts_[step - 1];
    band_.stride = strides_[step - 1];
    band_.windows = level.columns;
    band_.norm_rect = makeNormRect(model_, band_.columns);
    pixel_stride_ = RowResizer::paddedWidth(level.width) + 32;
    words_ = (level.columns + 63) / 64;

    const size_t lines = size_t(std::min(int(BandRows), level.rows));
    const size_t rows = (lines - 1) * size_t(step) + size_t(model_.height) + 1;
    pixels_.reserve((rows + size_t(step)) * pixel_stride_);
    integral_.reserve(rows * band_.stride + RowPadding);
    column_squares_.reserve(size_t(level.width) + 64);
    square_sums_.reserve(band_.stride + RowPadding);
    const size_t windows = size_t(level.columns) / 2 + RowPadding;
    norm_factors_.reserve(2 * lines * windows);
    bits_.reserve(lines * size_t(words_ + 2));
    for (size_t r = 0; r < lines; r++)
    {
        rows_[r].integral = integral(int(r) * step);
        rows_[r].bits = &bits_[r * size_t(words_ + 2)];
        rows_[r].norm_factors[0] = &norm_factors_[2 * r * windows];
        rows_[r].norm_factors[1] = &norm_factors_[(2 * r + 1) * windows];
    }
}

// Computes rows of pixels and of the integral image, counted from the band's top.
inline void StripeScanner::fillRows(int first, int last)
{
    for (int row = first; row < last; row++)
    {
        resizer_.resizeRow(top_ + row, pixels(row));
        integralRow(pixels(row), level_.width, band_.columns, integral(row), integral(row + 1));
    }
}

inline void StripeScanner::scan(const PyramidLevel& level, size_t level_index, const Stripe& stripe, WindowPool& pool,
                                WindowPool& leftover)
{
    if (stop_())
        return;
    prepare(level);
    const int step = level.step;
    int filled = 0;
    top_ = stripe.first * step;
    std::fill_n(integral(0), band_.stride, uint16_t(0));
    std::fill_n(column_squares_.data(), level.width, 0u);
    for (int first = stripe.first; first < stripe.last; first += BandRows)
    {
        const int rows = std::min(int(BandRows), stripe.last - first);
        const int needed = (rows - 1) * step + model_.height;
        fillRows(filled, needed);
        if (first == stripe.first)
            for (int row = 1; row < model_.height - 1; row++)
                addSquares(pixels(row), level.width, column_squares_.data());
        for (int r = 0; r < rows; r++)
        {
            const int y = r * step;
            if (first != stripe.first || r > 0)
                for (int i = 0; i < step; i++)
                    slideSquares(pixels(y + model_.height - 1 - step + i), pixels(y + 1 - step + i), level.width,
                                 column_squares_.data());
            prefixSumRow(column_squares_.data(), level.width, band_.columns, square_sums_.data());
            evaluateFirstStage(band_, rows_[size_t(r)], square_sums_.data(), leaf_values_);
            rows_[size_t(r)].bits[words_] = 0;
        }
        evaluateStages(rows, level_index, first, pool, leftover);
        if (first + rows == stripe.last || stop_())
            break;
        // Moves the rows that the next band shares with this one to the top.
        const int scrolled = rows * step, kept = needed - scrolled;
        std::memmove(integral(0), integral(scrolled), size_t(kept + 1) * band_.stride * sizeof(uint16_t));
        std::memmove(pixels(-step), pixels(scrolled - step), size_t(kept + step) * pixel_stride_);
        top_ += scrolled;
        filled = kept;
    }
}

// Runs the further dense stages, in which rows of the band share vectors, and passes the rest to the pool.
inline void StripeScanner::evaluateStages(int rows, size_t level_index, int first, WindowPool& pool,
                                          WindowPool& leftover)
{
    uint32_t s = 1;
    for (; s < dense_stages_; s++)
    {
        const int windows = coverWithBatches(rows_, rows, words_, positions_);
        if (windows == 0)
            return;
        if (windows < MinWindowsPerBatch * int(positions_.size()))
            break;
        evaluateStage(band_, s, rows_, positions_, leaf_values_);
    }
    pool.setFirstStage(s);
    for (int r = 0; r < rows; r++)
    {
        const WindowRow& row = rows_[size_t(r)];
        for (int word = 0; word < words_; word++)
            for (uint64_t remaining = row.bits[word]; remaining; remaining &= remaining - 1)
            {
                const int x = word * 64 + lowestBit(remaining);
                const PooledWindow window = {{level_index, x * level_.step, (first + r) * level_.step},
                                             row.normFactor(x)};
                pool.add({row.integral + x, band_.stride, band_.columns}, window);
            }
    }
    pool.handOver(leftover);
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
