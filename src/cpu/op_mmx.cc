// MMX, and the instructions on MMX registers that SSE and SSE2 added (SDM volume 1,
// chapter 9). The integer operations exist for XMM registers too, with prefix 66.
//
// In every function: all that can fault comes first; then the x87 unit becomes an MMX one
// (EnterMmx), and the result is written.
#include "cpu/simd_lanes.h"
#include "cpu/simd_operand.h"
#include "cpu/simd_table.h"

namespace lgx {

using namespace simd;  // NOLINT: this file implements part of it

namespace {

// mm <op> mm/m64. kBytes: of memory that is read.
template <LaneFn kFn, u32 kBytes = 8>
Flow OpMmx(Cpu& cpu, const Op& op) {
  u8 a[8], b[8] = {};
  if (!MmxReady(cpu) || !LoadMmxOrMemory(cpu, op, b, kBytes)) return Flow::kFault;
  FpuState& fpu = cpu.state.fpu;
  EnterMmx(fpu);
  ReadMmx(fpu, op.insn().Reg(), a);
  kFn(a, b, 8);
  WriteMmx(fpu, op.insn().Reg(), a);
  return Flow::kNext;
}

using ShiftFn = void (*)(u8* a, u64 count, u32 n);

// 71, 72, 73: shifts by an immediate.
template <ShiftFn kFn>
Flow OpMmxShift(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 a[8];
  FpuState& fpu = cpu.state.fpu;
  EnterMmx(fpu);
  ReadMmx(fpu, op.insn().Rm(), a);
  kFn(a, op.imm & 0xff, 8);
  WriteMmx(fpu, op.insn().Rm(), a);
  return Flow::kNext;
}
template <ShiftFn kFn>
Flow OpXmmShift(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  kFn(XmmOf(cpu, op.insn().Rm()), op.imm & 0xff, 16);
  return Flow::kNext;
}

// MOVD mm, r/m32 (0F6E); MOVD r/m32, mm (0F7E)
Flow OpMovdToMmx(Cpu& cpu, const Op& op) {
  u32 value = 0;
  if (!MmxReady(cpu) || !LoadLongOrMemory(cpu, op, &value)) return Flow::kFault;
  u8 a[8];
  StoreLe<u64>(a, value);
  EnterMmx(cpu.state.fpu);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), a);
  return Flow::kNext;
}
Flow OpMovdFromMmx(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 a[8];
  ReadMmx(cpu.state.fpu, op.insn().Reg(), a);
  if (!op.insn().HasMemory()) {
    cpu.Gpr(op.insn().Rm()) = LoadLe<u32>(a);
  } else if (!StoreMemory(cpu, op, a, 4)) {
    return Flow::kFault;
  }
  EnterMmx(cpu.state.fpu);
  return Flow::kNext;
}

// MOVQ mm, mm/m64 (0F6F); MOVQ mm/m64, mm (0F7F); MOVNTQ m64, mm (0FE7)
Flow OpMovqToMmx(Cpu& cpu, const Op& op) {
  u8 a[8];
  if (!MmxReady(cpu) || !LoadMmxOrMemory(cpu, op, a)) return Flow::kFault;
  EnterMmx(cpu.state.fpu);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), a);
  return Flow::kNext;
}
Flow OpMovqFromMmx(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 a[8];
  ReadMmx(cpu.state.fpu, op.insn().Reg(), a);
  if (op.insn().HasMemory() && !StoreMemory(cpu, op, a, 8)) return Flow::kFault;
  EnterMmx(cpu.state.fpu);
  if (!op.insn().HasMemory()) WriteMmx(cpu.state.fpu, op.insn().Rm(), a);
  return Flow::kNext;
}

// EMMS (0F77): all registers are empty.
Flow OpEmms(Cpu& cpu, const Op&) {
  if (!MmxReady(cpu)) return Flow::kFault;
  cpu.state.fpu.SetTop(0);
  cpu.state.fpu.valid = 0;
  return Flow::kNext;
}

// PSHUFW mm, mm/m64, imm8 (0F70)
Flow OpPshufw(Cpu& cpu, const Op& op) {
  u8 a[8];
  if (!MmxReady(cpu) || !LoadMmxOrMemory(cpu, op, a)) return Flow::kFault;
  Shuffle<u16>(a, a, static_cast<u8>(op.imm));
  EnterMmx(cpu.state.fpu);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), a);
  return Flow::kNext;
}

