// Which of the two i386 page-table formats a machine uses.
//
// Host and Guest always use the same one (host-07 section 1): the Guest's entries are
// copied into the shadow tables with little change, and nothing in lguest's interface
// tells which format a kernel was built for.
#ifndef LGX_MMU_PAGING_MODE_H_
#define LGX_MMU_PAGING_MODE_H_

#include "base/types.h"

namespace lgx {

enum class PagingMode : u8 {
  kTwoLevel,  // PGD, PTE: 4-byte entries, 1024 in a page
  kPae,       // PGD (PDPT), PMD, PTE: 8-byte entries, 512 in a page, 4 in the PGD
};

// The Switcher has the memory under the last entry of the last table (host-01
// section 2.4).
constexpr Lin SwitcherAddr(PagingMode mode) {
  return Lin(mode == PagingMode::kPae ? 0xffe00000 : 0xffc00000);
}
// What the Guest is told to leave free at the top: lguest_data.reserve_mem.
constexpr u32 ReserveMem(PagingMode mode) {
  return mode == PagingMode::kPae ? 0x00200000 : 0x00400000;
}
// The PGD index of the usual PAGE_OFFSET, 0xc0000000.
constexpr u32 UsualPageOffsetIndex(PagingMode mode) {
  return mode == PagingMode::kPae ? 3 : 768;
}

}  // namespace lgx

#endif  // LGX_MMU_PAGING_MODE_H_
