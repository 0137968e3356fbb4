// LHCALL_SHUTDOWN (host-04 section 4).
#ifndef LGX_HYPERCALLS_SHUTDOWN_H_
#define LGX_HYPERCALLS_SHUTDOWN_H_

#include "hypercalls/guest.h"

namespace lgx {

// Kills with `CRASH: %s` and the text at `text`, also for an orderly power-off. With
// `how` 2 the Guest wants to be started afresh, whatever the text was and wherever it
// lay.
void Shutdown(Guest& guest, Gpa text, u32 how);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_SHUTDOWN_H_
