// Between the register format and the formats of memory.
#include <algorithm>

#include "cpu/float80_internal.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements part of it

namespace {

// The fields of a float or double: a significand without integer bit, left-aligned so
// that its first bit is bit 62.
struct NarrowFields {
  bool sign;
  i32 exponent;
  u64 fraction;
};

Float80 Widen(NarrowFields f, const FloatFormat& format, FloatContext& context) {
  if (f.exponent == format.max_exponent) {
    return MakeFloat80(f.sign, kFloat80MaxExponent, kFloat80IntegerBit | f.fraction);
  }
  const i32 rebias = kFloat80Bias - format.bias;
  if (f.exponent != 0) {
    return MakeFloat80(f.sign, f.exponent + rebias, kFloat80IntegerBit | f.fraction);
  }
  if (f.fraction == 0) return Float80Zero(f.sign);
  context.denormal_operand = true;
  const int shift = std::countl_zero(f.fraction);
  return MakeFloat80(f.sign, 1 + rebias - shift, f.fraction << shift);
}

// FLD of a widened value: the load itself reports what an arithmetic operation would.
Float80 Load(Float80 a, FloatContext& context) {
  if (IsNan(a)) return PropagateNan(a, context);
  CheckDenormal(Float80Class::kNormal, context);
  return a;
}

// The common part of StoreF32 and StoreF64. Answers the sign, exponent and fraction; the
// fraction is left-aligned as above.
NarrowFields Narrow(Float80 a, const FloatFormat& format, FloatContext& context) {
  const u64 kept = ~u64{0} << (64 - format.precision);
  const Float80Class c = Classify(a);
  if (IsNanOrUnsupported(c)) {
    const Float80 nan = PropagateNan(a, context);
    return {nan.sign(), format.max_exponent,
            nan.significand & kept & ~kFloat80IntegerBit};
  }
  if (c == Float80Class::kInfinity) return {a.sign(), format.max_exponent, 0};
  if (c == Float80Class::kZero) return {a.sign(), 0, 0};
  const Unpacked u = Unpack(a);
  const i32 exponent = u.exponent - kFloat80Bias + format.bias;
  const Rounded r = RoundToFormat({u.sign, exponent, u.significand, 0}, format, context);
  return {u.sign, r.exponent, r.significand & ~kFloat80IntegerBit};
}

// A finite number split at the binary point: integer part and fraction. e is the exponent
// of the number, at most 63.
U128 SplitAtPoint(const Unpacked& u) {
  const i32 e = u.exponent - kFloat80Bias;
  return ShiftRightJam({u.significand, 0}, static_cast<unsigned>(63 - e));
}

}  // namespace

Float80 WidenF32(u32 bits, FloatContext& context) {
  const NarrowFields fields{(bits >> 31) != 0, static_cast<i32>((bits >> 23) & 0xff),
                            static_cast<u64>(bits & 0x007fffff) << 40};
  return Widen(fields, kFormatF32, context);
}

Float80 WidenF64(u64 bits, FloatContext& context) {
  const NarrowFields fields{(bits >> 63) != 0, static_cast<i32>((bits >> 52) & 0x7ff),
                            (bits & 0x000fffffffffffff) << 11};
  return Widen(fields, kFormatF64, context);
}

Float80 LoadF32(u32 bits, FloatContext& context) {
  return Load(WidenF32(bits, context), context);
}

Float80 LoadF64(u64 bits, FloatContext& context) {
  return Load(WidenF64(bits, context), context);
}

Float80 LoadInt(i64 value) {
  if (value == 0) return Float80Zero(false);
  const bool sign = value < 0;
  const u64 magnitude = sign ? u64{0} - static_cast<u64>(value) : static_cast<u64>(value);
  const int shift = std::countl_zero(magnitude);
  return MakeFloat80(sign, kFloat80Bias + 63 - shift, magnitude << shift);
}

