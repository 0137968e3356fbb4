// The generator's source of chance: SplitMix64, so that a seed means the same everywhere.
#ifndef LGX_TESTS_CPUVECTORS_RANDOM_H_
#define LGX_TESTS_CPUVECTORS_RANDOM_H_

#include <cstddef>

#include "base/types.h"

namespace lgx {

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}

  u64 Next64() {
    u64 z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  u32 Next() { return static_cast<u32>(Next64() >> 32); }
  u32 Below(u32 n) { return static_cast<u32>(Next64() % n); }
  bool Percent(u32 p) { return Below(100) < p; }
  template <typename T, std::size_t n>
  T Pick(const T (&table)[n]) {
    return table[Below(static_cast<u32>(n))];
  }

  // A number as operands like them: edges, small ones, any.
  u32 Value() {
    static constexpr u32 kEdges[] = {
        0,          1,          2,          0x7f,       0x80,       0xff,
        0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff,
        0x80000000, 0xffffffff, 0xfffffffe, 0x55555555, 0xaaaaaaaa, 0x0f,
        0x10,       0x1f,       0x20,       0x99,       0x9a,       0x63};
    switch (Below(6)) {
      case 0:
        return Pick(kEdges);
      case 1:
        return Next() & 0xff;
      case 2:
        return Next() >> Below(32);
      case 3:
        return (Next() & 0xffffff00) | Pick(kEdges);
      default:
        return Next();
    }
  }

 private:
  u64 state_;
};

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_RANDOM_H_
