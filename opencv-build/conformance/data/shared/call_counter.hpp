// A stop callback that counts its calls.
#pragma once

#include <atomic>

namespace conformance {

// Requests that a detection stops from the call after `limit` on.
struct CallCounter
{
    long limit;
    std::atomic<long> calls;

    explicit CallCounter(long times) : limit(times), calls(0) {}

    static int should_stop(void* context)
    {
        CallCounter& it = *static_cast<CallCounter*>(context);
        return it.calls++ >= it.limit;
    }
};

}  // namespace conformance