// PINSRW mm, r32/m16, imm8 (0FC4); PEXTRW r32, mm, imm8 (0FC5)
Flow OpMmxInsertWord(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u16 word = static_cast<u16>(cpu.Gpr(op.insn().Rm()));
  if (op.insn().HasMemory() &&
      !cpu.Load(static_cast<Seg>(op.seg), cpu.Offset(op), &word)) {
    return Flow::kFault;
  }
  u8 a[8];
  EnterMmx(cpu.state.fpu);
  ReadMmx(cpu.state.fpu, op.insn().Reg(), a);
  SetLane<u16>(a, op.imm & 3, word);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), a);
  return Flow::kNext;
}
Flow OpMmxExtractWord(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 a[8];
  EnterMmx(cpu.state.fpu);
  ReadMmx(cpu.state.fpu, op.insn().Rm(), a);
  cpu.Gpr(op.insn().Reg()) = Lane<u16>(a, op.imm & 3);
  return Flow::kNext;
}

// PMOVMSKB r32, mm (0FD7)
Flow OpMmxByteSigns(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 a[8];
  EnterMmx(cpu.state.fpu);
  ReadMmx(cpu.state.fpu, op.insn().Rm(), a);
  cpu.Gpr(op.insn().Reg()) = ByteSigns(a, 8);
  return Flow::kNext;
}

// MASKMOVQ mm, mm (0FF7): bytes to DS:EDI.
Flow OpMaskmovq(Cpu& cpu, const Op& op) {
  if (!MmxReady(cpu)) return Flow::kFault;
  u8 bytes[8], mask[8];
  ReadMmx(cpu.state.fpu, op.insn().Reg(), bytes);
  ReadMmx(cpu.state.fpu, op.insn().Rm(), mask);
  if (!StoreMasked(cpu, op, bytes, mask, 8)) return Flow::kFault;
  EnterMmx(cpu.state.fpu);
  return Flow::kNext;
}

// An operation that exists for both kinds of registers.
struct Pair {
  u8 opcode;
  SlowFn mmx, xmm;
  u64 mmx_features = kFeatureMmx;
};
template <LaneFn kFn>
constexpr Pair Both(u8 opcode, u64 mmx_features = kFeatureMmx) {
  return {opcode, OpMmx<kFn>, OpXmm<kFn>, mmx_features};
}
// The low halves are all that is read of memory.
template <typename T>
constexpr Pair UnpackLow(u8 opcode) {
  return {opcode, OpMmx<Unpack<T, false>, 4>, OpXmm<Unpack<T, false>>};
}

constexpr Pair kPairs[] = {
    UnpackLow<u8>(0x60),
    UnpackLow<u16>(0x61),
    UnpackLow<u32>(0x62),
    Both<Pack<i16, i8>>(0x63),
    Both<Each<i8, Greater<i8>>>(0x64),
    Both<Each<i16, Greater<i16>>>(0x65),
    Both<Each<i32, Greater<i32>>>(0x66),
    Both<Pack<i16, u8>>(0x67),
    Both<Unpack<u8, true>>(0x68),
    Both<Unpack<u16, true>>(0x69),
    Both<Unpack<u32, true>>(0x6a),
    Both<Pack<i32, i16>>(0x6b),
    Both<Each<u8, Equal<u8>>>(0x74),
    Both<Each<u16, Equal<u16>>>(0x75),
    Both<Each<u32, Equal<u32>>>(0x76),
    Both<ShiftBy<u16, Shift::kRight>>(0xd1),
    Both<ShiftBy<u32, Shift::kRight>>(0xd2),
    Both<ShiftBy<u64, Shift::kRight>>(0xd3),
    Both<Each<u64, Add<u64>>>(0xd4, kFeatureSse2),
    Both<Each<u16, MulLow>>(0xd5),
    Both<Each<u8, SubSaturated<u8>>>(0xd8),
    Both<Each<u16, SubSaturated<u16>>>(0xd9),
    Both<Each<u8, Min<u8>>>(0xda, kFeatureSse),
    Both<Each<u64, And<u64>>>(0xdb),
    Both<Each<u8, AddSaturated<u8>>>(0xdc),
    Both<Each<u16, AddSaturated<u16>>>(0xdd),
    Both<Each<u8, Max<u8>>>(0xde, kFeatureSse),
    Both<Each<u64, AndNot<u64>>>(0xdf),
    Both<Each<u8, Average<u8>>>(0xe0, kFeatureSse),
    Both<ShiftBy<u16, Shift::kSigned>>(0xe1),
    Both<ShiftBy<u32, Shift::kSigned>>(0xe2),
    Both<Each<u16, Average<u16>>>(0xe3, kFeatureSse),
    Both<Each<u16, MulHighUnsigned>>(0xe4, kFeatureSse),
    Both<Each<i16, MulHighSigned>>(0xe5),
    Both<Each<i8, SubSaturated<i8>>>(0xe8),
    Both<Each<i16, SubSaturated<i16>>>(0xe9),
    Both<Each<i16, Min<i16>>>(0xea, kFeatureSse),
    Both<Each<u64, Or<u64>>>(0xeb),
    Both<Each<i8, AddSaturated<i8>>>(0xec),
    Both<Each<i16, AddSaturated<i16>>>(0xed),
    Both<Each<i16, Max<i16>>>(0xee, kFeatureSse),
    Both<Each<u64, Xor<u64>>>(0xef),
    Both<ShiftBy<u16, Shift::kLeft>>(0xf1),
    Both<ShiftBy<u32, Shift::kLeft>>(0xf2),
    Both<ShiftBy<u64, Shift::kLeft>>(0xf3),
    Both<Each<u64, MulLong>>(0xf4, kFeatureSse2),
    Both<MulAdd>(0xf5),
    Both<SumDistances>(0xf6, kFeatureSse),
    Both<Each<u8, Sub<u8>>>(0xf8),
    Both<Each<u16, Sub<u16>>>(0xf9),
    Both<Each<u32, Sub<u32>>>(0xfa),
    Both<Each<u64, Sub<u64>>>(0xfb, kFeatureSse2),
    Both<Each<u8, Add<u8>>>(0xfc),
    Both<Each<u16, Add<u16>>>(0xfd),
    Both<Each<u32, Add<u32>>>(0xfe),
};

