// Single and double precision as SSE and SSE2 compute with them (IEEE 754; Intel SDM
// volume 1, chapters 4.8, 4.9 and 11.5), with integers only, so that every host gives the
// same bits. T is the number's image: u32 for a single, u64 for a double.
//
// Every operation takes a FloatEnv: MXCSR goes in, the exceptions found are added to
// `flags`, whether they are masked or not. A result has no meaning if one of them is
// unmasked; the caller writes nothing then.
//
// Exceptions, in order of precedence:
//   IE           signaling NaN
//   (none)       quiet NaN
//   IE, ZE       other invalid operations, division by zero
//   DE           denormal operand, unless DAZ has made it a zero
//   OE, UE, PE   found after the computation
// A NaN as the answer: the first operand that is one, made quiet.
#ifndef LGX_CPU_BINARY_FLOAT_H_
#define LGX_CPU_BINARY_FLOAT_H_

#include "base/types.h"

namespace lgx {

// MXCSR: six flags, DAZ, six masks, RC, FTZ.
inline constexpr u32 kMxcsrInvalid = 1u << 0;
inline constexpr u32 kMxcsrDenormal = 1u << 1;
inline constexpr u32 kMxcsrZeroDivide = 1u << 2;
inline constexpr u32 kMxcsrOverflow = 1u << 3;
inline constexpr u32 kMxcsrUnderflow = 1u << 4;
inline constexpr u32 kMxcsrPrecision = 1u << 5;
inline constexpr u32 kMxcsrFlags = 0x3f;
inline constexpr u32 kMxcsrDaz = 1u << 6;
inline constexpr u32 kMxcsrMaskShift = 7;  // from a flag to its mask
inline constexpr u32 kMxcsrRcShift = 13;
inline constexpr u32 kMxcsrFtz = 1u << 15;

// RC, bits 14:13 of MXCSR.
enum class SseRounding : u8 { kNearest, kDown, kUp, kZero };

struct FloatEnv {
  explicit FloatEnv(u32 mxcsr_now) : mxcsr(mxcsr_now) {}

  u32 mxcsr;
  u32 flags = 0;

  SseRounding Rounding() const {
    return static_cast<SseRounding>(mxcsr >> kMxcsrRcShift & 3);
  }
  bool DenormalsAreZeros() const { return (mxcsr & kMxcsrDaz) != 0; }
  bool FlushToZero() const { return (mxcsr & kMxcsrFtz) != 0; }
  bool Masks(u32 flag) const { return (mxcsr & flag << kMxcsrMaskShift) != 0; }
};

template <typename T>
struct FloatImage {
  static constexpr i32 kFractionBits = sizeof(T) == 4 ? 23 : 52;
  static constexpr i32 kMaxExponent = sizeof(T) == 4 ? 0xff : 0x7ff;
  static constexpr i32 kBias = kMaxExponent >> 1;
  static constexpr T kSign = T{1} << (sizeof(T) * 8 - 1);
  static constexpr T kHidden = T{1} << kFractionBits;
  static constexpr T kFraction = kHidden - 1;
  static constexpr T kQuiet = kHidden >> 1;
  static constexpr T kInfinity = static_cast<T>(kMaxExponent) << kFractionBits;
  // The answer to a masked invalid operation ("QNaN floating-point indefinite").
  static constexpr T kIndefinite = kSign | kInfinity | kQuiet;
};

// a <op> b
template <typename T>
T FloatAdd(T a, T b, FloatEnv& env);
template <typename T>
T FloatSub(T a, T b, FloatEnv& env);
template <typename T>
T FloatMul(T a, T b, FloatEnv& env);
template <typename T>
T FloatDiv(T a, T b, FloatEnv& env);
// b, if either is a NaN or both are zeros.
template <typename T>
T FloatMin(T a, T b, FloatEnv& env);
template <typename T>
T FloatMax(T a, T b, FloatEnv& env);
template <typename T>
T FloatSqrt(T a, FloatEnv& env);

// Any NaN makes a comparison unordered. Signaling ones are invalid, and quiet ones too
// with quiet_is_invalid.
enum class SseOrder : u8 { kLess, kEqual, kGreater, kUnordered };
template <typename T>
SseOrder FloatCompare(T a, T b, bool quiet_is_invalid, FloatEnv& env);

// Conversions between the formats: IE, DE, OE, UE, PE.
u64 FloatToDouble(u32 a, FloatEnv& env);
u32 FloatToSingle(u64 a, FloatEnv& env);

// To a signed integer; 0x80000000 with IE where it does not fit. Never DE.
template <typename T>
u32 FloatToInt(T a, SseRounding rounding, FloatEnv& env);
template <typename T>
T FloatFromInt(u32 a, FloatEnv& env);

// RCPSS, RSQRTSS. The manual bounds the relative error by 1.5 * 2^-12; here the answer is
// the exact one, rounded to nearest at 12 significant bits (error below 2^-12), for each
// operand. No exceptions and no control bits: denormals count as zeros, tiny answers
// become zeros, a zero gives an infinity, a negative number's root the indefinite.
u32 FloatReciprocal(u32 a);
u32 FloatReciprocalSqrt(u32 a);

}  // namespace lgx

#endif  // LGX_CPU_BINARY_FLOAT_H_
