// The page tables that the Host writes into Guest memory before the first instruction
// (host-07 sections 9 and 10, guest-01 section 5).
#ifndef LGX_MMU_BOOT_TABLES_H_
#define LGX_MMU_BOOT_TABLES_H_

#include "base/status.h"
#include "base/types.h"
#include "mmu/guest_view.h"
#include "mmu/paging_mode.h"

namespace lgx {

struct BootTablesRequest {
  PagingMode mode = PagingMode::kTwoLevel;
  u64 mem = 0;          // bytes of ordinary memory, whole pages
  u32 initrd_size = 0;  // bytes, whole pages
  // The PGD index of the kernel's PAGE_OFFSET; 0 means the usual one, of 0xc0000000.
  u32 page_offset_index = 0;
};

// Where the tables go. Nothing else of Guest memory is written.
struct BootTablesLayout {
  Gpa top;            // T: the top-level page
  Gpa first_pte;      // L0: the PTE pages, one after the other
  Gpa pmd;            // D: PAE only
  u32 pte_pages = 0;  // L
  u32 pages = 0;      // M: pages mapped

  // The first byte that the tables occupy; they end with the top-level page.
  Gpa begin(PagingMode mode) const { return mode == PagingMode::kPae ? pmd : first_pte; }
};

// The layout for a request, or what is wrong with it. The loader asks too, to keep the
// kernel away from there.
[[nodiscard]] StatusOr<BootTablesLayout> PlanBootTables(const BootTablesRequest& request);

// setup_pagetables: virtual 0... and PAGE_OFFSET... both map to guest-physical 0....
// Gives T. What cannot be mapped is left out: the Switcher's entry and what lies beyond
// it, and with PAE all above 1 GiB (Q16). Entries that are not used keep their bytes,
// zero in a new machine.
[[nodiscard]] StatusOr<Gpa> SetupBootTables(GuestView& view,
                                            const BootTablesRequest& request);

// What init_guest_pagetable reads from the boot parameters at guest-physical 0.
struct BootSizes {
  u64 mem = 0;          // size of e820 entry 0, at 0x2d8
  u32 initrd_size = 0;  // ramdisk size, at 0x21c
};
[[nodiscard]] StatusOr<BootSizes> ReadBootSizes(const GuestView& view);
// The same two numbers, into memory that holds nothing yet. False: it is too small.
[[nodiscard]] bool WriteBootSizes(const BootSizes& sizes, GuestView& view);

}  // namespace lgx

#endif  // LGX_MMU_BOOT_TABLES_H_
