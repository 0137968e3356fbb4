// The Guest's GDT: what the Guest sets, and what of it reaches the CPU (host-06).
#ifndef LGX_HYPERCALLS_GUEST_SEGMENTS_H_
#define LGX_HYPERCALLS_GUEST_SEGMENTS_H_

#include "hypercalls/guest.h"

namespace lgx {

// Entries 12 and 13, so that the first instruction has a code and a data segment (section
// 4).
void SetUpGuestGdt(Guest& guest);

// LHCALL_LOAD_GDT_ENTRY. Kills with `too many gdt entries %i`.
void LoadGdtEntry(Guest& guest, u32 num, u32 lo, u32 hi);
// LHCALL_LOAD_GDT, before 2.6.30: the first `count` entries from guest-physical `table`,
// the whole table in practice. Kills like LoadGdtEntry, or with lgread's words.
void LoadGdt(Guest& guest, Gpa table, u32 count);
// LHCALL_LOAD_TLS: entries 6, 7 and 8 from guest-physical `table`.
void LoadTls(Guest& guest, Gpa table);

// copy_gdt and copy_gdt_tls: to lguest_ro_state.guest_gdt of the state page at `state`.
void CopyGdt(const Guest& guest, Mpa state);
void CopyGdtTls(const Guest& guest, Mpa state);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_SEGMENTS_H_
