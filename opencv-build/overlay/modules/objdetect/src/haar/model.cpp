// Compiles a cascade into a model, and checks a model that was compiled elsewhere.
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace cv { namespace haar {

namespace {

const uint32_t MAGIC = 0x52414148;  // "HAAR"
const uint32_t VERSION = 1;

struct Header
{
    uint32_t magic, version;
    uint32_t width, height, stages, stumps, corners;
};

// A pixel's highest value.
const int White = 255;
const int Smallest = 5, Widest = 31, Highest = 63;

struct Corner
{
    int x, y, weight;
};

// Corners of the boxes of a feature, each place once.
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

    // How many have this weight.
    int with(int weight) const
    {
        int found = 0;
        for (int i = 0; i < count; i++)
            found += at[i].weight == weight;
        return found;
    }
};

// What a feature has in the rows from `top` to `bottom`, as weights of corners in the integral image.
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

// Whether what the feature has in these rows fits int16, whatever the pixels are. Partial sums need not fit: they
// are taken modulo 2^16, and only the value that comes out is looked at. The boxes' sides cut the window into cells in
// which all pixels have the same weight.
bool fits(const Feature& feature, int top, int bottom)
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
    int most = 0, least = 0;
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
            (weight > 0 ? most : least) += weight * area * White;
        }
    return most <= std::numeric_limits<int16_t>::max() && least >= std::numeric_limits<int16_t>::min();
}

void put(std::vector<uint8_t>& bytes, const Corners& corners, int weight)
{
    for (int i = 0; i < corners.count; i++)
        if (corners.at[i].weight == weight)
        {
            bytes.push_back(uint8_t(corners.at[i].x));
            bytes.push_back(uint8_t(corners.at[i].y));
        }
}

// The shape whose weights these are, and the order in which features.hpp reads them; Other if there is none.
Shape shapeOf(const Corners& corners, const int** order)
{
    static const int edge[] = {1, -1, -2, 2, 0}, line[] = {1, -1, 3, -3, 0}, checker[] = {1, -2, 4, 0};
    *order = NULL;
    const int ones = corners.with(1);
    if (corners.count == EdgeCorners && ones == 2 && corners.with(-1) == 2 && corners.with(2) == 1 && corners.with(-2) == 1)
        return *order = edge, Edge;
    if (corners.count == LineCorners && ones == 2 && corners.with(-1) == 2 && corners.with(3) == 2 && corners.with(-3) == 2)
        return *order = line, Line;
    if (corners.count == CheckerCorners && ones == 4 && corners.with(-2) == 4 && corners.with(4) == 1)
        return *order = checker, Checker;
    return Other;
}

// A stump as the model has it.
struct Compiled
{
    Shape shape;
    float threshold, left, right;
    std::vector<uint8_t> corners;
};

void putParts(std::vector<uint8_t>& bytes, const Corners* parts, size_t count)
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

