#include "hypercalls/guest_time.h"

namespace lgx {

//: time.040 An alarm clock, and a clock on the wall
// A Guest that wants to be woken says in how many nanoseconds; that is the whole timer.
// It rings once and is never set again by the Host, so an idle Guest that needs nothing
// costs nothing. The time of day is not asked for at all: the Host writes it into shared
// memory whenever it delivers an interrupt, which is the only moment an idle Guest could
// look. Both come from the same source as the CPU's cycle counter. A Linux Guest compares
// them every half second, and stops using whatever does not agree.
//:
void SetClockEvent(Guest& guest, u32 delta) {
  if (delta == 0) {
    guest.cpu.clock_deadline.reset();
  } else {
    guest.cpu.clock_deadline = guest.host.clock.NowNs() + delta;
  }
  if (guest.trace.On(TraceCategory::kTimer)) {
    guest.trace.Event(TraceCategory::kTimer, "set", {{"delta_ns", delta}});
  }
}

void RunClockEvent(Guest& guest) {
  if (!guest.cpu.clock_deadline) return;
  if (guest.host.clock.NowNs() < *guest.cpu.clock_deadline) return;
  guest.cpu.clock_deadline.reset();
  if (guest.trace.On(TraceCategory::kTimer)) {
    guest.trace.Event(TraceCategory::kTimer, "expired");
  }
  // No kick: this is the run loop's own thread, about to look.
  guest.cpu.irqs_pending.fetch_or(1, std::memory_order_acq_rel);
}

void WriteTimestamp(Guest& guest) {
  const HostClock::WallTime now = guest.host.clock.Wall();
  if (!guest.PutData(guest.abi.data.tv_sec, now.seconds) ||
      !guest.PutData(guest.abi.data.tv_nsec, now.nanoseconds)) {
    guest.Kill("Writing timestamp");
  }
}

}  // namespace lgx
