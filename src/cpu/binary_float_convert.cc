// Conversions between formats, and the two approximations of SSE.
#include "cpu/binary_float_internal.h"

namespace lgx {

using namespace binary_float_internal;  // NOLINT: this file implements part of it

namespace {

// A NaN's sign and as much of its fraction as there is room for.
template <typename To, typename From>
To ConvertNan(From a, FloatEnv& env) {
  using Image = FloatImage<To>;
  if (IsSignaling(a)) env.flags |= kMxcsrInvalid;
  const u64 fraction =
      u64{a} << (64 - FloatImage<From>::kFractionBits) >> (64 - Image::kFractionBits);
  return (IsNegative(a) ? Image::kSign : 0) | Image::kInfinity | Image::kQuiet |
         static_cast<To>(fraction);
}

template <typename To, typename From>
To Convert(From a, FloatEnv& env) {
  using Image = FloatImage<To>;
  a = Operand(a, env);
  if (IsNan(a)) return ConvertNan<To>(a, env);
  const To sign = IsNegative(a) ? Image::kSign : 0;
  if (IsZero(a)) return sign;
  if (IsInfinity(a)) return sign | Image::kInfinity;
  NoteDenormals(a, a, env);
  const Unpacked x = Unpack(a);
  return Round<To>(x.sign, x.exponent - FloatImage<From>::kBias + Image::kBias,
                   x.significand, env);
}

constexpr u32 kIntegerIndefinite = 0x80000000;

// The approximations' twelve bits, whose first is the hidden one unless they have become
// 2^12.
constexpr i32 kApproximateBits = 12;
using Single = FloatImage<u32>;

u32 PackApproximation(u32 sign, i32 exponent, u32 bits) {
  if (bits >> kApproximateBits != 0) ++exponent;
  if (exponent <= 0) return sign;
  const u32 fraction = bits << (Single::kFractionBits + 1 - kApproximateBits);
  return sign | static_cast<u32>(exponent) << Single::kFractionBits |
         (fraction & Single::kFraction);
}

u32 IntegerSqrt(u64 a) {
  u64 root = 0;
  for (u64 bit = u64{1} << 31; bit != 0; bit >>= 1) {
    if ((root | bit) * (root | bit) <= a) root |= bit;
  }
  return static_cast<u32>(root);
}

}  // namespace

u64 FloatToDouble(u32 a, FloatEnv& env) { return Convert<u64>(a, env); }
u32 FloatToSingle(u64 a, FloatEnv& env) { return Convert<u32>(a, env); }

template <typename T>
u32 FloatToInt(T a, SseRounding rounding, FloatEnv& env) {
  a = Operand(a, env);
  if (IsZero(a)) return 0;
  const Unpacked x = Unpack(a);
  const i32 power = x.exponent - FloatImage<T>::kBias;
  if (power > 31) {  // infinities and NaNs too
    env.flags |= kMxcsrInvalid;
    return kIntegerIndefinite;
  }
  // 32 bits before the point, 32 behind it.
  constexpr u64 kUnit = u64{1} << 32, kLow = kUnit - 1, kHalf = kUnit >> 1;
  const u64 fixed = ShiftRightJam(x.significand, static_cast<u32>(31 - power));
  const u64 low = fixed & kLow;
  u64 whole = 0;
  if (fixed + Increment(x.sign, 32, rounding) < fixed) {
    whole = kUnit;
  } else {
    whole = (fixed + Increment(x.sign, 32, rounding)) >> 32;
    if (rounding == SseRounding::kNearest && low == kHalf) whole &= ~u64{1};
  }
  if (whole > (x.sign ? 0x80000000u : 0x7fffffffu)) {
    env.flags |= kMxcsrInvalid;
    return kIntegerIndefinite;
  }
  if (low != 0) env.flags |= kMxcsrPrecision;
  return static_cast<u32>(x.sign ? 0 - whole : whole);
}
template u32 FloatToInt(u32, SseRounding, FloatEnv&);
template u32 FloatToInt(u64, SseRounding, FloatEnv&);

template <typename T>
T FloatFromInt(u32 a, FloatEnv& env) {
  if (a == 0) return 0;
  const bool sign = a >> 31 != 0;
  const u64 magnitude = sign ? 0 - a : a;
  const i32 shift = std::countl_zero(magnitude);
  return Round<T>(sign, FloatImage<T>::kBias + 63 - shift, magnitude << shift, env);
}
template u32 FloatFromInt(u32, FloatEnv&);
template u64 FloatFromInt(u32, FloatEnv&);

u32 FloatReciprocal(u32 a) {
  const u32 sign = a & Single::kSign;
  if (IsNan(a)) return a | Single::kQuiet;
  if (ExponentOf(a) == 0) return sign | Single::kInfinity;
  if (IsInfinity(a)) return sign;
  // 2^23 / m in (1/2, 1], to 12 bits. It is never half-way between two of them.
  const u64 significand = (a & Single::kFraction) | Single::kHidden;
  const u64 twice =
      (u64{1} << (Single::kFractionBits + kApproximateBits + 1)) / significand;
  return PackApproximation(sign, 2 * Single::kBias - 1 - ExponentOf(a),
                           static_cast<u32>((twice + 1) >> 1));
}

u32 FloatReciprocalSqrt(u32 a) {
  const u32 sign = a & Single::kSign;
  if (IsNan(a)) return a | Single::kQuiet;
  if (ExponentOf(a) == 0) return sign | Single::kInfinity;
  if (sign != 0) return Single::kIndefinite;
  if (IsInfinity(a)) return 0;
  // m in [1, 4) and an even power; sqrt(1 / m) in (1/2, 1], to 12 bits.
  const i32 power = ExponentOf(a) - Single::kBias;
  const u64 significand = u64{(a & Single::kFraction) | Single::kHidden} << (power & 1);
  const u64 square =
      (u64{1} << (Single::kFractionBits + 2 * (kApproximateBits + 1))) / significand;
  return PackApproximation(0, Single::kBias - 1 - (power >> 1),
                           (IntegerSqrt(square) + 1) >> 1);
}

}  // namespace lgx
