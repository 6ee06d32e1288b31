// Decoding and suppression are those of OpenCV 4.14's `FaceDetectorYN`, with the same types, so that they round alike.
#include "faces.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cv { namespace yunet {

namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

Face decodeFace(const float* output, int column, int row, int stride, float score)
{
    Face face;
    face.width = std::exp(output[HeadBox + 2]) * stride;
    face.height = std::exp(output[HeadBox + 3]) * stride;
    face.x = (column + output[HeadBox]) * stride - face.width / 2;
    face.y = (row + output[HeadBox + 1]) * stride - face.height / 2;
    for (int i = 0; i < 5; i++)
    {
        face.landmarks[i][0] = (output[HeadLandmarks + 2 * i] + column) * stride;
        face.landmarks[i][1] = (output[HeadLandmarks + 2 * i + 1] + row) * stride;
    }
    face.score = score;
    return face;
}

// Suppression compares boxes in whole pixels.
struct PixelBox
{
    int64_t left, top, right, bottom;

    int64_t area() const { return (right - left) * (bottom - top); }
};

// Truncates; beyond `Limit`, which areas of boxes in 64 bits allow, and for values that are not numbers, a limit.
int64_t truncate(float value)
{
    const float Limit = 1 << 30;
    return int64_t(value < Limit ? std::max(value, -Limit) : Limit);
}

PixelBox pixelBox(const Face& face)
{
    const int64_t x = truncate(face.x), y = truncate(face.y);
    const PixelBox box = {x, y, x + truncate(face.width), y + truncate(face.height)};
    return box;
}

float overlap(const PixelBox& a, const PixelBox& b)
{
    const int64_t both = a.area() + b.area();
    if (both <= 0)
        return 1;
    const int64_t width = std::min(a.right, b.right) - std::max(a.left, b.left);
    const int64_t height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    const double shared = width > 0 && height > 0 ? double(width * height) : 0;
    // Not the ratio itself, which would be rounded once.
    return 1 - float(1 - shared / (double(both) - shared));
}

}  // namespace

std::vector<Face> decodeFaces(const FeatureMap heads[LevelCount], float score_threshold,
                              const detection::StopCallback& stop)
{
    std::vector<Face> faces;
    for (int level = 0; level < LevelCount; level++)
    {
        const FeatureMap& head = heads[level];
        const float* output = head.values;
        for (int row = 0; row < head.height && !stop(); row++)
            for (int column = 0; column < head.width; column++, output += HeadOutputCount)
            {
                const float score = std::sqrt(sigmoid(output[HeadClass]) * sigmoid(output[HeadObject]));
                if (score >= score_threshold)
                    faces.push_back(decodeFace(output, column, row, 8 << level, score));
            }
    }
    return faces;
}

std::vector<Face> suppressOverlapping(const std::vector<Face>& faces, float score_threshold, float nms_threshold,
                                      int top_k, const detection::StopCallback& stop)
{
    if (faces.size() <= 1)
        return faces;
    std::vector<size_t> order;
    for (size_t i = 0; i < faces.size(); i++)
        if (faces[i].score > score_threshold)
            order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return faces[a].score > faces[b].score; });
    if (top_k > 0 && order.size() > size_t(top_k))
        order.resize(size_t(top_k));
    std::vector<Face> kept;
    std::vector<PixelBox> boxes;
    // Comparisons since the last check of `stop`. One takes a few nanoseconds.
    const size_t comparisons_per_check = 1 << 17;
    size_t comparisons = 0;
    for (size_t index : order)
    {
        const PixelBox box = pixelBox(faces[index]);
        const auto overlaps = [&](const PixelBox& other) { return overlap(box, other) > nms_threshold; };
        const bool is_suppressed = std::any_of(boxes.begin(), boxes.end(), overlaps);
        comparisons += boxes.size();
        if (comparisons > comparisons_per_check)
        {
            if (stop())
                break;
            comparisons = 0;
        }
        if (is_suppressed)
            continue;
        kept.push_back(faces[index]);
        boxes.push_back(box);
    }
    return kept;
}

}}  // namespace cv::yunet
