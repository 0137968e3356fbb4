// FSCALE, FXTRACT, FPREM, FPREM1: exponents taken apart and remainders.
#include "cpu/float80_internal.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements part of it

namespace {

// trunc(b), limited to what can still make a difference.
i32 ScaleOf(Float80 b) {
  constexpr i32 kLimit = 0x10000;
  const Unpacked u = Unpack(b);
  const i32 e = u.exponent - kFloat80Bias;
  if (e < 0) return 0;
  const i32 magnitude = e >= 16 ? kLimit : static_cast<i32>(u.significand >> (63 - e));
  return u.sign ? -magnitude : magnitude;
}

}  // namespace

Float80 Float80Scale(Float80 a, Float80 b, FloatContext& context) {
  const Float80Class ca = Classify(a), cb = Classify(b);
  if (IsNanOrUnsupported(ca) || IsNanOrUnsupported(cb)) {
    return PropagateNan(a, b, context);
  }
  if (cb == Float80Class::kInfinity) {
    const Float80Class impossible =
        b.sign() ? Float80Class::kInfinity : Float80Class::kZero;
    if (ca == impossible) return Invalid(context);
    if (!CheckDenormal(ca, context)) return {};
    return b.sign() ? Float80Zero(a.sign()) : Float80Infinity(a.sign());
  }
  if (!CheckDenormal(ca, cb, context)) return {};
  if (ca == Float80Class::kInfinity || ca == Float80Class::kZero) return a;
  const Unpacked u = Unpack(a);
  const i32 scale = cb == Float80Class::kZero ? 0 : ScaleOf(b);
  return RoundAndPack64({u.sign, u.exponent + scale, u.significand, 0}, context);
}

Float80Extracted Float80Extract(Float80 a, FloatContext& context) {
  const Float80Class c = Classify(a);
  if (IsNanOrUnsupported(c)) {
    const Float80 nan = PropagateNan(a, context);
    return {nan, nan};
  }
  if (c == Float80Class::kInfinity) return {Float80Infinity(false), a};
  if (c == Float80Class::kZero) {
    context.flags |= kX87ZeroDivide;
    return {Float80Infinity(true), a};
  }
  if (!CheckDenormal(c, context)) return {};
  const Unpacked u = Unpack(a);
  return {LoadInt(u.exponent - kFloat80Bias),
          MakeFloat80(u.sign, kFloat80Bias, u.significand)};
}

namespace {

struct Division {
  u64 quotient;
  u64 remainder;  // smaller than the divisor; its exponent is that of a, less the bits
                  // divided
};

// The first bits + 1 quotient bits of a / b, bits at most 63.
Division Divide(const Unpacked& a, const Unpacked& b, i32 bits) {
  const bool first = a.significand >= b.significand;
  const u64 rest = a.significand - (first ? b.significand : 0);
  const Quotient64 q =
      Divide128(ShiftRight({rest, 0}, static_cast<unsigned>(64 - bits)), b.significand);
  return {((first ? u64{1} : 0) << bits) | q.quotient, q.remainder};
}

Float80 PackRemainder(bool sign, i32 exponent, U128 remainder, FloatContext& context) {
  if (remainder.IsZero()) return Float80Zero(sign);
  return RoundAndPack64(Normalize(sign, exponent, remainder), context);
}

// a is smaller than b. FPREM1 takes b away once when a is more than one half of it.
Float80Remainder SmallRemainder(const Unpacked& a, const Unpacked& b, bool nearest,
                                FloatContext& context) {
  if (nearest && a.exponent == b.exponent - 1 && a.significand > b.significand) {
    const U128 distance = U128{b.significand, 0} - ShiftRight({a.significand, 0}, 1);
    return {PackRemainder(!a.sign, b.exponent, distance, context), false, 1, true};
  }
  return {PackRemainder(a.sign, a.exponent, {a.significand, 0}, context), false, 0, true};
}

Float80Remainder RemainderOf(const Unpacked& a, const Unpacked& b, bool nearest,
                             FloatContext& context) {
  const i32 difference = a.exponent - b.exponent;
  if (difference < 0) return SmallRemainder(a, b, nearest, context);
  if (difference >= 64) {
    const i32 bits = 32 + difference % 32;  // as the processors do it
    const Division d = Divide(a, b, bits);
    return {PackRemainder(a.sign, a.exponent - bits, {d.remainder, 0}, context), true, 0,
            true};
  }
  Division d = Divide(a, b, difference);
  bool sign = a.sign;
  const u64 other = b.significand - d.remainder;
  if (nearest &&
      (d.remainder > other || (d.remainder == other && (d.quotient & 1) != 0))) {
    d.remainder = other;
    ++d.quotient;
    sign = !sign;
  }
  return {PackRemainder(sign, b.exponent, {d.remainder, 0}, context), false,
          static_cast<u8>(d.quotient & 7), true};
}

}  // namespace

Float80Remainder Float80Rem(Float80 a, Float80 b, bool nearest, FloatContext& context) {
  const Float80Class ca = Classify(a), cb = Classify(b);
  if (IsNanOrUnsupported(ca) || IsNanOrUnsupported(cb)) {
    return {PropagateNan(a, b, context)};
  }
  if (ca == Float80Class::kInfinity || cb == Float80Class::kZero)
    return {Invalid(context)};
  if (!CheckDenormal(ca, cb, context)) return {};
  if (ca == Float80Class::kZero) return {a, false, 0, true};
  if (cb == Float80Class::kInfinity) {
    const Unpacked u = Unpack(a);
    return {PackRemainder(u.sign, u.exponent, {u.significand, 0}, context), false, 0,
            true};
  }
  return RemainderOf(Unpack(a), Unpack(b), nearest, context);
}

}  // namespace lgx
