#include "mmu/shadow_tables.h"

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "mmu/demand_page.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

// Entries that are written before every Guest entry nearly always stay the same. A store
// to a table frame costs its watchers work, so none is made without need.
template <class F>
void StoreIfChanged(PhysMemory& memory, Mpa at, u64 value) {
  const auto raw = static_cast<typename F::Raw>(value);
  if (memory.Load<typename F::Raw>(at) != raw) memory.Store(at, raw);
}

}  // namespace

template <typename Fn>
decltype(auto) ShadowTables::WithFormat(Fn fn) const {
  return mode_ == PagingMode::kPae ? fn(Pae{}) : fn(TwoLevel{});
}

ShadowTables::ShadowTables(PhysMemory& memory, GuestView& view, PagePool& pool,
                           KillSink& kill, SlotChooser& chooser,
                           const ShadowOptions& options)
    : parts_{memory,         view, LgAccess(memory, view, kill),
             pool,           kill, options.device_limit,
             options.prefill},
      chooser_(chooser),
      mode_(options.mode),
      quirks_(options.quirks),
      set_pmd_(options.set_pmd),
      slots_(options.slots) {
  CHECK(options.slots != 0) << "a Guest needs a shadow slot";
}

// --- Beginning and end ---

// A zeroed top-level page. With PAE also the PMD page under entry 3, which lives as long
// as the root, because the Switcher is in it. A PDPT entry has no flags but PRESENT: the
// CPU would refuse CR3.
template <class F>
std::optional<Mfn> ShadowTables::NewRoot() {
  const std::optional<Mfn> root = parts_.pool.Take();
  if (!root) return std::nullopt;
  if constexpr (F::kHasPmd) {
    const std::optional<Mfn> pmd = parts_.pool.Take();
    if (!pmd) {
      parts_.pool.Return(*root);
      return std::nullopt;
    }
    parts_.memory.Store(EntryIn<F>(*root, F::kSwitcherPgd),
                        TableEntry<F>(*pmd, kPtePresent).raw);
  }
  return root;
}

Status ShadowTables::Init(Gpa gpgdir) {
  const std::optional<Mfn> root =
      WithFormat([this](auto format) { return NewRoot<decltype(format)>(); });
  if (!root) {
    return Errorf(
        kResourceExhausted,
        "no frame left for the first shadow table: all %u frames of the pool are "
        "in use; give the machine a larger pool",
        parts_.pool.limit());
  }
  slots_[0] = ShadowSlot{gpgdir, root};
  current_ = 0;
  chooser_.Use(current_);
  return absl::OkStatus();
}

void ShadowTables::End() {
  WithFormat([this](auto format) {
    using F = decltype(format);
    for (ShadowSlot& slot : slots_) {
      if (!slot.root) continue;
      ReleaseSlot<F>(slot);
      if constexpr (F::kHasPmd) {
        // The reference forgets this page (Q15).
        const Mpa top = EntryIn<F>(*slot.root, F::kSwitcherPgd);
        parts_.pool.Return(LoadTableEntry<F>(parts_.memory, top).table());
      }
      parts_.pool.Return(*slot.root);
      slot.root.reset();
    }
  });
}

// --- Faults ---

bool ShadowTables::DemandPage(Lin v, u32 errcode) {
  const bool filled = WithFormat([&](auto format) {
    return lgx::DemandPage<decltype(format)>(parts_, slots_[current_], v, errcode);
  });
  if (filled) {
    ++stats_.demand_filled;
    if (parts_.prefill > 1) FillNeighbours(v);
  } else if (!parts_.kill.dead()) {
    ++stats_.fault_guest;
  }
  return filled;
}

void ShadowTables::FillNeighbours(Lin v) {
  stats_.prefilled += WithFormat([&](auto format) {
    return Prefill<decltype(format)>(parts_, slots_[current_], v);
  });
}

std::optional<Gpa> ShadowTables::FindDeviceAccess(Lin v, u32 errcode) const {
  if (parts_.device_limit == 0) return std::nullopt;
  return WithFormat([&](auto format) {
    return lgx::FindDeviceAccess<decltype(format)>(parts_, slots_[current_], v, errcode);
  });
}

