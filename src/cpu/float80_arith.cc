// Add, subtract, multiply, divide, square root, compare.
#include <utility>

#include "cpu/float80_internal.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements part of it

namespace {

using enum Float80Class;

bool IsZero(Float80Class c) { return c == kZero; }
bool IsInfinity(Float80Class c) { return c == kInfinity; }

Float80 AddMagnitudes(bool sign, Unpacked a, Unpacked b, FloatContext& context) {
  if (a.exponent < b.exponent) std::swap(a, b);
  const U128 small =
      ShiftRightJam({b.significand, 0}, static_cast<unsigned>(a.exponent - b.exponent));
  // One bit of room for the carry.
  const U128 sum = ShiftRightJam({a.significand, 0}, 1) + ShiftRightJam(small, 1);
  return RoundAndPack(Normalize(sign, a.exponent + 1, sum), context);
}

// |a| - |b|, with the sign of a.
Float80 SubtractMagnitudes(bool sign, Unpacked a, Unpacked b, FloatContext& context) {
  if (a.exponent == b.exponent && a.significand == b.significand) {
    return Float80Zero(context.rounding == FloatRounding::kDown);
  }
  if (a.exponent < b.exponent ||
      (a.exponent == b.exponent && a.significand < b.significand)) {
    std::swap(a, b);
    sign = !sign;
  }
  const U128 small =
      ShiftRightJam({b.significand, 0}, static_cast<unsigned>(a.exponent - b.exponent));
  return RoundAndPack(Normalize(sign, a.exponent, U128{a.significand, 0} - small),
                      context);
}

// A number other than zero comes out as it went in, rounded to the precision in force.
Float80 Reround(Float80 a, FloatContext& context) {
  const Unpacked u = Unpack(a);
  return RoundAndPack({u.sign, u.exponent, u.significand, 0}, context);
}

Float80 AddWithSign(Float80 a, Float80 b, FloatContext& context) {
  const Float80Class ca = Classify(a), cb = Classify(b);
  if (IsInfinity(ca) && IsInfinity(cb) && a.sign() != b.sign()) return Invalid(context);
  if (!CheckDenormal(ca, cb, context)) return {};
  if (IsInfinity(ca)) return a;
  if (IsInfinity(cb)) return b;
  if (IsZero(ca) && IsZero(cb)) {
    return a.sign() == b.sign() ? a
                                : Float80Zero(context.rounding == FloatRounding::kDown);
  }
  if (IsZero(ca)) return Reround(b, context);
  if (IsZero(cb)) return Reround(a, context);
  return a.sign() == b.sign()
             ? AddMagnitudes(a.sign(), Unpack(a), Unpack(b), context)
             : SubtractMagnitudes(a.sign(), Unpack(a), Unpack(b), context);
}

bool AnyNan(Float80 a, Float80 b) {
  return IsNanOrUnsupported(Classify(a)) || IsNanOrUnsupported(Classify(b));
}

Float80 Negated(Float80 a) {
  return {a.significand, static_cast<u16>(a.sign_exp ^ 0x8000)};
}

}  // namespace

Float80 Float80Add(Float80 a, Float80 b, FloatContext& context) {
  if (AnyNan(a, b)) return PropagateNan(a, b, context);
  return AddWithSign(a, b, context);
}

Float80 Float80Sub(Float80 a, Float80 b, FloatContext& context) {
  if (AnyNan(a, b)) return PropagateNan(a, b, context);
  return AddWithSign(a, Negated(b), context);
}

Float80 Float80Mul(Float80 a, Float80 b, FloatContext& context) {
  if (AnyNan(a, b)) return PropagateNan(a, b, context);
  const Float80Class ca = Classify(a), cb = Classify(b);
  const bool sign = a.sign() != b.sign();
  if ((IsInfinity(ca) && IsZero(cb)) || (IsZero(ca) && IsInfinity(cb))) {
    return Invalid(context);
  }
  if (!CheckDenormal(ca, cb, context)) return {};
  if (IsInfinity(ca) || IsInfinity(cb)) return Float80Infinity(sign);
  if (IsZero(ca) || IsZero(cb)) return Float80Zero(sign);
  const Unpacked ua = Unpack(a), ub = Unpack(b);
  return RoundAndPack(Normalize(sign, ua.exponent + ub.exponent - kFloat80Bias + 1,
                                Multiply64(ua.significand, ub.significand)),
                      context);
}

