// FSIN, FCOS, FPTAN, FPATAN. Special operands: the tables of these instructions in the
// SDM, volume 2.
#include "cpu/float80_real.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements part of it

namespace {

// The processor's pi has 66 bits: 0xc90fdaa22168c234c * 2^-66. Arguments are reduced with
// it exactly, so that a large argument gives what the processor gives.
struct Reduced {
  Real angle;         // between -pi/4 and pi/4
  unsigned quadrant;  // how many times pi/2 was taken away, modulo 4
};

constexpr i32 kHalfPiScale = 65;  // pi/2 = kHalfPi * 2^-65
constexpr U128 kHalfPi{0x3, 0x243f6a8885a308d3};

// n mod kHalfPi by shifting and subtracting; the quotient's low two bits.
U128 DivideByHalfPi(U128 n, unsigned& quotient) {
  quotient = 0;
  for (int shift = 62; shift >= 0; --shift) {
    const U128 part = ShiftLeft(kHalfPi, static_cast<unsigned>(shift));
    quotient = (quotient << 1) & 3;
    if (n >= part) {
      n = n - part;
      quotient |= 1;
    }
  }
  return n;
}

Reduced Reduce(const Unpacked& x) {
  const i32 power = x.exponent - kFloat80Bias;  // at most 62
  const Real plain{x.sign, power, {x.significand, 0}};
  if (power < -1) return {plain, 0};  // smaller than 1/2
  // x in units of 2^-65 is a whole number: significand * 2^(power - 63 + 65).
  const U128 whole = ShiftLeft({0, x.significand}, static_cast<unsigned>(power + 2));
  unsigned quadrant;
  U128 rest = DivideByHalfPi(whole, quadrant);
  bool sign = false;
  if (rest > kHalfPi - rest) {
    rest = kHalfPi - rest;
    sign = true;
    ++quadrant;
  }
  Real angle;
  if (!rest.IsZero()) {
    const unsigned shift = LeadingZeros(rest);
    angle = {sign, 127 - kHalfPiScale - static_cast<i32>(shift), ShiftLeft(rest, shift)};
  }
  if (x.sign) {  // sin is odd, cos even: mirror the angle and count backwards
    angle.sign = !angle.sign;
    quadrant = 0u - quadrant;
  }
  return {angle, quadrant & 3};
}

// Both series for |r| <= pi/4, as nested products like those of ExpMinusOne.
constexpr u32 kTrigTerms = 17;  // 0.79^35 / 35! < 2^-144

Real SinSeries(Real r) {
  const Real square = Negated(r * r);
  Real sum = kRealOne;
  for (u32 n = kTrigTerms; n >= 1; --n) {
    sum = kRealOne + square * sum / (2 * n * (2 * n + 1));
  }
  return r * sum;
}

Real CosSeries(Real r) {
  const Real square = Negated(r * r);
  Real sum = kRealOne;
  for (u32 n = kTrigTerms; n >= 1; --n) {
    sum = kRealOne + square * sum / ((2 * n - 1) * 2 * n);
  }
  return sum;
}

Real SinOf(const Reduced& r) {
  const Real value = (r.quadrant & 1) != 0 ? CosSeries(r.angle) : SinSeries(r.angle);
  return (r.quadrant & 2) != 0 ? Negated(value) : value;
}

Real CosOf(const Reduced& r) {
  const Real value = (r.quadrant & 1) != 0 ? SinSeries(r.angle) : CosSeries(r.angle);
  return r.quadrant == 1 || r.quadrant == 2 ? Negated(value) : value;
}

constexpr i32 kTooLarge = kFloat80Bias + 63;

// What sine, cosine and tangent share: special operands. True: `early` is the answer.
bool TrigSpecial(Float80 x, Float80 of_zero, FloatContext& context,
                 Float80TrigResult& early) {
  const Float80Class c = Classify(x);
  early = {};
  if (IsNanOrUnsupported(c)) {
    early.value = PropagateNan(x, context);
  } else if (c == Float80Class::kInfinity) {
    early.value = Invalid(context);
  } else if (c == Float80Class::kZero) {
    early.value = of_zero;
  } else if (x.exponent() >= kTooLarge) {
    early = {x, true};
  } else {
    return !CheckDenormal(c, context);
  }
  return true;
}

}  // namespace

Float80TrigResult Float80Sin(Float80 x, FloatContext& context) {
  Float80TrigResult early;
  if (TrigSpecial(x, x, context, early)) return early;
  return {RoundInexact(SinOf(Reduce(Unpack(x))), context), false};
}

