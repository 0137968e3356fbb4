// SSE and SSE2 arithmetic and comparisons on singles and doubles (SDM volume 1, chapters
// 10 and 11). What one lane becomes is in binary_float.h.
//
// In every function: the operand is loaded, all lanes are computed, the exceptions are
// looked at together, and only then a register changes.
#include "cpu/simd_float.h"
#include "cpu/simd_lanes.h"
#include "cpu/simd_table.h"

namespace lgx {

using namespace simd;  // NOLINT: this file implements part of it

namespace {

template <typename T>
using BinaryFn = T (*)(T a, T b, FloatEnv& env);
template <typename T>
using UnaryFn = T (*)(T a, FloatEnv& env);

// xmm = xmm <op> xmm/m, in the lowest kLanes lanes.
template <typename T, u32 kLanes, BinaryFn<T> kFn>
Flow OpBinary(Cpu& cpu, const Op& op) {
  u8 b[16], result[16];
  if (!SseReady(cpu) || !LoadLanes<T, kLanes>(cpu, op, b)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  u8* const a = XmmOf(cpu, op.insn().Reg());
  for (u32 i = 0; i < kLanes; ++i) {
    SetLane<T>(result, i, kFn(Lane<T>(a, i), Lane<T>(b, i), env));
  }
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  std::memcpy(a, result, kLanes * sizeof(T));
  return Flow::kNext;
}

// xmm = <op> xmm/m
template <typename T, u32 kLanes, UnaryFn<T> kFn>
Flow OpUnary(Cpu& cpu, const Op& op) {
  u8 b[16], result[16];
  if (!SseReady(cpu) || !LoadLanes<T, kLanes>(cpu, op, b)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  for (u32 i = 0; i < kLanes; ++i) {
    SetLane<T>(result, i, kFn(Lane<T>(b, i), env));
  }
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()), result, kLanes * sizeof(T));
  return Flow::kNext;
}

u32 Reciprocal(u32 a, FloatEnv&) { return FloatReciprocal(a); }
u32 ReciprocalSqrt(u32 a, FloatEnv&) { return FloatReciprocalSqrt(a); }

// What CMPcc asks for: the orders that make it true (bit n: SseOrder n), and whether a
// quiet NaN is invalid.
struct Predicate {
  u8 orders;
  bool quiet_is_invalid;
};
constexpr u8 kLess = 1, kEqual = 2, kGreater = 4, kUnordered = 8;
constexpr Predicate kPredicates[8] = {
    {kEqual, false},                         // EQ
    {kLess, true},                           // LT
    {kLess | kEqual, true},                  // LE
    {kUnordered, false},                     // UNORD
    {kLess | kGreater | kUnordered, false},  // NEQ
    {kEqual | kGreater | kUnordered, true},  // NLT
    {kGreater | kUnordered, true},           // NLE
    {kLess | kEqual | kGreater, false},      // ORD
};

// CMPPS, CMPPD, CMPSS, CMPSD (0FC2 ib): ones or zeros. Bits 7:3 of the byte are ignored.
template <typename T, u32 kLanes>
Flow OpCompareMask(Cpu& cpu, const Op& op) {
  u8 b[16], result[16];
  if (!SseReady(cpu) || !LoadLanes<T, kLanes>(cpu, op, b)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  u8* const a = XmmOf(cpu, op.insn().Reg());
  const Predicate predicate = kPredicates[op.imm & 7];
  for (u32 i = 0; i < kLanes; ++i) {
    const SseOrder order =
        FloatCompare(Lane<T>(a, i), Lane<T>(b, i), predicate.quiet_is_invalid, env);
    const u32 holds = predicate.orders >> static_cast<u32>(order) & 1;
    SetLane<T>(result, i, T{0} - T{holds});
  }
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  std::memcpy(a, result, kLanes * sizeof(T));
  return Flow::kNext;
}

// COMISS, COMISD (0F2F), UCOMISS, UCOMISD (0F2E). Flags: ZF PF CF; OF SF AF are cleared.
template <typename T, bool kQuietIsInvalid>
Flow OpCompareFlags(Cpu& cpu, const Op& op) {
  constexpr u32 kFlags[4] = {kEflagsCf, kEflagsZf, 0, kEflagsZf | kEflagsPf | kEflagsCf};
  u8 b[16];
  if (!SseReady(cpu) || !LoadLanes<T, 1>(cpu, op, b)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  const u8* const a = XmmOf(cpu, op.insn().Reg());
  const SseOrder order = FloatCompare(Lane<T>(a, 0), Lane<T>(b, 0), kQuietIsInvalid, env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  cpu.state.flags.SetArithmetic(kFlags[static_cast<u32>(order)]);
  return Flow::kNext;
}

// The four forms of an operation: PS, SS, PD, SD.
void AddForms(SimdTable& table, u8 opcode, SlowFn ps, SlowFn ss, SlowFn pd, SlowFn sd) {
  table.Add({opcode, SimdPrefix::kNone, kFeatureSse, ps});
  table.Add({opcode, SimdPrefix::kF3, kFeatureSse, ss});
  table.Add({opcode, SimdPrefix::k66, kFeatureSse2, pd});
  table.Add({opcode, SimdPrefix::kF2, kFeatureSse2, sd});
}
template <BinaryFn<u32> kSingle, BinaryFn<u64> kDouble>
void AddBinary(SimdTable& table, u8 opcode) {
  AddForms(table, opcode, OpBinary<u32, 4, kSingle>, OpBinary<u32, 1, kSingle>,
           OpBinary<u64, 2, kDouble>, OpBinary<u64, 1, kDouble>);
}

constexpr SimdRow kRows[] = {
    {0x2e, SimdPrefix::kNone, kFeatureSse, OpCompareFlags<u32, false>},
    {0x2e, SimdPrefix::k66, kFeatureSse2, OpCompareFlags<u64, false>},
    {0x2f, SimdPrefix::kNone, kFeatureSse, OpCompareFlags<u32, true>},
    {0x2f, SimdPrefix::k66, kFeatureSse2, OpCompareFlags<u64, true>},
    // RSQRTPS, RSQRTSS, RCPPS, RCPSS
    {0x52, SimdPrefix::kNone, kFeatureSse, OpUnary<u32, 4, ReciprocalSqrt>},
    {0x52, SimdPrefix::kF3, kFeatureSse, OpUnary<u32, 1, ReciprocalSqrt>},
    {0x53, SimdPrefix::kNone, kFeatureSse, OpUnary<u32, 4, Reciprocal>},
    {0x53, SimdPrefix::kF3, kFeatureSse, OpUnary<u32, 1, Reciprocal>},
};

}  // namespace

void AddSseFloatRows(SimdTable& table) {
  AddForms(table, 0x51, OpUnary<u32, 4, FloatSqrt<u32>>, OpUnary<u32, 1, FloatSqrt<u32>>,
           OpUnary<u64, 2, FloatSqrt<u64>>, OpUnary<u64, 1, FloatSqrt<u64>>);
  AddBinary<FloatAdd<u32>, FloatAdd<u64>>(table, 0x58);
  AddBinary<FloatMul<u32>, FloatMul<u64>>(table, 0x59);
  AddBinary<FloatSub<u32>, FloatSub<u64>>(table, 0x5c);
  AddBinary<FloatMin<u32>, FloatMin<u64>>(table, 0x5d);
  AddBinary<FloatDiv<u32>, FloatDiv<u64>>(table, 0x5e);
  AddBinary<FloatMax<u32>, FloatMax<u64>>(table, 0x5f);
  AddForms(table, 0xc2, OpCompareMask<u32, 4>, OpCompareMask<u32, 1>,
           OpCompareMask<u64, 2>, OpCompareMask<u64, 1>);
  for (const SimdRow& row : kRows) table.Add(row);
}

}  // namespace lgx
