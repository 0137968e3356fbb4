// SSE and SSE2: moves between registers and memory, shuffles, bitwise operations, masks.
// None of these looks at what its bits mean, so none raises a floating-point exception.
#include "cpu/simd_lanes.h"
#include "cpu/simd_operand.h"
#include "cpu/simd_table.h"

namespace lgx {

using namespace simd;  // NOLINT: this file implements part of it

namespace {

// -- whole registers

// MOVAPS, MOVAPD, MOVDQA xmm, xmm/m128; the address a multiple of 16.
Flow OpLoadAligned(Cpu& cpu, const Op& op) {
  u8 value[16];
  if (!SseReady(cpu) || !LoadXmmOrAligned16(cpu, op, value)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()), value, 16);
  return Flow::kNext;
}
// MOVUPS, MOVUPD, MOVDQU xmm, xmm/m128
Flow OpLoadUnaligned(Cpu& cpu, const Op& op) {
  u8 value[16];
  if (!SseReady(cpu) || !LoadXmmOrMemory(cpu, op, value, 16)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()), value, 16);
  return Flow::kNext;
}

// All moves of a register to a register: xmm/m, xmm.
Flow OpStoreRegister(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  std::memmove(XmmOf(cpu, op.insn().Rm()), XmmOf(cpu, op.insn().Reg()), 16);
  return Flow::kNext;
}
// MOVAPS, MOVAPD, MOVDQA, MOVNTPS, MOVNTPD, MOVNTDQ m128, xmm
Flow OpStoreAligned(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  return StoreAligned16(cpu, op, XmmOf(cpu, op.insn().Reg())) ? Flow::kNext
                                                              : Flow::kFault;
}

// -- parts of registers: kBytes at kAt

// MOVSS, MOVSD, MOVQ, MOVD xmm, m: the rest becomes zeros.
template <u32 kBytes>
Flow OpLoadLow(Cpu& cpu, const Op& op) {
  u8 value[16] = {};
  if (!SseReady(cpu) || !LoadMemory(cpu, op, value, kBytes)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()), value, 16);
  return Flow::kNext;
}
// MOVLPS, MOVLPD, MOVHPS, MOVHPD xmm, m64: the rest stays.
template <u32 kAt>
Flow OpLoadHalf(Cpu& cpu, const Op& op) {
  u8 value[8];
  if (!SseReady(cpu) || !LoadMemory(cpu, op, value, 8)) return Flow::kFault;
  std::memcpy(XmmOf(cpu, op.insn().Reg()) + kAt, value, 8);
  return Flow::kNext;
}
// MOVUPS ..., MOVSS, MOVSD, MOVQ, MOVD, MOVLPS ..., MOVHPS ... m, xmm
template <u32 kBytes, u32 kAt = 0>
Flow OpStorePart(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  const u8* const from = XmmOf(cpu, op.insn().Reg()) + kAt;
  return StoreMemory(cpu, op, from, kBytes) ? Flow::kNext : Flow::kFault;
}

// MOVSS, MOVSD xmm, xmm (load and store forms); MOVLHPS, MOVHLPS: the rest stays.
template <u32 kBytes, u32 kTo = 0, u32 kFrom = 0>
Flow OpCopyPart(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  std::memmove(XmmOf(cpu, op.insn().Reg()) + kTo, XmmOf(cpu, op.insn().Rm()) + kFrom,
               kBytes);
  return Flow::kNext;
}
template <u32 kBytes>
Flow OpCopyPartBack(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  std::memmove(XmmOf(cpu, op.insn().Rm()), XmmOf(cpu, op.insn().Reg()), kBytes);
  return Flow::kNext;
}

// MOVQ xmm, xmm (F30F7E; 660FD6): the upper half becomes zeros.
void CopyLow(Cpu& cpu, u32 to, u32 from) {
  const u64 low = Lane<u64>(XmmOf(cpu, from), 0);
  SetLane<u64>(XmmOf(cpu, to), 0, low);
  SetLane<u64>(XmmOf(cpu, to), 1, 0);
}
Flow OpCopyLow(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  CopyLow(cpu, op.insn().Reg(), op.insn().Rm());
  return Flow::kNext;
}
Flow OpCopyLowBack(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  CopyLow(cpu, op.insn().Rm(), op.insn().Reg());
  return Flow::kNext;
}

