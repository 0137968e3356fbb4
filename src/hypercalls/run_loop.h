// The heart of the Host: runs the Guest until the Launcher is needed (host-03 section 2).
#ifndef LGX_HYPERCALLS_RUN_LOOP_H_
#define LGX_HYPERCALLS_RUN_LOOP_H_

#include "hypercalls/guest.h"

namespace lgx {

struct RunGuestResult {
  enum class Kind : u8 {
    kNotify,   // `value` is for the Launcher; pending until the next read()
    kTrap,     // cpu.pending_trap is for the Launcher; pending until the next read()
    kSignal,   // SendSignal() was called
    kHalted,   // the Guest sleeps and nothing can wake it now
    kDead,     // guest.reason() says why
    kRestart,  // the Guest wants to be started afresh
    kStopped,  // in the middle of a crossing (CrossingPort::Inside); call again to go on
  };
  Kind kind;
  u32 value = 0;
};

// run_guest, on the thread that owns the Guest. Where the reference's thread would sleep,
// this returns kHalted: the owner lets virtual time go on to NextDeadlineNs(), or waits
// for HostServices::Kick(), and calls again.
[[nodiscard]] RunGuestResult RunGuest(Guest& guest);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_RUN_LOOP_H_
