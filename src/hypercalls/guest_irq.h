// Traps and virtual interrupts that the Host delivers by editing the Guest's stack and
// registers (host-05 sections 6 to 8).
#ifndef LGX_HYPERCALLS_GUEST_IRQ_H_
#define LGX_HYPERCALLS_GUEST_IRQ_H_

#include "hypercalls/guest.h"

namespace lgx {

// set_guest_interrupt: the next entry starts in the handler of `gate`, with a frame as
// the CPU would have pushed it.
void SetGuestInterrupt(Guest& guest, DescriptorWords gate, bool has_err);

// deliver_trap: reflects trap `num` into the Guest. False if it has no handler for it.
[[nodiscard]] bool DeliverTrap(Guest& guest, u32 num);

// interrupt_pending: the lowest virtual interrupt that is pending and not masked by the
// Guest, or kLguestIrqs. `more` says whether another one follows.
struct PendingInterrupt {
  u32 irq = kLguestIrqs;
  bool more = false;
};
PendingInterrupt FindPendingInterrupt(const Guest& guest);

// True if the Guest is in code that no interrupt may break into (its iret).
inline bool InNoInterruptRange(const Guest& guest) {
  const u32 eip = guest.cpu.regs.eip();
  return guest.noirq_start <= eip && eip < guest.noirq_end;
}

// try_deliver_interrupt; also ends a halt.
void TryDeliverInterrupt(Guest& guest, PendingInterrupt pending);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_IRQ_H_
