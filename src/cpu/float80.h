// Extended precision arithmetic of the x87, computed with integers only, so that every
// host gives the same bits. Rules: Intel SDM volume 1, chapters 4.8, 4.9 and 8.
//
// Every operation takes a FloatContext: the control word's part of the decision goes in,
// the exceptions and the direction of rounding come out. An operation never looks at a
// host floating-point value.
//
// Masked and unmasked exceptions:
//   IE DE ZE  found before the computation. Unmasked: Suppressed() becomes true, the
//   returned
//             value has no meaning and the caller writes nothing.
//   OE UE     found after it. Unmasked: a value for a register has its exponent moved by
//   24576
//             (returned as such); a value for memory is not stored (StoreSuppressed()).
//   PE        never changes the result.
#ifndef LGX_CPU_FLOAT80_H_
#define LGX_CPU_FLOAT80_H_

#include "base/types.h"

namespace lgx {

// The register format: sign and 15-bit exponent (bias 16383), 64-bit significand whose
// integer bit is explicit.
struct Float80 {
  u64 significand = 0;
  u16 sign_exp = 0;

  constexpr bool sign() const { return (sign_exp & 0x8000) != 0; }
  constexpr i32 exponent() const { return sign_exp & 0x7fff; }
  friend bool operator==(const Float80&, const Float80&) = default;
};

inline constexpr u64 kFloat80IntegerBit = 0x8000000000000000;
inline constexpr u64 kFloat80QuietBit = 0x4000000000000000;
inline constexpr i32 kFloat80Bias = 16383;
inline constexpr i32 kFloat80MaxExponent = 0x7fff;
// The answer to a masked invalid operation ("QNaN floating-point indefinite").
inline constexpr Float80 kFloat80Indefinite{0xc000000000000000, 0xffff};
inline constexpr Float80 kFloat80One{kFloat80IntegerBit, 0x3fff};

constexpr Float80 MakeFloat80(bool sign, i32 exponent, u64 significand) {
  return {significand, static_cast<u16>((sign ? 0x8000 : 0) | exponent)};
}
constexpr Float80 Float80Zero(bool sign) { return MakeFloat80(sign, 0, 0); }
constexpr Float80 Float80Infinity(bool sign) {
  return MakeFloat80(sign, kFloat80MaxExponent, kFloat80IntegerBit);
}

enum class Float80Class : u8 {
  kUnsupported,  // exponent not 0 and integer bit 0: formats of the 8087 and 287
  kQuietNan,
  kSignalingNan,
  kInfinity,
  kNormal,
  kDenormal,  // exponent 0, pseudo-denormals (integer bit 1) included
  kZero,
};

constexpr Float80Class Classify(Float80 a) {
  const bool integer_bit = (a.significand & kFloat80IntegerBit) != 0;
  if (a.exponent() == 0) {
    return a.significand == 0 ? Float80Class::kZero : Float80Class::kDenormal;
  }
  if (!integer_bit) return Float80Class::kUnsupported;
  if (a.exponent() != kFloat80MaxExponent) return Float80Class::kNormal;
  if (a.significand == kFloat80IntegerBit) return Float80Class::kInfinity;
  return (a.significand & kFloat80QuietBit) != 0 ? Float80Class::kQuietNan
                                                 : Float80Class::kSignalingNan;
}

constexpr bool IsNan(Float80 a) {
  const Float80Class c = Classify(a);
  return c == Float80Class::kQuietNan || c == Float80Class::kSignalingNan;
}

// Bits of the status word, and of the mask field of the control word.
inline constexpr u8 kX87Invalid = 0x01;
inline constexpr u8 kX87Denormal = 0x02;
inline constexpr u8 kX87ZeroDivide = 0x04;
inline constexpr u8 kX87Overflow = 0x08;
inline constexpr u8 kX87Underflow = 0x10;
inline constexpr u8 kX87Precision = 0x20;

// RC, bits 11:10 of the control word.
enum class FloatRounding : u8 { kNearest, kDown, kUp, kZero };

struct FloatContext {
  FloatRounding rounding = FloatRounding::kNearest;
  u8 precision =
      64;  // 24, 53 or 64: PC, for add, subtract, multiply, divide, square root
  u8 masks = 0x3f;
  // A memory operand was denormal in its own, narrower format.
  bool denormal_operand = false;

