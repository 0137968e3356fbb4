// The bytes of a fuzzer's input as choices, for targets that make their inputs from
// words: random letters are rarely a command.
#ifndef LGX_TESTS_FUZZ_CHOICES_H_
#define LGX_TESTS_FUZZ_CHOICES_H_

#include <cstddef>
#include <span>

#include "base/types.h"

namespace lgx::test {

class Choices {
 public:
  explicit Choices(std::span<const u8> bytes) : bytes_(bytes) {}

  bool empty() const { return at_ >= bytes_.size(); }
  // Zero behind the end.
  u8 Byte() { return empty() ? 0 : bytes_[at_++]; }
  // Of two bytes, stirred: made-up inputs are full of small numbers.
  u32 Below(u32 limit) {
    const u32 first = Byte();
    return (first * 0x9e3779b1u + Byte() * 0x85ebca6bu + first) % 0x10001u % limit;
  }
  template <typename T, std::size_t kCount>
  const T& From(const T (&list)[kCount]) {
    return list[Below(static_cast<u32>(kCount))];
  }

 private:
  std::span<const u8> bytes_;
  std::size_t at_ = 0;
};

}  // namespace lgx::test

#endif  // LGX_TESTS_FUZZ_CHOICES_H_