std::optional<Gpa> ShadowTables::GuestPa(Lin v) {
  return WithFormat([&](auto format) {
    return lgx::GuestPa<decltype(format)>(parts_, slots_[current_], v);
  });
}

bool ShadowTables::PageWritable(Lin v) const {
  return WithFormat([&](auto format) {
    return lgx::PageWritable<decltype(format)>(parts_, slots_[current_], v);
  });
}

// A trap that goes directly into the Guest makes the CPU push a frame onto the Guest's
// kernel stack. Nobody can mend a fault there, so the stack is mapped beforehand. `esp1`
// is the end of the stack: the byte below it is in the stack's last page.
void ShadowTables::PinStack() {
  for (u32 i = 0; i < stack_pages_; ++i) {
    const Lin v = esp1_ - (1 + i * kPageSize);
    stats_.pin_filled += WithFormat([&](auto format) {
      return PinPage<decltype(format)>(parts_, slots_[current_], v);
    });
  }
}

void ShadowTables::SetStack(Lin esp1, u32 pages) {
  esp1_ = esp1;
  stack_pages_ = pages;
  PinStack();
}

bool ShadowTables::SetKernelAddress(Lin address) {
  if (address >= SwitcherAddr(mode_)) {
    parts_.kill.Kill(absl::StrFormat("bad kernel address %#x", address.value),
                     "the Switcher's pages are there");
    return false;
  }
  kernel_address_ = address;
  return true;
}

// --- Changes the Guest announces ---

ShadowSlot* ShadowTables::FindSlot(Gpa gpgdir) {
  for (ShadowSlot& slot : slots_) {
    if (slot.root && slot.gpgdir == gpgdir) return &slot;
  }
  return nullptr;
}

//: paging.060 The Guest tells us
// Hardware looks at tables when it needs them and may remember what it saw; software must
// say when it changed something. Our Guest says it with a hypercall per entry. What it
// says is only a hint to us: most of the time the best answer is to forget the old entry
// and let the next touch find the new one. Only if the page has been used already
// (ACCESSED or DIRTY) do we fill the entry at once, since it will probably be used again.
//:
void ShadowTables::SetPte(Gpa gpgdir, Lin v, u64 pte) {
  WithFormat([&](auto format) {
    using F = decltype(format);
    const PageEntry<F> gpte(static_cast<typename F::Raw>(pte));
    if (v < kernel_address_) {
      if (const ShadowSlot* slot = FindSlot(gpgdir)) SetPteIn<F>(*slot, v, gpte);
      return;
    }
    // All processes have the same kernel mappings, so every table hears of it.
    for (const ShadowSlot& slot : slots_) {
      if (slot.root) SetPteIn<F>(slot, v, gpte);
    }
  });
}

template <class F>
void ShadowTables::SetPteIn(const ShadowSlot& slot, Lin v, PageEntry<F> gpte) {
  if (KilledForSwitcherPages<F>(parts_, v)) return;
  const std::optional<Mpa> at = FindSpte<F>(parts_.memory, slot, v);
  if (!at) return;
  PageEntry<F> spte;
  // A not-present entry is no entry, whatever its other bits say: a Guest keeps swap
  // positions there (Q7).
  if (gpte.present() && gpte.has(kPteDirty | kPteAccessed) &&
      !InDeviceMemory(parts_, gpte)) {
    // RW without DIRTY becomes a writable page here, unlike in DemandPage, and later
    // writes do not set DIRTY in the Guest's entry (Q6).
    if (quirks_.q6_mended && !gpte.has(kPteDirty)) gpte = gpte.without(kPteRw);
    if (CheckGpte(parts_, gpte)) spte = GpteToSpte(parts_, gpte);
  }
  parts_.memory.Store(*at, spte.raw);
}

void ShadowTables::SetPgd(Gpa gpgdir, u32 index) {
  WithFormat([&](auto format) {
    using F = decltype(format);
    // With PAE this ignores the whole of the kernel's gigabyte: such changes must come by
    // SET_PMD (Q9).
    if (index >= F::kSwitcherPgd) return;
    const ShadowSlot* slot = FindSlot(gpgdir);
    if (slot == nullptr) return;
    const Mpa at = EntryIn<F>(*slot->root, index);
    if (LoadTableEntry<F>(parts_.memory, at).present()) ReleasePgd<F>(at);
  });
}

