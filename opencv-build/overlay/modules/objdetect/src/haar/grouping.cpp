// Why the groups are the same:
// - Groups are the connected components of "similar", which is symmetric. `cv::partition` numbers them by their first
//   members. Here each component is traversed from its first member: a search finds all rectangles similar to a member
//   and removes them from the tree, so that each is found once.
// - A search skips a node only if upstream's own comparison fails for everything below it. The allowed difference of
//   two rectangles is a rounded product that does not decrease as their sides grow, so the largest sides in a node give
//   an upper bound.
// - Rectangles for which upstream's sums and differences might overflow, and an `eps` that is negative or not finite,
//   are left to upstream's code.
#include "../precomp.hpp"

#include "grouping.hpp"

#include <cmath>

#include "../shared/cancellation.hpp"
#include "control.hpp"
#include "rect_kd_tree.hpp"
#include "opencv2/objdetect.hpp"

namespace cv { namespace haar {

namespace {

// Fewer rectangles are compared faster than indexed.
const size_t MinIndexedRects = 48;

// Searches between two checks of the stop callback. A search takes a few hundred nanoseconds.
const unsigned SearchesPerStopCheck = 1024;

// Sums and differences of several such coordinates fit 32 bits.
const int MaxCoordinate = 1 << 27;

bool isWithinRange(const Rect& r)
{
    return r.x >= -MaxCoordinate && r.x <= MaxCoordinate && r.y >= -MaxCoordinate && r.y <= MaxCoordinate &&
           r.width >= -MaxCoordinate && r.width <= MaxCoordinate && r.height >= -MaxCoordinate &&
           r.height <= MaxCoordinate;
}

bool shouldIndex(const std::vector<Rect>& rectangles, double eps)
{
    // `!(...)` also rejects NaN.
    if (!isFastEnabled() || rectangles.size() < MinIndexedRects || !(eps >= 0 && eps <= MaxCoordinate))
        return false;
    return std::all_of(rectangles.begin(), rectangles.end(), isWithinRange);
}

Edges edgesOf(const Rect& r, int dx, int dy)
{
    const Edges edges = {{r.x - dx, r.y - dy, r.x + r.width + dx, r.y + r.height + dy}};
    return edges;
}

class SimilarityPartition
{
public:
    SimilarityPartition(const std::vector<Rect>& rectangles, double eps, RectKdTree& tree)
        : rectangles_(rectangles), eps_(eps), similar_(eps), tree_(tree)
    {
    }

    int assignLabels(std::vector<int>& labels)
    {
        const detection::StopCallback stop = detection::threadStopCallback();
        unsigned searches = 0;
        int classes = 0;
        labels.assign(rectangles_.size(), -1);
        for (size_t i = 0; i < labels.size(); i++)
        {
            if (labels[i] >= 0)
                continue;
            labels[i] = classes;
            for (found_.assign(1, int(i)); !found_.empty();)
            {
                detection::throwIfStopped(++searches % SearchesPerStopCheck == 0 && stop());
                const int member = found_.back();
                found_.pop_back();
                const size_t before = found_.size();
                rectangle_ = rectangles_[size_t(member)];
                edges_ = edgesOf(rectangle_, 0, 0);
                takeSimilar(0);
                for (size_t next = before; next < found_.size(); next++)
                    labels[size_t(found_[next])] = classes;
            }
            classes++;
        }
        return classes;
    }

private:
    // Moves the similar rectangles of a node from the tree to `found_`.
    void takeSimilar(int at)
    {
        RectKdNode& node = tree_.node(at);
        if (node.count == 0 || isFar(node))
            return;
        if (node.second)
        {
            takeSimilar(at + 1);
            takeSimilar(node.second);
            node.count = tree_.node(at + 1).count + tree_.node(node.second).count;
            return;
        }
        RectKdItem* const items = tree_.items(node);
        for (int i = node.count - 1; i >= 0; i--)
            if (similar_(rectangle_, rectangles_[size_t(items[i].index)]))
            {
                found_.push_back(items[i].index);
                items[i] = items[--node.count];
            }
    }

