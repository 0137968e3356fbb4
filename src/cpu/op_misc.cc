// CMPXCHG CMPXCHG8B XADD XLAT, LAHF SAHF SALC, CMC CLC STC CLD STD, CBW CWD, 16-bit CMOV.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

void SetSubFlags(Cpu& cpu, u32 bytes, u32 a, u32 b) {
  Flags& flags = cpu.state.flags;
  if (bytes == 1) {
    flags.Sub(static_cast<u8>(a), static_cast<u8>(b));
  } else if (bytes == 2) {
    flags.Sub(static_cast<u16>(a), static_cast<u16>(b));
  } else {
    flags.Sub(a, b);
  }
}

void SetAddFlags(Cpu& cpu, u32 bytes, u32 a, u32 b) {
  Flags& flags = cpu.state.flags;
  if (bytes == 1) {
    flags.Add(static_cast<u8>(a), static_cast<u8>(b));
  } else if (bytes == 2) {
    flags.Add(static_cast<u16>(a), static_cast<u16>(b));
  } else {
    flags.Add(a, b);
  }
}

u32 SizeOf(const Op& op) {
  return (op.insn().opcode & 1) != 0 ? op.insn().operand_bytes : 1;
}

// The r/m operand, which must be writable.
bool ReadForWrite(Cpu& cpu, const Op& op, u32 bytes, u32* value) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) {
    *value = cpu.ReadReg(insn.Rm(), bytes);
    return true;
  }
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  return cpu.ProbeStore(seg, offset, bytes) && cpu.LoadOperand(seg, offset, bytes, value);
}

// `offset` was taken before any register changed.
bool WriteBack(Cpu& cpu, const Op& op, u32 bytes, u32 offset, u32 value) {
  if (!op.insn().HasMemory()) {
    cpu.WriteReg(op.insn().Rm(), bytes, value);
    return true;
  }
  return cpu.StoreOperand(static_cast<Seg>(op.seg), offset, bytes, value);
}

bool Condition(const Flags& flags, u32 cc) {
  switch (cc) {
    case 0:
      return flags.Condition<0>();
    case 1:
      return flags.Condition<1>();
    case 2:
      return flags.Condition<2>();
    case 3:
      return flags.Condition<3>();
    case 4:
      return flags.Condition<4>();
    case 5:
      return flags.Condition<5>();
    case 6:
      return flags.Condition<6>();
    case 7:
      return flags.Condition<7>();
    case 8:
      return flags.Condition<8>();
    case 9:
      return flags.Condition<9>();
    case 10:
      return flags.Condition<10>();
    case 11:
      return flags.Condition<11>();
    case 12:
      return flags.Condition<12>();
    case 13:
      return flags.Condition<13>();
    case 14:
      return flags.Condition<14>();
    default:
      return flags.Condition<15>();
  }
}

}  // namespace

// CMPXCHG r/m, r (0FB0 0FB1). Flags: as CMP accumulator, destination. The destination is
// written in either case.
Flow OpCmpxchg(Cpu& cpu, const Op& op) {
  const u32 bytes = SizeOf(op);
  const u32 offset = op.insn().HasMemory() ? cpu.Offset(op) : 0;
  u32 old = 0;
  if (!ReadForWrite(cpu, op, bytes, &old)) return Flow::kFault;
  const u32 acc = cpu.ReadReg(kEax, bytes);
  SetSubFlags(cpu, bytes, acc, old);
  if (acc == old) {
    (void)WriteBack(cpu, op, bytes, offset, cpu.ReadReg(op.insn().Reg(), bytes));
  } else {
    (void)WriteBack(cpu, op, bytes, offset, old);
    cpu.WriteReg(kEax, bytes, old);
  }
  return Flow::kNext;
}

// CMPXCHG8B m64 (0FC7 /1). Flags: ZF. Faults: #UD (register, other /n), memory faults.
Flow OpCmpxchg8b(Cpu& cpu, const Op& op) {
  if (!op.insn().HasMemory() || op.insn().Reg() != 1) return cpu.Raise(kVectorUd);
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  u64 old = 0;
  if (!cpu.ProbeStore(seg, offset, 8) || !cpu.Load(seg, offset, &old))
    return Flow::kFault;
  const u64 wanted = u64{cpu.Gpr(kEdx)} << 32 | cpu.Gpr(kEax);
  const bool same = old == wanted;
  const u64 value = same ? u64{cpu.Gpr(kEcx)} << 32 | cpu.Gpr(kEbx) : old;
  if (!cpu.Store(seg, offset, value)) return Flow::kFault;
  if (!same) {
    cpu.Gpr(kEax) = static_cast<u32>(old);
    cpu.Gpr(kEdx) = static_cast<u32>(old >> 32);
  }
  cpu.state.flags.SetZf(same);
  return Flow::kNext;
}

