// Carries out hypercalls: first those that wait in the async ring, then the one that made
// the Guest exit (host-04).
#ifndef LGX_HYPERCALLS_DISPATCHER_H_
#define LGX_HYPERCALLS_DISPATCHER_H_

#include "hypercalls/guest.h"

namespace lgx {

// do_hypercalls, when cpu.hcall is set. It stays set if the ring stopped at a
// notification: then the call in the registers is done on a later round, exactly once.
void DoHypercalls(Guest& guest);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_DISPATCHER_H_