  u8 flags = 0;             // exceptions found, masked or not
  bool rounded_up = false;  // C1: the last rounding made the magnitude larger

  static FloatContext FromControlWord(u16 cw);
  bool Suppressed() const {
    return (flags & ~masks & (kX87Invalid | kX87Denormal | kX87ZeroDivide)) != 0;
  }
  bool StoreSuppressed() const { return (flags & ~masks & ~kX87Precision) != 0; }
};

// Computation. The result is rounded to context.precision bits.
Float80 Float80Add(Float80 a, Float80 b, FloatContext& context);
Float80 Float80Sub(Float80 a, Float80 b, FloatContext& context);
Float80 Float80Mul(Float80 a, Float80 b, FloatContext& context);
Float80 Float80Div(Float80 a, Float80 b, FloatContext& context);
Float80 Float80Sqrt(Float80 a, FloatContext& context);

// Comparison. A quiet NaN is an invalid operation unless quiet_nans_compare (FUCOM).
enum class FloatOrder : u8 { kLess, kEqual, kGreater, kUnordered };
FloatOrder Float80Compare(Float80 a, Float80 b, bool quiet_nans_compare,
                          FloatContext& context);

// FRNDINT: to an integer in the same format.
Float80 Float80RoundToInteger(Float80 a, FloatContext& context);

// FSCALE: a times 2 to the power of trunc(b).
Float80 Float80Scale(Float80 a, Float80 b, FloatContext& context);

// FXTRACT: the exponent as a number, and the significand with the exponent of 1.0.
struct Float80Extracted {
  Float80 exponent;
  Float80 significand;
};
Float80Extracted Float80Extract(Float80 a, FloatContext& context);

// FPREM (nearest = false) and FPREM1 (nearest = true): exact, up to 63 quotient bits a
// step.
struct Float80Remainder {
  Float80 value;
  bool partial = false;       // C2: exponent difference still too large, do it again
  u8 quotient = 0;            // low three quotient bits when complete
  bool has_quotient = false;  // false: a special operand, there was no division
};
Float80Remainder Float80Rem(Float80 a, Float80 b, bool nearest, FloatContext& context);

// Transcendental functions, rounded from more than 110 correct bits.
Float80 Float80Exp2MinusOne(Float80 x, FloatContext& context);              // F2XM1
Float80 Float80YLog2X(Float80 y, Float80 x, FloatContext& context);         // FYL2X
Float80 Float80YLog2XPlusOne(Float80 y, Float80 x, FloatContext& context);  // FYL2XP1
Float80 Float80ArcTan(Float80 y, Float80 x, FloatContext& context);         // FPATAN

struct Float80TrigResult {
  Float80 value;
  bool out_of_range = false;  // C2: |x| is 2^63 or more, value is x
};
Float80TrigResult Float80Sin(Float80 x, FloatContext& context);
Float80TrigResult Float80Cos(Float80 x, FloatContext& context);
Float80TrigResult Float80Tan(Float80 x, FloatContext& context);

// Loads. Widening is exact. WidenF32/F64 keep a signaling NaN signaling and set
// context.denormal_operand, for a memory operand of an arithmetic instruction;
// LoadF32/F64 (FLD) raise IE and DE themselves.
Float80 WidenF32(u32 bits, FloatContext& context);
Float80 WidenF64(u64 bits, FloatContext& context);
Float80 LoadF32(u32 bits, FloatContext& context);
Float80 LoadF64(u64 bits, FloatContext& context);
Float80 LoadInt(i64 value);

// Stores, rounded by context.rounding. StoreInt answers the integer indefinite
// (only the sign bit of `bits` set) when the value does not fit.
u32 StoreF32(Float80 a, FloatContext& context);
u64 StoreF64(Float80 a, FloatContext& context);
i64 StoreInt(Float80 a, int bits, FloatContext& context);  // bits: 16, 32 or 64

// Packed decimal, 18 digits and a sign byte (FBLD, FBSTP).
Float80 LoadBcd(const u8 bytes[10]);
void StoreBcd(Float80 a, u8 bytes[10], FloatContext& context);

}  // namespace lgx

#endif  // LGX_CPU_FLOAT80_H_
