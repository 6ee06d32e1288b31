// Grouping of rectangles without comparing all pairs: what `cv::partition` and the loop after it in
// `cv::groupRectangles` find, in time that grows about as the number of rectangles does.
#ifndef OPENCV_OBJDETECT_HAAR_GROUPING_HPP
#define OPENCV_OBJDETECT_HAAR_GROUPING_HPP

#include <memory>
#include <vector>

#include "opencv2/core.hpp"

namespace cv { namespace haar {

class RectKdTree;

// `cv::partition` of the rectangles by `SimilarRects(eps)`: the same labels, and their number.
int partitionSimilar(const std::vector<Rect>& rectangles, std::vector<int>& labels, double eps);

// Which groups lie in a larger one, by the rule of `cv::groupRectangles`.
class ContainerIndex
{
public:
    // The mean rectangle of each group and its number of members; `threshold` and `eps` as `cv::groupRectangles` has
    // them.
    ContainerIndex(const std::vector<Rect>& groups, const std::vector<int>& members, int threshold, double eps);
    ~ContainerIndex();
    ContainerIndex(const ContainerIndex&) = delete;
    ContainerIndex& operator=(const ContainerIndex&) = delete;

    // The first group that the upstream loop must try as a container of `group`: one that is, or the number of groups
    // if none is. 0, so that it tries all, where the groups are not indexed.
    int firstContainer(int group) const;

private:
    const std::vector<Rect>& groups_;
    const std::vector<int>& members_;
    std::unique_ptr<RectKdTree> tree_;
};

}}  // namespace cv::haar

#endif
