// A k-d tree of rectangles by their four edges. Each level halves the widest side of a box of whole numbers, so that it is no
// deeper than four times their bits, and then halves what is equal.
#ifndef OPENCV_OBJDETECT_HAAR_EDGE_TREE_HPP
#define OPENCV_OBJDETECT_HAAR_EDGE_TREE_HPP

#include <algorithm>
#include <vector>

namespace cv { namespace haar {

enum Side { Left, Top, Right, Bottom, Sides };

struct Edges
{
    int at[Sides];
};

struct EdgeItem
{
    Edges edges;
    int number;    // what its owner calls it
    int members;
};

// Nodes are in preorder: a node's first child is the next node. The owner may reorder and drop the items of a leaf, and
// keeps `count` of the nodes above it right.
struct EdgeNode
{
    Edges low, high;    // of all items below it
    int members;        // the most that an item below it has
    int first, count;   // of its items
    int second;         // its second child; 0 if it is a leaf
};

class EdgeTree
{
public:
    explicit EdgeTree(std::vector<EdgeItem>& items)
    {
        items_.swap(items);
        build(0, int(items_.size()));
    }

    EdgeNode& node(int i) { return nodes_[size_t(i)]; }
    const EdgeNode& node(int i) const { return nodes_[size_t(i)]; }
    EdgeItem* items(const EdgeNode& node) { return items_.data() + node.first; }
    const EdgeItem* items(const EdgeNode& node) const { return items_.data() + node.first; }

private:
    enum { LeafItems = 8 };

    int build(int first, int last)
    {
        EdgeNode node = {items_[size_t(first)].edges, items_[size_t(first)].edges, 0, first, last - first, 0};
        for (int i = first; i < last; i++)
        {
            const EdgeItem& item = items_[size_t(i)];
            node.members = std::max(node.members, item.members);
            for (int side = 0; side < Sides; side++)
            {
                node.low.at[side] = std::min(node.low.at[side], item.edges.at[side]);
                node.high.at[side] = std::max(node.high.at[side], item.edges.at[side]);
            }
        }
        const int at = int(nodes_.size());
        nodes_.push_back(node);
        if (node.count <= LeafItems)
            return at;
        int widest = 0;
        for (int side = 1; side < Sides; side++)
            if (node.high.at[side] - node.low.at[side] > node.high.at[widest] - node.low.at[widest])
                widest = side;
        // Halving the box, and not its items, needs no median, whose search may take the square of their number.
        const int low = node.low.at[widest], high = node.high.at[widest], half = low + (high - low) / 2;
        const auto is_low = [=](const EdgeItem& item) { return item.edges.at[widest] <= half; };
        const auto begin = items_.begin() + first, end = items_.begin() + last;
        const int middle = low == high ? first + node.count / 2 : first + int(std::partition(begin, end, is_low) - begin);
        build(first, middle);
        const int second = build(middle, last);
        nodes_[size_t(at)].second = second;
        return at;
    }

    std::vector<EdgeItem> items_;
    std::vector<EdgeNode> nodes_;
};

}} // namespace cv::haar

#endif