//: paging.100 Another process
// The Guest loads CR3, and because it may not, it asks. If its new table has a slot, that
// slot becomes current and nothing else happens: whatever was filled in for that process
// is still there. If it has none, the die names a slot, and the process that had it will
// fault its pages in anew. The kernel's part of that slot stays, since all processes
// share it; only a slot that never had a table begins empty, and then the kernel's stack
// is put in at once, because the next trap of a program will want it without asking the
// Host.
//:
void ShadowTables::NewPageTable(Gpa gpgdir) {
  ++stats_.slot_switch;
  if (const ShadowSlot* slot = FindSlot(gpgdir)) {
    current_ = static_cast<u32>(slot - slots_.data());
    chooser_.Use(current_);
    return;
  }
  const Victim victim = NewPgdir(gpgdir);
  current_ = victim.slot;
  chooser_.Use(current_);
  // A direct trap needs the kernel stack; a recycled slot has it, from its former life.
  if (victim.blank) PinStack();
}

ShadowTables::Victim ShadowTables::NewPgdir(Gpa gpgdir) {
  Victim victim{chooser_.Choose(static_cast<u32>(slots_.size())), false};
  CHECK(victim.slot < slots_.size()) << "the slot chooser chose slot " << victim.slot;
  if (!slots_[victim.slot].root) {
    slots_[victim.slot].root =
        WithFormat([this](auto format) { return NewRoot<decltype(format)>(); });
    victim.blank = slots_[victim.slot].root.has_value();
    if (!victim.blank) victim.slot = current_;  // no memory: make do with what there is
  }
  if (!victim.blank) ++stats_.slot_recycled;
  slots_[victim.slot].gpgdir = gpgdir;
  FlushUserMappings(slots_[victim.slot]);
  return victim;
}

// --- Forgetting ---

// Makes a present entry empty and gives back the table under it. Nothing counts the pages
// that PTEs map, so a page of PTEs need not be looked at.
template <class F>
void ShadowTables::ReleasePmd(Mpa at) {
  const Mfn table = LoadTableEntry<F>(parts_.memory, at).table();
  parts_.memory.Store(at, typename F::Raw{0});
  parts_.pool.Return(table);
}

template <class F>
void ShadowTables::ReleasePgd(Mpa at) {
  if constexpr (F::kHasPmd) {
    const Mfn pmd = LoadTableEntry<F>(parts_.memory, at).table();
    ReleaseMiddle<F>(pmd, F::kEntries);
  }
  ReleasePmd<F>(at);  // in both formats what is left now is one entry and one page
}

template <class F>
void ShadowTables::ReleaseMiddle(Mfn pmd, u32 end) {
  ForEachPresent<F>(parts_.memory, pmd, end, [this](Mpa at) { ReleasePmd<F>(at); });
}

template <class F>
void ShadowTables::ReleaseTop(const ShadowSlot& slot, u32 end) {
  ForEachPresent<F>(parts_.memory, *slot.root, end,
                    [this](Mpa at) { ReleasePgd<F>(at); });
}

// Everything but the Switcher's entry.
template <class F>
void ShadowTables::ReleaseSlot(ShadowSlot& slot) {
  slot.kernel_pmd = ShadowSlot::kNoTable;
  if constexpr (F::kHasPmd) {
    const Mpa top = EntryIn<F>(*slot.root, F::kSwitcherPgd);
    ReleaseMiddle<F>(LoadTableEntry<F>(parts_.memory, top).table(), F::kSwitcherPmd);
  }
  ReleaseTop<F>(slot, F::kSwitcherPgd);
}

void ShadowTables::FlushUserMappings(const ShadowSlot& slot) {
  WithFormat([&](auto format) {
    using F = decltype(format);
    ReleaseTop<F>(slot, PgdIndex<F>(kernel_address_));
  });
}

void ShadowTables::FlushUser() {
  ++stats_.flush_user;
  FlushUserMappings(slots_[current_]);
}

