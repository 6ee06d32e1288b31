// The model: a cascade compiled for detection, as one block of bytes that is used where it lies. The same block is
// what a packed cascade holds, so that opening one is checking it.
//
//   header | stages | thresholds | leaf_deltas | leaves | order | corners
//
// All numbers are little-endian, as on every processor that Lambda has. Within a stage the stumps are sorted by the
// shape of their feature, so that each shape is a loop without branches, and trees of two nodes follow them, sorted by
// both shapes; `order` leads back to the cascade's own order, which only the decision in double needs.
#ifndef OPENCV_OBJDETECT_HAAR_MODEL_HPP
#define OPENCV_OBJDETECT_HAAR_MODEL_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cascade.hpp"

namespace cv { namespace haar {

// What a feature's corners are in the integral image once those that its boxes share are merged, and their weights:
// Edge and Line are a difference of two rows (or columns), Checker is one of three.
//   Edge     1 -2  1 | -1  2 -1
//   Line    -1  3 -3  1 | 1 -3  3 -1   (written as the box outside and three times the box inside)
//   Checker  1 -2  1 | -2  4 -2 | 1 -2  1
//   Generic  anything else of whole numbers, and what does not fit 16 bits, as a sum of parts that do
enum Shape { Edge, Line, Checker, Generic, ShapeCount };

// The form of a tree: the shapes of its nodes, and whether `left` of the first leads to the second.
enum { SecondShapeShift = 2, SecondIsLeftChild = 16, TreeFormCount = 32 };
inline Shape firstShape(int form) { return Shape(form & 3); }
inline Shape secondShape(int form) { return Shape(form >> SecondShapeShift & 3); }

// How many corners a shape has; a Generic says so itself.
enum { EdgeCorners = 6, LineCorners = 8, CheckerCorners = 9 };

// The sum of a stage's answers is taken in fixed point, in two parts of 16 bits each: the coarse part of all windows,
// the fine one of those few that the coarse one cannot decide, and then the sum is coarse * fine_per_coarse + fine.
struct ModelStage
{
    float threshold;
    uint32_t first;                     // of its nodes
    uint32_t corner_offset;             // where its corners begin, in bytes
    uint16_t shape_counts[ShapeCount];  // stumps of each shape
    int16_t coarse_base, fine_base;     // both parts of the sum if every stump says `right`, less the threshold
    int16_t fine_per_coarse;
    int16_t margin;       // at this distance from 0 and further, the coarse sum decides as the one in double does
    int16_t fine_margin;  // and the fine sum
    uint16_t tree_count;  // of two nodes
};

inline uint32_t nodeCount(const ModelStage& stage)
{
    return uint32_t(stage.shape_counts[Edge]) + stage.shape_counts[Line] + stage.shape_counts[Checker] +
           stage.shape_counts[Generic] + 2u * stage.tree_count;
}

// What a stump adds if it says `left`, to each part of the sum. Of a tree the first node adds so as well, and the
// second one if it says `left` and the first one leads to it.
struct LeafDelta
{
    int16_t coarse, fine;
};

// A model that was checked. Points into a block of bytes that must live as long.
struct Model
{
    int width, height;
    uint32_t stage_count, node_count;
    const ModelStage* stages;
    const float* thresholds;  // of each node, in the model's order
    const LeafDelta* leaf_deltas;
    const float* leaves;    // `left` and `right` of each node; of a tree's first one, its one leaf twice
    const uint16_t* order;  // for each node of a stage in the cascade's order, its place in the model's
    const uint8_t*
        corners;  // x and y of each; of a Generic: the number of parts, and for each the number of corners, and x, y, weight.
                  // Of a tree: its form, and the corners of both nodes
    const uint8_t* corners_end;
};

// Compiles a cascade. Where `compileModel` says why not, the cascade is not one that this detector can do exactly.
const char* compileModel(const Cascade& cascade, std::vector<uint8_t>& block);

// Checks a block and finds the model in it; says what is wrong, or NULL. `block` must be aligned to 4 bytes.
const char* openModel(const uint8_t* block, size_t length, Model& model);

}}  // namespace cv::haar

#endif