// -- other kinds of registers

// MOVD xmm, r32 (660F6E); MOVD r32, xmm (660F7E)
Flow OpMovdFromLong(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  u8* const to = XmmOf(cpu, op.insn().Reg());
  SetLane<u64>(to, 0, cpu.Gpr(op.insn().Rm()));
  SetLane<u64>(to, 1, 0);
  return Flow::kNext;
}
Flow OpMovdToLong(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  cpu.Gpr(op.insn().Rm()) = Lane<u32>(XmmOf(cpu, op.insn().Reg()), 0);
  return Flow::kNext;
}

// MOVQ2DQ xmm, mm (F30FD6); MOVDQ2Q mm, xmm (F20FD6)
Flow OpFromMmx(Cpu& cpu, const Op& op) {
  if (!SseAndMmxReady(cpu)) return Flow::kFault;
  u8* const to = XmmOf(cpu, op.insn().Reg());
  EnterMmx(cpu.state.fpu);
  ReadMmx(cpu.state.fpu, op.insn().Rm(), to);
  SetLane<u64>(to, 1, 0);
  return Flow::kNext;
}
Flow OpToMmx(Cpu& cpu, const Op& op) {
  if (!SseAndMmxReady(cpu)) return Flow::kFault;
  EnterMmx(cpu.state.fpu);
  WriteMmx(cpu.state.fpu, op.insn().Reg(), XmmOf(cpu, op.insn().Rm()));
  return Flow::kNext;
}

// PINSRW xmm, r32/m16, imm8 (660FC4); PEXTRW r32, xmm, imm8 (660FC5)
Flow OpInsertWord(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  u16 word = static_cast<u16>(cpu.Gpr(op.insn().Rm()));
  if (op.insn().HasMemory() &&
      !cpu.Load(static_cast<Seg>(op.seg), cpu.Offset(op), &word)) {
    return Flow::kFault;
  }
  SetLane<u16>(XmmOf(cpu, op.insn().Reg()), op.imm & 7, word);
  return Flow::kNext;
}
Flow OpExtractWord(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  cpu.Gpr(op.insn().Reg()) = Lane<u16>(XmmOf(cpu, op.insn().Rm()), op.imm & 7);
  return Flow::kNext;
}

// MOVMSKPS, MOVMSKPD (0F50), PMOVMSKB (660FD7) r32, xmm: the top bits of all lanes.
template <typename T>
Flow OpSigns(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  const u8* const from = XmmOf(cpu, op.insn().Rm());
  u32 mask = 0;
  for (u32 i = 0; i < 16 / sizeof(T); ++i) {
    mask |= static_cast<u32>(Lane<T>(from, i) >> (sizeof(T) * 8 - 1)) << i;
  }
  cpu.Gpr(op.insn().Reg()) = mask;
  return Flow::kNext;
}

// -- memory

// MASKMOVDQU xmm, xmm (660FF7): bytes to DS:EDI.
Flow OpMaskmovdqu(Cpu& cpu, const Op& op) {
  if (!SseReady(cpu)) return Flow::kFault;
  const u8* const mask = XmmOf(cpu, op.insn().Rm());
  return StoreMasked(cpu, op, XmmOf(cpu, op.insn().Reg()), mask, 16) ? Flow::kNext
                                                                     : Flow::kFault;
}

// MOVNTI m32, r32 (0FC3): needs none of the units.
Flow OpMovnti(Cpu& cpu, const Op& op) {
  const u32 value = cpu.Gpr(op.insn().Reg());
  return cpu.Store(static_cast<Seg>(op.seg), cpu.Offset(op), value) ? Flow::kNext
                                                                    : Flow::kFault;
}

// -- shuffles

using ShuffleFn = void (*)(u8* a, const u8* b, u8 order);

// xmm, xmm/m128, imm8
template <ShuffleFn kFn>
Flow OpShuffle(Cpu& cpu, const Op& op) {
  u8 b[16];
  if (!SseReady(cpu) || !LoadXmmOrAligned16(cpu, op, b)) return Flow::kFault;
  kFn(XmmOf(cpu, op.insn().Reg()), b, static_cast<u8>(op.imm));
  return Flow::kNext;
}

