// What the Host's run loop needs from the CPU: one passage into the Guest and back.
//
// Implemented over the emulated CPU, which executes the Switcher's real instructions;
// tests script a fake. Everything here happens on the thread that runs the CPU.
#ifndef LGX_SWITCHER_CROSSING_PORT_H_
#define LGX_SWITCHER_CROSSING_PORT_H_

#include <array>

#include "base/types.h"
#include "mmu/switcher_mapping.h"
#include "switcher/layout.h"

namespace lgx {

// One CPU's share of the Switcher region, fixed at module start except for the last word.
struct SwitcherPages {
  Lin linear;                          // P
  Mpa state;                           // struct lguest_ro_state, at P + 0x1000
  std::array<u32, kIdtEntries> stubs;  // default_idt_entries: where each vector's stub is
  SwitcherEntry mapping;  // how shadow tables map it; regs_page is the VCPU's
  // The VCPU that this CPU ran last; compared, never followed. The run loop's word.
  const void* last_vcpu = nullptr;
};

// One entry (host-02 section 5.3).
struct GuestEntry {
  Mfn regs_page;    // the VCPU's own page, struct lguest_regs at its end
  Mpa shadow_root;  // CR3 while the Guest runs
};

class CrossingPort {
 public:
  virtual ~CrossingPort() = default;

  virtual SwitcherPages& Pages() = 0;

  // The Launcher's top-level table, for lguest_ro_state.host_cr3.
  virtual Mpa HostRoot() const = 0;

  // Enters the Guest through the Switcher and returns after the next exit. Before: Host
  // interrupts are off, regs.trapnum is 256, lguest_ro_state is filled in, the shadow
  // table maps the Switcher. After: the exit's registers, trap number and error code are
  // in the register page; if a Host interrupt was the cause, its Host handler has run.
  virtual void RunGuestOnce(const GuestEntry& entry) = 0;

  // RunGuestOnce returned too early, because somebody stopped the machine on the way. It
  // must be called again to go on with that passage; `entry` does not matter then.
  virtual bool Inside() const { return false; }

  // True if the last RunGuestOnce came back through deliver_to_host: a real Host
  // interrupt hit the Guest. (A fault on the Switcher's own iret leaves a number that
  // looks like one, host-02 section 8.)
  virtual bool TookHostInterrupt() const = 0;

  // Instructions that have retired in all, the Switcher's and the Host's among them. Only
  // for counters and traces.
  virtual u64 Retired() const { return 0; }

  virtual u32 Cr2() const = 0;
  virtual void SetTs(bool on) = 0;  // CR0.TS
  virtual bool HasSysenter() const = 0;
  virtual void SetSysenterCs(u32 selector) = 0;  // MSR 0x174
};

}  // namespace lgx

#endif  // LGX_SWITCHER_CROSSING_PORT_H_
