// LHCALL_LGUEST_INIT: Guest and Host agree on a structure in memory (host-04 section 6).
#ifndef LGX_HYPERCALLS_LGUEST_INIT_H_
#define LGX_HYPERCALLS_LGUEST_INIT_H_

#include "hypercalls/guest.h"
#include "hypercalls/hypercall_log.h"

namespace lgx {

// The first hypercall of a Guest. Kills with `hypercall %li before INIT` if it is another
// one, and with the texts of section 6 if what it points at will not do.
void InitializeGuest(Guest& guest, const HcallArgs& args);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_LGUEST_INIT_H_
