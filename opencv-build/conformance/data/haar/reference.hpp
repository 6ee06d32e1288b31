// The candidates of OpenCV's detector before grouping, computed window by window in the simplest way. Written from a
// description of OpenCV's behaviour, for tests without OpenCV; `compare_detection` compares it with OpenCV.
//
// Rounding is OpenCV's: to the nearest, halves to even, in float or double as noted.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "test_cascade.hpp"

namespace conformance {

// A window that passes all stages: the index of its scale, and its position in the image at that scale.
struct Candidate
{
    size_t scale;
    int x, y;

    bool operator==(const Candidate& other) const { return scale == other.scale && x == other.x && y == other.y; }
};

// Grey pixels that are owned elsewhere.
struct ImageView
{
    const uint8_t* pixels;
    size_t stride;
    int width, height;

    int at(int x, int y) const { return pixels[static_cast<size_t>(y) * stride + static_cast<size_t>(x)]; }
};

inline int rounded(float value) { return static_cast<int>(std::lrintf(value)); }
inline int rounded(double value) { return static_cast<int>(std::lrint(value)); }

// One axis of the resized image: for each output pixel the input pixel before it, and the weight of the next input
// pixel in units of 1/256.
struct Axis
{
    std::vector<int> before, weight;

    Axis(int from, int to)
    {
        const double step = 1.0 / (static_cast<double>(to) / from);
        for (int i = 0; i < to; i++)
        {
            const double position = step * (i + 0.5) - 0.5;
            const int pixel = static_cast<int>(std::floor(position));
            const bool outside = pixel < 0 || pixel >= from - 1;
            before.push_back(pixel < 0 ? 0 : outside ? from - 1 : pixel);
            weight.push_back(outside ? 0 : rounded((position - pixel) * 256));
        }
    }
};

inline std::vector<uint8_t> resized(const ImageView& from, int width, int height)
{
    const Axis across(from.width, width), down(from.height, height);
    std::vector<uint8_t> pixels;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        {
            const int column = across.before[static_cast<size_t>(x)], right = across.weight[static_cast<size_t>(x)];
            const int row = down.before[static_cast<size_t>(y)], below = down.weight[static_cast<size_t>(y)];
            const auto line = [&](int at) {
                return from.at(column, at) * (256 - right) + (right > 0 ? from.at(column + 1, at) * right : 0);
            };
            const int sum = line(row) * (256 - below) + (below > 0 ? line(row + 1) * below : 0);
            pixels.push_back(static_cast<uint8_t>((sum + 32768) >> 16));
        }
    return pixels;
}

// Sums of all pixels above and to the left, and of their squares.
struct Integral
{
    int width;
    std::vector<uint32_t> sums, squares;

    Integral(const std::vector<uint8_t>& pixels, int columns, int rows)
        : width(columns + 1), sums(static_cast<size_t>(width) * (rows + 1)), squares(sums.size())
    {
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < columns; x++)
            {
                const uint32_t pixel = pixels[static_cast<size_t>(y) * columns + x];
                const size_t at = static_cast<size_t>(y + 1) * width + x + 1, above = at - width;
                sums[at] = pixel + sums[at - 1] + sums[above] - sums[above - 1];
                squares[at] = pixel * pixel + squares[at - 1] + squares[above] - squares[above - 1];
            }
    }

    uint32_t box_sum(const std::vector<uint32_t>& of, int x, int y, int columns, int rows) const
    {
        const size_t top = static_cast<size_t>(y) * width + x, bottom = top + static_cast<size_t>(rows) * width;
        return of[bottom + columns] - of[bottom] - of[top + columns] + of[top];
    }
};

enum class WindowResult { passed, failed_first_stage, failed };

inline float feature_value(const Feature& feature, const Integral& integral, int x, int y)
{
    float value = 0;
    for (size_t i = 0; i < feature.boxes.size(); i++)
    {
        const Box& box = feature.boxes[i];
        const uint32_t sum = integral.box_sum(integral.sums, x + box.x, y + box.y, box.width, box.height);
        const float part = box.weight * static_cast<float>(static_cast<int32_t>(sum));
        value = i == 0 ? part : value + part;
    }
    return value;
}

