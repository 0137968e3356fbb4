// The decisions that make a random program: bytes of an input while they last, then a
// generator's. So a short input is a whole program, a fuzzer can change one decision by
// changing one byte, and nothing else is random.
#ifndef LGX_TESTS_CPU_FUZZ_CHOICES_H_
#define LGX_TESTS_CPU_FUZZ_CHOICES_H_

#include <array>
#include <cstddef>
#include <span>

#include "base/types.h"

namespace lgx {

class Choices {
 public:
  Choices(u64 seed, std::span<const u8> input)
      : input_(input), state_((seed ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9 | 1) {}

  u8 Byte() {
    if (at_ < input_.size()) return input_[at_++];
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<u8>(state_ * 0x2545f4914f6cdd1d >> 56);
  }
  u16 Word() { return static_cast<u16>(Byte() | Byte() << 8); }
  u32 Long() { return Word() | u32{Word()} << 16; }
  // 0 ... n - 1; n up to 65536.
  u32 Below(u32 n) { return (n <= 256 ? Byte() : Word()) % n; }
  bool OneIn(u32 n) { return Below(n) == 0; }
  template <typename T, std::size_t n>
  T Of(const T (&list)[n]) {
    return list[Below(n)];
  }

 private:
  std::span<const u8> input_;
  std::size_t at_ = 0;
  u64 state_;
};

}  // namespace lgx

#endif  // LGX_TESTS_CPU_FUZZ_CHOICES_H_