// Two lanes of a, then two of b.
void ShuffleSingles(u8* a, const u8* b, u8 order) {
  const u32 low0 = Lane<u32>(a, order & 3), low1 = Lane<u32>(a, order >> 2 & 3);
  SetLane<u32>(a, 0, low0);
  SetLane<u32>(a, 1, low1);
  SetLane<u32>(a, 2, Lane<u32>(b, order >> 4 & 3));
  SetLane<u32>(a, 3, Lane<u32>(b, order >> 6));
}
void ShuffleDoubles(u8* a, const u8* b, u8 order) {
  SetLane<u64>(a, 0, Lane<u64>(a, order & 1));
  SetLane<u64>(a, 1, Lane<u64>(b, order >> 1 & 1));
}
// Four words at kAt, the other half copied.
template <u32 kAt>
void ShuffleWords(u8* a, const u8* b, u8 order) {
  Shuffle<u16>(a + kAt, b + kAt, order);
  std::memcpy(a + (8 - kAt), b + (8 - kAt), 8);
}

constexpr auto kNone = SimdPrefix::kNone, k66 = SimdPrefix::k66, kF3 = SimdPrefix::kF3,
               kF2 = SimdPrefix::kF2;
constexpr auto kMemory = SimdForm::kMemory, kRegister = SimdForm::kRegister;
constexpr u64 kSse = kFeatureSse, kSse2 = kFeatureSse2;

