// What the Host logic stands on: the machine's parts, and two interfaces that the
// machine's owner implements.
#ifndef LGX_HYPERCALLS_HOST_PARTS_H_
#define LGX_HYPERCALLS_HOST_PARTS_H_

#include "base/types.h"
#include "mmu/page_pool.h"
#include "mmu/phys_memory.h"
#include "mmu/slot_chooser.h"
#include "switcher/crossing_port.h"

namespace lgx {

// The one clock of the machine. TSC, wall clock and clock events all come from it, or a
// Guest notices (guest-01 section 7.5).
class HostClock {
 public:
  virtual ~HostClock() = default;
  // Nanoseconds since the machine started; never goes back.
  virtual u64 NowNs() const = 0;
  struct WallTime {
    u32 seconds;  // since 1970, UTC
    u32 nanoseconds;
  };
  virtual WallTime Wall() const = 0;
  // The TSC's frequency, or 0 if the Guest must not use the TSC.
  virtual u32 TscKhz() const = 0;
};

// The rest of the Host kernel, as the run loop sees it.
class HostServices {
 public:
  virtual ~HostServices() = default;
  // A Host interrupt ended the Guest's turn, and its handler has run: other Host tasks
  // may run now. Devices do their work here and may call SetInterrupt(). On the run
  // loop's thread.
  virtual void RunHostTasks(u32 vector) = 0;
  // A virtual interrupt was set or a signal sent: if the thread of RunGuest() sleeps,
  // wake it; if the Guest is running, force an exit with a Host interrupt. From any
  // thread. It must not be lost when it comes between RunGuest()'s return and the sleep.
  virtual void Kick() = 0;
};

// All of them outlive every Guest.
struct HostParts {
  PhysMemory& memory;
  PagePool& pool;
  SlotChooser& slots;
  CrossingPort& port;
  HostClock& clock;
  HostServices& services;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_HOST_PARTS_H_
