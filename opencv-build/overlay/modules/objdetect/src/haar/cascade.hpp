// A cascade of trees of one node or two as its file describes it: what the model is compiled from.
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

// The sum of up to three boxes; those that are not used have the weight 0.
struct Feature
{
    Box boxes[3];
    bool tilted;
};

// Which side of a node leads to another node.
enum ChildSide { NoChild, LeftChild, RightChild };

// `left` if the feature's value, divided by the window's contrast, is below the threshold, else `right`. Where one of
// them leads to another node, that is the one that follows, and both `left` and `right` are the answer of the other
// side.
struct Stump
{
    int feature;
    float threshold, left, right;
    ChildSide child;
};

// A window passes if the sum of its trees' answers is not below the threshold. `count` is of nodes.
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

// A node as OpenCV has it: where `left` or `right` is above 0 it is a node of the same tree, else a leaf of it, by its
// number's negative.
struct TreeNode
{
    int feature;
    float threshold;
    int left, right;
};

// Adds a tree to the last stage; false if it has another form.
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
