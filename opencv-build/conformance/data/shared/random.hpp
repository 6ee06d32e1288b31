// Reproducible random numbers on every machine: a stream per seed and case number, so that a case can be repeated
// without the previous ones.
#pragma once

#include <cstdint>

namespace conformance {

class Random
{
public:
    Random(uint64_t seed, uint64_t number) : state_(mix(seed * 0x9e3779b97f4a7c15u + 1) + mix(number)) {}

    uint64_t next()
    {
        state_ += 0x9e3779b97f4a7c15u;
        return mix(state_);
    }

    // From 0 to limit - 1.
    int below(int limit) { return static_cast<int>(next() % static_cast<uint64_t>(limit)); }

    int between(int min, int max) { return min + below(max - min + 1); }

    // From 0 to 1, exclusive.
    double real() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }

    double between(double min, double max) { return min + real() * (max - min); }

    bool chance(double probability) { return real() < probability; }

private:
    // Spreads every bit over all others, by multiplication and shifts.
    static uint64_t mix(uint64_t value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
        return value ^ (value >> 31);
    }

    uint64_t state_;
};

}  // namespace conformance
