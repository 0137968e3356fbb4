// The few privileged instructions that the Host steps over for a Guest kernel (host-03
// section 5).
#ifndef LGX_HYPERCALLS_EMULATE_INSN_H_
#define LGX_HYPERCALLS_EMULATE_INSN_H_

#include "hypercalls/guest.h"

namespace lgx {

// Called for a general protection fault with error code 0. True if EIP is past an IN, OUT
// or CLI of the Guest kernel. False if the fault is the Guest's to handle, or if reading
// the instruction killed it.
[[nodiscard]] bool EmulateInsn(Guest& guest);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_EMULATE_INSN_H_
