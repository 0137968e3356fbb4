// MUL, IMUL, DIV, IDIV.
//
// After a multiplication CF = OF = "the upper half matters". Of the flags the manual
// calls undefined, SF, ZF and PF follow the low half and AF is cleared. Divisions leave
// all flags alone.
#include <limits>

#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

void SetProductFlags(Cpu& cpu, u32 low, u32 bytes, bool lost) {
  Flags& flags = cpu.state.flags;
  if (bytes == 1) {
    flags.SetResult<u8>(static_cast<u8>(low), lost, lost);
  } else if (bytes == 2) {
    flags.SetResult<u16>(static_cast<u16>(low), lost, lost);
  } else {
    flags.SetResult<u32>(low, lost, lost);
  }
}

i64 Signed(u64 value, u32 bytes) {
  const u32 shift = 64 - 8 * bytes;
  return static_cast<i64>(value << shift) >> shift;
}

bool LoadRm(Cpu& cpu, const Op& op, u32 bytes, u32* value) {
  const Insn& insn = op.insn();
  if (insn.HasMemory()) {
    return cpu.LoadOperand(static_cast<Seg>(op.seg), cpu.Offset(op), bytes, value);
  }
  *value = cpu.ReadReg(insn.Rm(), bytes);
  return true;
}

// The double-width accumulator: AX, DX:AX or EDX:EAX.
u64 ReadAccumulator(Cpu& cpu, u32 bytes) {
  if (bytes == 1) return cpu.ReadReg(kEax, 2);
  return u64{cpu.ReadReg(kEdx, bytes)} << (8 * bytes) | cpu.ReadReg(kEax, bytes);
}

void WriteAccumulator(Cpu& cpu, u32 bytes, u64 value) {
  if (bytes == 1) {
    cpu.WriteReg(kEax, 2, static_cast<u32>(value));
    return;
  }
  cpu.WriteReg(kEax, bytes, static_cast<u32>(value));
  cpu.WriteReg(kEdx, bytes, static_cast<u32>(value >> (8 * bytes)));
}

Flow Multiply(Cpu& cpu, u32 factor, u32 bytes, bool is_signed) {
  const u32 acc = cpu.ReadReg(kEax, bytes);
  u64 product = 0;
  bool lost = false;
  if (is_signed) {
    const i64 wide = Signed(acc, bytes) * Signed(factor, bytes);
    product = static_cast<u64>(wide);
    lost = wide != Signed(product, bytes);
  } else {
    product = u64{acc} * factor;
    lost = (product >> (8 * bytes)) != 0;
  }
  WriteAccumulator(cpu, bytes, product);
  SetProductFlags(cpu, static_cast<u32>(product), bytes, lost);
  return Flow::kNext;
}

void WriteQuotient(Cpu& cpu, u32 bytes, u32 quotient, u32 remainder) {
  if (bytes == 1) {
    cpu.WriteReg(kEax, 2, (quotient & 0xff) | (remainder & 0xff) << 8);
    return;
  }
  cpu.WriteReg(kEax, bytes, quotient);
  cpu.WriteReg(kEdx, bytes, remainder);
}

// #DE: division by zero, or a quotient that does not fit.
Flow Divide(Cpu& cpu, u32 divisor, u32 bytes, bool is_signed) {
  const u64 dividend = ReadAccumulator(cpu, bytes);
  if (divisor == 0) return cpu.Raise(kVectorDe);
  if (!is_signed) {
    const u64 quotient = dividend / divisor;
    if ((quotient >> (8 * bytes)) != 0) return cpu.Raise(kVectorDe);
    WriteQuotient(cpu, bytes, static_cast<u32>(quotient),
                  static_cast<u32>(dividend % divisor));
    return Flow::kNext;
  }
  const i64 a = Signed(dividend, 2 * bytes);
  const i64 b = Signed(divisor, bytes);
  if (b == -1 && a == std::numeric_limits<i64>::min()) return cpu.Raise(kVectorDe);
  const i64 quotient = a / b;
  if (quotient != Signed(static_cast<u64>(quotient), bytes)) return cpu.Raise(kVectorDe);
  WriteQuotient(cpu, bytes, static_cast<u32>(quotient), static_cast<u32>(a % b));
  return Flow::kNext;
}

Flow MultiplyInto(Cpu& cpu, u32 reg, u32 a, u32 b, u32 bytes) {
  const i64 wide = Signed(a, bytes) * Signed(b, bytes);
  const u32 low = static_cast<u32>(wide);
  cpu.WriteReg(reg, bytes, low);
  SetProductFlags(cpu, low, bytes, wide != Signed(static_cast<u64>(wide), bytes));
  return Flow::kNext;
}

}  // namespace

// MUL IMUL DIV IDIV r/m (F6 F7 /4 ... /7). Faults: #DE, memory faults.
Flow OpGroup3(Cpu& cpu, const Op& op) {
  const u8 which = op.insn().Reg();
  const u32 bytes = (op.insn().opcode & 1) != 0 ? op.insn().operand_bytes : 1;
  u32 value = 0;
  if (!LoadRm(cpu, op, bytes, &value)) return Flow::kFault;
  if (which < 6) return Multiply(cpu, value, bytes, which == 5);
  return Divide(cpu, value, bytes, which == 7);
}

// IMUL r, r/m (0FAF)
Flow OpImul2(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  u32 value = 0;
  if (!LoadRm(cpu, op, bytes, &value)) return Flow::kFault;
  const u8 reg = op.insn().Reg();
  return MultiplyInto(cpu, reg, cpu.ReadReg(reg, bytes), value, bytes);
}

// IMUL r, r/m, imm (69 6B)
Flow OpImul3(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  u32 value = 0;
  if (!LoadRm(cpu, op, bytes, &value)) return Flow::kFault;
  return MultiplyInto(cpu, op.insn().Reg(), value, op.imm, bytes);
}

}  // namespace lgx
