// Shared by the float80 files: unpacked numbers, rounding, and the rules for special
// operands.
#ifndef LGX_CPU_FLOAT80_INTERNAL_H_
#define LGX_CPU_FLOAT80_INTERNAL_H_

#include "cpu/float80.h"
#include "cpu/float80_wide.h"

namespace lgx::float80_internal {

// A finite number that is not zero: significand * 2^(exponent - 16383 - 63), bit 63 of
// the significand set. The exponent of a denormal is 0 or negative.
struct Unpacked {
  bool sign = false;
  i32 exponent = 0;
  u64 significand = 0;
};

constexpr Unpacked Unpack(Float80 a) {
  if (a.exponent() != 0) return {a.sign(), a.exponent(), a.significand};
  const int shift = std::countl_zero(a.significand);
  return {a.sign(), 1 - shift, a.significand << shift};
}

// A result before rounding: `rest` holds the bits after the significand, the last one
// sticky.
struct Exact {
  bool sign = false;
  i32 exponent = 0;
  u64 significand = 0;
  u64 rest = 0;
};

// Where a result goes. The exponent is biased for the format; max_exponent is infinity's.
struct FloatFormat {
  int precision;
  i32 max_exponent;
  i32 bias;
  i32 wrap;  // added to or taken from the exponent by an unmasked underflow or overflow
};
inline constexpr FloatFormat kFormatF32{24, 0xff, 127, 192};
inline constexpr FloatFormat kFormatF64{53, 0x7ff, 1023, 1536};
constexpr FloatFormat FormatF80(int precision) {
  return {precision, kFloat80MaxExponent, kFloat80Bias, 24576};
}

// A rounded result. exponent == max_exponent: infinity; 0: denormal or zero. The
// significand is left-aligned in 64 bits in every format.
struct Rounded {
  i32 exponent;
  u64 significand;
};

Rounded RoundToFormat(const Exact& exact, const FloatFormat& format,
                      FloatContext& context);

// Rounds to context.precision bits and packs.
Float80 RoundAndPack(const Exact& exact, FloatContext& context);
// The same to 64 bits, for the instructions that precision control does not touch.
Float80 RoundAndPack64(const Exact& exact, FloatContext& context);
// sign * wide * 2^(exponent - 16383 - 127) for a wide that is not 0.
Exact Normalize(bool sign, i32 exponent, U128 wide);

// Does a value with these bits behind its last kept bit round away from zero?
// odd: the last kept bit. fraction: the bits behind it, left-aligned, lowest one sticky.
bool RoundsUp(bool sign, bool odd, u64 fraction, FloatRounding rounding);

Float80 Invalid(FloatContext& context);  // raises IE, gives the indefinite

inline bool IsNanOrUnsupported(Float80Class c) {
  return c == Float80Class::kUnsupported || c == Float80Class::kQuietNan ||
         c == Float80Class::kSignalingNan;
}

// The answer of an operation with at least one NaN or unsupported operand; raises IE for
// signaling and unsupported ones.
Float80 PropagateNan(Float80 a, FloatContext& context);
Float80 PropagateNan(Float80 a, Float80 b, FloatContext& context);

// Raises DE when an operand is denormal. False: DE is unmasked, nothing is computed.
bool CheckDenormal(Float80Class a, FloatContext& context);
bool CheckDenormal(Float80Class a, Float80Class b, FloatContext& context);

}  // namespace lgx::float80_internal

#endif  // LGX_CPU_FLOAT80_INTERNAL_H_