//: paging.070 Throwing everything away
// When the Guest says that kernel mappings changed without saying which, every table
// goes: all slots, all levels, except the Switcher's corner. It sounds brutal and is
// cheap to do; the price comes after, one fault for each page that is still in use. With
// PAE each change of a middle entry ends here, and a fork makes many. Count the fills of
// the same work in both formats: one has ten times as many.
//:
void ShadowTables::ClearAll() {
  ++stats_.flush_full;
  WithFormat([this](auto format) {
    for (ShadowSlot& slot : slots_) {
      if (slot.root) ReleaseSlot<decltype(format)>(slot);
    }
  });
  PinStack();
}

// The call that costs a PAE Guest so much names the page and the entry that has changed,
// and the reference looks at neither. To drop just that entry, we have to know where it
// is shadowed: below each slot whose Guest table leads to this page. The kernel's part is
// the same in all tables and survives when a slot is recycled, so there what one table
// says holds for all. If the Guest has put another page into the kernel's entry of its
// top level, which it has no other call for, nothing below is known to be right, and all
// of it goes.
void ShadowTables::SetPmd(Gpa pmd, u32 index) {
  if (set_pmd_ == SetPmdPolicy::kDropAll || mode_ != PagingMode::kPae ||
      index >= Pae::kEntries) {
    ClearAll();
    return;
  }
  ++stats_.flush_pmd;
  DropPmd(pmd, index);
  PinStack();
}

std::optional<Gpa> ShadowTables::GuestPmdPage(const ShadowSlot& slot,
                                              u32 pgd_index) const {
  u64 raw = 0;
  if (!parts_.view.LoadValue<u64>(slot.gpgdir + EntryOffset<Pae>(pgd_index), &raw)) {
    return std::nullopt;
  }
  const TableEntry<Pae> entry(raw);
  if (!entry.present()) return std::nullopt;
  return entry.guest_table();
}

// A table that the Guest has given up may hold anything where its kernel entry was; an
// entry that is not present says nothing about those that were made before.
bool ShadowTables::KernelMoved(const ShadowSlot& slot, std::optional<Gpa> page) {
  return page && slot.kernel_pmd != ShadowSlot::kNoTable && *page != slot.kernel_pmd;
}

void ShadowTables::DropPmd(Gpa pmd, u32 index) {
  const u32 kernel = PgdIndex<Pae>(kernel_address_);
  u32 shared = 0;  // entries of the kernel's part that lead to `pmd` in some table
  for (ShadowSlot& slot : slots_) {
    if (!slot.root) continue;
    for (u32 i = 0; i < Pae::kPgdEntries; ++i) {
      const std::optional<Gpa> page = GuestPmdPage(slot, i);
      if (i == Pae::kSwitcherPgd && KernelMoved(slot, page)) ReleaseKernelMiddle(slot);
      if (page != pmd) continue;
      if (i >= kernel) {
        shared |= 1u << i;
      } else {
        DropPmdIn(slot, i, index);
      }
    }
  }
  for (u32 i = kernel; i < Pae::kPgdEntries; ++i) {
    if ((shared >> i & 1) == 0) continue;
    for (const ShadowSlot& slot : slots_) {
      if (slot.root) DropPmdIn(slot, i, index);
    }
  }
}

void ShadowTables::DropPmdIn(const ShadowSlot& slot, u32 pgd_index, u32 index) {
  if (pgd_index == Pae::kSwitcherPgd && index >= Pae::kSwitcherPmd) return;
  const auto top =
      LoadTableEntry<Pae>(parts_.memory, EntryIn<Pae>(*slot.root, pgd_index));
  if (!top.present()) return;
  const Mpa at = EntryIn<Pae>(top.table(), index);
  if (LoadTableEntry<Pae>(parts_.memory, at).present()) ReleasePmd<Pae>(at);
}

void ShadowTables::ReleaseKernelMiddle(ShadowSlot& slot) {
  const Mpa top = EntryIn<Pae>(*slot.root, Pae::kSwitcherPgd);
  ReleaseMiddle<Pae>(LoadTableEntry<Pae>(parts_.memory, top).table(), Pae::kSwitcherPmd);
  slot.kernel_pmd = ShadowSlot::kNoTable;
}

// --- The Switcher ---

