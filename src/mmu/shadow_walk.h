// What demand_page and shadow_tables share: the parts they work with, and where entries
// lie (host-07 section 2). Others use ShadowTables.
#ifndef LGX_MMU_SHADOW_WALK_H_
#define LGX_MMU_SHADOW_WALK_H_

#include <optional>

#include "absl/strings/str_format.h"
#include "base/types.h"
#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/lg_access.h"
#include "mmu/page_pool.h"
#include "mmu/phys_memory.h"
#include "mmu/pte.h"

namespace lgx {

// One cached shadow table: which Guest top level it shadows, and its own top-level page.
// Once it has a page, it keeps it until the Guest ends.
struct ShadowSlot {
  // No table lies at an address that is not a multiple of a page's size.
  static constexpr Gpa kNoTable{1};

  Gpa gpgdir;
  std::optional<Mfn> root;
  // PAE: the Guest's PMD page that the entries under PGD entry 3 were first made from.
  Gpa kernel_pmd = kNoTable;
};

struct ShadowParts {
  PhysMemory& memory;
  GuestView& view;
  LgAccess guest;
  PagePool& pool;
  KillSink& kill;
  // Page numbers from view.page_limit() up to here are registers of devices: never
  // mapped, so that each access faults. 0: there are none.
  u32 device_limit = 0;
  // Entries of the window that a fault may fill together (Prefill); 0: only its own.
  u32 prefill = 0;
};

// Entry `index` of the page of entries at `table`.
template <class F>
constexpr Mpa EntryIn(Mfn table, u32 index) {
  return MpaOf(table) + EntryOffset<F>(index);
}

template <class F>
constexpr Mpa SpgdAddr(const ShadowSlot& slot, Lin v) {
  return EntryIn<F>(*slot.root, PgdIndex<F>(v));
}
template <class F>
constexpr Mpa SpteAddr(TableEntry<F> upper, Lin v) {
  return EntryIn<F>(upper.table(), PteIndex<F>(v));
}

// Guest tables: addresses are sums cut to 32 bits, and nothing is checked before the
// read.
template <class F>
constexpr Gpa GpgdAddr(const ShadowSlot& slot, Lin v) {
  return slot.gpgdir + EntryOffset<F>(PgdIndex<F>(v));
}
template <class F>
constexpr Gpa GpmdAddr(TableEntry<F> gpgd, Lin v) {
  return gpgd.guest_table() + EntryOffset<F>(PmdIndex(v));
}
template <class F>
constexpr Gpa GpteAddr(TableEntry<F> upper, Lin v) {
  return upper.guest_table() + EntryOffset<F>(PteIndex<F>(v));
}

template <class F>
TableEntry<F> LoadTableEntry(const PhysMemory& memory, Mpa at) {
  return TableEntry<F>(memory.Load<typename F::Raw>(at));
}
template <class F>
TableEntry<F> ReadGuestTableEntry(const LgAccess& guest, Gpa at) {
  return TableEntry<F>(guest.Load<typename F::Raw>(at));
}

// The shadow entry that maps `v`, or nothing when an upper level is missing. Changes
// nothing.
template <class F>
std::optional<Mpa> FindSpte(const PhysMemory& memory, const ShadowSlot& slot, Lin v) {
  TableEntry<F> upper = LoadTableEntry<F>(memory, SpgdAddr<F>(slot, v));
  if (!upper.present()) return std::nullopt;
  if constexpr (F::kHasPmd) {
    upper = LoadTableEntry<F>(memory, EntryIn<F>(upper.table(), PmdIndex(v)));
    if (!upper.present()) return std::nullopt;
  }
  return SpteAddr<F>(upper, v);
}

// Calls fn(Mpa) for each present entry among the first `end` of the shadow table at
// `table`. Most entries of most tables are not present, so those are skipped by a look at
// the byte that holds the flag. fn may change the entry. A table that came from a file
// may lie where there is no memory; it is empty.
template <class F, typename Fn>
void ForEachPresent(const PhysMemory& memory, Mfn table, u32 end, Fn fn) {
  const u8* page = memory.ReadPointer(table);
  if (page == nullptr) return;
  for (u32 i = 0; i < end; ++i) {
    if ((page[EntryOffset<F>(i)] & kPtePresent) != 0) fn(EntryIn<F>(table, i));
  }
}

// The last entry of the last table is the Switcher's. Without PAE that is PGD[1023], with
// PAE PMD[511] under PGD[3]; both mean the addresses from SwitcherAddr() on. True if the
// Guest was killed for touching them.
template <class F>
bool KilledForSwitcherPages(ShadowParts& parts, Lin v) {
  if (v < SwitcherAddr(F::kMode)) [[likely]]
    return false;
  parts.kill.Kill("attempt to access switcher pages",
                  absl::StrFormat("linear address 0x%08x", v.value));
  return true;
}

}  // namespace lgx

#endif  // LGX_MMU_SHADOW_WALK_H_
