// Random numbers that are the same on every machine: from a seed and the number of a case comes a
// stream of them, so that a case can be made again without those before it.
#pragma once

#include <cstdint>

namespace identity {

class Random {
 public:
  Random(uint64_t seed, uint64_t number) : state_(mixed(seed * 0x9e3779b97f4a7c15u + 1) + mixed(number)) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    return mixed(state_);
  }

  // From 0 to most - 1.
  int below(int most) { return static_cast<int>(next() % static_cast<uint64_t>(most)); }

  int between(int least, int most) { return least + below(most - least + 1); }

  // From 0 to 1.
  double real() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }

  double between(double least, double most) { return least + real() * (most - least); }

  bool chance(double probability) { return real() < probability; }

 private:
  // Spreads every bit over all others, by multiplication and shifts.
  static uint64_t mixed(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

  uint64_t state_;
};

}  // namespace identity
