// Faults on their way to the IDT: what happens when delivering one raises another.
#include "cpu/cpu.h"

namespace lgx {
namespace {

// SDM volume 3, "Interrupt 8 - Double Fault Exception".
//   contributory        #DE #TS #NP #SS #GP
//   page fault          #PF
//   benign              everything else
enum class FaultClass { kBenign, kContributory, kPageFault };

FaultClass ClassOf(u8 vector) {
  switch (vector) {
    case kVectorDe:
    case kVectorTs:
    case kVectorNp:
    case kVectorSs:
    case kVectorGp:
      return FaultClass::kContributory;
    case kVectorPf:
      return FaultClass::kPageFault;
    default:
      return FaultClass::kBenign;
  }
}

bool MakesDoubleFault(u8 first, u8 second) {
  const FaultClass a = ClassOf(first), b = ClassOf(second);
  if (a == FaultClass::kContributory) return b == FaultClass::kContributory;
  return a == FaultClass::kPageFault && b != FaultClass::kBenign;
}

}  // namespace

bool Cpu::DeliverFault() {
  u8 vector_in_delivery = 0;
  bool nested = false;
  while (true) {
    if (fault_.vector == kVectorPf) state.cr2 = fault_.cr2;
    if (fault_.vector == kVectorDb) EnterDebug(fault_dr6_);
    if (nested) {
      if (vector_in_delivery == kVectorDf &&
          ClassOf(fault_.vector) != FaultClass::kBenign) {
        stop_ = StopReason::kShutdown;
        return false;
      }
      if (MakesDoubleFault(vector_in_delivery, fault_.vector)) {
        fault_ = Fault{kVectorDf, true, 0, 0};
      }
    }
    Event event;
    event.kind = EventKind::kFault;
    event.fault = fault_;
    event.eip = state.eip;
    if (stop_at_events_) return StopAt(event);
    ++stats_.faults;
    vector_in_delivery = event.fault.vector;
    nested = true;
    if (Deliver(event)) {
      event_delivered_ = false;
      return true;
    }
    if (!fault_waiting_) return false;
    fault_waiting_ = false;
  }
}

Flow Cpu::SoftwareInterrupt(u8 vector, EventKind kind) {
  Event event;
  event.kind = kind;
  event.fault.vector = vector;
  event.eip = next_eip;
  ClearResumeFlag();  // by the instruction itself
  // INT n is refused by its gate before it counts as an event (Deliver stops for it
  // there).
  if (kind != EventKind::kSoftware && stop_at_events_) {
    StopAt(event);
    return Flow::kEnd;
  }
  if (Deliver(event)) {
    event_delivered_ = true;
    next_eip = state.eip;
    return Flow::kEnd;
  }
  return fault_waiting_ ? Flow::kFault : Flow::kEnd;
}

}  // namespace lgx
