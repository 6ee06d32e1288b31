#include "../precomp.hpp"

#include "parallel_for.hpp"

namespace cv { namespace detection {

void runInParallel(int count, const std::function<void(int)>& work)
{
    const auto body = [&](const Range& range) {
        for (int i = range.start; i < range.end; i++)
            work(i);
    };
    parallel_for_(Range(0, count), body, count);
}

}}  // namespace cv::detection
