// The model: a cascade compiled for detection, as one block of bytes that is used in place. A packed cascade contains
// the same block, so opening one only needs validation.
//
//   header | stages | thresholds | leaf_deltas | leaves | order | corners
//
// All numbers are little-endian, as on every processor that Lambda has. Within a stage, stumps are sorted by the shape
// of their feature, so that each shape is a loop without branches. Trees of two nodes follow, sorted by both shapes.
// `order` maps back to the cascade's own order, which only the decision in double needs.
#ifndef OPENCV_OBJDETECT_HAAR_MODEL_HPP
#define OPENCV_OBJDETECT_HAAR_MODEL_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cascade.hpp"

namespace cv { namespace haar {

// The corners of a feature in the integral image and their weights, after merging the corners that its boxes share.
// Edge and Line are differences of two rows (or columns), Checker of three.
//   Edge     1 -2  1 | -1  2 -1
//   Line    -1  3 -3  1 | 1 -3  3 -1   (written as the outer box plus three times the inner box)
//   Checker  1 -2  1 | -2  4 -2 | 1 -2  1
//   Generic  any other integer weights, and features that do not fit 16 bits, as a sum of parts that do
enum Shape { Edge, Line, Checker, Generic, ShapeCount };

// The form of a tree: the shapes of its nodes, and whether the second node is the left child of the first.
enum { SecondShapeShift = 2, SecondIsLeftChild = 16, TreeFormCount = 32 };
inline Shape firstShape(int form) { return Shape(form & 3); }
inline Shape secondShape(int form) { return Shape(form >> SecondShapeShift & 3); }

// The number of corners per shape; a Generic stores its own.
enum { EdgeCorners = 6, LineCorners = 8, CheckerCorners = 9 };

// The fixed-point sum of a stage has two parts of 16 bits each. The coarse part is computed for all windows, the fine
// part only for the few that the coarse part leaves undecided. The sum is then coarse * fine_per_coarse + fine.
struct ModelStage
{
    float threshold;
    uint32_t first;                     // index of its first node
    uint32_t corner_offset;             // byte offset of its corners
    uint16_t shape_counts[ShapeCount];  // stumps of each shape
    int16_t coarse_base, fine_base;     // both parts of the sum if every node goes right, less the threshold
    int16_t fine_per_coarse;
    int16_t margin;       // at this distance from 0 or more, the coarse sum decides like the sum in double
    int16_t fine_margin;  // the same for the fine sum
    uint16_t tree_count;  // trees of two nodes
};

inline uint32_t nodeCount(const ModelStage& stage)
{
    return uint32_t(stage.shape_counts[Edge]) + stage.shape_counts[Line] + stage.shape_counts[Checker] +
           stage.shape_counts[Generic] + 2u * stage.tree_count;
}

// Added to each part of the sum if a stump goes left. In a tree, the same holds for the first node, and for the second
// node if it is reached.
struct LeafDelta
{
    int16_t coarse, fine;
};

// A validated model. Points into a block of bytes that must outlive it.
struct Model
{
    int width, height;
    uint32_t stage_count, node_count;
    const ModelStage* stages;
    const float* thresholds;  // of each node, in the model's order
    const LeafDelta* leaf_deltas;
    const float* leaves;    // `left` and `right` of each node; the single leaf of a tree's first node is repeated
    const uint16_t* order;  // for each node of a stage in the cascade's order, its index in the model's
    // x and y of each corner. For a Generic: the number of parts, and per part the number of corners, each with x, y
    // and weight. For a tree: its form, and the corners of both nodes.
    const uint8_t* corners;
    const uint8_t* corners_end;
};

// Compiles a cascade. Returns NULL, or the reason why the detector cannot evaluate it exactly.
const char* compileModel(const Cascade& cascade, std::vector<uint8_t>& block);

// Validates a block and opens the model in it. Returns NULL or the reason. `block` must be aligned to 4 bytes.
const char* openModel(const uint8_t* block, size_t length, Model& model);

}}  // namespace cv::haar

#endif
