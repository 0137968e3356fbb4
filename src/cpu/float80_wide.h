// 128-bit unsigned integers for float80: two words, no compiler extension, any host.
#ifndef LGX_CPU_FLOAT80_WIDE_H_
#define LGX_CPU_FLOAT80_WIDE_H_

#include <bit>
#include <compare>

#include "base/types.h"

namespace lgx {

struct U128 {
  u64 hi = 0;
  u64 lo = 0;

  friend constexpr auto operator<=>(const U128&, const U128&) = default;
  friend constexpr U128 operator+(U128 a, U128 b) {
    const u64 low = a.lo + b.lo;
    return {a.hi + b.hi + (low < a.lo ? 1 : 0), low};
  }
  friend constexpr U128 operator-(U128 a, U128 b) {
    return {a.hi - b.hi - (a.lo < b.lo ? 1 : 0), a.lo - b.lo};
  }
  constexpr bool IsZero() const { return (hi | lo) == 0; }
};

constexpr U128 ShiftLeft(U128 a, unsigned n) {
  if (n == 0) return a;
  if (n >= 128) return {};
  if (n >= 64) return {a.lo << (n - 64), 0};
  return {(a.hi << n) | (a.lo >> (64 - n)), a.lo << n};
}

constexpr U128 ShiftRight(U128 a, unsigned n) {
  if (n == 0) return a;
  if (n >= 128) return {};
  if (n >= 64) return {0, a.hi >> (n - 64)};
  return {a.hi >> n, (a.lo >> n) | (a.hi << (64 - n))};
}

// Shifts right; bits that fall out leave a 1 in the lowest bit, so that a later rounding
// still knows that the value was not exact and on which side of a half it lies.
constexpr U128 ShiftRightJam(U128 a, unsigned n) {
  if (n == 0) return a;
  if (n >= 128) return {0, a.IsZero() ? u64{0} : u64{1}};
  U128 shifted = ShiftRight(a, n);
  if (ShiftLeft(shifted, n) != a) shifted.lo |= 1;
  return shifted;
}

constexpr unsigned LeadingZeros(U128 a) {
  return static_cast<unsigned>(a.hi != 0 ? std::countl_zero(a.hi)
                                         : 64 + std::countl_zero(a.lo));
}

constexpr U128 Multiply64(u64 a, u64 b) {
  const u64 a0 = a & 0xffffffff, a1 = a >> 32;
  const u64 b0 = b & 0xffffffff, b1 = b >> 32;
  const u64 low = a0 * b0;
  const u64 middle = a1 * b0 + (low >> 32);
  const u64 middle2 = a0 * b1 + (middle & 0xffffffff);
  return {a1 * b1 + (middle >> 32) + (middle2 >> 32),
          (middle2 << 32) | (low & 0xffffffff)};
}

struct Quotient64 {
  u64 quotient;
  u64 remainder;
};

// n / d for n.hi < d and bit 63 of d set: schoolbook division with two 32-bit digits.
constexpr Quotient64 Divide128(U128 n, u64 d) {
  const u64 d1 = d >> 32, d0 = d & 0xffffffff;
  u64 remainder = n.hi;
  u64 quotient = 0;
  for (int step = 0; step < 2; ++step) {
    const u64 digit_in = step == 0 ? n.lo >> 32 : n.lo & 0xffffffff;
    u64 q = remainder / d1;
    u64 r = remainder % d1;
    while (q > 0xffffffff ||
           q * d0 > ((r << 32) | digit_in)) {  // at most twice too large
      --q;
      r += d1;
      if (r > 0xffffffff) break;
    }
    remainder = ((remainder << 32) | digit_in) - q * d;
    quotient = (quotient << 32) | q;
  }
  return {quotient, remainder};
}

}  // namespace lgx

#endif  // LGX_CPU_FLOAT80_WIDE_H_
