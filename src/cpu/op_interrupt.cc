// INT n, INT3, INT1, INTO, BOUND, and IRET.
#include "cpu/protection.h"
#include "cpu/slow_ops.h"
#include "cpu/task.h"

namespace lgx {
namespace {

// EFLAGS after IRET: what the current ring may change.
//   IOPL VIF VIP     CPL 0 only
//   IF               CPL <= IOPL
//   the rest         always (16-bit operands: bits 15:0 only)
// RF holds for the instruction that is returned to.
void ReturnFlags(Cpu& cpu, u32 image, u32 bytes) {
  const u32 cpl = cpu.state.cpl;
  u32 changes = kEflagsArithmetic | kEflagsTf | kEflagsDf | kEflagsNt;
  if (bytes == 4) changes |= kEflagsAc | kEflagsId;
  if (cpl <= cpu.Iopl()) changes |= kEflagsIf;
  if (cpl == 0) changes |= kEflagsIopl | (bytes == 4 ? kEflagsVif | kEflagsVip : 0);
  if (bytes == 4 && (image & kEflagsRf) != 0) cpu.SetResumeFlag();
  cpu.SetEflags((cpu.Eflags() & ~changes) | (image & changes));
}

// From CPL 0 with VM = 1 in the image: nine words, real-mode segments, CPL 3.
Flow ReturnToV86(Cpu& cpu, StackReader& stack, u32 eip, u32 cs, u32 image) {
  u32 words[6];  // ESP SS ES DS FS GS
  for (u32& word : words) {
    if (!stack.Pop(4, &word)) return Flow::kFault;
  }
  if (eip > 0xffff) return cpu.Raise(kVectorGp, 0);
  cpu.state.flags.SetArithmetic(image);
  cpu.state.eflags_rest = image & kEflagsStored;
  if ((image & kEflagsRf) != 0) cpu.SetResumeFlag();
  static constexpr Seg kOrder[5] = {Seg::kSs, Seg::kEs, Seg::kDs, Seg::kFs, Seg::kGs};
  for (u32 i = 0; i < 5; ++i) {
    FillRealSegment(&cpu.segment(kOrder[i]), static_cast<u16>(words[i + 1]));
  }
  FillRealSegment(&cpu.segment(Seg::kCs), static_cast<u16>(cs));
  cpu.Gpr(kEsp) = words[0];
  cpu.state.cpl = 3;
  cpu.next_eip = eip;
  cpu.ModeChanged();
  return Flow::kEnd;
}

Flow ReturnReal(Cpu& cpu, StackReader& stack, u32 eip, u32 cs, u32 image, u32 bytes) {
  if (eip > cpu.segment(Seg::kCs).limit) return cpu.Raise(kVectorGp, 0);
  stack.Commit();
  u32 changes = kEflagsArithmetic | kEflagsTf | kEflagsIf | kEflagsDf | kEflagsNt;
  if (!cpu.V86()) changes |= kEflagsIopl;
  if (bytes == 4) changes |= kEflagsAc | kEflagsId;
  if (bytes == 4 && (image & kEflagsRf) != 0) cpu.SetResumeFlag();
  cpu.SetEflags((cpu.Eflags() & ~changes) | (image & changes));
  Segment& segment = cpu.segment(Seg::kCs);
  segment.Set(static_cast<u16>(cs), (cs & 0xffff) << 4, segment.limit, segment.attr);
  cpu.next_eip = eip;
  cpu.ModeChanged();
  return Flow::kEnd;
}

// The code segment an IRET returns to.
//   null #GP(0); outside its table, no code, RPL < CPL, DPL wrong for RPL #GP(selector);
//   not present #NP(selector)
bool CheckReturnCode(Cpu& cpu, u16 selector, Descriptor* code) {
  if (IsNull(selector)) return cpu.RaiseFalse(kVectorGp, 0);
  if (!ReadDescriptor(cpu, selector, kVectorGp, 0, code)) return false;
  const u32 rpl = RplOf(selector);
  const bool dpl_fits = code->IsConforming() ? code->Dpl() <= rpl : code->Dpl() == rpl;
  if (!code->IsCode() || rpl < cpu.state.cpl || !dpl_fits) {
    return cpu.RaiseFalse(kVectorGp, ErrorOf(selector));
  }
  if (!code->IsPresent()) return cpu.RaiseFalse(kVectorNp, ErrorOf(selector));
  return true;
}

Flow ReturnOuter(Cpu& cpu, StackReader& stack, u16 cs, Descriptor code, u32 eip,
                 u32 image, u32 bytes) {
  u32 esp = 0, ss_word = 0;
  if (!stack.Pop(bytes, &esp) || !stack.Pop(bytes, &ss_word)) return Flow::kFault;
  const u16 ss = static_cast<u16>(ss_word);
  Descriptor stack_descriptor;
  if (!CheckIretStack(cpu, ss, RplOf(cs), &stack_descriptor)) {
    return Flow::kFault;
  }
  if (eip > code.Limit()) return cpu.Raise(kVectorGp, 0);
  if (!SetAccessed(cpu, &code) || !SetAccessed(cpu, &stack_descriptor))
    return Flow::kFault;
  ReturnFlags(cpu, image, bytes);
  FillSegment(&cpu.segment(Seg::kSs), ss, stack_descriptor);
  cpu.Gpr(kEsp) = cpu.StackIs32() ? esp : (cpu.Gpr(kEsp) & 0xffff0000) | (esp & 0xffff);
  EnterCode(cpu, cs, code, eip, RplOf(cs));
  DropInnerSegments(cpu);
  cpu.ModeChanged();
  return Flow::kEnd;
}

// NT = 1: to the task that the TSS names as the previous one.
//   not in the GDT, not a busy TSS           #TS(link)
//   not present                              #NP(link)
Flow ReturnToTask(Cpu& cpu) {
  u16 link = 0;
  if (!cpu.LoadSystem(Lin(cpu.state.tr.base), &link)) return Flow::kFault;
  TaskSwitch to;
  to.via = TaskVia::kReturn;
  to.selector = link;
  to.eip = cpu.next_eip;
  to.eflags = cpu.Eflags() & ~kEflagsNt;
  if ((link & 4) != 0) return cpu.Raise(kVectorTs, ErrorOf(link));
  if (!ReadDescriptor(cpu, link, kVectorTs, 0, &to.tss)) return Flow::kFault;
  const u8 type = to.tss.Type();
  if (to.tss.IsSegment() || (type != kTypeTss16Busy && type != kTypeTss32Busy)) {
    return cpu.Raise(kVectorTs, ErrorOf(link));
  }
  if (!to.tss.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(link));
  return SwitchTask(cpu, to) ? Flow::kEnd : Flow::kFault;
}

}  // namespace

// IRET, IRETD (CF)
// Flags: all, as far as the ring may.  Faults: #GP #NP #SS #PF #AC.
Flow OpIret(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  if (bytes == 4 && cpu.ReturnQuickly()) return Flow::kEnd;
  StackReader stack(cpu);
  const bool real = !cpu.Protected() || cpu.V86();
  if (cpu.V86() && cpu.Iopl() < 3) return cpu.Raise(kVectorGp, 0);
  // Even an IRET that faults ends the time without NMIs.
  cpu.state.nmi_blocked = false;
  if (!real && (cpu.state.eflags_rest & kEflagsNt) != 0) return ReturnToTask(cpu);
  u32 eip = 0, cs_word = 0, image = 0;
  if (!stack.Pop(bytes, &eip) || !stack.Pop(bytes, &cs_word) ||
      !stack.Pop(bytes, &image)) {
    return Flow::kFault;
  }
  if (real) return ReturnReal(cpu, stack, eip, cs_word, image, bytes);
  if (bytes == 4 && (image & kEflagsVm) != 0 && cpu.state.cpl == 0) {
    return ReturnToV86(cpu, stack, eip, cs_word, image);
  }
  const u16 cs = static_cast<u16>(cs_word);
  Descriptor code;
  if (!CheckReturnCode(cpu, cs, &code)) return Flow::kFault;
  if (RplOf(cs) > cpu.state.cpl) {
    return ReturnOuter(cpu, stack, cs, code, eip, image, bytes);
  }
  if (eip > code.Limit()) return cpu.Raise(kVectorGp, 0);
  if (!SetAccessed(cpu, &code)) return Flow::kFault;
  stack.Commit();
  ReturnFlags(cpu, image, bytes);
  EnterCode(cpu, cs, code, eip, cpu.state.cpl);
  return Flow::kEnd;
}

// INT3 (CC). Faults: #GP (gate DPL), and those of delivery.
Flow OpInt3(Cpu& cpu, const Op&) { return cpu.SoftwareInterrupt(kVectorBp); }

// INT1 (F1): a debug trap that a program asks for. The gate's DPL is not checked, and DR6
// stays as it is.
Flow OpInt1(Cpu& cpu, const Op&) {
  return cpu.SoftwareInterrupt(kVectorDb, EventKind::kTrap);
}

// INT imm8 (CD). In virtual-8086 mode #GP(0) unless IOPL is 3.
Flow OpIntN(Cpu& cpu, const Op& op) {
  if (cpu.V86() && cpu.Iopl() < 3) return cpu.Raise(kVectorGp, 0);
  return cpu.SoftwareInterrupt(static_cast<u8>(op.imm));
}

// INTO (CE): #OF if OF is set.
Flow OpInto(Cpu& cpu, const Op&) {
  if (!cpu.state.flags.Of()) return Flow::kEnd;
  return cpu.SoftwareInterrupt(kVectorOf);
}

// BOUND r, m&m (62). No flags. Faults: #BR, #UD (register form), memory faults.
Flow OpBound(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) return cpu.Raise(kVectorUd);
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  const u32 bytes = insn.operand_bytes;
  u32 low = 0, high = 0;
  if (!cpu.LoadOperand(seg, offset, bytes, &low) ||
      !cpu.LoadOperand(seg, offset + bytes, bytes, &high)) {
    return Flow::kFault;
  }
  const u32 index = cpu.ReadReg(insn.Reg(), bytes);
  const auto number = [bytes](u32 v) {
    return bytes == 2 ? static_cast<i32>(static_cast<i16>(v)) : static_cast<i32>(v);
  };
  if (number(index) < number(low) || number(index) > number(high)) {
    return cpu.Raise(kVectorBr);
  }
  return Flow::kNext;
}

}  // namespace lgx
