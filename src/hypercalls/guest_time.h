// The Guest's clock: a one-shot timer for virtual interrupt 0, and the time of day in
// lguest_data (host-05 sections 10 and 11).
#ifndef LGX_HYPERCALLS_GUEST_TIME_H_
#define LGX_HYPERCALLS_GUEST_TIME_H_

#include <optional>

#include "hypercalls/guest.h"

namespace lgx {

// LHCALL_SET_CLOCKEVENT: (re)starts the timer to expire in `delta` ns; 0 cancels it.
void SetClockEvent(Guest& guest, u32 delta);

// Lets the timer expire if its time has come: interrupt 0 becomes pending.
void RunClockEvent(Guest& guest);

// When the timer expires, in HostClock::NowNs() time. The machine's owner forces an exit
// then, or wakes a halted Guest.
inline std::optional<u64> NextDeadlineNs(const Guest& guest) {
  return guest.cpu.clock_deadline;
}

// write_timestamp. Kills with `Writing timestamp`.
void WriteTimestamp(Guest& guest);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_TIME_H_
