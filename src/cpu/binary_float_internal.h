// Shared by the binary_float files: kinds of numbers, unpacking, and rounding.
#ifndef LGX_CPU_BINARY_FLOAT_INTERNAL_H_
#define LGX_CPU_BINARY_FLOAT_INTERNAL_H_

#include <bit>

#include "cpu/binary_float.h"

namespace lgx::binary_float_internal {

template <typename T>
constexpr i32 ExponentOf(T a) {
  return static_cast<i32>(a >> FloatImage<T>::kFractionBits) &
         FloatImage<T>::kMaxExponent;
}
template <typename T>
constexpr bool IsNegative(T a) {
  return (a & FloatImage<T>::kSign) != 0;
}
template <typename T>
constexpr bool IsNormal(T a) {
  const i32 exponent = ExponentOf(a);
  return exponent != 0 && exponent != FloatImage<T>::kMaxExponent;
}
template <typename T>
constexpr bool IsZero(T a) {
  return (a & ~FloatImage<T>::kSign) == 0;
}
template <typename T>
constexpr bool IsDenormal(T a) {
  return ExponentOf(a) == 0 && !IsZero(a);
}
template <typename T>
constexpr bool IsInfinity(T a) {
  return (a & ~FloatImage<T>::kSign) == FloatImage<T>::kInfinity;
}
template <typename T>
constexpr bool IsNan(T a) {
  return (a & ~FloatImage<T>::kSign) > FloatImage<T>::kInfinity;
}
template <typename T>
constexpr bool IsSignaling(T a) {
  return IsNan(a) && (a & FloatImage<T>::kQuiet) == 0;
}

// An operand as the computation sees it: with DAZ, denormals are zeros of their sign.
template <typename T>
constexpr T Operand(T a, const FloatEnv& env) {
  return env.DenormalsAreZeros() && ExponentOf(a) == 0 ? a & FloatImage<T>::kSign : a;
}

template <typename T>
constexpr void NoteDenormals(T a, T b, FloatEnv& env) {
  if (IsDenormal(a) || IsDenormal(b)) env.flags |= kMxcsrDenormal;
}

template <typename T>
constexpr T Invalid(FloatEnv& env) {
  env.flags |= kMxcsrInvalid;
  return FloatImage<T>::kIndefinite;
}

// significand * 2^(exponent - bias - 63), bit 63 of the significand set. The exponent of
// a denormal is 0 or negative. A zero has significand 0 and an exponent below all others.
struct Unpacked {
  bool sign;
  i32 exponent;
  u64 significand;
};

template <typename T>
constexpr Unpacked Unpack(T a) {
  using Image = FloatImage<T>;
  constexpr i32 kAlign = 63 - Image::kFractionBits;
  const u64 fraction = a & Image::kFraction;
  const i32 exponent = ExponentOf(a);
  if (exponent != 0) {
    return {IsNegative(a), exponent, (fraction | Image::kHidden) << kAlign};
  }
  constexpr i32 kBelowAll = -4096;
  if (fraction == 0) return {IsNegative(a), kBelowAll, 0};
  const i32 shift = std::countl_zero(fraction << kAlign);
  return {IsNegative(a), 1 - shift, fraction << (kAlign + shift)};
}

// Bits that fall out leave a 1 in the lowest bit.
constexpr u64 ShiftRightJam(u64 a, u32 n) {
  if (n == 0) return a;
  if (n > 63) return a != 0 ? 1 : 0;
  return a >> n | ((a << (64 - n)) != 0 ? 1 : 0);
}

// What is added to a significand whose lowest `dropped` bits go away.
constexpr u64 Increment(bool sign, i32 dropped, SseRounding rounding) {
  const u64 all = (u64{1} << dropped) - 1;
  switch (rounding) {
    case SseRounding::kNearest:
      return u64{1} << (dropped - 1);
    case SseRounding::kDown:
      return sign ? all : 0;
    case SseRounding::kUp:
      return sign ? 0 : all;
    case SseRounding::kZero:
      break;
  }
  return 0;
}

// Of the exact value of an answer, its lowest bit sticky; bit 63 set. Raises OE, UE, PE.
template <typename T>
T Round(bool sign, i32 exponent, u64 significand, FloatEnv& env);

}  // namespace lgx::binary_float_internal

#endif  // LGX_CPU_BINARY_FLOAT_INTERNAL_H_
