// Why the Guest stopped, and what to do about it (host-03 sections 4, 6 and 7).
#ifndef LGX_HYPERCALLS_EXITS_H_
#define LGX_HYPERCALLS_EXITS_H_

#include "hypercalls/guest.h"

namespace lgx {

// lguest_arch_handle_trap: looks at regs.trapnum. May kill with `unhandled trap %li at
// %#lx
// (%#lx)` or `Writing cr2`.
void HandleTrap(Guest& guest);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_EXITS_H_
