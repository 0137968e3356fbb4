#include "cpu/float80_real.h"

#include <utility>

namespace lgx::float80_internal {

namespace {

Real NormalizedReal(bool sign, i32 exponent, U128 significand) {
  if (significand.IsZero()) return {};
  const unsigned shift = LeadingZeros(significand);
  return {sign, exponent - static_cast<i32>(shift), ShiftLeft(significand, shift)};
}

}  // namespace

Real RealOf(Float80 a) {
  if (a.significand == 0) return {a.sign(), 0, {}};
  const Unpacked u = Unpack(a);
  return {u.sign, u.exponent - kFloat80Bias, {u.significand, 0}};
}

Real RealOf(i32 value) {
  const u64 magnitude =
      value < 0 ? u64{0} - static_cast<u64>(i64{value}) : static_cast<u64>(value);
  return NormalizedReal(value < 0, 127, {0, magnitude});
}

Real Negated(Real a) {
  a.sign = !a.sign;
  return a;
}

Real Scaled(Real a, i32 by) {
  a.exponent += by;
  return a;
}

Real operator+(Real a, Real b) {
  if (a.IsZero()) return b;
  if (b.IsZero()) return a;
  if (SmallerMagnitude(a, b)) std::swap(a, b);
  // Bits that fall out leave a trace: 1 - tiny is less than 1 for a rounding to see.
  const U128 small =
      ShiftRightJam(b.significand, static_cast<unsigned>(a.exponent - b.exponent));
  if (a.sign != b.sign) {
    return NormalizedReal(a.sign, a.exponent, a.significand - small);
  }
  const U128 sum = ShiftRight(a.significand, 1) + ShiftRightJam(small, 1);
  return NormalizedReal(a.sign, a.exponent + 1, sum);
}

Real operator-(Real a, Real b) { return a + Negated(b); }

Real operator*(Real a, Real b) {
  if (a.IsZero() || b.IsZero()) return {};
  const U128 x = a.significand, y = b.significand;
  const U128 product = Multiply64(x.hi, y.hi) + U128{0, Multiply64(x.hi, y.lo).hi} +
                       U128{0, Multiply64(x.lo, y.hi).hi};
  return NormalizedReal(a.sign != b.sign, a.exponent + b.exponent + 1, product);
}

Real operator/(Real a, Real b) {
  if (a.IsZero()) return {};
  // Digit by digit. Both significands lose a bit, so that the doubled remainder fits.
  const U128 divisor = ShiftRight(b.significand, 1);
  U128 remainder = ShiftRight(a.significand, 1);
  U128 quotient;
  for (int bit = 0; bit < 128; ++bit) {
    quotient = ShiftLeft(quotient, 1);
    if (remainder >= divisor) {
      remainder = remainder - divisor;
      quotient.lo |= 1;
    }
    remainder = ShiftLeft(remainder, 1);
  }
  return NormalizedReal(a.sign != b.sign, a.exponent - b.exponent, quotient);
}

Real operator/(Real a, u32 b) {
  if (a.IsZero()) return {};
  // 32 bits at a time, from the top; the quotient keeps all significant bits of a small
  // b.
  const u32 words[4] = {
      static_cast<u32>(a.significand.hi >> 32), static_cast<u32>(a.significand.hi),
      static_cast<u32>(a.significand.lo >> 32), static_cast<u32>(a.significand.lo)};
  u64 digits[4];
  u64 remainder = 0;
  for (int i = 0; i < 4; ++i) {
    const u64 part = (remainder << 32) | words[i];
    digits[i] = part / b;
    remainder = part % b;
  }
  const U128 quotient{(digits[0] << 32) | digits[1], (digits[2] << 32) | digits[3]};
  return NormalizedReal(a.sign, a.exponent, quotient);
}

bool SmallerMagnitude(const Real& a, const Real& b) {
  if (a.IsZero() || b.IsZero()) return a.IsZero() && !b.IsZero();
  if (a.exponent != b.exponent) return a.exponent < b.exponent;
  return a.significand < b.significand;
}

Float80 RoundInexact(const Real& a, FloatContext& context) {
  return RoundAndPack64(
      {a.sign, a.exponent + kFloat80Bias, a.significand.hi, a.significand.lo | 1},
      context);
}

Float80 RoundReportingInexact(const Real& a, FloatContext& context) {
  const Float80 result = RoundAndPack64(
      {a.sign, a.exponent + kFloat80Bias, a.significand.hi, a.significand.lo}, context);
  context.flags |= kX87Precision;
  if (result.exponent() == 0) context.flags |= kX87Underflow;
  return result;
}

}  // namespace lgx::float80_internal
