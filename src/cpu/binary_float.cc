#include "cpu/binary_float.h"

#include <bit>

#include "cpu/binary_float_internal.h"
#include "cpu/float80_wide.h"

namespace lgx {

using namespace binary_float_internal;  // NOLINT: this file implements part of it

namespace {

// NaNs come before everything else. True: *answer is what comes out.
template <typename T>
bool AnswersNan(T a, T b, FloatEnv& env, T* answer) {
  if (!IsNan(a) && !IsNan(b)) return false;
  if (IsSignaling(a) || IsSignaling(b)) env.flags |= kMxcsrInvalid;
  *answer = (IsNan(a) ? a : b) | FloatImage<T>::kQuiet;
  return true;
}

// The sum of two finite numbers.
template <typename T>
T AddFinite(const Unpacked& a, const Unpacked& b, FloatEnv& env) {
  const bool a_is_larger = a.exponent > b.exponent ||
                           (a.exponent == b.exponent && a.significand >= b.significand);
  const Unpacked& large = a_is_larger ? a : b;
  const Unpacked& small = a_is_larger ? b : a;
  // One bit of room for a carry. What is shifted out first are zeros.
  const u64 x = large.significand >> 1;
  const u64 y = ShiftRightJam(small.significand >> 1,
                              static_cast<u32>(large.exponent - small.exponent));
  const u64 sum = large.sign == small.sign ? x + y : x - y;
  if (sum == 0) {
    const bool negative =
        a.sign == b.sign ? a.sign : env.Rounding() == SseRounding::kDown;
    return negative ? FloatImage<T>::kSign : 0;
  }
  const i32 shift = std::countl_zero(sum);
  return Round<T>(large.sign, large.exponent + 1 - shift, sum << shift, env);
}

template <typename T>
T AddOrSub(T a, T b, T flip, FloatEnv& env) {
  a = Operand(a, env);
  b = Operand(b, env);
  if (!IsNormal(a) || !IsNormal(b)) {
    T answer;
    if (AnswersNan(a, b, env, &answer)) return answer;
    const bool a_infinite = IsInfinity(a), b_infinite = IsInfinity(b);
    if (a_infinite && b_infinite && a != (b ^ flip)) return Invalid<T>(env);
    NoteDenormals(a, b, env);
    if (a_infinite) return a;
    if (b_infinite) return b ^ flip;
  }
  return AddFinite<T>(Unpack(a), Unpack<T>(b ^ flip), env);
}

// Of significands, with the sticky bit: in [2^62, 2^64).
template <typename T>
u64 Product(u64 a, u64 b) {
  if constexpr (sizeof(T) == 4) return (a >> 40) * (b >> 40) << 16;
  const U128 product = Multiply64(a, b);
  return product.hi | (product.lo != 0 ? 1 : 0);
}

// a / b, the same.
template <typename T>
u64 Quotient(u64 a, u64 b) {
  if constexpr (sizeof(T) == 4) {
    const u64 dividend = a >> 40 << 39, divisor = b >> 40;
    const u64 quotient = dividend / divisor;
    return quotient << 24 | (quotient * divisor != dividend ? 1 : 0);
  }
  const Quotient64 q = Divide128({a >> 1, 0}, b);
  return q.quotient | (q.remainder != 0 ? 1 : 0);
}

// `exponent` is right for a significand that has bit 63 set.
template <typename T>
T RoundNormalized(bool sign, i32 exponent, u64 significand, FloatEnv& env) {
  const i32 shift = static_cast<i32>(significand >> 63 ^ 1);
  return Round<T>(sign, exponent - shift, significand << shift, env);
}

template <typename T>
SseOrder Order(T a, T b) {
  using Image = FloatImage<T>;
  if (((a | b) & ~Image::kSign) == 0) return SseOrder::kEqual;  // zeros of any sign
  if (a == b) return SseOrder::kEqual;
  const bool a_negative = IsNegative(a);
  if (a_negative != IsNegative(b)) {
    return a_negative ? SseOrder::kLess : SseOrder::kGreater;
  }
  return (a < b) != a_negative ? SseOrder::kLess : SseOrder::kGreater;
}

// MIN and MAX: b, unless a is `wanted` compared with it.
template <typename T, SseOrder wanted>
T Choose(T a, T b, FloatEnv& env) {
  a = Operand(a, env);
  b = Operand(b, env);
  if (IsNan(a) || IsNan(b)) {
    env.flags |= kMxcsrInvalid;
    return b;
  }
  NoteDenormals(a, b, env);
  return Order(a, b) == wanted ? a : b;
}

}  // namespace

template <typename T>
T FloatAdd(T a, T b, FloatEnv& env) {
  return AddOrSub<T>(a, b, 0, env);
}

template <typename T>
T FloatSub(T a, T b, FloatEnv& env) {
  return AddOrSub<T>(a, b, FloatImage<T>::kSign, env);
}

template <typename T>
T FloatMul(T a, T b, FloatEnv& env) {
  using Image = FloatImage<T>;
  a = Operand(a, env);
  b = Operand(b, env);
  const T sign = (a ^ b) & Image::kSign;
  if (!IsNormal(a) || !IsNormal(b)) {
    T answer;
    if (AnswersNan(a, b, env, &answer)) return answer;
    const bool infinite = IsInfinity(a) || IsInfinity(b), zero = IsZero(a) || IsZero(b);
    if (infinite && zero) return Invalid<T>(env);
    NoteDenormals(a, b, env);
    if (infinite) return sign | Image::kInfinity;
    if (zero) return sign;
  }
  const Unpacked x = Unpack(a), y = Unpack(b);
  return RoundNormalized<T>(sign != 0, x.exponent + y.exponent - Image::kBias + 1,
                            Product<T>(x.significand, y.significand), env);
}

template <typename T>
T FloatDiv(T a, T b, FloatEnv& env) {
  using Image = FloatImage<T>;
  a = Operand(a, env);
  b = Operand(b, env);
  const T sign = (a ^ b) & Image::kSign;
  if (!IsNormal(a) || !IsNormal(b)) {
    T answer;
    if (AnswersNan(a, b, env, &answer)) return answer;
    const bool a_infinite = IsInfinity(a), a_zero = IsZero(a);
    if ((a_infinite && IsInfinity(b)) || (a_zero && IsZero(b))) return Invalid<T>(env);
    if (IsZero(b)) {
      if (!a_infinite) env.flags |= kMxcsrZeroDivide;
      return sign | Image::kInfinity;
    }
    NoteDenormals(a, b, env);
    if (a_infinite) return sign | Image::kInfinity;
    if (a_zero || IsInfinity(b)) return sign;
  }
  const Unpacked x = Unpack(a), y = Unpack(b);
  return RoundNormalized<T>(sign != 0, x.exponent - y.exponent + Image::kBias,
                            Quotient<T>(x.significand, y.significand), env);
}

template <typename T>
T FloatMin(T a, T b, FloatEnv& env) {
  return Choose<T, SseOrder::kLess>(a, b, env);
}

template <typename T>
T FloatMax(T a, T b, FloatEnv& env) {
  return Choose<T, SseOrder::kGreater>(a, b, env);
}

template <typename T>
T FloatSqrt(T a, FloatEnv& env) {
  using Image = FloatImage<T>;
  a = Operand(a, env);
  if (!IsNormal(a) || IsNegative(a)) {
    T answer;
    if (AnswersNan(a, a, env, &answer)) return answer;
    if (IsZero(a)) return a;
    if (IsNegative(a)) return Invalid<T>(env);
    NoteDenormals(a, a, env);
    if (IsInfinity(a)) return a;
  }
  // Two integer bits and 62 behind the point, in [1, 4). Each step takes two and makes a
  // bit of the root; the last one of the root is for rounding, the rest is sticky.
  const Unpacked x = Unpack(a);
  const i32 power = x.exponent - Image::kBias;
  u64 radicand = (power & 1) != 0 ? x.significand : x.significand >> 1;
  constexpr i32 kSteps = Image::kFractionBits + 2;
  u64 root = 0, remainder = 0;
  for (i32 i = 0; i < kSteps; ++i) {
    remainder = remainder << 2 | radicand >> 62;
    radicand <<= 2;
    const u64 trial = root << 2 | 1;
    const bool digit = remainder >= trial;
    if (digit) remainder -= trial;
    root = root << 1 | (digit ? 1 : 0);
  }
  const u64 sticky = (remainder | radicand) != 0 ? 1 : 0;
  return Round<T>(false, (power >> 1) + Image::kBias, root << (64 - kSteps) | sticky,
                  env);
}

template <typename T>
SseOrder FloatCompare(T a, T b, bool quiet_is_invalid, FloatEnv& env) {
  a = Operand(a, env);
  b = Operand(b, env);
  if (IsNan(a) || IsNan(b)) {
    if (quiet_is_invalid || IsSignaling(a) || IsSignaling(b)) env.flags |= kMxcsrInvalid;
    return SseOrder::kUnordered;
  }
  NoteDenormals(a, b, env);
  return Order(a, b);
}

#define LGX_INSTANTIATE(T)              \
  template T FloatAdd(T, T, FloatEnv&); \
  template T FloatSub(T, T, FloatEnv&); \
  template T FloatMul(T, T, FloatEnv&); \
  template T FloatDiv(T, T, FloatEnv&); \
  template T FloatMin(T, T, FloatEnv&); \
  template T FloatMax(T, T, FloatEnv&); \
  template T FloatSqrt(T, FloatEnv&);   \
  template SseOrder FloatCompare(T, T, bool, FloatEnv&)
LGX_INSTANTIATE(u32);
LGX_INSTANTIATE(u64);
#undef LGX_INSTANTIATE

}  // namespace lgx
