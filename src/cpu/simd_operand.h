// What MMX, SSE and SSE2 instructions share: may they run now, where their operands are.
#ifndef LGX_CPU_SIMD_OPERAND_H_
#define LGX_CPU_SIMD_OPERAND_H_

#include <cstring>

#include "cpu/cpu.h"
#include "cpu/simd_lanes.h"

namespace lgx::simd {

// Raises a fault without error code.
inline bool Refuse(Cpu& cpu, u8 vector) {
  cpu.Raise(vector);
  return false;
}

// May an instruction run that uses MMX registers (SDM volume 3, 12.1 and 12.2.3)?
//   CR0.EM                #UD
//   CR0.TS                #NM
//   a pending exception   #MF with CR0.NE, like the x87's
inline bool MmxReady(Cpu& cpu) {
  if ((cpu.state.cr0 & kCr0Em) != 0) return Refuse(cpu, kVectorUd);
  if ((cpu.state.cr0 & kCr0Ts) != 0) return Refuse(cpu, kVectorNm);
  if (cpu.state.fpu.PendingException() && (cpu.state.cr0 & kCr0Ne) != 0) {
    return Refuse(cpu, kVectorMf);
  }
  return true;
}

// May one run that uses XMM registers or MXCSR (SDM volume 3, 13.1)?
//   CR0.EM, or not CR4.OSFXSR   #UD
//   CR0.TS                      #NM
inline bool SseReady(Cpu& cpu) {
  if ((cpu.state.cr0 & kCr0Em) != 0 || (cpu.state.cr4 & kCr4Osfxsr) == 0) {
    return Refuse(cpu, kVectorUd);
  }
  if ((cpu.state.cr0 & kCr0Ts) != 0) return Refuse(cpu, kVectorNm);
  return true;
}

// With operands in both kinds of registers.
inline bool SseAndMmxReady(Cpu& cpu) { return SseReady(cpu) && MmxReady(cpu); }

// -- MMX registers are the significands of R0 ... R7

// Every MMX instruction: TOP becomes 0 and no register is empty.
inline void EnterMmx(FpuState& fpu) {
  fpu.SetTop(0);
  fpu.valid = 0xff;
}

inline void ReadMmx(const FpuState& fpu, u32 n, u8* to) {
  StoreLe<u64>(to, fpu.regs[n & 7].significand);
}

// Sign and exponent become ones.
inline void WriteMmx(FpuState& fpu, u32 n, const u8* from) {
  fpu.regs[n & 7] = {LoadLe<u64>(from), 0xffff};
}

inline u8* XmmOf(Cpu& cpu, u32 n) { return cpu.state.fpu.xmm[n & 7].data(); }

// -- memory operands

// At any address; #AC by the operand's size.
inline bool LoadMemory(Cpu& cpu, const Op& op, u8* to, u32 bytes) {
  return cpu.LoadBytes(static_cast<Seg>(op.seg), cpu.Offset(op), to, bytes);
}
inline bool StoreMemory(Cpu& cpu, const Op& op, const u8* from, u32 bytes) {
  return cpu.StoreBytes(static_cast<Seg>(op.seg), cpu.Offset(op), from, bytes);
}

// The segment's checks come first, then #GP(0) for an address that is no multiple of 16.
// There is no #AC then.
inline bool CheckAligned16(Cpu& cpu, Seg seg, u32 offset, bool write) {
  if (!cpu.CheckSegment(seg, offset, 16, write)) return false;
  if (((cpu.segment(seg).base + offset) & 15) == 0) return true;
  return cpu.RaiseFalse(kVectorGp, 0);
}
inline bool LoadAligned16(Cpu& cpu, const Op& op, u8* to) {
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  return CheckAligned16(cpu, seg, offset, false) && cpu.LoadBytes(seg, offset, to, 16);
}
inline bool StoreAligned16(Cpu& cpu, const Op& op, const u8* from) {
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  return CheckAligned16(cpu, seg, offset, true) && cpu.StoreBytes(seg, offset, from, 16);
}

// -- the r/m operand, for reading

inline bool LoadMmxOrMemory(Cpu& cpu, const Op& op, u8* to, u32 bytes = 8) {
  if (op.insn().HasMemory()) return LoadMemory(cpu, op, to, bytes);
  ReadMmx(cpu.state.fpu, op.insn().Rm(), to);
  return true;
}
inline bool LoadXmmOrAligned16(Cpu& cpu, const Op& op, u8* to) {
  if (op.insn().HasMemory()) return LoadAligned16(cpu, op, to);
  std::memcpy(to, XmmOf(cpu, op.insn().Rm()), 16);
  return true;
}
// The low `bytes` of a register, or as many bytes of memory.
inline bool LoadXmmOrMemory(Cpu& cpu, const Op& op, u8* to, u32 bytes) {
  if (op.insn().HasMemory()) return LoadMemory(cpu, op, to, bytes);
  std::memcpy(to, XmmOf(cpu, op.insn().Rm()), bytes);
  return true;
}
inline bool LoadLongOrMemory(Cpu& cpu, const Op& op, u32* to) {
  if (op.insn().HasMemory()) {
    return cpu.Load(static_cast<Seg>(op.seg), cpu.Offset(op), to);
  }
  *to = cpu.Gpr(op.insn().Rm());
  return true;
}

// MASKMOVQ, MASKMOVDQU: bytes whose mask has bit 7 set go to DS:EDI. With a mask of zeros
// nothing is accessed; else all `n` bytes must be writable. #AC is by quadwords.
bool StoreMasked(Cpu& cpu, const Op& op, const u8* bytes, const u8* mask, u32 n);

// xmm <op> xmm/m128, the address a multiple of 16.
template <LaneFn kFn>
Flow OpXmm(Cpu& cpu, const Op& op) {
  alignas(16) u8 b[16];
  if (!SseReady(cpu) || !LoadXmmOrAligned16(cpu, op, b)) return Flow::kFault;
  kFn(XmmOf(cpu, op.insn().Reg()), b, 16);
  return Flow::kNext;
}

}  // namespace lgx::simd

#endif  // LGX_CPU_SIMD_OPERAND_H_
