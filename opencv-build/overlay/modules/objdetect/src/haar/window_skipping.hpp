// Which places upstream looks at: after a window that fails the first stage it leaves out the next one in the row.
#ifndef OPENCV_OBJDETECT_HAAR_WINDOW_SKIPPING_HPP
#define OPENCV_OBJDETECT_HAAR_WINDOW_SKIPPING_HPP

#include <cstdint>

#include "opencv2/core/hal/intrin.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Of 64 places, of which the lowest bit is the leftmost, those that are left out because the place before was looked at
// and failed. `fails` are those that would fail; `carry` says whether the first one is left out, and afterwards whether
// the first of the next 64 is.
//
// In a run of failures every second one is looked at, beginning with the run's first: what is before it did not fail.
// So it matters whether runs begin at an even or an odd place, which adding tells: a 1 added at the first of a run
// carries through all of it and clears it.
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
