// Control transfers between segments: far JMP, CALL and RET, call gates, tasks, SYSENTER,
// SYSEXIT.
#include "cpu/protection.h"
#include "cpu/slow_ops.h"
#include "cpu/task.h"

namespace lgx {
namespace {

Flow Gp(Cpu& cpu, u16 selector) { return cpu.Raise(kVectorGp, ErrorOf(selector)); }

Flow JumpReal(Cpu& cpu, u16 selector, u32 eip) {
  Segment& cs = cpu.segment(Seg::kCs);
  if (eip > cs.limit) return cpu.Raise(kVectorGp, 0);
  cs.Set(selector, u32{selector} << 4, cs.limit, cs.attr);
  cpu.next_eip = eip;
  cpu.ModeChanged();
  return Flow::kEnd;
}

bool PushReturn(Cpu& cpu, StackWriter* stack, u32 bytes) {
  return stack->Push(cpu.segment(Seg::kCs).selector, bytes) &&
         stack->Push(cpu.next_eip, bytes);
}

// A code segment named directly. May the current privilege go there?
//   conforming       DPL <= CPL
//   otherwise        RPL <= CPL and DPL = CPL
bool MayEnter(const Cpu& cpu, u16 selector, const Descriptor& d) {
  return d.IsConforming() ? d.Dpl() <= cpu.state.cpl
                          : RplOf(selector) <= cpu.state.cpl && d.Dpl() == cpu.state.cpl;
}

Flow ToCode(Cpu& cpu, u16 selector, Descriptor d, u32 eip, bool call, u32 bytes) {
  if (!MayEnter(cpu, selector, d)) return Gp(cpu, selector);
  if (!d.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(selector));
  StackWriter stack(cpu, cpu.segment(Seg::kSs), cpu.Gpr(kEsp), cpu.state.cpl == 3, 0);
  if (call && !stack.HasRoom(2 * bytes)) return Flow::kFault;
  if (eip > d.Limit()) return cpu.Raise(kVectorGp, 0);
  if (call && !PushReturn(cpu, &stack, bytes)) return Flow::kFault;
  if (!SetAccessed(cpu, &d)) return Flow::kFault;
  if (call) cpu.Gpr(kEsp) = stack.esp();
  EnterCode(cpu, selector, d, eip, cpu.state.cpl);
  return Flow::kEnd;
}

// CALL through a gate to an inner ring: new stack from the TSS, parameters copied.
Flow ToInner(Cpu& cpu, const Descriptor& gate, u16 selector, Descriptor code) {
  const u32 cpl = code.Dpl();
  const u32 bytes = (gate.Type() & 8) != 0 ? 4 : 2;
  const u32 params = gate.high & 31;
  u16 ss_selector = 0;
  u32 esp = 0;
  Descriptor ss;
  if (!ReadInnerStack(cpu, cpl, 0, &ss_selector, &esp) ||
      !CheckStackSegment(cpu, ss_selector, cpl, kVectorTs, 0, &ss)) {
    return Flow::kFault;
  }
  Segment stack_segment;
  FillSegment(&stack_segment, ss_selector, ss);
  StackWriter stack(cpu, stack_segment, esp, false, ErrorOf(ss_selector));
  if (!stack.HasRoom((4 + params) * bytes)) return Flow::kFault;
  if (gate.GateOffset() > code.Limit()) return cpu.Raise(kVectorGp, 0);
  u32 copied[32];
  StackReader old(cpu);
  for (u32 i = 0; i < params; ++i) {
    if (!old.Pop(bytes, &copied[i])) return Flow::kFault;
  }
  if (!stack.Push(cpu.segment(Seg::kSs).selector, bytes) ||
      !stack.Push(cpu.Gpr(kEsp), bytes)) {
    return Flow::kFault;
  }
  for (u32 i = params; i > 0; --i) {
    if (!stack.Push(copied[i - 1], bytes)) return Flow::kFault;
  }
  if (!PushReturn(cpu, &stack, bytes) || !SetAccessed(cpu, &ss) ||
      !SetAccessed(cpu, &code)) {
    return Flow::kFault;
  }
  FillSegment(&cpu.segment(Seg::kSs), ss_selector, ss);
  cpu.Gpr(kEsp) = stack.esp();
  EnterCode(cpu, selector, code, gate.GateOffset(), cpl);
  return Flow::kEnd;
}

Flow ToGate(Cpu& cpu, u16 gate_selector, const Descriptor& gate, bool call) {
  if (gate.Dpl() < cpu.state.cpl || gate.Dpl() < RplOf(gate_selector)) {
    return Gp(cpu, gate_selector);
  }
  if (!gate.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(gate_selector));
  const u16 selector = gate.GateSelector();
  if (IsNull(selector)) return cpu.Raise(kVectorGp, 0);
  Descriptor code;
  if (!ReadDescriptor(cpu, selector, kVectorGp, 0, &code)) return Flow::kFault;
  const bool may = code.IsCode() && code.Dpl() <= cpu.state.cpl &&
                   (call || code.IsConforming() || code.Dpl() == cpu.state.cpl);
  if (!may) return Gp(cpu, selector);
  if (!code.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(selector));
  if (call && !code.IsConforming() && code.Dpl() < cpu.state.cpl) {
    return ToInner(cpu, gate, selector, code);
  }
  // The gate has decided: the target's RPL plays no part any more.
  const u16 own = static_cast<u16>((selector & ~3) | cpu.state.cpl);
  return ToCode(cpu, own, code, gate.GateOffset(), call, (gate.Type() & 8) != 0 ? 4 : 2);
}

// To a task, by its TSS or by a task gate `d`. Either must have DPL >= CPL and RPL.
Flow ToTask(Cpu& cpu, u16 selector, const Descriptor& d, bool call) {
  if (d.Dpl() < cpu.state.cpl || d.Dpl() < RplOf(selector)) return Gp(cpu, selector);
  u16 tss = selector;
  if (d.Type() == kTypeTaskGate) {
    if (!d.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(selector));
    tss = d.GateSelector();
  }
  TaskSwitch to;
  to.via = call ? TaskVia::kNested : TaskVia::kJump;
  to.eip = cpu.next_eip;
  to.eflags = cpu.Eflags();
  if (!ReadAvailableTss(cpu, tss, 0, &to)) return Flow::kFault;
  return SwitchTask(cpu, to) ? Flow::kEnd : Flow::kFault;
}

Flow FarTransfer(Cpu& cpu, u16 selector, u32 eip, bool call, u32 bytes) {
  if (!cpu.Protected() || cpu.V86()) {
    if (call) {
      StackWriter stack(cpu, cpu.segment(Seg::kSs), cpu.Gpr(kEsp), cpu.state.cpl == 3, 0);
      if (eip > cpu.segment(Seg::kCs).limit) return cpu.Raise(kVectorGp, 0);
      if (!PushReturn(cpu, &stack, bytes)) return Flow::kFault;
      cpu.Gpr(kEsp) = stack.esp();
    }
    return JumpReal(cpu, selector, eip);
  }
  if ((!call || bytes == 4) && cpu.TransferQuickly(selector, eip, call)) {
    return Flow::kEnd;
  }
  if (IsNull(selector)) return cpu.Raise(kVectorGp, 0);
  Descriptor d;
  if (!ReadDescriptor(cpu, selector, kVectorGp, 0, &d)) return Flow::kFault;
  if (d.IsCode()) return ToCode(cpu, selector, d, eip, call, bytes);
  if (d.IsSegment()) return Gp(cpu, selector);
  if (d.Type() == kTypeCallGate32 || d.Type() == kTypeCallGate16) {
    return ToGate(cpu, selector, d, call);
  }
  const u8 type = d.Type();
  const bool task = type == kTypeTaskGate || (IsTss(type) && (type & 2) == 0);
  return task ? ToTask(cpu, selector, d, call) : Gp(cpu, selector);
}

Flow Indirect(Cpu& cpu, const Op& op, bool call) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) return cpu.Raise(kVectorUd);
  const u32 offset = cpu.Offset(op);
  u32 eip = 0;
  u16 selector = 0;
  if (!cpu.LoadOperand(static_cast<Seg>(op.seg), offset, insn.operand_bytes, &eip) ||
      !cpu.Load(static_cast<Seg>(op.seg), offset + insn.operand_bytes, &selector)) {
    return Flow::kFault;
  }
  return FarTransfer(cpu, selector, eip, call, insn.operand_bytes);
}

