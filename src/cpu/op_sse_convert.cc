// SSE and SSE2 conversions, between singles, doubles and signed 32-bit integers in XMM,
// MMX and general registers.
#include "cpu/simd_float.h"
#include "cpu/simd_lanes.h"
#include "cpu/simd_table.h"

namespace lgx {

using namespace simd;  // NOLINT: this file implements part of it

namespace {

template <typename To, typename From>
using ConvertFn = To (*)(From a, FloatEnv& env);

template <typename T>
u32 ToInt(T a, FloatEnv& env) {
  return FloatToInt(a, env.Rounding(), env);
}
template <typename T>
u32 Truncate(T a, FloatEnv& env) {
  return FloatToInt(a, SseRounding::kZero, env);
}

template <typename To, typename From, u32 kLanes, ConvertFn<To, From> kFn>
void ConvertLanes(u8* to, const u8* from, FloatEnv& env) {
  for (u32 i = 0; i < kLanes; ++i) SetLane<To>(to, i, kFn(Lane<From>(from, i), env));
}

// xmm, xmm/m. The rest of the register becomes zeros, or stays if it is a scalar that is
// converted.
template <typename To, typename From, u32 kLanes, ConvertFn<To, From> kFn>
Flow OpConvert(Cpu& cpu, const Op& op) {
  u8 from[16], result[16] = {};
  if (!SseReady(cpu) || !LoadLanes<From, kLanes>(cpu, op, from)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  ConvertLanes<To, From, kLanes, kFn>(result, from, env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()), result, kLanes == 1 ? sizeof(To) : 16);
  return Flow::kNext;
}

// CVTPI2PS, CVTPI2PD xmm, mm/m64. Doubles from memory leave the x87 unit alone (SDM
// volume 2).
template <typename To>
Flow OpConvertFromMmx(Cpu& cpu, const Op& op) {
  constexpr bool kEntersAlways = sizeof(To) == 4;
  u8 from[8], result[16];
  const bool enters = kEntersAlways || !op.insn().HasMemory();
  if (!SseReady(cpu) || (enters && !MmxReady(cpu))) return Flow::kFault;
  if (!LoadMmxOrMemory(cpu, op, from)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  ConvertLanes<To, u32, 2, FloatFromInt<To>>(result, from, env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  if (enters) EnterMmx(cpu.state.fpu);
  std::memcpy(XmmOf(cpu, op.insn().Reg()), result, 2 * sizeof(To));
  return Flow::kNext;
}

// CVTPS2PI, CVTTPS2PI mm, xmm/m64; CVTPD2PI, CVTTPD2PI mm, xmm/m128
template <typename From, ConvertFn<u32, From> kFn>
Flow OpConvertToMmx(Cpu& cpu, const Op& op) {
  u8 from[16], result[8];
  if (!SseAndMmxReady(cpu) || !LoadLanes<From, 2>(cpu, op, from)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  ConvertLanes<u32, From, 2, kFn>(result, from, env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  EnterMmx(cpu.state.fpu);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), result);
  return Flow::kNext;
}

// CVTSI2SS, CVTSI2SD xmm, r/m32
template <typename To>
Flow OpConvertFromLong(Cpu& cpu, const Op& op) {
  u32 from = 0;
  if (!SseReady(cpu) || !LoadLongOrMemory(cpu, op, &from)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  const To result = FloatFromInt<To>(from, env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  SetLane<To>(XmmOf(cpu, op.insn().Reg()), 0, result);
  return Flow::kNext;
}

// CVTSS2SI, CVTTSS2SI, CVTSD2SI, CVTTSD2SI r32, xmm/m
template <typename From, ConvertFn<u32, From> kFn>
Flow OpConvertToLong(Cpu& cpu, const Op& op) {
  u8 from[16];
  if (!SseReady(cpu) || !LoadLanes<From, 1>(cpu, op, from)) return Flow::kFault;
  FloatEnv env(cpu.state.fpu.mxcsr);
  const u32 result = kFn(Lane<From>(from, 0), env);
  if (!FinishFloat(cpu, env)) return Flow::kFault;
  cpu.Gpr(op.insn().Reg()) = result;
  return Flow::kNext;
}

constexpr SimdRow kRows[] = {
    {0x2a, SimdPrefix::kNone, kFeatureSse, OpConvertFromMmx<u32>},
    {0x2a, SimdPrefix::kF3, kFeatureSse, OpConvertFromLong<u32>},
    {0x2a, SimdPrefix::k66, kFeatureSse2, OpConvertFromMmx<u64>},
    {0x2a, SimdPrefix::kF2, kFeatureSse2, OpConvertFromLong<u64>},
    {0x2c, SimdPrefix::kNone, kFeatureSse, OpConvertToMmx<u32, Truncate<u32>>},
    {0x2c, SimdPrefix::kF3, kFeatureSse, OpConvertToLong<u32, Truncate<u32>>},
    {0x2c, SimdPrefix::k66, kFeatureSse2, OpConvertToMmx<u64, Truncate<u64>>},
    {0x2c, SimdPrefix::kF2, kFeatureSse2, OpConvertToLong<u64, Truncate<u64>>},
    {0x2d, SimdPrefix::kNone, kFeatureSse, OpConvertToMmx<u32, ToInt<u32>>},
    {0x2d, SimdPrefix::kF3, kFeatureSse, OpConvertToLong<u32, ToInt<u32>>},
    {0x2d, SimdPrefix::k66, kFeatureSse2, OpConvertToMmx<u64, ToInt<u64>>},
    {0x2d, SimdPrefix::kF2, kFeatureSse2, OpConvertToLong<u64, ToInt<u64>>},
    // CVTPS2PD, CVTPD2PS, CVTSS2SD, CVTSD2SS
    {0x5a, SimdPrefix::kNone, kFeatureSse2, OpConvert<u64, u32, 2, FloatToDouble>},
    {0x5a, SimdPrefix::k66, kFeatureSse2, OpConvert<u32, u64, 2, FloatToSingle>},
    {0x5a, SimdPrefix::kF3, kFeatureSse2, OpConvert<u64, u32, 1, FloatToDouble>},
    {0x5a, SimdPrefix::kF2, kFeatureSse2, OpConvert<u32, u64, 1, FloatToSingle>},
    // CVTDQ2PS, CVTPS2DQ, CVTTPS2DQ
    {0x5b, SimdPrefix::kNone, kFeatureSse2, OpConvert<u32, u32, 4, FloatFromInt<u32>>},
    {0x5b, SimdPrefix::k66, kFeatureSse2, OpConvert<u32, u32, 4, ToInt<u32>>},
    {0x5b, SimdPrefix::kF3, kFeatureSse2, OpConvert<u32, u32, 4, Truncate<u32>>},
    // CVTDQ2PD, CVTTPD2DQ, CVTPD2DQ
    {0xe6, SimdPrefix::kF3, kFeatureSse2, OpConvert<u64, u32, 2, FloatFromInt<u64>>},
    {0xe6, SimdPrefix::k66, kFeatureSse2, OpConvert<u32, u64, 2, Truncate<u64>>},
    {0xe6, SimdPrefix::kF2, kFeatureSse2, OpConvert<u32, u64, 2, ToInt<u64>>},
};

}  // namespace

void AddSseConvertRows(SimdTable& table) {
  for (const SimdRow& row : kRows) table.Add(row);
}

}  // namespace lgx
