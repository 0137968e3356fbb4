// Shifts and rotates of registers and memory by any count, SHLD, SHRD.
//
// A count of 0 changes nothing, flags included. Undefined by the manual and chosen here:
// OF for counts other than 1 follows the rule for 1 on the last step; AF is cleared by
// shifts; CF of a shift by more than the width is the last bit shifted out of a
// zero-extended (SAR: sign-extended) operand.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// The operand of a shift, read once and written back.
class Operand {
 public:
  Operand(Cpu& cpu, const Op& op, u32 bytes) : cpu_(cpu), op_(op), bytes_(bytes) {}

  // False: a fault is recorded. Memory is checked for writing too.
  bool Read(u32* value) {
    const Insn& insn = op_.insn();
    if (!insn.HasMemory()) {
      *value = cpu_.ReadReg(insn.Rm(), bytes_);
      return true;
    }
    offset_ = cpu_.Offset(op_);
    const Seg seg = static_cast<Seg>(op_.seg);
    return cpu_.ProbeStore(seg, offset_, bytes_) &&
           cpu_.LoadOperand(seg, offset_, bytes_, value);
  }
  void Write(u32 value) {
    const Insn& insn = op_.insn();
    if (!insn.HasMemory()) {
      cpu_.WriteReg(insn.Rm(), bytes_, value);
    } else {
      // Probed by Read: this cannot fault.
      (void)cpu_.StoreOperand(static_cast<Seg>(op_.seg), offset_, bytes_, value);
    }
  }

 private:
  Cpu& cpu_;
  const Op& op_;
  u32 bytes_;
  u32 offset_ = 0;
};

void SetShiftFlags(Cpu& cpu, u32 bytes, u32 value, bool cf, bool of) {
  Flags& flags = cpu.state.flags;
  if (bytes == 1) {
    flags.SetResult<u8>(static_cast<u8>(value), cf, of);
  } else if (bytes == 2) {
    flags.SetResult<u16>(static_cast<u16>(value), cf, of);
  } else {
    flags.SetResult<u32>(value, cf, of);
  }
}

u32 Shl(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  const u64 wide = u64{value} << count;
  const u32 result = static_cast<u32>(wide & ((u64{1} << bits) - 1));
  const bool cf = ((wide >> bits) & 1) != 0;
  SetShiftFlags(cpu, bytes, result, cf, cf != ((result >> (bits - 1)) & 1));
  return result;
}

u32 Shr(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  const u32 before = value >> (count - 1);
  const u32 result = before >> 1;
  const bool of = (((result ^ (result << 1)) >> (bits - 1)) & 1) != 0;
  SetShiftFlags(cpu, bytes, result, (before & 1) != 0, of);
  return result;
}

u32 Sar(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 shift = 32 - 8 * bytes;
  const i32 wide = static_cast<i32>(value << shift) >> shift;
  const i32 before = wide >> (count - 1);
  const u32 result = static_cast<u32>(before >> 1) & (0xffffffffu >> shift);
  SetShiftFlags(cpu, bytes, result, (before & 1) != 0, false);
  return result;
}

u32 Rol(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  const u32 by = count % bits;
  const u64 doubled = u64{value} << bits | value;
  const u32 result = static_cast<u32>((doubled << by >> bits) & ((u64{1} << bits) - 1));
  const bool cf = (result & 1) != 0;
  cpu.state.flags.SetCfOf(cf, cf != (((result >> (bits - 1)) & 1) != 0));
  return result;
}

u32 Ror(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  const u32 by = count % bits;
  const u64 doubled = u64{value} << bits | value;
  const u32 result = static_cast<u32>((doubled >> by) & ((u64{1} << bits) - 1));
  const bool cf = ((result >> (bits - 1)) & 1) != 0;
  cpu.state.flags.SetCfOf(cf, cf != (((result >> (bits - 2)) & 1) != 0));
  return result;
}

// RCL, RCR rotate through CF: bits + 1 positions.
u32 Rcl(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  u32 by = count % (bits + 1);
  bool cf = cpu.state.flags.Cf();
  for (; by != 0; --by) {
    const bool out = ((value >> (bits - 1)) & 1) != 0;
    value = (value << 1 | (cf ? 1 : 0)) & static_cast<u32>((u64{1} << bits) - 1);
    cf = out;
  }
  cpu.state.flags.SetCfOf(cf, cf != (((value >> (bits - 1)) & 1) != 0));
  return value;
}

