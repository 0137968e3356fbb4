// Rounding: the one place where a result loses bits, overflows or becomes tiny.
#include "cpu/float80_internal.h"

namespace lgx::float80_internal {

bool RoundsUp(bool sign, bool odd, u64 fraction, FloatRounding rounding) {
  constexpr u64 kHalf = 0x8000000000000000;
  switch (rounding) {
    case FloatRounding::kNearest:
      return fraction > kHalf || (fraction == kHalf && odd);
    case FloatRounding::kDown:
      return sign && fraction != 0;
    case FloatRounding::kUp:
      return !sign && fraction != 0;
    case FloatRounding::kZero:
      break;
  }
  return false;
}

namespace {

struct Significand {
  u64 value;
  bool carry;  // rounded up to the next power of two; value is 0 then
  bool inexact;
  bool up;
};

// Rounds a left-aligned significand to `precision` bits.
Significand RoundSignificand(bool sign, u64 significand, u64 rest, int precision,
                             FloatRounding rounding) {
  const int dropped = 64 - precision;
  const u64 unit = u64{1} << dropped;
  const u64 low = significand & (unit - 1);
  const u64 fraction =
      dropped == 0 ? rest : (low << (64 - dropped)) | (rest != 0 ? 1 : 0);
  const u64 kept = significand - low;
  const bool up = RoundsUp(sign, (kept & unit) != 0, fraction, rounding);
  const u64 value = up ? kept + unit : kept;
  return {value, up && value == 0, fraction != 0, up};
}

void SetInexact(const Significand& s, FloatContext& context) {
  if (s.inexact) context.flags |= kX87Precision;
  context.rounded_up = s.up;
}

Rounded Finish(const Significand& s, i32 exponent) {
  return s.carry ? Rounded{exponent + 1, kFloat80IntegerBit} : Rounded{exponent, s.value};
}

// Overflow: the exponent does not fit. Masked, the answer is infinity or the largest
// finite number, whichever lies in the direction of rounding.
Rounded Overflow(const Exact& exact, const Significand& s, i32 exponent,
                 const FloatFormat& format, FloatContext& context) {
  context.flags |= kX87Overflow;
  if ((context.masks & kX87Overflow) == 0) {
    SetInexact(s, context);
    Rounded result = Finish(s, exponent);
    result.exponent -= format.wrap;
    if (result.exponent >= format.max_exponent) {  // FSCALE can be as far off as that
      context.flags |= kX87Precision;
      context.rounded_up = true;
      return {format.max_exponent, kFloat80IntegerBit};
    }
    return result;
  }
  context.flags |= kX87Precision;
  const bool to_infinity = RoundsUp(exact.sign, true, ~u64{0}, context.rounding);
  context.rounded_up = to_infinity;
  if (to_infinity) return {format.max_exponent, kFloat80IntegerBit};
  return {format.max_exponent - 1, ~u64{0} << (64 - format.precision)};
}

// The exponent is below the format's range before rounding. Tininess is detected after
// rounding with an unlimited exponent: a value that rounds up to the smallest normal
// number is not tiny.
Rounded Denormalize(const Exact& exact, const Significand& unlimited,
                    const FloatFormat& format, FloatContext& context) {
  const bool tiny = exact.exponent < 0 || !unlimited.carry;
  if (tiny && (context.masks & kX87Underflow) == 0) {
    context.flags |= kX87Underflow;
    SetInexact(unlimited, context);
    Rounded result = Finish(unlimited, exact.exponent);
    result.exponent += format.wrap;
    if (result.exponent <= 0) {  // FSCALE again
      context.flags |= kX87Precision;
      context.rounded_up = false;
      return {0, 0};
    }
    return result;
  }
  const U128 shifted = ShiftRightJam({exact.significand, exact.rest},
                                     static_cast<unsigned>(1 - exact.exponent));
  const Significand s = RoundSignificand(exact.sign, shifted.hi, shifted.lo,
                                         format.precision, context.rounding);
  SetInexact(s, context);
  if (tiny && s.inexact) context.flags |= kX87Underflow;
  return {(s.value & kFloat80IntegerBit) != 0 ? 1 : 0, s.value};
}

}  // namespace

Rounded RoundToFormat(const Exact& exact, const FloatFormat& format,
                      FloatContext& context) {
  const Significand s = RoundSignificand(exact.sign, exact.significand, exact.rest,
                                         format.precision, context.rounding);
  if (exact.exponent <= 0) return Denormalize(exact, s, format, context);
  const i32 exponent = exact.exponent + (s.carry ? 1 : 0);
  if (exponent >= format.max_exponent) {
    return Overflow(exact, s, exact.exponent, format, context);
  }
  SetInexact(s, context);
  return Finish(s, exact.exponent);
}

Float80 RoundAndPack(const Exact& exact, FloatContext& context) {
  const Rounded r = RoundToFormat(exact, FormatF80(context.precision), context);
  return MakeFloat80(exact.sign, r.exponent, r.significand);
}

Float80 RoundAndPack64(const Exact& exact, FloatContext& context) {
  const Rounded r = RoundToFormat(exact, FormatF80(64), context);
  return MakeFloat80(exact.sign, r.exponent, r.significand);
}

Exact Normalize(bool sign, i32 exponent, U128 wide) {
  const unsigned shift = LeadingZeros(wide);
  const U128 aligned = ShiftLeft(wide, shift);
  return {sign, exponent - static_cast<i32>(shift), aligned.hi, aligned.lo};
}

}  // namespace lgx::float80_internal
