// BT BTS BTR BTC, BSF, BSR, BSWAP.
#include <bit>

#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {

// BT BTS BTR BTC r/m, r | imm8 (0FA3 0FAB 0FB3 0FBB, 0FBA /4 ... /7)
// Flags: CF; the others stay. Faults: memory faults; #UD for 0FBA /0 ... /3.
Flow OpBitTest(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u32 bytes = insn.operand_bytes;
  const bool by_imm = insn.opcode == 0x0fba;
  if (by_imm && insn.Reg() < 4) return cpu.Raise(kVectorUd);
  const u32 what = by_imm ? insn.Reg() & 3 : (insn.opcode >> 3) & 3;  // BT BTS BTR BTC
  const u32 index = by_imm ? op.imm & 0xff : cpu.ReadReg(insn.Reg(), bytes);
  const u32 bit = index & (8 * bytes - 1);
  const Seg seg = static_cast<Seg>(op.seg);
  u32 offset = 0;
  u32 value = 0;
  if (insn.HasMemory()) {
    offset = cpu.Offset(op);
    if (!by_imm) {
      // A register names any bit of a string of bits around the operand.
      const i32 wide = bytes == 2 ? static_cast<i16>(index) : static_cast<i32>(index);
      offset += static_cast<u32>(bytes == 2 ? (wide >> 4) * 2 : (wide >> 5) * 4);
      if (insn.address_bytes == 2) offset &= 0xffff;
    }
    if (what != 0 && !cpu.ProbeStore(seg, offset, bytes)) return Flow::kFault;
    if (!cpu.LoadOperand(seg, offset, bytes, &value)) return Flow::kFault;
  } else {
    value = cpu.ReadReg(insn.Rm(), bytes);
  }
  u32 result = value;
  if (what == 1) result |= 1u << bit;
  if (what == 2) result &= ~(1u << bit);
  if (what == 3) result ^= 1u << bit;
  if (what != 0) {
    if (!insn.HasMemory()) {
      cpu.WriteReg(insn.Rm(), bytes, result);
    } else if (!cpu.StoreOperand(seg, offset, bytes, result)) {
      return Flow::kFault;
    }
  }
  cpu.state.flags.SetCf(((value >> bit) & 1) != 0);
  return Flow::kNext;
}

// BSF, BSR r, r/m (0FBC, 0FBD). Flags: ZF = source is 0, in which case the destination
// keeps its value. Undefined by the manual: CF OF SF AF PF are cleared.
Flow OpBitScan(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u32 bytes = insn.operand_bytes;
  u32 value = 0;
  if (!insn.HasMemory()) {
    value = cpu.ReadReg(insn.Rm(), bytes);
  } else if (!cpu.LoadOperand(static_cast<Seg>(op.seg), cpu.Offset(op), bytes, &value)) {
    return Flow::kFault;
  }
  cpu.state.flags.SetArithmetic(value == 0 ? kEflagsZf : 0);
  if (value == 0) return Flow::kNext;
  const int index =
      insn.opcode == 0x0fbc ? std::countr_zero(value) : 31 - std::countl_zero(value);
  cpu.WriteReg(insn.Reg(), bytes, static_cast<u32>(index));
  return Flow::kNext;
}

// BSWAP r32 (0FC8 ... 0FCF). With a 16-bit operand (undefined) the low half becomes 0.
Flow OpBswap(Cpu& cpu, const Op& op) {
  const u32 reg = op.insn().opcode & 7;
  if (op.insn().operand_bytes == 2) {
    cpu.WriteReg(reg, 2, 0);
  } else {
    cpu.Gpr(reg) = ByteSwap(cpu.Gpr(reg));
  }
  return Flow::kNext;
}

}  // namespace lgx