Float80 Float80Div(Float80 a, Float80 b, FloatContext& context) {
  if (AnyNan(a, b)) return PropagateNan(a, b, context);
  const Float80Class ca = Classify(a), cb = Classify(b);
  const bool sign = a.sign() != b.sign();
  if ((IsInfinity(ca) && IsInfinity(cb)) || (IsZero(ca) && IsZero(cb))) {
    return Invalid(context);
  }
  if (IsZero(cb) && !IsInfinity(ca)) {  // hides that a is denormal
    context.flags |= kX87ZeroDivide;
    return Float80Infinity(sign);
  }
  if (!CheckDenormal(ca, cb, context)) return {};
  if (IsInfinity(ca)) return Float80Infinity(sign);
  if (IsInfinity(cb) || IsZero(ca)) return Float80Zero(sign);

  const Unpacked ua = Unpack(a), ub = Unpack(b);
  const bool smaller = ua.significand < ub.significand;
  const i32 exponent = ua.exponent - ub.exponent + kFloat80Bias - (smaller ? 1 : 0);
  const U128 numerator = ShiftRight({ua.significand, 0}, smaller ? 0 : 1);
  const Quotient64 q = Divide128(numerator, ub.significand);
  u64 rest = 0;  // the remainder against half the divisor is all that rounding asks
  if (q.remainder != 0) {
    const u64 other_half = ub.significand - q.remainder;
    rest = (q.remainder >= other_half ? kFloat80IntegerBit : 0) |
           (q.remainder != other_half ? 1 : 0);
  }
  return RoundAndPack({sign, exponent, q.quotient, rest}, context);
}

Float80 Float80Sqrt(Float80 a, FloatContext& context) {
  const Float80Class c = Classify(a);
  if (IsNanOrUnsupported(c)) return PropagateNan(a, context);
  if (IsZero(c)) return a;
  if (a.sign()) return Invalid(context);
  if (!CheckDenormal(c, context)) return {};
  if (IsInfinity(c)) return a;

  // The radicand is shifted so that its exponent is even and its root has 64 bits.
  const Unpacked u = Unpack(a);
  const i32 power = u.exponent - kFloat80Bias;
  const bool odd = (power & 1) != 0;
  U128 remainder = odd ? U128{u.significand, 0} : ShiftRight({u.significand, 0}, 1);
  U128 root;  // digit by digit, one bit of the root in each step
  for (unsigned bit = 64; bit-- > 0;) {
    // Trial: (root + 2^bit)^2 - root^2 = 2^(bit+1) * root + 2^(2 bit).
    const U128 trial = ShiftLeft(root, bit + 1) + ShiftLeft(U128{0, 1}, 2 * bit);
    if (trial <= remainder) {
      remainder = remainder - trial;
      root.lo |= u64{1} << bit;
    }
  }
  u64 rest = 0;  // remainder > root means that the root's fraction is above one half
  if (!remainder.IsZero()) rest = remainder > root ? kFloat80IntegerBit | 1 : 1;
  return RoundAndPack({false, (power - (odd ? 1 : 0)) / 2 + kFloat80Bias, root.lo, rest},
                      context);
}

namespace {

FloatOrder CompareMagnitudes(Float80 a, Float80 b) {
  const Unpacked ua = Unpack(a), ub = Unpack(b);
  if (ua.exponent != ub.exponent) {
    return ua.exponent < ub.exponent ? FloatOrder::kLess : FloatOrder::kGreater;
  }
  if (ua.significand == ub.significand) return FloatOrder::kEqual;
  return ua.significand < ub.significand ? FloatOrder::kLess : FloatOrder::kGreater;
}

FloatOrder Reversed(FloatOrder order) {
  if (order == FloatOrder::kLess) return FloatOrder::kGreater;
  if (order == FloatOrder::kGreater) return FloatOrder::kLess;
  return order;
}

}  // namespace

FloatOrder Float80Compare(Float80 a, Float80 b, bool quiet_nans_compare,
                          FloatContext& context) {
  const Float80Class ca = Classify(a), cb = Classify(b);
  if (AnyNan(a, b)) {
    const auto quiet = [](Float80Class c) {
      return c != kUnsupported && c != kSignalingNan;
    };
    if (!quiet_nans_compare || !quiet(ca) || !quiet(cb)) context.flags |= kX87Invalid;
    return FloatOrder::kUnordered;
  }
  CheckDenormal(ca, cb, context);
  if (IsZero(ca) && IsZero(cb)) return FloatOrder::kEqual;
  if (IsZero(ca)) return b.sign() ? FloatOrder::kGreater : FloatOrder::kLess;
  if (IsZero(cb)) return a.sign() ? FloatOrder::kLess : FloatOrder::kGreater;
  if (a.sign() != b.sign()) return a.sign() ? FloatOrder::kLess : FloatOrder::kGreater;
  // Infinity has the largest exponent and compares like a number.
  const FloatOrder magnitudes = CompareMagnitudes(a, b);
  return a.sign() ? Reversed(magnitudes) : magnitudes;
}

}  // namespace lgx
