// What the Host tells whoever watches (base/trace.h). Each function is called only when
// its category is on, so that it may look things up.
#ifndef LGX_HYPERCALLS_HOST_TRACE_H_
#define LGX_HYPERCALLS_HOST_TRACE_H_

#include "hypercalls/guest.h"

namespace lgx {

// Crossing: "enter" begins and "exit" ends a passage of `instructions` in all.
void TraceEntry(const Guest& guest);
void TraceExit(const Guest& guest, u64 instructions);

// Fault: the exit was a page fault.
void TracePageFault(const Guest& guest);
// Demand: the shadow tables map it now.
void TraceFill(const Guest& guest);

// Shadow: what a hypercall did to the tables, told when it is done.
class ShadowChange {
 public:
  explicit ShadowChange(const Guest& guest);
  void Tell() const;

 private:
  const Guest& guest_;
  const ShadowStats before_;
  const u32 slot_;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_HOST_TRACE_H_
