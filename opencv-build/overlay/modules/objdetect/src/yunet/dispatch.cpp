#include "../precomp.hpp"

#include "chain.hpp"

#include "network.simd.hpp"
#include "yunet/network.simd_declarations.hpp"

namespace cv { namespace yunet {

void runChain(const Chain& chain, int first, int last, float* scratch, const detection::StopCallback& stop)
{
    CV_CPU_DISPATCH(runChain, (chain, first, last, scratch, stop), CV_CPU_DISPATCH_MODES_ALL);
}

}}  // namespace cv::yunet
