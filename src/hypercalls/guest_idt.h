// The Guest's IDT: what the Guest sets, and which of its gates the CPU may use without
// the Host (host-05 sections 2 to 5).
#ifndef LGX_HYPERCALLS_GUEST_IDT_H_
#define LGX_HYPERCALLS_GUEST_IDT_H_

#include "hypercalls/guest.h"

namespace lgx {

constexpr u32 GateHandler(DescriptorWords gate) {
  return (gate.a & 0x0000ffff) | (gate.b & 0xffff0000);
}
constexpr u32 GateType(DescriptorWords gate) { return (gate.b >> 8) & 0xf; }
constexpr bool GatePresent(DescriptorWords gate) {
  return (gate.b & kDescriptorPresent) != 0;
}

// LHCALL_LOAD_IDT_ENTRY. Kills with `Setting idt entry %u` or `bad IDT type %i`.
void LoadIdtEntry(Guest& guest, u32 num, u32 lo, u32 hi);

// Linux's own vector for system calls, or the one that the Host has set aside.
constexpr bool IsSyscallVector(u32 vector, u32 syscall_vector) {
  return vector == kSyscallVector || vector == syscall_vector;
}

// True if the Guest may get this vector straight from the CPU, given a trap gate.
bool IsDirectCapable(u32 vector, u32 syscall_vector);

// copy_traps: the direct-capable vectors, to lguest_ro_state.guest_idt of this CPU. The
// others have their default gates since module start.
void CopyTraps(const Guest& guest, const SwitcherPages& pages);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_IDT_H_
