// Delivery of an event through the IDT (SDM volume 3, "Exception and Interrupt
// Handling").
#include "cpu/protection.h"
#include "cpu/task.h"

namespace lgx {
namespace {

// What the path through a gate has found out before anything changes.
struct Entry {
  Descriptor gate;
  Descriptor code;
  u16 selector = 0;
  u32 cpl = 0;         // of the handler
  bool inner = false;  // the stack comes from the TSS
  u32 ext = 0;         // bit 0 of error codes: the cause is outside the program
};

bool IsInterruptGate(u8 type) {
  return type == kTypeInterruptGate16 || type == kTypeInterruptGate32;
}

// Checks of the gate, in the manual's order.
//   outside the IDT, or no gate              #GP(vector * 8 + 2 + EXT)
//   INT n and gate DPL < CPL                 #GP(vector * 8 + 2)
//   not present                              #NP(vector * 8 + 2 + EXT)
bool ReadGate(Cpu& cpu, const Event& event, Entry* entry) {
  const u32 vector = event.fault.vector;
  const u32 error = vector * 8 + 2 + entry->ext;
  const TableRegister& idtr = cpu.state.idtr;
  if (vector * 8 + 7 > idtr.limit) return cpu.RaiseFalse(kVectorGp, error);
  Descriptor& gate = entry->gate;
  gate.at = Lin(idtr.base + vector * 8);
  if (!cpu.LoadSystem(gate.at, &gate.low) || !cpu.LoadSystem(gate.at + 4, &gate.high)) {
    return false;
  }
  const u8 type = gate.Type();
  const bool known =
      !gate.IsSegment() && (IsInterruptGate(type) || type == kTypeTrapGate16 ||
                            type == kTypeTrapGate32 || type == kTypeTaskGate);
  if (!known) return cpu.RaiseFalse(kVectorGp, error);
  if (event.kind == EventKind::kSoftware && gate.Dpl() < cpu.state.cpl) {
    return cpu.RaiseFalse(kVectorGp, error);
  }
  if (!gate.IsPresent()) return cpu.RaiseFalse(kVectorNp, error);
  return true;
}

// The handler's code segment.
//   null                                     #GP(EXT)
//   outside its table, no code, DPL > CPL    #GP(selector + EXT)
//   not present                              #NP(selector + EXT)
bool CheckHandler(Cpu& cpu, Entry* entry) {
  entry->selector = entry->gate.GateSelector();
  const u32 error = ErrorOf(entry->selector) | entry->ext;
  if (IsNull(entry->selector)) return cpu.RaiseFalse(kVectorGp, entry->ext);
  Descriptor& code = entry->code;
  if (!ReadDescriptor(cpu, entry->selector, kVectorGp, entry->ext, &code)) return false;
  if (!code.IsCode() || code.Dpl() > cpu.state.cpl) {
    return cpu.RaiseFalse(kVectorGp, error);
  }
  if (!code.IsPresent()) return cpu.RaiseFalse(kVectorNp, error);
  entry->inner = !code.IsConforming() && code.Dpl() < cpu.state.cpl;
  entry->cpl = entry->inner ? code.Dpl() : cpu.state.cpl;
  if (cpu.V86() && (!entry->inner || entry->cpl != 0)) {
    return cpu.RaiseFalse(kVectorGp, error);
  }
  return true;
}

bool CheckTarget(Cpu& cpu, const Entry& entry) {
  if (entry.gate.GateOffset() <= entry.code.Limit()) return true;
  return cpu.RaiseFalse(kVectorGp, entry.ext);
}

bool PushFrame(Cpu& cpu, const Event& event, u32 bytes, StackWriter* stack) {
  return stack->Push(cpu.SavedFlags(event), bytes) &&
         stack->Push(cpu.segment(Seg::kCs).selector, bytes) &&
         stack->Push(event.eip, bytes) &&
         (!event.fault.has_error || stack->Push(event.fault.error, bytes));
}

void ClearFlagsAndEnter(Cpu& cpu, const Entry& entry) {
  u32 cleared = kEflagsTf | kEflagsNt | kEflagsVm;
  if (IsInterruptGate(entry.gate.Type())) cleared |= kEflagsIf;
  cpu.state.eflags_rest &= ~cleared;
  cpu.ClearResumeFlag();
  EnterCode(cpu, entry.selector, entry.code, entry.gate.GateOffset(), entry.cpl);
}

// To an inner ring: the stack comes from the TSS, and the old SS:ESP goes onto it.
bool EnterInner(Cpu& cpu, const Event& event, Entry* entry) {
  u16 ss_selector = 0;
  u32 esp = 0;
  if (!ReadInnerStack(cpu, entry->cpl, entry->ext, &ss_selector, &esp)) return false;
  Descriptor ss;
  if (!CheckStackSegment(cpu, ss_selector, entry->cpl, kVectorTs, entry->ext, &ss)) {
    return false;
  }
  const u32 bytes = (entry->gate.Type() & 8) != 0 ? 4 : 2;
  Segment stack_segment;
  FillSegment(&stack_segment, ss_selector, ss);
  StackWriter stack(cpu, stack_segment, esp, false, ErrorOf(ss_selector) | entry->ext);
  const u32 words = 5 + (event.fault.has_error ? 1 : 0) + (cpu.V86() ? 4 : 0);
  if (!stack.HasRoom(words * bytes) || !CheckTarget(cpu, *entry)) return false;
  const bool from_v86 = cpu.V86();
  if (from_v86) {
    for (const Seg seg : {Seg::kGs, Seg::kFs, Seg::kDs, Seg::kEs}) {
      if (!stack.Push(cpu.segment(seg).selector, bytes)) return false;
    }
  }
  if (!stack.Push(cpu.segment(Seg::kSs).selector, bytes) ||
      !stack.Push(cpu.Gpr(kEsp), bytes) || !PushFrame(cpu, event, bytes, &stack) ||
      !SetAccessed(cpu, &ss) || !SetAccessed(cpu, &entry->code)) {
    return false;
  }
  if (from_v86) {
    for (const Seg seg : {Seg::kGs, Seg::kFs, Seg::kDs, Seg::kEs})
      cpu.segment(seg).SetNull(0);
  }
  FillSegment(&cpu.segment(Seg::kSs), ss_selector, ss);
  cpu.Gpr(kEsp) = stack.esp();
  ClearFlagsAndEnter(cpu, *entry);
  return true;
}

bool EnterSame(Cpu& cpu, const Event& event, Entry* entry) {
  const u32 bytes = (entry->gate.Type() & 8) != 0 ? 4 : 2;
  StackWriter stack(cpu, cpu.segment(Seg::kSs), cpu.Gpr(kEsp), cpu.state.cpl == 3,
                    entry->ext);
  const u32 words = 3 + (event.fault.has_error ? 1 : 0);
  if (!stack.HasRoom(words * bytes) || !CheckTarget(cpu, *entry) ||
      !PushFrame(cpu, event, bytes, &stack) || !SetAccessed(cpu, &entry->code)) {
    return false;
  }
  cpu.Gpr(kEsp) = stack.esp();
  ClearFlagsAndEnter(cpu, *entry);
  return true;
}

// Through a task gate: the whole state goes into the old TSS, and the error code, if
// there is one, onto the new task's stack.
bool EnterTask(Cpu& cpu, const Event& event, const Entry& entry) {
  TaskSwitch to;
  to.via = TaskVia::kNested;
  to.eip = event.eip;
  to.eflags = cpu.SavedFlags(event);
  to.ext = entry.ext;
  if (!ReadAvailableTss(cpu, entry.gate.GateSelector(), entry.ext, &to)) return false;
  if (!SwitchTask(cpu, to)) return false;
  if (!event.fault.has_error) return true;
  StackWriter stack(cpu, cpu.segment(Seg::kSs), cpu.Gpr(kEsp), cpu.state.cpl == 3,
                    entry.ext);
  if (!stack.Push(event.fault.error, IsTss32(to.tss.Type()) ? 4 : 2)) return false;
  cpu.Gpr(kEsp) = stack.esp();
  return true;
}

// Real mode: the interrupt vector table, three words on the stack, no error codes.
bool EnterReal(Cpu& cpu, const Event& event) {
  const u32 vector = event.fault.vector;
  if (vector * 4 + 3 > cpu.state.idtr.limit) return cpu.RaiseFalse(kVectorGp, 0);
  u16 ip = 0, cs = 0;
  const Lin at(cpu.state.idtr.base + vector * 4);
  if (!cpu.LoadSystem(at, &ip) || !cpu.LoadSystem(at + 2, &cs)) return false;
  StackWriter stack(cpu, cpu.segment(Seg::kSs), cpu.Gpr(kEsp), false, 0);
  if (!stack.Push(cpu.SavedFlags(event), 2) ||
      !stack.Push(cpu.segment(Seg::kCs).selector, 2) || !stack.Push(event.eip, 2)) {
    return false;
  }
  cpu.Gpr(kEsp) = stack.esp();
  cpu.state.eflags_rest &= ~(kEflagsTf | kEflagsIf | kEflagsAc);
  cpu.ClearResumeFlag();
  Segment& segment = cpu.segment(Seg::kCs);
  segment.Set(cs, u32{cs} << 4, segment.limit, segment.attr);
  cpu.state.eip = cpu.next_eip = ip;
  cpu.ModeChanged();
  return true;
}

}  // namespace

// RF keeps a restarted instruction from meeting a breakpoint twice:
//   fault                        1
//   INT n, INT3, INT1, INTO      0, they have cleared it
//   between instructions         as it is; 1 inside a rep
u32 Cpu::SavedFlags(const Event& event) const {
  const bool resume = event.kind == EventKind::kFault ||
                      (event.kind != EventKind::kSoftware && ResumeFlag());
  return Eflags() | (resume ? kEflagsRf : 0);
}

bool Cpu::Deliver(const Event& event) {
  if (!GoThroughIdt(event)) return false;
  if (plan_.events) InspectEvent(event);
  return true;
}

bool Cpu::GoThroughIdt(const Event& event) {
  if (DeliverQuickly(event)) return true;
  const bool software = event.kind == EventKind::kSoftware;
  if (software && stop_at_events_ && !Protected()) return StopAt(event);
  if (!Protected()) return EnterReal(*this, event);
  Entry entry;
  entry.ext = software ? 0 : 1;
  if (!ReadGate(*this, event, &entry)) return false;
  if (software && stop_at_events_) return StopAt(event);
  if (entry.gate.Type() == kTypeTaskGate) return EnterTask(*this, event, entry);
  if (!CheckHandler(*this, &entry)) return false;
  return entry.inner ? EnterInner(*this, event, &entry) : EnterSame(*this, event, &entry);
}

bool Cpu::StopAt(const Event& event) {
  last_event_ = event;
  stop_ = StopReason::kEvent;
  return false;
}

}  // namespace lgx
