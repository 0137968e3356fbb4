// Numbers with a 128-bit significand and any exponent, for the transcendental functions:
// some fifty operations on them leave far more than the 64 correct bits a result needs.
#ifndef LGX_CPU_FLOAT80_REAL_H_
#define LGX_CPU_FLOAT80_REAL_H_

#include "cpu/float80_internal.h"

namespace lgx::float80_internal {

// (-1)^sign * significand * 2^(exponent - 127); bit 127 of the significand is set, or the
// number is zero. Each operation is wrong by less than 2^-124 of its result.
struct Real {
  bool sign = false;
  i32 exponent = 0;
  U128 significand;

  bool IsZero() const { return significand.IsZero(); }
};

Real RealOf(Float80 a);  // a finite number
Real RealOf(i32 value);
Real Negated(Real a);
// a * 2^by
Real Scaled(Real a, i32 by);

Real operator+(Real a, Real b);
Real operator-(Real a, Real b);
Real operator*(Real a, Real b);
Real operator/(Real a, Real b);  // b not zero
Real operator/(Real a, u32 b);   // b not zero

// |a| < |b|
bool SmallerMagnitude(const Real& a, const Real& b);

// Rounds to 64 bits a value that is not exact: the functions have no exact results but
// for a few arguments.
Float80 RoundInexact(const Real& a, FloatContext& context);
// For those: an exact value, or nearly, that is reported as inexact all the same.
Float80 RoundReportingInexact(const Real& a, FloatContext& context);

inline constexpr Real kRealOne{false, 0, {0x8000000000000000, 0}};
inline constexpr Real kRealTwo{false, 1, {0x8000000000000000, 0}};
inline constexpr Real kRealPi{false, 1, {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}};
inline constexpr Real kRealLn2{false, -1, {0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af}};
inline constexpr Real kRealTwoOverLn2{false, 1, {0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89}};

}  // namespace lgx::float80_internal

#endif  // LGX_CPU_FLOAT80_REAL_H_