inline WindowResult evaluate_window(const Cascade& cascade, const Integral& integral, int x, int y)
{
    // The variance is normalised over the window without its outermost pixels.
    const int columns = cascade.width - 2, rows = cascade.height - 2;
    const double area = static_cast<double>(columns) * rows;
    const int32_t sum = static_cast<int32_t>(integral.box_sum(integral.sums, x + 1, y + 1, columns, rows));
    const uint32_t squares = integral.box_sum(integral.squares, x + 1, y + 1, columns, rows);
    const double variance = area * squares - static_cast<double>(sum) * sum;
    if (!(variance > 0))
        return WindowResult::failed;
    const float norm_factor = static_cast<float>(1.0 / std::sqrt(variance));
    if (!(area * static_cast<double>(norm_factor) < 0.1))
        return WindowResult::failed;
    for (size_t i = 0; i < cascade.stages.size(); i++)
    {
        const Stage& stage = cascade.stages[i];
        double total = 0;
        for (int j = stage.first; j < stage.first + stage.count; j += cascade.tree_size_at(j))
        {
            const Stump* stump = &cascade.stumps[static_cast<size_t>(j)];
            const auto is_left = [&]() {
                return feature_value(cascade.features[static_cast<size_t>(stump->feature)], integral, x, y) *
                           norm_factor <
                       stump->threshold;
            };
            bool left = is_left();
            if (stump->child == (left ? ChildSide::left : ChildSide::right))
            {
                stump++;
                left = is_left();
            }
            total += static_cast<double>(left ? stump->left : stump->right);
        }
        if (total < static_cast<double>(stage.threshold()))
            return i == 0 ? WindowResult::failed_first_stage : WindowResult::failed;
    }
    return WindowResult::passed;
}

// The scales to evaluate: those whose window is within the limits, or otherwise the one whose window is nearest to the
// lower limit. A limit of 0 means no limit.
inline std::vector<float> select_scales(const Cascade& cascade, int width, int height, double factor, int min_width,
                                        int min_height, int max_width, int max_height)
{
    if (max_width == 0 || max_height == 0)
    {
        max_width = width;
        max_height = height;
    }
    std::vector<float> all, chosen;
    for (double scale = 1; rounded(cascade.width * scale) <= width && rounded(cascade.height * scale) <= height;
         scale *= factor)
        all.push_back(static_cast<float>(scale));
    double nearest = 0;
    float closest = 0;
    bool beyond = false;
    for (const float scale : all)
    {
        const int wide = rounded(static_cast<float>(cascade.width) * scale);
        const int high = rounded(static_cast<float>(cascade.height) * scale);
        beyond = beyond || wide > max_width || high > max_height;
        if (!beyond && wide >= min_width && high >= min_height)
            chosen.push_back(scale);
        const double across = min_width - wide, down = min_height - high, apart = across * across + down * down;
        if (closest == 0 || apart < nearest)
        {
            nearest = apart;
            closest = scale;
        }
    }
    if (chosen.empty() && !all.empty())
        chosen.push_back(closest);
    return chosen;
}

inline std::vector<Candidate> find_candidates(const Cascade& cascade, const ImageView& view,
                                              const std::vector<float>& scales)
{
    std::vector<Candidate> found;
    int stripes = 0;
    for (size_t i = 0; i < scales.size(); i++)
    {
        const float scale = scales[i];
        const int width = rounded(static_cast<float>(view.width) / scale);
        const int height = rounded(static_cast<float>(view.height) / scale);
        // The number of window positions.
        const int columns = std::max(0, width + 1 - cascade.width), rows = std::max(0, height + 1 - cascade.height);
        const int step = scale >= 2 ? 1 : 2;
        // OpenCV splits every scale into as many stripes as the first one. If rows do not divide evenly, the stripes
        // can end before the last row.
        if (i == 0)
            stripes = (columns + 31) / 32;
        if (stripes == 0)
            break;
        const int stripe = std::max((rows / step + stripes - 1) / stripes, 1) * step;
        const int last = std::min(stripe * stripes, rows);
        const Integral integral(resized(view, width, height), width, height);
        for (int y = 0; y < last; y += step)
            for (int x = 0; x < columns; x += step)
            {
                const bool inside = x + cascade.width <= width && y + cascade.height <= height;
                const WindowResult window_result =
                    inside ? evaluate_window(cascade, integral, x, y) : WindowResult::failed;
                if (window_result == WindowResult::passed)
                    found.push_back({i, x, y});
                // OpenCV skips the neighbour of a window that fails the first stage.
                if (window_result == WindowResult::failed_first_stage)
                    x += step;
            }
    }
    return found;
}

}  // namespace conformance
