// Near branches for any operand size and any code segment: the target is checked against
// the segment's limit before anything changes.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

bool Taken(const Flags& flags, u32 cc) {
  bool value = false;
  switch (cc >> 1) {
    case 0:
      value = flags.Of();
      break;
    case 1:
      value = flags.Cf();
      break;
    case 2:
      value = flags.Zf();
      break;
    case 3:
      value = flags.Cf() || flags.Zf();
      break;
    case 4:
      value = flags.Sf();
      break;
    case 5:
      value = flags.Pf();
      break;
    case 6:
      value = flags.Sf() != flags.Of();
      break;
    default:
      value = flags.Zf() || flags.Sf() != flags.Of();
      break;
  }
  return value != ((cc & 1) != 0);
}

u32 Cut(const Op& op, u32 eip) {
  return op.insn().operand_bytes == 2 ? eip & 0xffff : eip;
}

bool InCode(Cpu& cpu, u32 eip) {
  if (eip <= cpu.segment(Seg::kCs).limit) return true;
  return cpu.RaiseFalse(kVectorGp, 0);
}

Flow JumpTo(Cpu& cpu, u32 eip) {
  if (!InCode(cpu, eip)) return Flow::kFault;
  cpu.next_eip = eip;
  return Flow::kEnd;
}

u32 StackMask(Cpu& cpu) { return cpu.StackIs32() ? 0xffffffff : 0xffff; }

void SetEsp(Cpu& cpu, u32 esp) {
  const u32 mask = StackMask(cpu);
  cpu.Gpr(kEsp) = (cpu.Gpr(kEsp) & ~mask) | (esp & mask);
}

Flow CallTo(Cpu& cpu, const Op& op, u32 eip) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 esp = cpu.Gpr(kEsp) - bytes;
  if (!InCode(cpu, eip)) return Flow::kFault;
  if (!cpu.StoreOperand(Seg::kSs, esp & StackMask(cpu), bytes, cpu.next_eip)) {
    return Flow::kFault;
  }
  SetEsp(cpu, esp);
  cpu.next_eip = eip;
  return Flow::kEnd;
}

bool LoadTarget(Cpu& cpu, const Op& op, u32* value) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) {
    *value = cpu.ReadReg(insn.Rm(), insn.operand_bytes);
    return true;
  }
  return cpu.LoadOperand(static_cast<Seg>(op.seg), cpu.Offset(op), insn.operand_bytes,
                         value);
}

}  // namespace

// Jcc rel (70 ... 7F, 0F80 ... 0F8F)
Flow OpJccNear(Cpu& cpu, const Op& op) {
  if (!Taken(cpu.state.flags, op.insn().opcode & 15)) return Flow::kEnd;
  return JumpTo(cpu, Cut(op, cpu.next_eip + op.imm));
}

// JMP rel (E9 EB)
Flow OpJmpNear(Cpu& cpu, const Op& op) {
  return JumpTo(cpu, Cut(op, cpu.next_eip + op.imm));
}

// CALL rel (E8)
Flow OpCallNear(Cpu& cpu, const Op& op) {
  return CallTo(cpu, op, Cut(op, cpu.next_eip + op.imm));
}

// RET (C3), RET imm16 (C2)
Flow OpRetNear(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 release = op.insn().opcode == 0xc2 ? op.imm & 0xffff : 0;
  u32 eip = 0;
  if (!cpu.LoadOperand(Seg::kSs, cpu.Gpr(kEsp) & StackMask(cpu), bytes, &eip) ||
      !InCode(cpu, eip)) {
    return Flow::kFault;
  }
  SetEsp(cpu, cpu.Gpr(kEsp) + bytes + release);
  cpu.next_eip = eip;
  return Flow::kEnd;
}

// LOOPNE (E0), LOOPE (E1), LOOP (E2), JECXZ (E3): the address size chooses CX or ECX.
Flow OpLoop(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().address_bytes;
  const u32 which = op.insn().opcode & 3;
  u32 count = cpu.ReadReg(kEcx, bytes);
  bool taken = false;
  if (which == 3) {
    taken = count == 0;
  } else {
    count = bytes == 2 ? (count - 1) & 0xffff : count - 1;
    taken = count != 0 && (which == 2 || cpu.state.flags.Zf() == (which == 1));
  }
  const u32 target = Cut(op, cpu.next_eip + op.imm);
  if (taken && !InCode(cpu, target)) return Flow::kFault;
  if (which != 3) cpu.WriteReg(kEcx, bytes, count);
  if (taken) cpu.next_eip = target;
  return Flow::kEnd;
}

// FF /2 CALL, /3 CALL far, /4 JMP, /5 JMP far, /6 PUSH, /7 #UD
Flow OpGroup5(Cpu& cpu, const Op& op) {
  const u8 which = op.insn().Reg();
  if (which == 3) return OpCallFarIndirect(cpu, op);
  if (which == 5) return OpJmpFarIndirect(cpu, op);
  if (which == 7) return cpu.Raise(kVectorUd);
  u32 value = 0;
  if (!LoadTarget(cpu, op, &value)) return Flow::kFault;
  if (which == 2) return CallTo(cpu, op, value);
  if (which == 4) return JumpTo(cpu, value);
  const u32 bytes = op.insn().operand_bytes;
  const u32 esp = cpu.Gpr(kEsp) - bytes;
  if (!cpu.StoreOperand(Seg::kSs, esp & StackMask(cpu), bytes, value))
    return Flow::kFault;
  SetEsp(cpu, esp);
  return Flow::kNext;
}

}  // namespace lgx
