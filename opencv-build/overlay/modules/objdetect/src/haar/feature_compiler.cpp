// Compiles the boxes of a feature to the corners that they share and to one of the detector's shapes.
#include "feature_compiler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "model_header.hpp"

namespace cv { namespace haar {

namespace {

struct Corner
{
    int x, y, weight;
};

// The corners of a feature's boxes, without duplicates.
struct Corners
{
    Corner at[12];
    int count;

    void add(int x, int y, int weight)
    {
        for (int i = 0; i < count; i++)
            if (at[i].x == x && at[i].y == y)
            {
                at[i].weight += weight;
                return;
            }
        const Corner corner = {x, y, weight};
        at[count++] = corner;
    }

    int countWithWeight(int weight) const
    {
        int found = 0;
        for (int i = 0; i < count; i++)
            found += at[i].weight == weight;
        return found;
    }
};

// The corners, weighted for the integral image, of the feature's part in the rows from `top` to `bottom`.
Corners cornersOf(const Feature& feature, int top, int bottom)
{
    Corners corners;
    corners.count = 0;
    for (const Box& box : feature.boxes)
    {
        const int y0 = std::max(box.y, top), y1 = std::min(box.y + box.height, bottom);
        const int weight = int(box.weight);
        if (weight == 0 || box.width == 0 || y0 >= y1)
            continue;
        corners.add(box.x, y0, weight);
        corners.add(box.x + box.width, y0, -weight);
        corners.add(box.x, y1, -weight);
        corners.add(box.x + box.width, y1, weight);
    }
    int kept = 0;
    for (int i = 0; i < corners.count; i++)
        if (corners.at[i].weight != 0)
            corners.at[kept++] = corners.at[i];
    corners.count = kept;
    return corners;
}

// Whether the feature's value in these rows fits int16 for any pixels. Partial sums need not fit: they are taken modulo
// 2^16, and only the final value is used. The boxes' edges divide the window into cells in which all pixels have the
// same weight.
bool fitsInt16(const Feature& feature, int top, int bottom)
{
    int xs[6], ys[8], columns = 0, rows = 0;
    ys[rows++] = top;
    ys[rows++] = bottom;
    for (const Box& box : feature.boxes)
    {
        xs[columns++] = box.x;
        xs[columns++] = box.x + box.width;
        ys[rows++] = std::min(std::max(box.y, top), bottom);
        ys[rows++] = std::min(std::max(box.y + box.height, top), bottom);
    }
    std::sort(xs, xs + columns);
    std::sort(ys, ys + rows);
    int max_value = 0, min_value = 0;
    for (int row = 0; row + 1 < rows; row++)
        for (int column = 0; column + 1 < columns; column++)
        {
            const int x = xs[column], y = ys[row], area = (xs[column + 1] - x) * (ys[row + 1] - y);
            if (area == 0)
                continue;
            int weight = 0;
            for (const Box& box : feature.boxes)
                if (y >= box.y && y < box.y + box.height && x >= box.x && x < box.x + box.width)
                    weight += int(box.weight);
            (weight > 0 ? max_value : min_value) += weight * area * MaxPixelValue;
        }
    return max_value <= std::numeric_limits<int16_t>::max() && min_value >= std::numeric_limits<int16_t>::min();
}

void appendCorners(std::vector<uint8_t>& bytes, const Corners& corners, int weight)
{
    for (int i = 0; i < corners.count; i++)
        if (corners.at[i].weight == weight)
        {
            bytes.push_back(uint8_t(corners.at[i].x));
            bytes.push_back(uint8_t(corners.at[i].y));
        }
}

// The shape with these weights, or Generic; `order` is the order in which stage_sums.hpp reads the corners.
Shape classifyShape(const Corners& corners, const int** order)
{
    static const int edge[] = {1, -1, -2, 2, 0}, line[] = {1, -1, 3, -3, 0}, checker[] = {1, -2, 4, 0};
    *order = NULL;
    const int ones = corners.countWithWeight(1);
    if (corners.count == EdgeCorners && ones == 2 && corners.countWithWeight(-1) == 2 &&
        corners.countWithWeight(2) == 1 && corners.countWithWeight(-2) == 1)
        return *order = edge, Edge;
    if (corners.count == LineCorners && ones == 2 && corners.countWithWeight(-1) == 2 &&
        corners.countWithWeight(3) == 2 && corners.countWithWeight(-3) == 2)
        return *order = line, Line;
    if (corners.count == CheckerCorners && ones == 4 && corners.countWithWeight(-2) == 4 &&
        corners.countWithWeight(4) == 1)
        return *order = checker, Checker;
    return Generic;
}

void appendParts(std::vector<uint8_t>& bytes, const Corners* parts, size_t count)
{
    const size_t at = bytes.size();
    bytes.push_back(0);
    for (size_t part = 0; part < count; part++)
    {
        if (parts[part].count == 0)
            continue;
        bytes[at]++;
        bytes.push_back(uint8_t(parts[part].count));
        for (int i = 0; i < parts[part].count; i++)
        {
            bytes.push_back(uint8_t(parts[part].at[i].x));
            bytes.push_back(uint8_t(parts[part].at[i].y));
            bytes.push_back(uint8_t(int8_t(parts[part].at[i].weight)));
        }
    }
}

}  // namespace

const char* compileFeature(const Feature& feature, int width, int height, CompiledStump& stump)
{
    if (feature.tilted)
        return "it has tilted features";
    double max_magnitude = 0;
    for (const Box& box : feature.boxes)
    {
        if (box.weight == 0)
            continue;
        if (box.weight != std::floor(box.weight) || std::fabs(box.weight) > 30)
            return "it has weights that are not small integers";
        if (box.x < 0 || box.y < 0 || box.width < 0 || box.height < 0 || box.x > width - box.width ||
            box.y > height - box.height)
            return "it has features outside the window";
        max_magnitude += std::fabs(box.weight) * box.width * box.height * MaxPixelValue;
    }
    // Below 2^24 float represents every integer, so upstream's sum of floats equals our integer sum.
    if (max_magnitude >= (1 << 24))
        return "it has features whose values may exceed 2^24";

    if (fitsInt16(feature, 0, height))
    {
        Corners corners = cornersOf(feature, 0, height);
        if (corners.countWithWeight(-4) == 1)
        {
            // The negated feature may be a Checker: `v < t` is `not (-v < u)`, where u is the next float after -t.
            // Products and comparisons of floats are symmetric under negation.
            for (int i = 0; i < corners.count; i++)
                corners.at[i].weight = -corners.at[i].weight;
            stump.threshold = std::nextafter(-stump.threshold, std::numeric_limits<float>::infinity());
            std::swap(stump.left, stump.right);
            if (stump.child != NoChild)
                stump.child = stump.child == LeftChild ? RightChild : LeftChild;
        }
        const int* order;
        stump.shape = classifyShape(corners, &order);
        if (stump.shape != Generic)
        {
            for (; *order; order++)
                appendCorners(stump.corners, corners, *order);
            return NULL;
        }
        // Written after the possible negation above.
        appendParts(stump.corners, &corners, 1);
        return NULL;
    }

    // As few bands of rows as possible, usually two.
    stump.shape = Generic;
    std::vector<Corners> parts;
    for (int top = 0; top < height;)
    {
        int bottom = top;
        while (bottom < height && fitsInt16(feature, top, bottom + 1))
            bottom++;
        if (bottom == top)
            return "it has features that do not fit 16 bits";
        parts.push_back(cornersOf(feature, top, bottom));
        top = bottom;
    }
    appendParts(stump.corners, parts.data(), parts.size());
    return NULL;
}

}}  // namespace cv::haar
