// One Guest page fault -> one shadow entry (host-07 sections 3 to 5).
//
// Templates over the entry format, instantiated for TwoLevel and Pae in demand_page.cc.
// The slot must have a top-level page. ShadowTables is their user; it chooses the format.
#ifndef LGX_MMU_DEMAND_PAGE_H_
#define LGX_MMU_DEMAND_PAGE_H_

#include <optional>

#include "base/types.h"
#include "mmu/pte.h"
#include "mmu/shadow_walk.h"

namespace lgx {

// `errcode` as in page_walk.h; only write and user matter. True if the shadow table maps
// `v` now and the access can be tried again. False if the fault is the Guest's own, or if
// the Guest has been killed.
template <class F>
[[nodiscard]] bool DemandPage(ShadowParts& parts, ShadowSlot& slot, Lin v, u32 errcode);

// Fills the other entries of the window that `v` is in (parts.prefill, not 0), where that
// changes nothing that the Guest could see in its own tables. Gives their number. Kills
// nobody.
template <class F>
u32 Prefill(ShadowParts& parts, const ShadowSlot& slot, Lin v);

// Does the entry map a page of device memory? Such pages have no shadow entry, ever.
template <class F>
[[nodiscard]] bool InDeviceMemory(const ShadowParts& parts, PageEntry<F> gpte);

// Where in device memory `v` leads, if it does and the entries allow what `errcode` says.
// Kills nobody and changes nothing.
template <class F>
[[nodiscard]] std::optional<Gpa> FindDeviceAccess(const ShadowParts& parts,
                                                  const ShadowSlot& slot, Lin v,
                                                  u32 errcode);

// Linear to guest-physical by the Guest's own tables; no rights, no limits, no A/D bits.
// If a level is missing: nothing, and the Guest is killed with `Bad address %#lx`. Where
// the reference goes on with "all ones", callers stop (Q22).
template <class F>
[[nodiscard]] std::optional<Gpa> GuestPa(ShadowParts& parts, const ShadowSlot& slot,
                                         Lin v);

// False after a kill with `bad page table entry`: a large page, or a page that is not
// there.
template <class F>
[[nodiscard]] bool CheckGpte(ShadowParts& parts, PageEntry<F> gpte);

// What the CPU gets to see for a Guest entry that has passed CheckGpte.
template <class F>
PageEntry<F> GpteToSpte(ShadowParts& parts, PageEntry<F> gpte);

// True if the shadow table maps `v` present and writable.
template <class F>
[[nodiscard]] bool PageWritable(const ShadowParts& parts, const ShadowSlot& slot, Lin v);

// Makes sure that the CPU can push a frame onto the Guest's stack at `v`, or kills with
// `bad stack page %#lx`. True if the page had to be filled.
template <class F>
bool PinPage(ShadowParts& parts, ShadowSlot& slot, Lin v);

}  // namespace lgx

#endif  // LGX_MMU_DEMAND_PAGE_H_