const char* compileFeature(const Feature& feature, int width, int height, Compiled& stump)
{
    if (feature.tilted)
        return "it has tilted features";
    double largest = 0;
    for (const Box& box : feature.boxes)
    {
        if (box.weight == 0)
            continue;
        if (box.weight != std::floor(box.weight) || std::fabs(box.weight) > 30)
            return "it has weights that are no small whole numbers";
        if (box.x < 0 || box.y < 0 || box.width < 0 || box.height < 0 || box.x > width - box.width ||
            box.y > height - box.height)
            return "it has features that reach out of the window";
        largest += std::fabs(box.weight) * box.width * box.height * White;
    }
    // Up to here float holds every whole number, so that stock's sum of floats is the whole number that ours is.
    if (largest >= (1 << 24))
        return "it has features that float cannot hold";

    if (fits(feature, 0, height))
    {
        Corners whole = cornersOf(feature, 0, height);
        if (whole.with(-4) == 1)
        {
            // The value's negative may be a Checker, and `v < t` is `not (-v < u)` where u is the float after -t. Product
            // and comparison of floats are the same for negatives.
            for (int i = 0; i < whole.count; i++)
                whole.at[i].weight = -whole.at[i].weight;
            stump.threshold = std::nextafter(-stump.threshold, std::numeric_limits<float>::infinity());
            std::swap(stump.left, stump.right);
        }
        const int* order;
        stump.shape = shapeOf(whole, &order);
        if (stump.shape != Other)
        {
            for (; *order; order++)
                put(stump.corners, whole, *order);
            return NULL;
        }
        // Written with the signs that it has now.
        putParts(stump.corners, &whole, 1);
        return NULL;
    }

    // As few bands of rows as fit; most often two.
    stump.shape = Other;
    std::vector<Corners> parts;
    for (int top = 0; top < height;)
    {
        int bottom = top;
        while (bottom < height && fits(feature, top, bottom + 1))
            bottom++;
        if (bottom == top)
            return "it has features that do not fit 16 bits";
        parts.push_back(cornersOf(feature, top, bottom));
        top = bottom;
    }
    putParts(stump.corners, parts.data(), parts.size());
    return NULL;
}

// Sums of a stage in fixed point: the largest scale at which none overflows, each answer rounded to a whole number, and
// how far the sum can then be from the true one; and the same once more for what rounding lost.
void quantise(const Stage& from, const std::vector<Compiled>& stumps, ModelStage& stage, std::vector<ModelAnswer>& answers)
{
    double least = -double(from.threshold), most = least;
    for (const Compiled& stump : stumps)
    {
        least += std::min(stump.left, stump.right);
        most += std::max(stump.left, stump.right);
    }
    const double range = std::max(std::fabs(least), std::fabs(most)), count = double(stumps.size()) + 1;
    // What rounding adds, half of one for each answer and for the threshold, needs room as well.
    const double room = std::numeric_limits<int16_t>::max() - 2 * (count + 1);
    const double scale = std::min(room / std::max(range, 1e-9), 16384.0);
    // An answer's fine part is at most one coarse unit and one fine one, and there is one for each stump.
    const double fineness = std::min(std::floor(room / count / 1.5) - 2, 256.0);
    const double fine_scale = scale * fineness;
    double base = -std::rint(from.threshold * scale), fine_base = -std::rint(from.threshold * fine_scale);
    double error = std::fabs(base + from.threshold * scale), fine_error = std::fabs(fine_base + from.threshold * fine_scale);
    for (const Compiled& stump : stumps)
    {
        const double left = std::rint(stump.left * scale), right = std::rint(stump.right * scale);
        const double fine_left = std::rint(stump.left * fine_scale), fine_right = std::rint(stump.right * fine_scale);
        base += right;
        fine_base += fine_right;
        const double coarse = left - right, fine = fine_left - fine_right - coarse * fineness;
        // A single answer may be twice as large as any sum; modulo 2^16 the sum is right all the same.
        const ModelAnswer answer = {int16_t(uint16_t(int(coarse))), int16_t(fine)};
        answers.push_back(answer);
        error += std::max(std::fabs(left - stump.left * scale), std::fabs(right - stump.right * scale));
        fine_error += std::max(std::fabs(fine_left - stump.left * fine_scale), std::fabs(fine_right - stump.right * fine_scale));
    }
    stage.base = int16_t(base);
    stage.fineness = int16_t(fineness);
    stage.fine = int16_t(fine_base - base * fineness);
    // One more than enough, because stock's sum in double and these are rounded themselves, by some 1e-12.
    stage.margin = int16_t(std::ceil(error) + 1);
    stage.fine_margin = int16_t(std::ceil(fine_error) + 1);
}

