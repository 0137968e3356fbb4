// The hypercalls about memory, and what LGUEST_INIT tells about it (host-07 sections 6
// and 11). The shadow tables do the work; here arguments become theirs.
#ifndef LGX_HYPERCALLS_GUEST_PAGES_H_
#define LGX_HYPERCALLS_GUEST_PAGES_H_

#include "base/status.h"
#include "hypercalls/guest.h"
#include "hypercalls/hypercall_log.h"

namespace lgx {

// init_guest_pagetable: reads the boot parameters, writes the boot page tables into Guest
// memory and gives the first shadow slot its table (host-07 section 10).
[[nodiscard]] Status InitGuestPagetable(Guest& guest);

// page_table_guest_data_init. Kills with `bad kernel address %#lx`; false if it did, or
// if lguest_data could not be accessed.
[[nodiscard]] bool PageTableGuestDataInit(Guest& guest);

// LHCALL_SET_PTE, in the form of the Guest's paging mode.
void SetPte(Guest& guest, const HcallArgs& args);

// LHCALL_FLUSH_TLB: 0 flushes the user part, everything else all.
void FlushTlb(Guest& guest, u32 what);

// LHCALL_SET_STACK (host-05 section 9). Kills with `bad stack segment %i` or `bad stack
// pages %u`.
void SetStack(Guest& guest, u32 seg, u32 esp, u32 pages);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_PAGES_H_
