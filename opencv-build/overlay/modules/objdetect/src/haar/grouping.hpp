// Groups rectangles without comparing all pairs. The results are those of `cv::partition` and the loop after it in
// `cv::groupRectangles`; the time grows roughly linearly with the number of rectangles.
#ifndef OPENCV_OBJDETECT_HAAR_GROUPING_HPP
#define OPENCV_OBJDETECT_HAAR_GROUPING_HPP

#include <memory>
#include <vector>

#include "opencv2/core.hpp"

namespace cv { namespace haar {

class RectKdTree;

// Equivalent to `cv::partition` with `SimilarRects(eps)`: assigns the same labels and returns their number.
int partitionSimilar(const std::vector<Rect>& rectangles, std::vector<int>& labels, double eps);

// Finds the groups that another group contains, by the rule of `cv::groupRectangles`.
class ContainerIndex
{
public:
    // `groups` has the mean rectangle of each group and `members` its number of rectangles. `threshold` and `eps` are
    // those of `cv::groupRectangles`.
    ContainerIndex(const std::vector<Rect>& groups, const std::vector<int>& members, int threshold, double eps);
    ~ContainerIndex();
    ContainerIndex(const ContainerIndex&) = delete;
    ContainerIndex& operator=(const ContainerIndex&) = delete;

    // The first group that the upstream loop must try as a container of `group`: one that contains it, or the number of
    // groups if none does. 0, which tries all, if the groups are not indexed.
    int firstContainer(int group) const;

private:
    const std::vector<Rect>& groups_;
    const std::vector<int>& members_;
    std::unique_ptr<RectKdTree> tree_;
};

}}  // namespace cv::haar

#endif
