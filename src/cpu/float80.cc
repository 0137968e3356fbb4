#include "cpu/float80.h"

#include "cpu/float80_internal.h"

namespace lgx {

using namespace float80_internal;  // NOLINT: this file implements it

FloatContext FloatContext::FromControlWord(u16 cw) {
  // PC: 0 = 24 bits, 2 = 53 bits, 3 = 64 bits; 1 is reserved and behaves like 3.
  static constexpr u8 kPrecisions[4] = {24, 64, 53, 64};
  FloatContext context;
  context.rounding = static_cast<FloatRounding>((cw >> 10) & 3);
  context.precision = kPrecisions[(cw >> 8) & 3];
  context.masks = cw & 0x3f;
  return context;
}

namespace float80_internal {

Float80 Invalid(FloatContext& context) {
  context.flags |= kX87Invalid;
  return kFloat80Indefinite;
}

namespace {

Float80 Quieted(Float80 a) { return {a.significand | kFloat80QuietBit, a.sign_exp}; }

}  // namespace

Float80 PropagateNan(Float80 a, FloatContext& context) {
  const Float80Class c = Classify(a);
  if (c == Float80Class::kUnsupported) return Invalid(context);
  if (c == Float80Class::kSignalingNan) context.flags |= kX87Invalid;
  return Quieted(a);
}

// Which of two NaNs is the answer (SDM volume 1, table 4-7)?
//   signaling, quiet       the quiet one
//   both of one kind       the one with the larger significand, made quiet; equal: the
//   positive one NaN, one number    the NaN, made quiet one of them unsupported  the
//   indefinite
Float80 PropagateNan(Float80 a, Float80 b, FloatContext& context) {
  const Float80Class ca = Classify(a), cb = Classify(b);
  if (ca == Float80Class::kUnsupported || cb == Float80Class::kUnsupported) {
    return Invalid(context);
  }
  const bool signaling_a = ca == Float80Class::kSignalingNan;
  const bool signaling_b = cb == Float80Class::kSignalingNan;
  if (signaling_a || signaling_b) context.flags |= kX87Invalid;
  if (!IsNanOrUnsupported(cb)) return Quieted(a);
  if (!IsNanOrUnsupported(ca)) return Quieted(b);
  if (signaling_a != signaling_b) return signaling_a ? b : a;
  if (a.significand != b.significand) {
    return Quieted(a.significand > b.significand ? a : b);
  }
  return Quieted(a.sign() ? b : a);
}

bool CheckDenormal(Float80Class a, FloatContext& context) {
  if (a == Float80Class::kDenormal || context.denormal_operand) {
    context.flags |= kX87Denormal;
  }
  return !context.Suppressed();
}

bool CheckDenormal(Float80Class a, Float80Class b, FloatContext& context) {
  return CheckDenormal(b == Float80Class::kDenormal ? b : a, context);
}

}  // namespace float80_internal
}  // namespace lgx