// For a stage of few stumps: tries all their answers, which shows how far from 0 a wrong sum really comes.
void narrow(const Stage& from, const std::vector<Compiled>& stumps, const std::vector<uint16_t>& place, const ModelAnswer* known,
            ModelStage& stage)
{
    if (stumps.size() > 12)
        return;
    int margin = 0;
    for (unsigned answers = 0; answers < 1u << stumps.size(); answers++)
    {
        int fixed = stage.base;
        double sum = 0;
        for (size_t i = 0; i < stumps.size(); i++)
            if (answers >> i & 1)
                fixed += known[i].coarse;
        fixed = int16_t(uint16_t(fixed));
        for (uint16_t i : place)
            sum += answers >> i & 1 ? stumps[i].left : stumps[i].right;
        const bool passes = !(sum < from.threshold);
        if (passes != (fixed >= 0))
            margin = std::max(margin, passes ? -fixed : fixed + 1);
    }
    stage.margin = int16_t(margin);
}

template <typename T> void append(std::vector<uint8_t>& block, const std::vector<T>& values)
{
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(values.data());
    block.insert(block.end(), bytes, bytes + values.size() * sizeof(T));
    block.resize((block.size() + 3) / 4 * 4);
}

// Takes `count` values from the block, or NULL if it has not so many.
template <typename T> const T* take(const uint8_t*& at, const uint8_t* end, size_t count)
{
    const size_t bytes = (count * sizeof(T) + 3) / 4 * 4;
    if (size_t(end - at) < bytes)
        return NULL;
    const T* values = reinterpret_cast<const T*>(at);
    at += bytes;
    return values;
}

bool goodWindow(uint32_t width, uint32_t height)
{
    // The contrast's box is summed as two halves, each of which must fit 16 bits.
    return width >= Smallest && width <= Widest && height >= Smallest && height <= Highest &&
           (width - 1) / 2 * (height - 2) * White <= std::numeric_limits<uint16_t>::max();
}

// Whether the corners of a stage are all there and within the window.
bool goodCorners(const Model& model, const ModelStage& stage, const uint8_t* at, const uint8_t** next)
{
    const unsigned width = unsigned(model.width), height = unsigned(model.height);
    const size_t plain = size_t(stage.count[Edge]) * EdgeCorners + size_t(stage.count[Line]) * LineCorners +
                         size_t(stage.count[Checker]) * CheckerCorners;
    if (size_t(model.end - at) < 2 * plain)
        return false;
    unsigned outside = 0;
    for (size_t i = 0; i < plain; i++)
        outside |= unsigned(at[2 * i] > width) | unsigned(at[2 * i + 1] > height);
    if (outside)
        return false;
    at += 2 * plain;
    for (int i = 0; i < stage.count[Other]; i++)
    {
        if (at == model.end)
            return false;
        for (int parts = *at++; parts > 0; parts--)
        {
            if (at == model.end)
                return false;
            int corners = *at++;
            if (model.end - at < 3 * corners)
                return false;
            for (; corners > 0; corners--, at += 3)
                if (at[0] > width || at[1] > height)
                    return false;
        }
    }
    *next = at;
    return true;
}

}  // namespace