u32 Cut(const Op& op) { return op.insn().operand_bytes == 2 ? op.imm & 0xffff : op.imm; }

Flow ReturnOuter(Cpu& cpu, StackReader& stack, u16 cs, Descriptor code, u32 eip,
                 u32 bytes, u32 release) {
  stack.Skip(release);
  u32 esp = 0, ss_word = 0;
  if (!stack.Pop(bytes, &esp) || !stack.Pop(bytes, &ss_word)) return Flow::kFault;
  const u16 ss = static_cast<u16>(ss_word);
  Descriptor ss_descriptor;
  if (!CheckStackSegment(cpu, ss, RplOf(cs), kVectorGp, 0, &ss_descriptor)) {
    return Flow::kFault;
  }
  if (eip > code.Limit()) return cpu.Raise(kVectorGp, 0);
  if (!SetAccessed(cpu, &code) || !SetAccessed(cpu, &ss_descriptor)) return Flow::kFault;
  FillSegment(&cpu.segment(Seg::kSs), ss, ss_descriptor);
  const u32 mask = cpu.StackIs32() ? 0xffffffff : 0xffff;
  cpu.Gpr(kEsp) = (cpu.Gpr(kEsp) & ~mask) | ((esp + release) & mask);
  EnterCode(cpu, cs, code, eip, RplOf(cs));
  DropInnerSegments(cpu);
  cpu.ModeChanged();
  return Flow::kEnd;
}

}  // namespace