    bool isFar(const RectKdNode& node) const
    {
        const int width = std::min(rectangle_.width, node.high.at[Right] - node.low.at[Left]);
        const int height = std::min(rectangle_.height, node.high.at[Bottom] - node.low.at[Top]);
        const double delta = eps_ * (width + height) * 0.5;
        for (int side = 0; side < SideCount; side++)
            if (node.low.at[side] - edges_.at[side] > delta || edges_.at[side] - node.high.at[side] > delta)
                return true;
        return delta < 0;
    }

    const std::vector<Rect>& rectangles_;
    const double eps_;
    const SimilarRects similar_;
    RectKdTree& tree_;
    std::vector<int> found_;
    // The rectangle that similar ones are searched for.
    Rect rectangle_;
    Edges edges_;
};

// A group in `tree` at or below the node `at`, other than `group`, that contains the edges and has more than `members`
// members; -1 if there is none.
int findContainer(const RectKdTree& tree, int at, const Edges& edges, int group, int members)
{
    const RectKdNode& node = tree.node(at);
    if (node.max_members <= members || node.low.at[Left] > edges.at[Left] || node.low.at[Top] > edges.at[Top] ||
        node.high.at[Right] < edges.at[Right] || node.high.at[Bottom] < edges.at[Bottom])
        return -1;
    if (node.second)
    {
        const int found = findContainer(tree, at + 1, edges, group, members);
        return found >= 0 ? found : findContainer(tree, node.second, edges, group, members);
    }
    const RectKdItem* const items = tree.items(node);
    for (int i = 0; i < node.count; i++)
    {
        const Edges& box = items[i].edges;
        if (items[i].index != group && items[i].members > members && box.at[Left] <= edges.at[Left] &&
            box.at[Top] <= edges.at[Top] && box.at[Right] >= edges.at[Right] && box.at[Bottom] >= edges.at[Bottom])
            return items[i].index;
    }
    return -1;
}

}  // namespace

int partitionSimilar(const std::vector<Rect>& rectangles, std::vector<int>& labels, double eps)
{
    if (!shouldIndex(rectangles, eps))
        return partition(rectangles, labels, SimilarRects(eps));
    std::vector<RectKdItem> items(rectangles.size());
    for (size_t i = 0; i < items.size(); i++)
    {
        items[i].edges = edgesOf(rectangles[i], 0, 0);
        items[i].index = int(i);
        items[i].members = 1;
    }
    RectKdTree tree(items);
    return SimilarityPartition(rectangles, eps, tree).assignLabels(labels);
}

ContainerIndex::ContainerIndex(const std::vector<Rect>& groups, const std::vector<int>& members, int threshold,
                               double eps)
    : groups_(groups), members_(members)
{
    if (!shouldIndex(groups, eps))
        return;
    std::vector<RectKdItem> items;
    for (size_t i = 0; i < groups.size(); i++)
    {
        if (members[i] <= threshold)
            continue;
        const double dx = groups[i].width * eps, dy = groups[i].height * eps;
        if (std::fabs(dx) > MaxCoordinate || std::fabs(dy) > MaxCoordinate)
            return;
        const RectKdItem item = {edgesOf(groups[i], saturate_cast<int>(dx), saturate_cast<int>(dy)), int(i),
                                 members[i]};
        items.push_back(item);
    }
    if (!items.empty())
        tree_.reset(new RectKdTree(items));
}

ContainerIndex::~ContainerIndex() {}

int ContainerIndex::firstContainer(int group) const
{
    if (!tree_)
        return 0;
    const int members = members_[size_t(group)];
    // A group of fewer than three members goes into any other, a larger group only into one with more members.
    const int min_members = members < 3 ? 0 : std::max(3, members);
    const int found = findContainer(*tree_, 0, edgesOf(groups_[size_t(group)], 0, 0), group, min_members);
    return found >= 0 ? found : int(groups_.size());
}

}}  // namespace cv::haar
