// The Switcher's pages: where they are in machine memory, in the Host's page tables, and
// in the page of entries that the shadow tables hook in (host-01 sections 2.4 and 7).
#ifndef LGX_SWITCHER_MAP_H_
#define LGX_SWITCHER_MAP_H_

#include "mmu/phys_memory.h"
#include "mmu/switcher_mapping.h"
#include "switcher/layout.h"
#include "switcher/text.h"

namespace lgx {

class SwitcherMap {
 public:
  // Machine frames that nothing else uses.
  struct Frames {
    Mfn pages;      // text, then two for each CPU
    Mfn pte_pages;  // one for each CPU
  };

  // map_switcher and init_pagetables: copies the text, writes the Host's entries into
  // `host_pte_page` (the Host's page of entries for the whole region) and each CPU's own
  // page of entries. `memory` outlives this.
  SwitcherMap(PhysMemory& memory, PagingMode mode, u32 cpus, const Frames& frames,
              Mfn host_pte_page);

  // How many frames `pages` must have.
  static u32 FramesFor(const SwitcherText& text, u32 cpus) {
    return text.Pages() + 2 * cpus;
  }

  const SwitcherText& text() const { return text_; }
  PagingMode mode() const { return mode_; }
  u32 cpus() const { return cpus_; }
  // P, and the frames behind it: the Host's own register page, lguest_ro_state.
  Lin PagesOf(u32 cpu) const { return LguestPagesOf(mode_, text_.Pages(), cpu); }
  Mfn RegsFrame(u32 cpu) const { return frames_.pages + text_.Pages() + 2 * cpu; }
  Mfn StateFrame(u32 cpu) const { return RegsFrame(cpu) + 1; }
  Mfn PtePage(u32 cpu) const { return frames_.pte_pages + cpu; }
  // For the shadow tables of a Guest on this CPU.
  SwitcherEntry EntryOf(u32 cpu) const;

 private:
  template <class F>
  void MapInHost(PhysMemory& memory, Mfn pte_page) const;

  PagingMode mode_;
  u32 cpus_;
  Frames frames_;
  SwitcherText text_;
};

}  // namespace lgx

#endif  // LGX_SWITCHER_MAP_H_