void ShadowTables::MapSwitcher(const SwitcherEntry& entry) {
  WithFormat([&](auto format) {
    using F = decltype(format);
    const u32 flags = entry.pge ? kKernelExecFlags : kKernelExecFlags & ~kPteGlobal;
    const Mfn root = *slots_[current_].root;
    Mpa hook = EntryIn<F>(root, F::kSwitcherPgd);
    u32 hook_flags = kKernelExecFlags;
    u64 regs_flags = flags;
    if constexpr (F::kHasPmd) {
      hook = EntryIn<F>(LoadTableEntry<F>(parts_.memory, hook).table(), F::kSwitcherPmd);
      hook_flags = flags;
      if (entry.nx) regs_flags |= kPteNx;
    }
    StoreIfChanged<F>(parts_.memory, hook, MpaOf(entry.pte_page).value | hook_flags);
    StoreIfChanged<F>(parts_.memory, EntryIn<F>(entry.pte_page, entry.regs_index),
                      MpaOf(entry.regs_page).value | regs_flags);
  });
}

// --- Looking ---

template <class F>
DoubleWalk ShadowTables::ObserveAs(Lin v) const {
  using Raw = typename F::Raw;
  const ShadowSlot& slot = slots_[current_];
  DoubleWalk walk;
  const auto add = [&](u32 index) { walk.level[walk.levels++].index = index; };
  add(PgdIndex<F>(v));
  if constexpr (F::kHasPmd) add(PmdIndex(v));
  add(PteIndex<F>(v));

  Gpa guest_table = slot.gpgdir;
  bool guest_goes_on = true;
  Mfn shadow_table = *slot.root;
  bool shadow_goes_on = true;
  for (DoubleWalk::Level& level : std::span(walk.level, walk.levels)) {
    Raw raw = 0;
    if (guest_goes_on &&
        parts_.view.LoadValue<Raw>(guest_table + EntryOffset<F>(level.index), &raw)) {
      level.guest = raw;
    }
    guest_goes_on = level.guest && (*level.guest & kPtePresent) != 0;
    guest_table = TableEntry<F>(raw).guest_table();
    if (shadow_goes_on) {
      level.shadow = parts_.memory.Load<Raw>(EntryIn<F>(shadow_table, level.index));
    }
    shadow_goes_on = level.shadow && (*level.shadow & kPtePresent) != 0;
    shadow_table = TableEntry<F>(static_cast<Raw>(level.shadow.value_or(0))).table();
  }
  const DoubleWalk::Level& last = walk.level[walk.levels - 1];
  if (guest_goes_on) {
    const u64 page = PageEntry<F>(static_cast<Raw>(*last.guest)).page_number();
    walk.gpa = Gpa(static_cast<u32>(page << kPageShift) | PageOffset(v));
  }
  if (shadow_goes_on) {
    const u64 page = PageEntry<F>(static_cast<Raw>(*last.shadow)).page_number();
    walk.mpa = Mpa((page << kPageShift) | PageOffset(v));
  }
  return walk;
}

DoubleWalk ShadowTables::Observe(Lin v) const {
  return WithFormat([&](auto format) { return ObserveAs<decltype(format)>(v); });
}

template <class F>
u32 ShadowTables::CountEntriesIn(const ShadowSlot& slot) const {
  const PhysMemory& memory = parts_.memory;
  u32 count = 0;
  const auto count_table = [&](Mpa upper_at) {
    ForEachPresent<F>(memory, LoadTableEntry<F>(memory, upper_at).table(), F::kEntries,
                      [&](Mpa) { ++count; });
  };
  if constexpr (F::kHasPmd) {
    ForEachPresent<F>(memory, *slot.root, F::kPgdEntries, [&](Mpa top) {
      const bool last = top == EntryIn<F>(*slot.root, F::kSwitcherPgd);
      ForEachPresent<F>(memory, LoadTableEntry<F>(memory, top).table(),
                        last ? F::kSwitcherPmd : F::kEntries, count_table);
    });
  } else {
    ForEachPresent<F>(memory, *slot.root, F::kSwitcherPgd, count_table);
  }
  return count;
}

std::vector<u32> ShadowTables::CountEntries() const {
  std::vector<u32> counts;
  for (const ShadowSlot& slot : slots_) {
    counts.push_back(slot.root ? WithFormat([&](auto format) {
      return CountEntriesIn<decltype(format)>(slot);
    })
                               : 0);
  }
  return counts;
}

}  // namespace lgx
