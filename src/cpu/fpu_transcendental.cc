// F2XM1, FYL2X, FYL2XP1, FSIN, FCOS, FSINCOS, FPTAN, FPATAN on the register stack.
#include "cpu/fpu_internal.h"

namespace lgx {

using namespace fpu_internal;  // NOLINT: this file implements part of the unit

namespace {

using Binary = Float80 (*)(Float80 y, Float80 x, FloatContext& context);

// st1 = operation(st1, st0), then a pop.
void BinaryPop(FpuState& s, Binary operation) {
  if (s.IsEmpty(0) || s.IsEmpty(1)) {
    if (!StackUnderflow(s)) return;
    Write(s, 1, kFloat80Indefinite);
    Pop(s);
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80 result = operation(s.St(1), s.St(0), context);
  if (WriteResult(s, 1, result, context)) Pop(s);
}

using Trig = Float80TrigResult (*)(Float80 x, FloatContext& context);

// C2: the argument is too large and has not changed.
void TrigUnary(FpuState& s, Trig operation) {
  SetConditions(s, 0, kFpuSwC2);
  if (s.IsEmpty(0)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80TrigResult result = operation(s.St(0), context);
  WriteResult(s, 0, result.value, context);
  if (result.out_of_range) SetConditions(s, kFpuSwC2, kFpuSwC2);
}

}  // namespace

void FpuExp2MinusOne(FpuState& s) {
  if (s.IsEmpty(0)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80 result = Float80Exp2MinusOne(s.St(0), context);
  WriteResult(s, 0, result, context);
}

void FpuYLog2X(FpuState& s) { BinaryPop(s, Float80YLog2X); }
void FpuYLog2XPlusOne(FpuState& s) { BinaryPop(s, Float80YLog2XPlusOne); }
void FpuArcTan(FpuState& s) { BinaryPop(s, Float80ArcTan); }
void FpuSin(FpuState& s) { TrigUnary(s, Float80Sin); }
void FpuCos(FpuState& s) { TrigUnary(s, Float80Cos); }

void FpuSinCos(FpuState& s) {
  SetConditions(s, 0, kFpuSwC2);
  if (!ReadyToPushSecond(s)) return;
  FloatContext context = ContextOf(s);
  const Float80 x = s.St(0);
  const Float80TrigResult sin = Float80Sin(x, context);
  FloatContext second = context;
  const Float80TrigResult cos = Float80Cos(x, second);
  context.flags |= second.flags;  // C1 tells of the sine
  if (!WriteResult(s, 0, sin.value, context)) return;
  if (sin.out_of_range) return SetConditions(s, kFpuSwC2, kFpuSwC2);
  Push(s, cos.value);
}

// The tangent, and 1.0 above it.
void FpuTan(FpuState& s) {
  SetConditions(s, 0, kFpuSwC2);
  if (!ReadyToPushSecond(s)) return;
  FloatContext context = ContextOf(s);
  const Float80TrigResult tan = Float80Tan(s.St(0), context);
  if (!WriteResult(s, 0, tan.value, context)) return;
  if (tan.out_of_range) return SetConditions(s, kFpuSwC2, kFpuSwC2);
  Push(s, IsNan(tan.value) ? tan.value : kFloat80One);
}

}  // namespace lgx