struct ShiftPair {
  u8 opcode;
  i8 reg;
  SlowFn mmx, xmm;
};
template <ShiftFn kFn>
constexpr ShiftPair ByImmediate(u8 opcode, i8 reg) {
  return {opcode, reg, OpMmxShift<kFn>, OpXmmShift<kFn>};
}
constexpr ShiftPair kShifts[] = {
    ByImmediate<ShiftLanes<u16, Shift::kRight>>(0x71, 2),
    ByImmediate<ShiftLanes<u16, Shift::kSigned>>(0x71, 4),
    ByImmediate<ShiftLanes<u16, Shift::kLeft>>(0x71, 6),
    ByImmediate<ShiftLanes<u32, Shift::kRight>>(0x72, 2),
    ByImmediate<ShiftLanes<u32, Shift::kSigned>>(0x72, 4),
    ByImmediate<ShiftLanes<u32, Shift::kLeft>>(0x72, 6),
    ByImmediate<ShiftLanes<u64, Shift::kRight>>(0x73, 2),
    ByImmediate<ShiftLanes<u64, Shift::kLeft>>(0x73, 6),
};

constexpr SimdRow kRows[] = {
    {0x6e, SimdPrefix::kNone, kFeatureMmx, OpMovdToMmx},
    {0x7e, SimdPrefix::kNone, kFeatureMmx, OpMovdFromMmx},
    {0x6f, SimdPrefix::kNone, kFeatureMmx, OpMovqToMmx},
    {0x7f, SimdPrefix::kNone, kFeatureMmx, OpMovqFromMmx},
    {0x77, SimdPrefix::kNone, kFeatureMmx, OpEmms},
    {0x70, SimdPrefix::kNone, kFeatureSse, OpPshufw},
    {0xc4, SimdPrefix::kNone, kFeatureSse, OpMmxInsertWord},
    {0xc5, SimdPrefix::kNone, kFeatureSse, OpMmxExtractWord, SimdForm::kRegister},
    {0xd7, SimdPrefix::kNone, kFeatureSse, OpMmxByteSigns, SimdForm::kRegister},
    {0xe7, SimdPrefix::kNone, kFeatureSse, OpMovqFromMmx, SimdForm::kMemory},
    {0xf7, SimdPrefix::kNone, kFeatureSse, OpMaskmovq, SimdForm::kRegister},
    // Quadwords to one register exist for XMM only.
    {0x6c, SimdPrefix::k66, kFeatureSse2, OpXmm<Unpack<u64, false>>},
    {0x6d, SimdPrefix::k66, kFeatureSse2, OpXmm<Unpack<u64, true>>},
    {0x73, SimdPrefix::k66, kFeatureSse2, OpXmmShift<ShiftBytes<Shift::kRight>>,
     SimdForm::kRegister, 3},
    {0x73, SimdPrefix::k66, kFeatureSse2, OpXmmShift<ShiftBytes<Shift::kLeft>>,
     SimdForm::kRegister, 7},
};

}  // namespace

void AddMmxRows(SimdTable& table) {
  for (const SimdRow& row : kRows) table.Add(row);
  for (const Pair& pair : kPairs) {
    table.Add({pair.opcode, SimdPrefix::kNone, pair.mmx_features, pair.mmx});
    table.Add({pair.opcode, SimdPrefix::k66, kFeatureSse2, pair.xmm});
  }
  for (const ShiftPair& shift : kShifts) {
    table.Add({shift.opcode, SimdPrefix::kNone, kFeatureMmx, shift.mmx,
               SimdForm::kRegister, shift.reg});
    table.Add({shift.opcode, SimdPrefix::k66, kFeatureSse2, shift.xmm,
               SimdForm::kRegister, shift.reg});
  }
}

}  // namespace lgx
