// PUSH, POP, PUSHA, POPA, ENTER, LEAVE for any operand size and any stack.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// ESP or SP, as SS.B says.
class Stack {
 public:
  explicit Stack(Cpu& cpu)
      : cpu_(cpu), mask_(cpu.StackIs32() ? 0xffffffff : 0xffff), esp_(cpu.Gpr(kEsp)) {}

  bool Push(u32 bytes, u32 value) {
    const u32 esp = esp_ - bytes;
    if (!cpu_.StoreOperand(Seg::kSs, esp & mask_, bytes, value)) return false;
    Set(esp);
    return true;
  }
  bool Pop(u32 bytes, u32* value) {
    if (!cpu_.LoadOperand(Seg::kSs, esp_ & mask_, bytes, value)) return false;
    Set(esp_ + bytes);
    return true;
  }
  void Set(u32 esp) { esp_ = (esp_ & ~mask_) | (esp & mask_); }
  u32 esp() const { return esp_; }
  u32 mask() const { return mask_; }
  // Nothing has moved before this.
  Flow Commit() {
    cpu_.Gpr(kEsp) = esp_;
    return Flow::kNext;
  }

 private:
  Cpu& cpu_;
  u32 mask_;
  u32 esp_;
};

}  // namespace

// PUSH r (50 ... 57)
Flow OpPushReg(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  Stack stack(cpu);
  if (!stack.Push(bytes, cpu.ReadReg(op.insn().opcode & 7, bytes))) return Flow::kFault;
  return stack.Commit();
}

// POP r (58 ... 5F). POP ESP: the value wins.
Flow OpPopReg(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  Stack stack(cpu);
  u32 value = 0;
  if (!stack.Pop(bytes, &value)) return Flow::kFault;
  stack.Commit();
  cpu.WriteReg(op.insn().opcode & 7, bytes, value);
  return Flow::kNext;
}

// PUSH imm (68 6A)
Flow OpPushImm(Cpu& cpu, const Op& op) {
  Stack stack(cpu);
  if (!stack.Push(op.insn().operand_bytes, op.imm)) return Flow::kFault;
  return stack.Commit();
}

// POP r/m (8F /0). The address of a memory operand is computed after ESP has moved.
Flow OpPopRm(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  if (insn.Reg() != 0) return cpu.Raise(kVectorUd);
  const u32 bytes = insn.operand_bytes;
  Stack stack(cpu);
  u32 value = 0;
  if (!stack.Pop(bytes, &value)) return Flow::kFault;
  const u32 old_esp = cpu.Gpr(kEsp);
  stack.Commit();
  if (!insn.HasMemory()) {
    cpu.WriteReg(insn.Rm(), bytes, value);
  } else if (!cpu.StoreOperand(static_cast<Seg>(op.seg), cpu.Offset(op), bytes, value)) {
    cpu.Gpr(kEsp) = old_esp;
    return Flow::kFault;
  }
  return Flow::kNext;
}

// PUSHA, PUSHAD (60): the ESP that is pushed is the one from before.
Flow OpPusha(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  Stack stack(cpu);
  for (u32 reg = 0; reg < 8; ++reg) {
    if (!stack.Push(bytes, cpu.ReadReg(reg, bytes))) return Flow::kFault;
  }
  return stack.Commit();
}

// POPA, POPAD (61): the stored ESP is skipped.
Flow OpPopa(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  Stack stack(cpu);
  u32 values[8];
  for (u32 i = 0; i < 8; ++i) {
    if (!stack.Pop(bytes, &values[i])) return Flow::kFault;
  }
  for (u32 i = 0; i < 8; ++i) {
    if (7 - i != kEsp) cpu.WriteReg(7 - i, bytes, values[i]);
  }
  return stack.Commit();
}

// ENTER imm16, imm8 (C8). Faults: #SS, #PF; the new top of the stack must be writable.
Flow OpEnter(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 size = op.imm & 0xffff;
  const u32 level = op.insn().imm2 & 31;
  Stack stack(cpu);
  if (!stack.Push(bytes, cpu.ReadReg(kEbp, bytes))) return Flow::kFault;
  const u32 frame = stack.esp();
  u32 ebp = cpu.Gpr(kEbp);
  for (u32 i = 1; i < level; ++i) {
    ebp -= bytes;
    u32 display = 0;
    if (!cpu.LoadOperand(Seg::kSs, ebp & stack.mask(), bytes, &display) ||
        !stack.Push(bytes, display)) {
      return Flow::kFault;
    }
  }
  if (level != 0 && !stack.Push(bytes, frame)) return Flow::kFault;
  stack.Set(stack.esp() - size);
  if (!cpu.ProbeStore(Seg::kSs, stack.esp() & stack.mask(), bytes)) return Flow::kFault;
  cpu.WriteReg(kEbp, bytes, frame);
  return stack.Commit();
}

// LEAVE (C9)
Flow OpLeave(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  Stack stack(cpu);
  stack.Set(cpu.Gpr(kEbp));
  u32 value = 0;
  if (!stack.Pop(bytes, &value)) return Flow::kFault;
  stack.Commit();
  cpu.WriteReg(kEbp, bytes, value);
  return Flow::kNext;
}

}  // namespace lgx