Float80TrigResult Float80Cos(Float80 x, FloatContext& context) {
  Float80TrigResult early;
  if (TrigSpecial(x, kFloat80One, context, early)) return early;
  return {RoundInexact(CosOf(Reduce(Unpack(x))), context), false};
}

Float80TrigResult Float80Tan(Float80 x, FloatContext& context) {
  Float80TrigResult early;
  if (TrigSpecial(x, x, context, early)) return early;
  const Reduced r = Reduce(Unpack(x));
  constexpr i32 kTiny = -40;  // x + x^3/3 has 150 correct bits, and is larger than x
  const bool tiny = r.quadrant == 0 && r.angle.exponent < kTiny;
  const Real cube = r.angle * r.angle * r.angle;
  const Real tangent = tiny ? r.angle + cube / 3 : SinOf(r) / CosOf(r);
  return {RoundInexact(tangent, context), false};
}

namespace {

// atan(k / 8)
constexpr Real kAtanEighths[9] = {
    {},
    {false, -4, {0xfeadd4d5617b6e32, 0xc897989f3e888ef8}},
    {false, -3, {0xfadbafc96406eb15, 0x6dc79ef5f7a217e6}},
    {false, -2, {0xb7b0ca0f26f78473, 0x8aa32122dcfe4483}},
    {false, -2, {0xed63382b0dda7b45, 0x6fe445ecbc3a8d03}},
    {false, -1, {0x8f005d5ef7f59f9b, 0x5c835e1665c43748}},
    {false, -1, {0xa4bc7d1934f70924, 0x19a87f2a457dac9f}},
    {false, -1, {0xb8053e2bc2319e73, 0xcb2da55210a4443d}},
    {false, -1, {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}},
};

// atan(t) for t between 0 and 1: the nearest eighth from the table, and a series for the
// rest, atan(t) = atan(c) + atan((t - c) / (1 + t c)).
Real Atan(Real t) {
  u32 eighths = 0;
  if (t.exponent >= -4) {
    // round(8 t): t has 127 + |exponent| fraction bits.
    const U128 sixteenths =
        ShiftRight(t.significand, static_cast<unsigned>(127 - 4 - t.exponent));
    eighths = static_cast<u32>((sixteenths.lo + 1) / 2);
  }
  Real rest = t;
  if (eighths != 0) {
    const Real c = Scaled(RealOf(static_cast<i32>(eighths)), -3);
    rest = (t - c) / (kRealOne + t * c);
  }
  constexpr u32 kTerms = 17;  // (1/16)^35 < 2^-139
  const Real square = Negated(rest * rest);
  Real sum = kRealOne / (2 * kTerms + 1);
  for (u32 n = kTerms; n-- > 0;) sum = kRealOne / (2 * n + 1) + square * sum;
  return kAtanEighths[eighths] + rest * sum;
}

Float80 Angle(Real magnitude, bool sign, FloatContext& context) {
  magnitude.sign = sign;
  return RoundInexact(magnitude, context);
}

}  // namespace

// The angle of the point (x, y). Signs of zeros count, infinities stand for their
// directions.
Float80 Float80ArcTan(Float80 y, Float80 x, FloatContext& context) {
  const Float80Class cy = Classify(y), cx = Classify(x);
  if (IsNanOrUnsupported(cy) || IsNanOrUnsupported(cx))
    return PropagateNan(y, x, context);
  if (!CheckDenormal(cy, cx, context)) return {};
  const bool sign = y.sign();
  const Real half_pi = Scaled(kRealPi, -1), quarter_pi = Scaled(kRealPi, -2);
  if (cy == Float80Class::kInfinity) {
    if (cx != Float80Class::kInfinity) return Angle(half_pi, sign, context);
    return Angle(x.sign() ? half_pi + quarter_pi : quarter_pi, sign, context);
  }
  if (cx == Float80Class::kInfinity || cy == Float80Class::kZero) {
    return x.sign() ? Angle(kRealPi, sign, context) : Float80Zero(sign);
  }
  if (cx == Float80Class::kZero) return Angle(half_pi, sign, context);

  Real ry = RealOf(y), rx = RealOf(x);
  ry.sign = rx.sign = false;
  Real angle = SmallerMagnitude(rx, ry) ? half_pi - Atan(rx / ry) : Atan(ry / rx);
  if (x.sign()) angle = kRealPi - angle;
  return Angle(angle, sign, context);
}

}  // namespace lgx
