// The Switcher's pages in the shadow tables (host-07 section 8).
#ifndef LGX_MMU_SWITCHER_MAPPING_H_
#define LGX_MMU_SWITCHER_MAPPING_H_

#include <span>

#include "base/types.h"
#include "mmu/paging_mode.h"
#include "mmu/phys_memory.h"

namespace lgx {

//: paging.080 The Switcher is in every table
// The instruction after the one that loads CR3 is fetched through the new table. So the
// code that changes tables must lie at the same address in both, and that is why the last
// entry of every shadow table is not the Guest's. Each processor has its own page of
// entries for that region: the text, its own two pages, and no trace of the other
// processors' pages. One of the two changes with the Guest: where the Host sees its own
// register page, a Guest sees the page that belongs to its virtual processor, and with it
// nothing of any other Guest.
//:

// The PTE index of a CPU's register page; its state page is the next one.
constexpr u32 SwitcherRegsIndex(u32 text_pages, u32 cpu) { return text_pages + 2 * cpu; }

// The frames of one CPU's part of the Switcher region.
struct SwitcherFrames {
  std::span<const Mfn> text;
  Mfn regs_page;   // first page of lguest_pages, the Host's copy
  Mfn state_page;  // lguest_ro_state
};

// Writes all entries of CPU `cpu`'s Switcher PTE page (section 8.1): the text, this CPU's
// two pages, nothing else.
void PopulateSwitcherPtePage(PhysMemory& memory, PagingMode mode, Mfn pte_page, u32 cpu,
                             const SwitcherFrames& frames);

// What ShadowTables::MapSwitcher hooks into the current slot (section 8.2).
struct SwitcherEntry {
  Mfn pte_page;    // this CPU's Switcher PTE page
  u32 regs_index;  // SwitcherRegsIndex of this CPU
  Mfn regs_page;   // the VCPU's own register page
  bool pge =
      true;  // the CPU has PGE: GLOBAL is in the Host's "exec" flags, without effect
  bool nx = false;  // PAE, and the Host uses NX (EFER.NXE)
};

}  // namespace lgx

#endif  // LGX_MMU_SWITCHER_MAPPING_H_
