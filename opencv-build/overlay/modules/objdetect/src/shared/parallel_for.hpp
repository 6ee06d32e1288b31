// Parallel loops, as the detectors' cores see them: without OpenCV's headers.
#ifndef OPENCV_OBJDETECT_SHARED_PARALLEL_FOR_HPP
#define OPENCV_OBJDETECT_SHARED_PARALLEL_FOR_HPP

#include <functional>

namespace cv { namespace detection {

// Calls `work` with each number below `count`, in parallel or in any order.
typedef std::function<void(int count, const std::function<void(int)>& work)> ParallelFor;

// With OpenCV's threads.
void runInParallel(int count, const std::function<void(int)>& work);

}}  // namespace cv::detection

#endif