// XADD r/m, r (0FC0 0FC1). Flags: as ADD.
Flow OpXadd(Cpu& cpu, const Op& op) {
  const u32 bytes = SizeOf(op);
  const u32 offset = op.insn().HasMemory() ? cpu.Offset(op) : 0;
  u32 old = 0;
  if (!ReadForWrite(cpu, op, bytes, &old)) return Flow::kFault;
  const u32 addend = cpu.ReadReg(op.insn().Reg(), bytes);
  SetAddFlags(cpu, bytes, old, addend);
  cpu.WriteReg(op.insn().Reg(), bytes, old);
  (void)WriteBack(cpu, op, bytes, offset, old + addend);
  return Flow::kNext;
}

// CMOVcc r16, r/m16 (0F40 ... 0F4F with a 16-bit operand). Memory is read in either case.
Flow OpCmov(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u32 bytes = insn.operand_bytes;
  u32 value = 0;
  if (!insn.HasMemory()) {
    value = cpu.ReadReg(insn.Rm(), bytes);
  } else if (!cpu.LoadOperand(static_cast<Seg>(op.seg), cpu.Offset(op), bytes, &value)) {
    return Flow::kFault;
  }
  if (Condition(cpu.state.flags, insn.opcode & 15))
    cpu.WriteReg(insn.Reg(), bytes, value);
  return Flow::kNext;
}

// XLAT (D7)
Flow OpXlat(Cpu& cpu, const Op& op) {
  u32 offset = cpu.Gpr(kEbx) + cpu.ReadReg(kEax, 1);
  if (op.insn().address_bytes == 2) offset &= 0xffff;
  u8 value = 0;
  if (!cpu.Load(static_cast<Seg>(op.seg), offset, &value)) return Flow::kFault;
  cpu.WriteReg(kEax, 1, value);
  return Flow::kNext;
}

// SAHF (9E), LAHF (9F): SF ZF AF PF CF to and from AH; SALC (D6): AL = CF ? FF : 0
Flow OpSahf(Cpu& cpu, const Op&) {
  const u32 taken = kEflagsSf | kEflagsZf | kEflagsAf | kEflagsPf | kEflagsCf;
  const u32 kept = cpu.state.flags.Of() ? kEflagsOf : 0;
  cpu.state.flags.SetArithmetic((cpu.ReadReg(4, 1) & taken) | kept);
  return Flow::kNext;
}
Flow OpLahf(Cpu& cpu, const Op&) {
  cpu.WriteReg(4, 1, (cpu.state.flags.Arithmetic() & 0xff) | kEflagsOne);
  return Flow::kNext;
}
Flow OpSalc(Cpu& cpu, const Op&) {
  cpu.WriteReg(kEax, 1, cpu.state.flags.Cf() ? 0xff : 0);
  return Flow::kNext;
}

// CMC (F5), CLC (F8), STC (F9)
Flow OpCmc(Cpu& cpu, const Op&) {
  cpu.state.flags.SetCf(!cpu.state.flags.Cf());
  return Flow::kNext;
}
Flow OpClc(Cpu& cpu, const Op&) {
  cpu.state.flags.SetCf(false);
  return Flow::kNext;
}
Flow OpStc(Cpu& cpu, const Op&) {
  cpu.state.flags.SetCf(true);
  return Flow::kNext;
}

// CLD (FC), STD (FD)
Flow OpCldStd(Cpu& cpu, const Op& op) {
  if (op.insn().opcode == 0xfc) {
    cpu.state.eflags_rest &= ~kEflagsDf;
  } else {
    cpu.state.eflags_rest |= kEflagsDf;
  }
  return Flow::kNext;
}

// CBW, CWDE (98); CWD, CDQ (99)
Flow OpCbw(Cpu& cpu, const Op& op) {
  if (op.insn().operand_bytes == 2) {
    cpu.WriteReg(kEax, 2, SignExtend(static_cast<u8>(cpu.Gpr(kEax))));
  } else {
    cpu.Gpr(kEax) = SignExtend(static_cast<u16>(cpu.Gpr(kEax)));
  }
  return Flow::kNext;
}
Flow OpCwd(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 sign = bytes == 2 ? cpu.Gpr(kEax) >> 15 & 1 : cpu.Gpr(kEax) >> 31;
  cpu.WriteReg(kEdx, bytes, sign != 0 ? 0xffffffff : 0);
  return Flow::kNext;
}

}  // namespace lgx