u32 StoreF32(Float80 a, FloatContext& context) {
  const NarrowFields f = Narrow(a, kFormatF32, context);
  return (f.sign ? 0x80000000 : 0) | (static_cast<u32>(f.exponent) << 23) |
         static_cast<u32>(f.fraction >> 40);
}

u64 StoreF64(Float80 a, FloatContext& context) {
  const NarrowFields f = Narrow(a, kFormatF64, context);
  return (f.sign ? kFloat80IntegerBit : 0) | (static_cast<u64>(f.exponent) << 52) |
         (f.fraction >> 11);
}

namespace {

// The magnitude rounded to an integer; false when it is above limit or no number at all
// (IE).
bool RoundMagnitude(Float80 a, u64 limit, u64& magnitude, FloatContext& context) {
  magnitude = 0;
  const Float80Class c = Classify(a);
  if (c == Float80Class::kZero) return true;
  if (c == Float80Class::kNormal || c == Float80Class::kDenormal) {
    const Unpacked u = Unpack(a);
    if (u.exponent - kFloat80Bias <= 63) {
      const U128 split = SplitAtPoint(u);
      const bool up = RoundsUp(u.sign, (split.hi & 1) != 0, split.lo, context.rounding);
      magnitude = split.hi + (up ? 1 : 0);
      const bool wrapped = up && magnitude == 0;
      if (!wrapped && magnitude <= limit) {
        if (split.lo != 0) context.flags |= kX87Precision;
        context.rounded_up = up;
        return true;
      }
    }
  }
  context.flags |= kX87Invalid;
  return false;
}

}  // namespace

i64 StoreInt(Float80 a, int bits, FloatContext& context) {
  const u64 lowest = u64{1} << (bits - 1);
  u64 magnitude;
  if (!RoundMagnitude(a, a.sign() ? lowest : lowest - 1, magnitude, context)) {
    return static_cast<i64>(u64{0} - lowest);
  }
  return static_cast<i64>(a.sign() ? u64{0} - magnitude : magnitude);
}

Float80 Float80RoundToInteger(Float80 a, FloatContext& context) {
  const Float80Class c = Classify(a);
  if (IsNanOrUnsupported(c)) return PropagateNan(a, context);
  if (!CheckDenormal(c, context)) return {};
  if (c == Float80Class::kZero || a.exponent() >= kFloat80Bias + 63) return a;
  const Unpacked u = Unpack(a);
  const U128 split = SplitAtPoint(u);
  const bool up = RoundsUp(u.sign, (split.hi & 1) != 0, split.lo, context.rounding);
  if (split.lo != 0) context.flags |= kX87Precision;
  context.rounded_up = up;
  const u64 magnitude = split.hi + (up ? 1 : 0);
  if (magnitude == 0) return Float80Zero(u.sign);
  const int shift = std::countl_zero(magnitude);
  return MakeFloat80(u.sign, kFloat80Bias + 63 - shift, magnitude << shift);
}

Float80 LoadBcd(const u8 bytes[10]) {
  u64 magnitude = 0;
  for (int i = 8; i >= 0; --i) {
    magnitude = magnitude * 100 + (bytes[i] >> 4) * 10u + (bytes[i] & 15u);
  }
  Float80 value = LoadInt(static_cast<i64>(magnitude));
  if ((bytes[9] & 0x80) != 0) value.sign_exp |= 0x8000;
  return value;
}

void StoreBcd(Float80 a, u8 bytes[10], FloatContext& context) {
  u64 magnitude;
  if (!RoundMagnitude(a, 999'999'999'999'999'999, magnitude, context)) {
    std::fill(bytes, bytes + 7, u8{0});
    bytes[7] = 0xc0;  // the packed decimal indefinite
    bytes[8] = bytes[9] = 0xff;
    return;
  }
  for (int i = 0; i < 9; ++i) {
    bytes[i] = static_cast<u8>(((magnitude / 10 % 10) << 4) | (magnitude % 10));
    magnitude /= 100;
  }
  bytes[9] = a.sign() ? 0x80 : 0;
}

}  // namespace lgx