constexpr SimdRow kRows[] = {
    // MOVUPS, MOVUPD, MOVSS, MOVSD
    {0x10, kNone, kSse, OpLoadUnaligned},
    {0x10, k66, kSse2, OpLoadUnaligned},
    {0x10, kF3, kSse, OpLoadLow<4>, kMemory},
    {0x10, kF3, kSse, OpCopyPart<4>, kRegister},
    {0x10, kF2, kSse2, OpLoadLow<8>, kMemory},
    {0x10, kF2, kSse2, OpCopyPart<8>, kRegister},
    {0x11, kNone, kSse, OpStorePart<16>, kMemory},
    {0x11, kNone, kSse, OpStoreRegister, kRegister},
    {0x11, k66, kSse2, OpStorePart<16>, kMemory},
    {0x11, k66, kSse2, OpStoreRegister, kRegister},
    {0x11, kF3, kSse, OpStorePart<4>, kMemory},
    {0x11, kF3, kSse, OpCopyPartBack<4>, kRegister},
    {0x11, kF2, kSse2, OpStorePart<8>, kMemory},
    {0x11, kF2, kSse2, OpCopyPartBack<8>, kRegister},
    // MOVLPS, MOVLPD, MOVHLPS; MOVHPS, MOVHPD, MOVLHPS
    {0x12, kNone, kSse, OpLoadHalf<0>, kMemory},
    {0x12, kNone, kSse, OpCopyPart<8, 0, 8>, kRegister},
    {0x12, k66, kSse2, OpLoadHalf<0>, kMemory},
    {0x13, kNone, kSse, OpStorePart<8>, kMemory},
    {0x13, k66, kSse2, OpStorePart<8>, kMemory},
    {0x16, kNone, kSse, OpLoadHalf<8>, kMemory},
    {0x16, kNone, kSse, OpCopyPart<8, 8, 0>, kRegister},
    {0x16, k66, kSse2, OpLoadHalf<8>, kMemory},
    {0x17, kNone, kSse, OpStorePart<8, 8>, kMemory},
    {0x17, k66, kSse2, OpStorePart<8, 8>, kMemory},
    // UNPCKLPS, UNPCKLPD, UNPCKHPS, UNPCKHPD
    {0x14, kNone, kSse, OpXmm<Unpack<u32, false>>},
    {0x14, k66, kSse2, OpXmm<Unpack<u64, false>>},
    {0x15, kNone, kSse, OpXmm<Unpack<u32, true>>},
    {0x15, k66, kSse2, OpXmm<Unpack<u64, true>>},
    // MOVAPS, MOVAPD, MOVNTPS, MOVNTPD
    {0x28, kNone, kSse, OpLoadAligned},
    {0x28, k66, kSse2, OpLoadAligned},
    {0x29, kNone, kSse, OpStoreAligned, kMemory},
    {0x29, kNone, kSse, OpStoreRegister, kRegister},
    {0x29, k66, kSse2, OpStoreAligned, kMemory},
    {0x29, k66, kSse2, OpStoreRegister, kRegister},
    {0x2b, kNone, kSse, OpStoreAligned, kMemory},
    {0x2b, k66, kSse2, OpStoreAligned, kMemory},
    // MOVMSKPS, MOVMSKPD
    {0x50, kNone, kSse, OpSigns<u32>, kRegister},
    {0x50, k66, kSse2, OpSigns<u64>, kRegister},
    // ANDPS, ANDNPS, ORPS, XORPS and PD
    {0x54, kNone, kSse, OpXmm<Each<u64, And<u64>>>},
    {0x54, k66, kSse2, OpXmm<Each<u64, And<u64>>>},
    {0x55, kNone, kSse, OpXmm<Each<u64, AndNot<u64>>>},
    {0x55, k66, kSse2, OpXmm<Each<u64, AndNot<u64>>>},
    {0x56, kNone, kSse, OpXmm<Each<u64, Or<u64>>>},
    {0x56, k66, kSse2, OpXmm<Each<u64, Or<u64>>>},
    {0x57, kNone, kSse, OpXmm<Each<u64, Xor<u64>>>},
    {0x57, k66, kSse2, OpXmm<Each<u64, Xor<u64>>>},
    // MOVD, MOVDQA, MOVDQU, MOVQ, MOVNTDQ
    {0x6e, k66, kSse2, OpLoadLow<4>, kMemory},
    {0x6e, k66, kSse2, OpMovdFromLong, kRegister},
    {0x7e, k66, kSse2, OpStorePart<4>, kMemory},
    {0x7e, k66, kSse2, OpMovdToLong, kRegister},
    {0x6f, k66, kSse2, OpLoadAligned},
    {0x6f, kF3, kSse2, OpLoadUnaligned},
    {0x7f, k66, kSse2, OpStoreAligned, kMemory},
    {0x7f, k66, kSse2, OpStoreRegister, kRegister},
    {0x7f, kF3, kSse2, OpStorePart<16>, kMemory},
    {0x7f, kF3, kSse2, OpStoreRegister, kRegister},
    {0x7e, kF3, kSse2, OpLoadLow<8>, kMemory},
    {0x7e, kF3, kSse2, OpCopyLow, kRegister},
    {0xd6, k66, kSse2, OpStorePart<8>, kMemory},
    {0xd6, k66, kSse2, OpCopyLowBack, kRegister},
    {0xe7, k66, kSse2, OpStoreAligned, kMemory},
    // MOVQ2DQ, MOVDQ2Q, PMOVMSKB, MASKMOVDQU, MOVNTI
    {0xd6, kF3, kSse2, OpFromMmx, kRegister},
    {0xd6, kF2, kSse2, OpToMmx, kRegister},
    {0xd7, k66, kSse2, OpSigns<u8>, kRegister},
    {0xf7, k66, kSse2, OpMaskmovdqu, kRegister},
    {0xc3, kNone, kSse2, OpMovnti, kMemory},
    // PSHUFD, PSHUFHW, PSHUFLW, PINSRW, PEXTRW, SHUFPS, SHUFPD
    {0x70, k66, kSse2, OpShuffle<Shuffle<u32>>},
    {0x70, kF3, kSse2, OpShuffle<ShuffleWords<8>>},
    {0x70, kF2, kSse2, OpShuffle<ShuffleWords<0>>},
    {0xc4, k66, kSse2, OpInsertWord},
    {0xc5, k66, kSse2, OpExtractWord, kRegister},
    {0xc6, kNone, kSse, OpShuffle<ShuffleSingles>},
    {0xc6, k66, kSse2, OpShuffle<ShuffleDoubles>},
};

}  // namespace

void AddSseMoveRows(SimdTable& table) {
  for (const SimdRow& row : kRows) table.Add(row);
}

}  // namespace lgx
