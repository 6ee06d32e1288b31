// Why the groups are the same:
// - Groups are the connected components of "similar", which is symmetric; `cv::partition` numbers them by their first
//   members. Here each component is walked from its first member: a search finds all that are similar to a member and
//   takes them out of the tree, so that each is found once.
// - A search passes over a node only if stock's own comparison fails for everything below it. The allowed difference of
//   two rectangles is a rounded product that does not fall where their sides grow, so that the larger sides that a node
//   may have give a bound of it.
// - Rectangles of which stock's sums and differences might overflow, and an `eps` that is negative or not finite, are left
//   to stock's code.
#include "../precomp.hpp"

#include "grouping.hpp"

#include <cmath>

#include "control.hpp"
#include "edge_tree.hpp"
#include "opencv2/objdetect.hpp"

namespace cv { namespace haar {

namespace {

// Fewer are compared faster than indexed.
const size_t WorthATree = 48;

// Searches, each of some hundred nanoseconds, between two questions whether to stop.
const unsigned SearchesBetween = 1024;

// Sums and differences of several such numbers fit 32 bits.
const int Largest = 1 << 27;

bool isModerate(const Rect& r)
{
    return r.x >= -Largest && r.x <= Largest && r.y >= -Largest && r.y <= Largest && r.width >= -Largest &&
           r.width <= Largest && r.height >= -Largest && r.height <= Largest;
}

bool isIndexed(const std::vector<Rect>& rectangles, double eps)
{
    // A comparison with NaN is false.
    if (!isFast() || rectangles.size() < WorthATree || !(eps >= 0 && eps <= Largest))
        return false;
    return std::all_of(rectangles.begin(), rectangles.end(), isModerate);
}

Edges edgesOf(const Rect& r, int dx, int dy)
{
    const Edges edges = {{r.x - dx, r.y - dy, r.x + r.width + dx, r.y + r.height + dy}};
    return edges;
}

class Partition
{
public:
    Partition(const std::vector<Rect>& rectangles, double eps, EdgeTree& tree)
        : rectangles_(rectangles), eps_(eps), similar_(eps), tree_(tree)
    {
    }

    int label(std::vector<int>& labels)
    {
        const Stop stop = stopOfThread();
        unsigned asked = 0;
        int classes = 0;
        labels.assign(rectangles_.size(), -1);
        for (size_t i = 0; i < labels.size(); i++)
        {
            if (labels[i] >= 0)
                continue;
            labels[i] = classes;
            for (found_.assign(1, int(i)); !found_.empty();)
            {
                throwIf(++asked % SearchesBetween == 0 && stop());
                const int member = found_.back();
                found_.pop_back();
                const size_t before = found_.size();
                rectangle_ = rectangles_[size_t(member)];
                edges_ = edgesOf(rectangle_, 0, 0);
                take(0);
                for (size_t next = before; next < found_.size(); next++)
                    labels[size_t(found_[next])] = classes;
            }
            classes++;
        }
        return classes;
    }

private:
    // Takes what is similar out of a node and puts it to what was found.
    void take(int at)
    {
        EdgeNode& node = tree_.node(at);
        if (node.count == 0 || isFar(node))
            return;
        if (node.second)
        {
            take(at + 1);
            take(node.second);
            node.count = tree_.node(at + 1).count + tree_.node(node.second).count;
            return;
        }
        EdgeItem* const items = tree_.items(node);
        for (int i = node.count - 1; i >= 0; i--)
            if (similar_(rectangle_, rectangles_[size_t(items[i].number)]))
            {
                found_.push_back(items[i].number);
                items[i] = items[--node.count];
            }
    }

    bool isFar(const EdgeNode& node) const
    {
        const int width = std::min(rectangle_.width, node.high.at[Right] - node.low.at[Left]);
        const int height = std::min(rectangle_.height, node.high.at[Bottom] - node.low.at[Top]);
        const double delta = eps_ * (width + height) * 0.5;
        for (int side = 0; side < Sides; side++)
            if (node.low.at[side] - edges_.at[side] > delta || edges_.at[side] - node.high.at[side] > delta)
                return true;
        return delta < 0;
    }

    const std::vector<Rect>& rectangles_;
    const double eps_;
    const SimilarRects similar_;
    EdgeTree& tree_;
    std::vector<int> found_;
    // What is looked for.
    Rect rectangle_;
    Edges edges_;
};

// A group among `tree` below the node `at`, other than `group`, that contains the edges and has more than `members`; or
// -1.
int containerOf(const EdgeTree& tree, int at, const Edges& edges, int group, int members)
{
    const EdgeNode& node = tree.node(at);
    if (node.members <= members || node.low.at[Left] > edges.at[Left] || node.low.at[Top] > edges.at[Top] ||
        node.high.at[Right] < edges.at[Right] || node.high.at[Bottom] < edges.at[Bottom])
        return -1;
    if (node.second)
    {
        const int found = containerOf(tree, at + 1, edges, group, members);
        return found >= 0 ? found : containerOf(tree, node.second, edges, group, members);
    }
    const EdgeItem* const items = tree.items(node);
    for (int i = 0; i < node.count; i++)
    {
        const Edges& box = items[i].edges;
        if (items[i].number != group && items[i].members > members && box.at[Left] <= edges.at[Left] &&
            box.at[Top] <= edges.at[Top] && box.at[Right] >= edges.at[Right] && box.at[Bottom] >= edges.at[Bottom])
            return items[i].number;
    }
    return -1;
}

}  // namespace

int partitionSimilar(const std::vector<Rect>& rectangles, std::vector<int>& labels, double eps)
{
    if (!isIndexed(rectangles, eps))
        return partition(rectangles, labels, SimilarRects(eps));
    std::vector<EdgeItem> items(rectangles.size());
    for (size_t i = 0; i < items.size(); i++)
    {
        items[i].edges = edgesOf(rectangles[i], 0, 0);
        items[i].number = int(i);
        items[i].members = 1;
    }
    EdgeTree tree(items);
    return Partition(rectangles, eps, tree).label(labels);
}

Containers::Containers(const std::vector<Rect>& groups, const std::vector<int>& members, int threshold, double eps)
    : groups_(groups), members_(members)
{
    if (!isIndexed(groups, eps))
        return;
    std::vector<EdgeItem> items;
    for (size_t i = 0; i < groups.size(); i++)
    {
        if (members[i] <= threshold)
            continue;
        const double dx = groups[i].width * eps, dy = groups[i].height * eps;
        if (std::fabs(dx) > Largest || std::fabs(dy) > Largest)
            return;
        const EdgeItem item = {edgesOf(groups[i], saturate_cast<int>(dx), saturate_cast<int>(dy)), int(i), members[i]};
        items.push_back(item);
    }
    if (!items.empty())
        tree_.reset(new EdgeTree(items));
}

Containers::~Containers() {}

int Containers::of(int group) const
{
    if (!tree_)
        return 0;
    const int members = members_[size_t(group)];
    // A group of fewer than three goes into any other, a larger one only into one of more members.
    const int fewer = members < 3 ? 0 : std::max(3, members);
    const int found = containerOf(*tree_, 0, edgesOf(groups_[size_t(group)], 0, 0), group, fewer);
    return found >= 0 ? found : int(groups_.size());
}

}} // namespace cv::haar