const char* compile(const Cascade& cascade, std::vector<uint8_t>& block)
{
    if (!goodWindow(uint32_t(cascade.width), uint32_t(cascade.height)))
        return "its window is too large or too small";
    if (cascade.stages.empty())
        return "it has no stages";
    std::vector<ModelStage> stages;
    std::vector<float> thresholds, leaves;
    std::vector<ModelAnswer> answers;
    std::vector<uint16_t> order;
    std::vector<uint8_t> corners;
    for (const Stage& from : cascade.stages)
    {
        if (from.count <= 0 || from.count > 4096 || !std::isfinite(from.threshold))
            return "it has stages that are empty or too large";
        std::vector<Compiled> stumps;
        for (int i = from.first; i < from.first + from.count; i++)
        {
            const Stump& stump = cascade.stumps.at(size_t(i));
            if (!std::isfinite(stump.threshold) || !std::isfinite(stump.left) || !std::isfinite(stump.right))
                return "it has numbers that are not finite";
            Compiled compiled = {Other, stump.threshold, stump.left, stump.right, std::vector<uint8_t>()};
            const Feature& feature = cascade.features.at(size_t(stump.feature));
            if (const char* why = compileFeature(feature, cascade.width, cascade.height, compiled))
                return why;
            stumps.push_back(compiled);
        }
        std::vector<uint16_t> sorted;
        ModelStage stage = {};
        for (int shape = 0; shape < Shapes; shape++)
            for (size_t i = 0; i < stumps.size(); i++)
                if (stumps[i].shape == shape)
                {
                    sorted.push_back(uint16_t(i));
                    stage.count[shape]++;
                }
        std::vector<Compiled> in_order;
        std::vector<uint16_t> place(stumps.size());
        for (size_t i = 0; i < sorted.size(); i++)
        {
            place[sorted[i]] = uint16_t(i);
            in_order.push_back(stumps[sorted[i]]);
        }
        stage.threshold = from.threshold;
        stage.first = uint32_t(thresholds.size());
        stage.corners = uint32_t(corners.size());
        quantise(from, in_order, stage, answers);
        narrow(from, in_order, place, &answers[stage.first], stage);
        for (const Compiled& stump : in_order)
        {
            thresholds.push_back(stump.threshold);
            leaves.push_back(stump.left);
            leaves.push_back(stump.right);
            corners.insert(corners.end(), stump.corners.begin(), stump.corners.end());
        }
        order.insert(order.end(), place.begin(), place.end());
        stages.push_back(stage);
    }
    const Header header = {MAGIC, VERSION, uint32_t(cascade.width), uint32_t(cascade.height), uint32_t(stages.size()),
                           uint32_t(thresholds.size()), uint32_t(corners.size())};
    block.clear();
    append(block, std::vector<Header>(1, header));
    append(block, stages);
    append(block, thresholds);
    append(block, answers);
    append(block, leaves);
    append(block, order);
    append(block, corners);
    return NULL;
}

const char* open(const uint8_t* block, size_t length, Model& model)
{
    const uint8_t* at = block;
    const uint8_t* const end = block + length;
    const Header* header = take<Header>(at, end, 1);
    if (!header || header->magic != MAGIC)
        return "its model is none";
    if (header->version != VERSION)
        return "its model is of another version";
    if (!goodWindow(header->width, header->height))
        return "its model's window is too large or too small";
    model.width = int(header->width);
    model.height = int(header->height);
    model.stages = header->stages;
    model.stumps = header->stumps;
    model.stage = take<ModelStage>(at, end, model.stages);
    model.threshold = model.stage ? take<float>(at, end, model.stumps) : NULL;
    model.answer = model.threshold ? take<ModelAnswer>(at, end, model.stumps) : NULL;
    model.leaves = model.answer ? take<float>(at, end, size_t(model.stumps) * 2) : NULL;
    model.order = model.leaves ? take<uint16_t>(at, end, model.stumps) : NULL;
    model.corners = model.order ? take<uint8_t>(at, end, header->corners) : NULL;
    if (!model.corners || model.stages == 0 || at != end)
        return "its model is cut short or has something behind it";
    model.end = model.corners + header->corners;
    const uint8_t* corners = model.corners;
    uint32_t first = 0;
    for (uint32_t s = 0; s < model.stages; s++)
    {
        const ModelStage& stage = model.stage[s];
        const uint32_t count = uint32_t(stage.count[Edge]) + stage.count[Line] + stage.count[Checker] + stage.count[Other];
        if (stage.first != first || count == 0 || count > model.stumps - first)
            return "its model's stages do not fit its stumps";
        for (uint32_t i = first; i < first + count; i++)
            if (model.order[i] >= count)
                return "its model's stumps are out of order";
        if (stage.corners != size_t(corners - model.corners) || !goodCorners(model, stage, corners, &corners))
            return "its model has corners outside of the window";
        first += count;
    }
    if (first != model.stumps || corners != model.end)
        return "its model's stages do not fit its stumps";
    return NULL;
}

}} // namespace cv::haar