u32 Rcr(Cpu& cpu, u32 value, u32 count, u32 bytes) {
  const u32 bits = 8 * bytes;
  u32 by = count % (bits + 1);
  bool cf = cpu.state.flags.Cf();
  for (; by != 0; --by) {
    const bool out = (value & 1) != 0;
    value = value >> 1 | (cf ? 1u : 0u) << (bits - 1);
    cf = out;
  }
  const bool top = ((value >> (bits - 1)) & 1) != 0;
  cpu.state.flags.SetCfOf(cf, top != (((value >> (bits - 2)) & 1) != 0));
  return value;
}

using ShiftFn = u32 (*)(Cpu&, u32, u32, u32);
constexpr ShiftFn kShifts[8] = {Rol, Ror, Rcl, Rcr, Shl, Shr, Shl, Sar};

u32 CountOf(Cpu& cpu, const Op& op) {
  const u16 opcode = op.insn().opcode;
  if (opcode == 0xc0 || opcode == 0xc1 || opcode == 0x0fa4 || opcode == 0x0fac) {
    return op.imm & 31;
  }
  if (opcode == 0xd0 || opcode == 0xd1) return 1;
  return cpu.Gpr(kEcx) & 31;
}

// SHLD, SHRD: `value` and the bits that move in, as one double-width number. A 16-bit
// shift by more than 16 brings the destination's own bits around again, as Intel does.
Flow DoubleShift(Cpu& cpu, const Op& op, bool left) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 bits = 8 * bytes;
  const u32 count = CountOf(cpu, op);
  Operand operand(cpu, op, bytes);
  u32 value = 0;
  if (!operand.Read(&value)) return Flow::kFault;
  if (count == 0) return Flow::kNext;
  const u64 fill = cpu.ReadReg(op.insn().Reg(), bytes);
  const u64 mask = (u64{1} << bits) - 1;
  u64 result = 0;
  bool cf = false;
  if (left) {
    const u64 wide =
        bits == 16 ? u64{value} << 32 | fill << 16 | value : u64{value} << 32 | fill;
    const u32 top = bits == 16 ? 32 : 32;
    result = (wide << count >> top) & mask;
    cf = count <= bits ? ((value >> (bits - count)) & 1) != 0
                       : ((wide >> (top + bits - count)) & 1) != 0;
  } else {
    const u64 wide =
        bits == 16 ? u64{value} << 32 | fill << 16 | value : fill << 32 | value;
    result = (wide >> count) & mask;
    cf = ((wide >> (count - 1)) & 1) != 0;
  }
  const bool of = (((result ^ value) >> (bits - 1)) & 1) != 0;
  operand.Write(static_cast<u32>(result));
  SetShiftFlags(cpu, bytes, static_cast<u32>(result), cf, of);
  return Flow::kNext;
}

}  // namespace

// ROL ROR RCL RCR SHL SHR SAL SAR r/m, imm8 | 1 | CL (C0 C1 D0 ... D3)
// Flags: shifts OF SF ZF AF PF CF, rotates OF CF. Faults: memory faults.
Flow OpShift(Cpu& cpu, const Op& op) {
  const u32 bytes = (op.insn().opcode & 1) != 0 ? op.insn().operand_bytes : 1;
  const u32 count = CountOf(cpu, op);
  Operand operand(cpu, op, bytes);
  u32 value = 0;
  if (!operand.Read(&value)) return Flow::kFault;
  if (count != 0) operand.Write(kShifts[op.insn().Reg()](cpu, value, count, bytes));
  return Flow::kNext;
}

// SHLD r/m, r, imm8 | CL (0FA4 0FA5)
Flow OpShld(Cpu& cpu, const Op& op) { return DoubleShift(cpu, op, true); }
// SHRD r/m, r, imm8 | CL (0FAC 0FAD)
Flow OpShrd(Cpu& cpu, const Op& op) { return DoubleShift(cpu, op, false); }

}  // namespace lgx
