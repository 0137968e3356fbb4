// Rounding: the one place where an answer loses bits, overflows or becomes tiny.
#include "cpu/binary_float_internal.h"

namespace lgx::binary_float_internal {
namespace {

// Bits of a left-aligned significand that the format does not have.
template <typename T>
constexpr i32 kDropped = 63 - FloatImage<T>::kFractionBits;

struct Kept {
  u64 significand;  // the dropped bits are zeros; 0 after a carry
  bool carry;       // to the next power of two
  bool inexact;
};

template <typename T>
Kept Keep(bool sign, u64 significand, SseRounding rounding) {
  constexpr i32 kBits = kDropped<T>;
  constexpr u64 kUnit = u64{1} << kBits, kLow = kUnit - 1, kHalf = kUnit >> 1;
  const u64 low = significand & kLow;
  u64 sum = significand + Increment(sign, kBits, rounding);
  const bool carry = sum < significand;
  if (rounding == SseRounding::kNearest && low == kHalf) sum &= ~kUnit;  // a tie: to even
  return {sum & ~kLow, carry, low != 0};
}

template <typename T>
T Pack(bool sign, i32 exponent, u64 significand) {
  using Image = FloatImage<T>;
  return (sign ? Image::kSign : 0) | static_cast<T>(exponent) << Image::kFractionBits |
         (static_cast<T>(significand >> kDropped<T>) & Image::kFraction);
}

// The answer to a masked overflow: infinity or the largest finite number, whichever lies
// in the direction of rounding.
template <typename T>
T Overflow(bool sign, bool inexact, FloatEnv& env) {
  using Image = FloatImage<T>;
  const bool masked = env.Masks(kMxcsrOverflow);
  env.flags |= kMxcsrOverflow | (inexact || masked ? kMxcsrPrecision : 0);
  const SseRounding rounding = env.Rounding();
  const bool to_infinity = rounding == SseRounding::kNearest ||
                           rounding == (sign ? SseRounding::kDown : SseRounding::kUp);
  return (sign ? Image::kSign : 0) |
         (to_infinity ? Image::kInfinity : Image::kInfinity - 1);
}

// The exponent is below the format's range. Tiny is what stays so when it is rounded with
// an unlimited exponent.
//   UE unmasked   UE for each tiny answer, exact or not
//   FTZ           a zero with UE and PE for each tiny answer
//   else          UE for one that is inexact as a denormal
template <typename T>
T Denormalize(bool sign, i32 exponent, u64 significand, const Kept& unlimited,
              FloatEnv& env) {
  const bool tiny = exponent < 0 || !unlimited.carry;
  if (tiny && !env.Masks(kMxcsrUnderflow)) {
    env.flags |= kMxcsrUnderflow | (unlimited.inexact ? kMxcsrPrecision : 0);
    return 0;
  }
  if (tiny && env.FlushToZero()) {
    env.flags |= kMxcsrUnderflow | kMxcsrPrecision;
    return sign ? FloatImage<T>::kSign : 0;
  }
  const u64 shifted = ShiftRightJam(significand, static_cast<u32>(1 - exponent));
  const Kept kept = Keep<T>(sign, shifted, env.Rounding());
  if (kept.inexact) env.flags |= kMxcsrPrecision | (tiny ? kMxcsrUnderflow : 0);
  return Pack<T>(sign, static_cast<i32>(kept.significand >> 63), kept.significand);
}

}  // namespace

template <typename T>
T Round(bool sign, i32 exponent, u64 significand, FloatEnv& env) {
  const Kept kept = Keep<T>(sign, significand, env.Rounding());
  if (exponent <= 0) return Denormalize<T>(sign, exponent, significand, kept, env);
  const i32 rounded = exponent + (kept.carry ? 1 : 0);
  if (rounded >= FloatImage<T>::kMaxExponent) return Overflow<T>(sign, kept.inexact, env);
  if (kept.inexact) env.flags |= kMxcsrPrecision;
  return Pack<T>(sign, rounded, kept.significand);
}

template u32 Round<u32>(bool, i32, u64, FloatEnv&);
template u64 Round<u64>(bool, i32, u64, FloatEnv&);

}  // namespace lgx::binary_float_internal
