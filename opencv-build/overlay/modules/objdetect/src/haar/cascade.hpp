// A cascade of trees of one or two nodes as its file describes it. The model is compiled from it.
#ifndef OPENCV_OBJDETECT_HAAR_CASCADE_HPP
#define OPENCV_OBJDETECT_HAAR_CASCADE_HPP

#include <algorithm>
#include <vector>

namespace cv { namespace haar {

// A weighted rectangle of a feature, in pixels of the window.
struct Box
{
    int x, y, width, height;
    float weight;
};

// The weighted sum of up to three boxes; unused boxes have the weight 0.
struct Feature
{
    Box boxes[3];
    bool tilted;
};

// The side of a node that leads to its child.
enum ChildSide { NoChild, LeftChild, RightChild };

// Evaluates to `left` if the normalised feature value is below the threshold, otherwise to `right`. If one side leads
// to a child node, that node follows this one, and `left` and `right` both hold the other side's leaf value.
struct Stump
{
    int feature;
    float threshold, left, right;
    ChildSide child;
};

// A window passes if the sum of its trees' leaf values is at least the threshold. `count` counts nodes.
struct Stage
{
    int first, count;
    float threshold;
};

struct Cascade
{
    int width, height;
    std::vector<Feature> features;
    std::vector<Stage> stages;
    std::vector<Stump> stumps;
};

// A node in OpenCV's encoding: a positive `left` or `right` is the index of a node of the same tree; otherwise its
// negative is the index of a leaf.
struct TreeNode
{
    int feature;
    float threshold;
    int left, right;
};

// Adds a tree to the last stage. Returns false if the tree has another form.
inline bool addTree(Cascade& cascade, const TreeNode* nodes, int count, const float* leaves)
{
    const TreeNode& root = nodes[0];
    if (count == 1 && root.left == 0 && root.right == -1)
        cascade.stumps.push_back({root.feature, root.threshold, leaves[0], leaves[1], NoChild});
    else if (count == 2 && std::max(root.left, root.right) == 1 && std::min(root.left, root.right) <= 0 &&
             std::min(root.left, root.right) >= -2 && std::max(nodes[1].left, nodes[1].right) <= 0 &&
             std::min(nodes[1].left, nodes[1].right) >= -2)
    {
        const float leaf = leaves[-std::min(root.left, root.right)];
        cascade.stumps.push_back({root.feature, root.threshold, leaf, leaf, root.left > 0 ? LeftChild : RightChild});
        cascade.stumps.push_back(
            {nodes[1].feature, nodes[1].threshold, leaves[-nodes[1].left], leaves[-nodes[1].right], NoChild});
    }
    else
        return false;
    cascade.stages.back().count += count;
    return true;
}

}}  // namespace cv::haar

#endif
