// Arithmetic and comparison on the register stack.
#include "base/endian.h"
#include "cpu/flags.h"
#include "cpu/fpu_internal.h"

namespace lgx {

using namespace fpu_internal;  // NOLINT: this file implements part of the unit

namespace {

Float80 Compute(FpuArith op, Float80 st0, Float80 x, FloatContext& context) {
  switch (op) {
    case FpuArith::kAdd:
      return Float80Add(st0, x, context);
    case FpuArith::kMul:
      return Float80Mul(st0, x, context);
    case FpuArith::kSub:
      return Float80Sub(st0, x, context);
    case FpuArith::kSubR:
      return Float80Sub(x, st0, context);
    case FpuArith::kDiv:
      return Float80Div(st0, x, context);
    case FpuArith::kDivR:
      return Float80Div(x, st0, context);
    case FpuArith::kCompare:
    case FpuArith::kComparePop:
      break;
  }
  return {};
}

// A memory operand of an arithmetic instruction. A float or double stays signaling, and a
// denormal one is noted in the context.
Float80 Operand(FpuFormat format, const u8* bytes, FloatContext& context) {
  switch (format) {
    case FpuFormat::kF32:
      return WidenF32(LoadLe<u32>(bytes), context);
    case FpuFormat::kF64:
      return WidenF64(LoadLe<u64>(bytes), context);
    case FpuFormat::kI16:
      return LoadInt(static_cast<i16>(LoadLe<u16>(bytes)));
    default:
      return LoadInt(static_cast<i32>(LoadLe<u32>(bytes)));
  }
}

constexpr u16 kCompareBits = kFpuSwC0 | kFpuSwC2 | kFpuSwC3;

u16 ConditionsOf(FloatOrder order) {
  switch (order) {
    case FloatOrder::kLess:
      return kFpuSwC0;
    case FloatOrder::kEqual:
      return kFpuSwC3;
    case FloatOrder::kGreater:
      return 0;
    case FloatOrder::kUnordered:
      break;
  }
  return kCompareBits;
}

// Compares and sets the conditions, whatever exception there is. False: it is unmasked,
// nothing is popped.
bool CompareValues(FpuState& s, Float80 a, Float80 b, bool quiet, FloatContext& context) {
  const FloatOrder order = Float80Compare(a, b, quiet, context);
  SetConditions(s, ConditionsOf(order), kCompareBits);
  return Report(s, context);
}

// A comparison with an empty register is unordered.
bool CompareEmpty(FpuState& s) {
  SetConditions(s, kCompareBits, kCompareBits);
  return StackUnderflow(s);
}

// One operand, one result, both in st0.
template <typename Operation>
void Unary(FpuState& s, Operation operation) {
  if (s.IsEmpty(0)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80 result = operation(s.St(0), context);
  WriteResult(s, 0, result, context);
}

}  // namespace

void FpuArithMemory(FpuState& s, FpuArith op, FpuFormat format, const u8* bytes) {
  const bool compare = op == FpuArith::kCompare || op == FpuArith::kComparePop;
  if (s.IsEmpty(0)) {
    if (compare) {
      if (CompareEmpty(s) && op == FpuArith::kComparePop) Pop(s);
    } else if (StackUnderflow(s)) {
      Write(s, 0, kFloat80Indefinite);
    }
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80 x = Operand(format, bytes, context);
  if (compare) {
    const bool done = CompareValues(s, s.St(0), x, false, context);
    if (done && op == FpuArith::kComparePop) Pop(s);
    return;
  }
  const Float80 result = Compute(op, s.St(0), x, context);
  WriteResult(s, 0, result, context);
}

void FpuArithRegister(FpuState& s, FpuArith op, unsigned i, bool to_sti, bool pop) {
  const unsigned destination = to_sti ? i : 0;
  if (s.IsEmpty(0) || s.IsEmpty(i)) {
    if (!StackUnderflow(s)) return;
    Write(s, destination, kFloat80Indefinite);
  } else {
    FloatContext context = ContextOf(s);
    const Float80 result = Compute(op, s.St(0), s.St(i), context);
    if (!WriteResult(s, destination, result, context)) return;
  }
  if (pop) Pop(s);
}

void FpuSquareRoot(FpuState& s) { Unary(s, Float80Sqrt); }
void FpuRoundToInteger(FpuState& s) { Unary(s, Float80RoundToInteger); }

// FCHS and FABS change the sign of anything, NaNs included.
void FpuChangeSign(FpuState& s) {
  Unary(s, [](Float80 a, FloatContext&) {
    return Float80{a.significand, static_cast<u16>(a.sign_exp ^ 0x8000)};
  });
}

void FpuAbsolute(FpuState& s) {
  Unary(s, [](Float80 a, FloatContext&) {
    return Float80{a.significand, static_cast<u16>(a.sign_exp & 0x7fff)};
  });
}

void FpuScale(FpuState& s) {
  if (s.IsEmpty(1) && !s.IsEmpty(0)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  const Float80 scale = s.St(1);
  Unary(s, [scale](Float80 a, FloatContext& context) {
    return Float80Scale(a, scale, context);
  });
}

void FpuExtract(FpuState& s) {
  if (!ReadyToPushSecond(s)) return;
  FloatContext context = ContextOf(s);
  const Float80Extracted parts = Float80Extract(s.St(0), context);
  if (!WriteResult(s, 0, parts.exponent, context)) return;
  Push(s, parts.significand);
}

// C2: not finished. C0 C3 C1: quotient bits 2, 1 and 0.
void FpuRemainder(FpuState& s, bool nearest) {
  SetConditions(s, 0, kFpuSwC2);
  if (s.IsEmpty(0) || s.IsEmpty(1)) {
    if (StackUnderflow(s)) Write(s, 0, kFloat80Indefinite);
    return;
  }
  FloatContext context = ContextOf(s);
  const Float80Remainder r = Float80Rem(s.St(0), s.St(1), nearest, context);
  if (!WriteResult(s, 0, r.value, context) || !r.has_quotient) return;
  const unsigned bits = (r.partial ? kFpuSwC2 : 0u) | ((r.quotient & 4) ? kFpuSwC0 : 0u) |
                        ((r.quotient & 2) ? kFpuSwC3 : 0u) |
                        ((r.quotient & 1) ? kFpuSwC1 : 0u);
  SetConditions(s, static_cast<u16>(bits), kFpuSwConditions);
}

void FpuCompare(FpuState& s, unsigned i, bool quiet, unsigned pops) {
  bool done;
  if (s.IsEmpty(0) || s.IsEmpty(i)) {
    done = CompareEmpty(s);
  } else {
    FloatContext context = ContextOf(s);
    done = CompareValues(s, s.St(0), s.St(i), quiet, context);
  }
  for (; done && pops > 0; --pops) Pop(s);
}

u32 FpuCompareToFlags(FpuState& s, unsigned i, bool quiet, bool pop, u32 eflags) {
  FloatOrder order = FloatOrder::kUnordered;
  bool done;
  if (s.IsEmpty(0) || s.IsEmpty(i)) {
    done = StackUnderflow(s);
  } else {
    FloatContext context = ContextOf(s);
    order = Float80Compare(s.St(0), s.St(i), quiet, context);
    done = Report(s, context);
  }
  if (done && pop) Pop(s);
  eflags &= ~(kEflagsOf | kEflagsSf | kEflagsZf | kEflagsAf | kEflagsPf | kEflagsCf);
  switch (order) {
    case FloatOrder::kLess:
      return eflags | kEflagsCf;
    case FloatOrder::kEqual:
      return eflags | kEflagsZf;
    case FloatOrder::kGreater:
      return eflags;
    case FloatOrder::kUnordered:
      break;
  }
  return eflags | kEflagsZf | kEflagsPf | kEflagsCf;
}

void FpuTest(FpuState& s) {
  if (s.IsEmpty(0)) {
    CompareEmpty(s);
    return;
  }
  FloatContext context = ContextOf(s);
  CompareValues(s, s.St(0), Float80Zero(false), false, context);
}

void FpuExamine(FpuState& s) {
  static constexpr u16 kCodes[] = {
      0,                    // unsupported
      kFpuSwC0,             // quiet NaN
      kFpuSwC0,             // signaling NaN
      kFpuSwC2 | kFpuSwC0,  // infinity
      kFpuSwC2,             // normal
      kFpuSwC3 | kFpuSwC2,  // denormal
      kFpuSwC3,             // zero
  };
  const Float80 a = s.St(0);
  u16 code = s.IsEmpty(0) ? static_cast<u16>(kFpuSwC3 | kFpuSwC0)
                          : kCodes[static_cast<unsigned>(Classify(a))];
  if (a.sign()) code |= kFpuSwC1;
  SetConditions(s, code, kFpuSwConditions);
}

}  // namespace lgx
