// F2XM1, FYL2X, FYL2XP1. Special operands: the tables of these instructions in the SDM,
// volume 2.
#include "cpu/float80_real.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements part of it

namespace {

constexpr Float80 kMinusHalf{kFloat80IntegerBit, 0xbffe};
constexpr Float80 kMinusOne{kFloat80IntegerBit, 0xbfff};

// e^y - 1 for |y| < 0.7: y (1 + y/2 (1 + y/3 (1 + ...))), from the innermost out.
Real ExpMinusOne(Real y) {
  constexpr u32 kTerms = 32;  // 0.7^32 / 32! < 2^-130
  Real sum = kRealOne;
  for (u32 n = kTerms; n >= 2; --n) sum = kRealOne + y * sum / n;
  return y * sum;
}

// 2/ln(2) * atanh(s) = log2((1 + s) / (1 - s)) for |s| < 0.2.
Real Log2OfRatio(Real s) {
  constexpr u32 kTerms = 28;  // 0.1716^56 < 2^-140
  const Real square = s * s;
  Real sum = kRealOne / (2 * kTerms + 1);
  for (u32 n = kTerms; n-- > 0;) sum = kRealOne / (2 * n + 1) + square * sum;
  return kRealTwoOverLn2 * s * sum;
}

// x > 0, not 1. x = m * 2^k with m between sqrt(1/2) and sqrt(2); m - 1 is exact.
Real Log2(Real x) {
  constexpr Real kSqrtTwo{false, 0, {0xb504f333f9de6484, 0x597d89b3754abe9f}};
  i32 power = x.exponent;
  Real m = Scaled(x, -power);
  if (!SmallerMagnitude(m, kSqrtTwo)) {
    m = Scaled(m, -1);
    ++power;
  }
  const Real fraction = m - kRealOne;
  if (fraction.IsZero()) return RealOf(power);
  return RealOf(power) + Log2OfRatio(fraction / (m + kRealOne));
}

bool IsPowerOfTwo(Float80 x) { return Unpack(x).significand == kFloat80IntegerBit; }

// y times an infinite logarithm, or infinite y times a logarithm: log_sign is the
// logarithm's sign.
Float80 InfiniteProduct(Float80 y, bool log_sign) {
  return Float80Infinity(y.sign() != log_sign);
}

}  // namespace

Float80 Float80Exp2MinusOne(Float80 x, FloatContext& context) {
  const Float80Class c = Classify(x);
  if (IsNanOrUnsupported(c)) return PropagateNan(x, context);
  if (c == Float80Class::kZero) return x;
  if (c == Float80Class::kInfinity) return x.sign() ? kMinusOne : x;
  if (!CheckDenormal(c, context)) return {};
  const Unpacked u = Unpack(x);
  if (u.exponent >= kFloat80Bias) {
    // 1 and -1 have exact results. Beyond them the manual leaves it open: x stays.
    context.flags |= kX87Precision;
    if (u.exponent > kFloat80Bias || u.significand != kFloat80IntegerBit) return x;
    return u.sign ? kMinusHalf : x;
  }
  return RoundInexact(ExpMinusOne(RealOf(x) * kRealLn2), context);
}

// y * log2(x)
Float80 Float80YLog2X(Float80 y, Float80 x, FloatContext& context) {
  const Float80Class cy = Classify(y), cx = Classify(x);
  if (IsNanOrUnsupported(cy) || IsNanOrUnsupported(cx))
    return PropagateNan(y, x, context);
  if (cx == Float80Class::kZero) {
    if (cy == Float80Class::kZero) return Invalid(context);
    if (cy == Float80Class::kInfinity) return InfiniteProduct(y, true);
    context.flags |= kX87ZeroDivide;  // hides that y is denormal
    return InfiniteProduct(y, true);
  }
  if (x.sign()) return Invalid(context);
  const bool one = x == kFloat80One;
  if (cx == Float80Class::kInfinity) {
    if (cy == Float80Class::kZero) return Invalid(context);
    if (!CheckDenormal(cy, context)) return {};
    return InfiniteProduct(y, false);
  }
  const bool log_sign = x.exponent() < kFloat80Bias;
  if (cy == Float80Class::kInfinity) {
    if (one) return Invalid(context);
    if (!CheckDenormal(cx, context)) return {};
    return InfiniteProduct(y, log_sign);
  }
  if (!CheckDenormal(cy, cx, context)) return {};
  if (cy == Float80Class::kZero || one) return Float80Zero(y.sign() != log_sign);
  const Real product = RealOf(y) * Log2(RealOf(x));
  if (!IsPowerOfTwo(x)) return RoundInexact(product, context);
  return RoundReportingInexact(product, context);
}

// y * log2(x + 1), for x between -1 + sqrt(1/2) and sqrt(2) - 1; other x as far as they
// make sense.
Float80 Float80YLog2XPlusOne(Float80 y, Float80 x, FloatContext& context) {
  const Float80Class cy = Classify(y), cx = Classify(x);
  if (IsNanOrUnsupported(cy) || IsNanOrUnsupported(cx))
    return PropagateNan(y, x, context);
  if (cx == Float80Class::kInfinity) {
    if (x.sign() || cy == Float80Class::kZero) return Invalid(context);
    if (!CheckDenormal(cy, context)) return {};
    return InfiniteProduct(y, false);
  }
  if (cy == Float80Class::kInfinity) {
    if (cx == Float80Class::kZero) return Invalid(context);
    if (!CheckDenormal(cx, context)) return {};
    return InfiniteProduct(y, x.sign());
  }
  if (!CheckDenormal(cy, cx, context)) return {};
  if (cy == Float80Class::kZero || cx == Float80Class::kZero) {
    return Float80Zero(y.sign() != x.sign());
  }
  if (x.sign() && x.exponent() >= kFloat80Bias) {  // x + 1 is not positive: x stays
    context.flags |= kX87Precision;
    return x;
  }
  const Real argument = RealOf(x);
  const Real log = argument.exponent >= -2
                       ? Log2(argument + kRealOne)
                       : Log2OfRatio(argument / (argument + kRealTwo));
  return RoundInexact(RealOf(y) * log, context);
}

}  // namespace lgx