// CALL ptr16:16/32 (9A)
Flow OpCallFar(Cpu& cpu, const Op& op) {
  return FarTransfer(cpu, static_cast<u16>(op.insn().imm2), Cut(op), true,
                     op.insn().operand_bytes);
}
// JMP ptr16:16/32 (EA)
Flow OpJmpFar(Cpu& cpu, const Op& op) {
  return FarTransfer(cpu, static_cast<u16>(op.insn().imm2), Cut(op), false,
                     op.insn().operand_bytes);
}
// CALL m16:16/32 (FF /3), JMP m16:16/32 (FF /5)
Flow OpCallFarIndirect(Cpu& cpu, const Op& op) { return Indirect(cpu, op, true); }
Flow OpJmpFarIndirect(Cpu& cpu, const Op& op) { return Indirect(cpu, op, false); }

// RETF (CB), RETF imm16 (CA)
Flow OpRetFar(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 release = op.insn().opcode == 0xca ? op.imm & 0xffff : 0;
  StackReader stack(cpu);
  u32 eip = 0, cs_word = 0;
  if (!stack.Pop(bytes, &eip) || !stack.Pop(bytes, &cs_word)) return Flow::kFault;
  const u16 cs = static_cast<u16>(cs_word);
  if (!cpu.Protected() || cpu.V86()) {
    stack.Skip(release);
    const Flow flow = JumpReal(cpu, cs, eip);
    if (flow == Flow::kEnd) stack.Commit();
    return flow;
  }
  if (IsNull(cs)) return cpu.Raise(kVectorGp, 0);
  Descriptor code;
  if (!ReadDescriptor(cpu, cs, kVectorGp, 0, &code)) return Flow::kFault;
  const u32 rpl = RplOf(cs);
  const bool dpl_fits = code.IsConforming() ? code.Dpl() <= rpl : code.Dpl() == rpl;
  if (!code.IsCode() || rpl < cpu.state.cpl || !dpl_fits) return Gp(cpu, cs);
  if (!code.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(cs));
  if (rpl > cpu.state.cpl) return ReturnOuter(cpu, stack, cs, code, eip, bytes, release);
  if (eip > code.Limit()) return cpu.Raise(kVectorGp, 0);
  if (!SetAccessed(cpu, &code)) return Flow::kFault;
  stack.Skip(release);
  stack.Commit();
  EnterCode(cpu, cs, code, eip, cpu.state.cpl);
  return Flow::kEnd;
}

namespace {

void SetFlat(Segment& segment, u32 selector, bool code, u32 dpl) {
  const u32 type = code ? 0xb : 0x3;
  segment.Set(static_cast<u16>(selector), 0, 0xffffffff,
              static_cast<u16>(type | kAttrS | (dpl << kAttrDplShift) | kAttrPresent |
                               kAttrDb | kAttrG));
}

}  // namespace

// SYSENTER (0F34): #GP(0) while SYSENTER_CS is null, which is how lguest keeps it shut.
Flow OpSysenter(Cpu& cpu, const Op&) {
  const u32 cs = cpu.state.sysenter_cs & 0xfffc;
  if (!cpu.Protected() || cs == 0) return cpu.Raise(kVectorGp, 0);
  cpu.state.eflags_rest &= ~(kEflagsVm | kEflagsIf | kEflagsRf);
  SetFlat(cpu.segment(Seg::kCs), cs, true, 0);
  SetFlat(cpu.segment(Seg::kSs), cs + 8, false, 0);
  cpu.state.cpl = 0;
  cpu.Gpr(kEsp) = cpu.state.sysenter_esp;
  cpu.next_eip = cpu.state.sysenter_eip;
  cpu.ModeChanged();
  return Flow::kEnd;
}

// SYSEXIT (0F35)
Flow OpSysexit(Cpu& cpu, const Op&) {
  const u32 cs = cpu.state.sysenter_cs & 0xfffc;
  if (!cpu.Protected() || cs == 0 || cpu.state.cpl != 0) return cpu.Raise(kVectorGp, 0);
  SetFlat(cpu.segment(Seg::kCs), (cs + 16) | 3, true, 3);
  SetFlat(cpu.segment(Seg::kSs), (cs + 24) | 3, false, 3);
  cpu.state.cpl = 3;
  cpu.Gpr(kEsp) = cpu.Gpr(kEcx);
  cpu.next_eip = cpu.Gpr(kEdx);
  cpu.ModeChanged();
  return Flow::kEnd;
}

}  // namespace lgx
