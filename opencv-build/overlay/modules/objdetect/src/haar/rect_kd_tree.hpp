// A k-d tree of rectangles by their four edges. Each level halves the widest side of an integer box, so the depth from
// that is at most four times the number of bits. After that it halves the number of equal items.
#ifndef OPENCV_OBJDETECT_HAAR_RECT_KD_TREE_HPP
#define OPENCV_OBJDETECT_HAAR_RECT_KD_TREE_HPP

#include <algorithm>
#include <vector>

namespace cv { namespace haar {

enum Side { Left, Top, Right, Bottom, SideCount };

struct Edges
{
    int at[SideCount];
};

struct RectKdItem
{
    Edges edges;
    int index;  // the owner's index
    int members;
};

// Nodes are in preorder: a node's first child is the next node. The owner may reorder and drop the items of a leaf, and
// must then update `count` in the nodes above it.
struct RectKdNode
{
    Edges low, high;   // bounds of all items below it
    int max_members;   // maximum `members` of the items below it
    int first, count;  // range of its items
    int second;        // index of its second child; 0 for a leaf
};

class RectKdTree
{
public:
    explicit RectKdTree(std::vector<RectKdItem>& items)
    {
        items_.swap(items);
        build(0, int(items_.size()));
    }

    RectKdNode& node(int i) { return nodes_[size_t(i)]; }
    const RectKdNode& node(int i) const { return nodes_[size_t(i)]; }
    RectKdItem* items(const RectKdNode& node) { return items_.data() + node.first; }
    const RectKdItem* items(const RectKdNode& node) const { return items_.data() + node.first; }

private:
    enum { LeafItems = 8 };

    int build(int first, int last)
    {
        RectKdNode node = {items_[size_t(first)].edges, items_[size_t(first)].edges, 0, first, last - first, 0};
        for (int i = first; i < last; i++)
        {
            const RectKdItem& item = items_[size_t(i)];
            node.max_members = std::max(node.max_members, item.members);
            for (int side = 0; side < SideCount; side++)
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
        for (int side = 1; side < SideCount; side++)
            if (node.high.at[side] - node.low.at[side] > node.high.at[widest] - node.low.at[widest])
                widest = side;
        // Halving the box instead of its items avoids searching a median, which can take quadratic time.
        const int low = node.low.at[widest], high = node.high.at[widest], half = low + (high - low) / 2;
        const auto is_low = [=](const RectKdItem& item) { return item.edges.at[widest] <= half; };
        const auto begin = items_.begin() + first, end = items_.begin() + last;
        const int middle =
            low == high ? first + node.count / 2 : first + int(std::partition(begin, end, is_low) - begin);
        build(first, middle);
        const int second = build(middle, last);
        nodes_[size_t(at)].second = second;
        return at;
    }

    std::vector<RectKdItem> items_;
    std::vector<RectKdNode> nodes_;
};

}}  // namespace cv::haar

#endif
