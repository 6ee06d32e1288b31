// Which positions upstream evaluates: after a window that fails the first stage it skips the next one in the row.
#ifndef OPENCV_OBJDETECT_HAAR_WINDOW_SKIPPING_HPP
#define OPENCV_OBJDETECT_HAAR_WINDOW_SKIPPING_HPP

#include <cstdint>

#include "opencv2/core/hal/intrin.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Of 64 positions, the leftmost in the lowest bit, returns those that are skipped because the previous position was
// evaluated and failed. `fails` has the positions that would fail. `carry` is whether the first position is skipped,
// and is set to whether the first of the next 64 is.
//
// In a run of failures every second position is evaluated, starting with the run's first, because the position before
// it did not fail. So it matters whether a run begins at an even or an odd position. Addition finds that out: a 1 added
// at the start of a run carries through all of it and clears it.
inline uint64_t skippedWindows(uint64_t fails, bool& carry)
{
    const uint64_t even = 0x5555555555555555u;
    const uint64_t first = carry;
    fails &= ~first;
    const uint64_t begins = fails & ~(fails << 1);
    const uint64_t from_even = fails & ~(fails + (begins & even));
    const uint64_t from_odd = fails & ~from_even;
    const uint64_t evaluated = (from_even & even) | (from_odd & ~even);
    carry = (evaluated >> 63) != 0;
    return evaluated << 1 | first;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
