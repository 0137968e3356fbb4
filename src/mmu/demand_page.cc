#include "mmu/demand_page.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_format.h"
#include "mmu/page_walk.h"

namespace lgx {
namespace {

void KillForUpperEntry(ShadowParts& parts, std::string_view reason, u64 raw,
                       u32 allowed) {
  parts.kill.Kill(reason,
                  absl::StrFormat("entry 0x%08x, flags allowed 0x%03x, Guest memory "
                                  "has 0x%05x pages",
                                  raw, allowed, parts.view.page_limit()));
}

// The shadow entry at `at`, which is given an empty lower table first if it has none. The
// Guest's entry is checked then, and only then. Not present after a kill.
template <class F>
TableEntry<F> ReachTable(ShadowParts& parts, Mpa at, TableEntry<F> guest, u32 allowed,
                         std::string_view reason) {
  TableEntry<F> entry = LoadTableEntry<F>(parts.memory, at);
  if (entry.present()) [[likely]]
    return entry;
  const std::optional<Mfn> page = parts.pool.Take();
  if (!page) {
    parts.kill.Kill(
        "out of memory allocating pte page",
        absl::StrFormat("all %u frames of the pool are in use", parts.pool.limit()));
    return entry;
  }
  if ((guest.flags() & ~allowed) != 0 || guest.page_number() >= parts.view.page_limit()) {
    parts.pool.Return(*page);
    KillForUpperEntry(parts, reason, guest.raw, allowed);
    return entry;
  }
  entry = TableEntry<F>(*page, guest.flags());
  parts.memory.Store(at, entry.raw);
  return entry;
}

}  // namespace

//: paging.040 The first touch          (compare lguest H:330)
// The Guest believes its page table maps this address. The table the CPU really used does
// not, because we fill ours only when an address is first touched. So this fault is ours:
// we look where the Guest would have looked, check every number it gives us, and write
// the entry it expected to find. Only when the Guest's own table says no is the fault the
// Guest's, and then we say so and touch nothing.
//:
template <class F>
bool DemandPage(ShadowParts& parts, ShadowSlot& slot, Lin v, u32 errcode) {
  const bool write = (errcode & kPfWrite) != 0;
  const u32 needed = (write ? kPteRw : 0) | ((errcode & kPfUser) != 0 ? kPteUser : 0);

  TableEntry<F> guest = ReadGuestTableEntry<F>(parts.guest, GpgdAddr<F>(slot, v));
  if (!guest.present()) return false;
  if constexpr (!F::kHasPmd) {
    if (KilledForSwitcherPages<F>(parts, v)) return false;
  }
  TableEntry<F> shadow = ReachTable<F>(parts, SpgdAddr<F>(slot, v), guest, F::kPgdFlags,
                                       "bad page directory entry");
  if (!shadow.present()) return false;

  if constexpr (F::kHasPmd) {
    const TableEntry<F> top = guest;
    guest = ReadGuestTableEntry<F>(parts.guest, GpmdAddr<F>(top, v));
    if (!guest.present()) return false;
    if (KilledForSwitcherPages<F>(parts, v)) return false;
    if (PgdIndex<F>(v) == F::kSwitcherPgd && slot.kernel_pmd == ShadowSlot::kNoTable) {
      slot.kernel_pmd = top.guest_table();
    }
    shadow = ReachTable<F>(parts, EntryIn<F>(shadow.table(), PmdIndex(v)), guest,
                           F::kPmdFlags, "bad page middle directory entry");
    if (!shadow.present()) return false;
  }

  const Gpa gpte_at = GpteAddr<F>(guest, v);
  PageEntry<F> gpte(parts.guest.Load<typename F::Raw>(gpte_at));
  if (!gpte.present()) return false;
  if ((gpte.raw & needed) != needed) return false;
  // The CPU obeys the flags that our upper level got when it was made. If they forbid the
  // access, no last-level entry can allow it, and "fixed" would fault again, forever
  // (Q8). (A PDPT entry has no such flags, so the level above the PTE says it all.)
  if ((shadow.flags() & needed) != needed) return false;
  if (InDeviceMemory(parts, gpte)) return false;
  if (!CheckGpte(parts, gpte)) return false;

  //: paging.050 How we learn that a page gets dirty
  // Hardware marks a page dirty on the first write; the Guest relies on it to know what
  // to write to its disk. Hardware marks *our* entry, which the Guest never sees. So we
  // map a clean page read-only, even where the Guest may write. The first write faults,
  // we come through here again, note DIRTY in the Guest's entry and open the page.
  // Reading costs one fault, writing later one more, and then nothing.
  //:
  gpte = gpte.with(kPteAccessed | (write ? kPteDirty : 0));
  const bool writable = gpte.has(kPteDirty);
  const PageEntry<F> spte = GpteToSpte(parts, writable ? gpte : gpte.without(kPteRw));
  if (!spte.present()) return false;
  parts.memory.Store(SpteAddr<F>(shadow, v), spte.raw);
  return parts.guest.Store(gpte_at, gpte.raw);
}

// Filling a page ahead of its fault saves the fault, and it must not tell the Guest's
// tables anything that is not so. An entry that has ACCESSED already says that the page
// was used, so nobody can see whether we fill it a second time; one without it stays a
// gap. The same goes for DIRTY: without it the page is mapped read-only, as ever. So this
// helps where the Guest's entries are older than ours, which is after each flush. The
// reference does nothing of the kind, and neither do we unless asked.
template <class F>
u32 Prefill(ShadowParts& parts, const ShadowSlot& slot, Lin v) {
  using Raw = typename F::Raw;
  const std::optional<Mpa> spte_at = FindSpte<F>(parts.memory, slot, v);
  if (!spte_at) return 0;
  Raw raw = 0;
  if (!parts.view.template LoadValue<Raw>(GpgdAddr<F>(slot, v), &raw)) return 0;
  TableEntry<F> upper(raw);
  if constexpr (F::kHasPmd) {
    if (!parts.view.template LoadValue<Raw>(GpmdAddr<F>(upper, v), &raw)) return 0;
    upper = TableEntry<F>(raw);
  }
  // A table is made from one page of the Guest's, so the neighbours are in it as well.
  if (!upper.present() || !parts.guest.Ok(upper.guest_table(), kPageSize)) return 0;
  const Mpa gptes = parts.view.ToMachine(upper.guest_table());
  const Mpa sptes = *spte_at - EntryOffset<F>(PteIndex<F>(v));
  // A table is divided into windows from its first entry on; the last may be shorter.
  const u32 first = PteIndex<F>(v) / parts.prefill * parts.prefill;
  const u32 end = std::min(first + parts.prefill, F::kEntries);
  u32 filled = 0;
  for (u32 i = first; i < end; ++i) {
    const PageEntry<F> gpte(parts.memory.Load<Raw>(gptes + EntryOffset<F>(i)));
    constexpr u32 kUsed = kPtePresent | kPteAccessed;
    if ((gpte.raw & (kUsed | kPtePse)) != kUsed) continue;
    if (gpte.page_number() >= parts.view.page_limit()) continue;
    const Mpa at = sptes + EntryOffset<F>(i);
    if (PageEntry<F>(parts.memory.Load<Raw>(at)).present()) continue;
    const PageEntry<F> spte =
        GpteToSpte(parts, gpte.has(kPteDirty) ? gpte : gpte.without(kPteRw));
    parts.memory.Store(at, spte.raw);
    ++filled;
  }
  return filled;
}

template <class F>
bool InDeviceMemory(const ShadowParts& parts, PageEntry<F> gpte) {
  const u64 page = gpte.page_number();
  return !gpte.has(kPtePse) && page >= parts.view.page_limit() &&
         page < parts.device_limit;
}

//: paging.090 Memory that is not there
// From 4.0 on a Guest's devices have registers, and they look like memory above the end
// of its RAM. There is nothing to map: an entry that leads there is left out of the
// shadow tables, each touch faults, and the Host finds out here that the fault means a
// device. It knows the place and cannot know the value, because that is in the
// instruction. So it hands both to the Launcher, which acts the instruction out.
//:
template <class F>
std::optional<Gpa> FindDeviceAccess(const ShadowParts& parts, const ShadowSlot& slot,
                                    Lin v, u32 errcode) {
  using Raw = typename F::Raw;
  const u32 needed = kPtePresent | ((errcode & kPfWrite) != 0 ? kPteRw : 0) |
                     ((errcode & kPfUser) != 0 ? kPteUser : 0);
  Raw raw = 0;
  if (!parts.view.template LoadValue<Raw>(GpgdAddr<F>(slot, v), &raw))
    return std::nullopt;
  TableEntry<F> upper(raw);
  if (!upper.present()) return std::nullopt;
  if constexpr (F::kHasPmd) {
    if (!parts.view.template LoadValue<Raw>(GpmdAddr<F>(upper, v), &raw)) {
      return std::nullopt;
    }
    upper = TableEntry<F>(raw);
  }
  if ((upper.flags() & needed) != needed) return std::nullopt;
  if (!parts.view.template LoadValue<Raw>(GpteAddr<F>(upper, v), &raw)) {
    return std::nullopt;
  }
  const PageEntry<F> gpte(raw);
  if ((gpte.raw & needed) != needed || !InDeviceMemory(parts, gpte)) return std::nullopt;
  return Gpa(static_cast<u32>(gpte.page_number() << kPageShift) | PageOffset(v));
}

template <class F>
std::optional<Gpa> GuestPa(ShadowParts& parts, const ShadowSlot& slot, Lin v) {
  const auto bad_address = [&](const char* level) {
    parts.kill.Kill(absl::StrFormat("Bad address %#x", v.value),
                    absl::StrFormat("the Guest's %s has no entry for it", level));
    return std::nullopt;
  };
  TableEntry<F> upper = ReadGuestTableEntry<F>(parts.guest, GpgdAddr<F>(slot, v));
  if (!upper.present()) return bad_address("page directory");
  if constexpr (F::kHasPmd) {
    upper = ReadGuestTableEntry<F>(parts.guest, GpmdAddr<F>(upper, v));
    if (!upper.present()) return bad_address("middle directory");
  }
  const PageEntry<F> gpte(parts.guest.Load<typename F::Raw>(GpteAddr<F>(upper, v)));
  if (!gpte.present()) return bad_address("page table");
  return Gpa(static_cast<u32>(gpte.page_number() << kPageShift) | PageOffset(v));
}

template <class F>
bool CheckGpte(ShadowParts& parts, PageEntry<F> gpte) {
  if (!gpte.has(kPtePse) && gpte.page_number() < parts.view.page_limit()) [[likely]] {
    return true;
  }
  parts.kill.Kill("bad page table entry",
                  absl::StrFormat("entry 0x%08x, Guest memory has 0x%05x pages", gpte.raw,
                                  parts.view.page_limit()));
  return false;
}

// GLOBAL goes, because the Guest only believes that it has global pages. NX and the other
// high flags of PAE do not fit into the 32 bits that flags() has (Q23). Guest memory is
// plain machine memory, so asking for write access, which the reference does here, is no
// question.
template <class F>
PageEntry<F> GpteToSpte(ShadowParts& parts, PageEntry<F> gpte) {
  const u32 page = static_cast<u32>(gpte.page_number());
  const Mfn frame = parts.view.FrameOf(Gfn(page));
  if (!parts.memory.IsRam(frame)) {
    parts.kill.Kill(absl::StrFormat("failed to get page %u", page),
                    absl::StrFormat("machine frame 0x%05x is not RAM", frame.value));
    return PageEntry<F>();
  }
  return PageEntry<F>(frame, gpte.flags() & ~(kPteGlobal | kPteSoftware10));
}

template <class F>
bool PageWritable(const ShadowParts& parts, const ShadowSlot& slot, Lin v) {
  const std::optional<Mpa> at = FindSpte<F>(parts.memory, slot, v);
  if (!at) return false;
  const PageEntry<F> spte(parts.memory.Load<typename F::Raw>(*at));
  return spte.present() && spte.has(kPteRw);
}

template <class F>
bool PinPage(ShadowParts& parts, ShadowSlot& slot, Lin v) {
  if (PageWritable<F>(parts, slot, v)) return false;
  if (DemandPage<F>(parts, slot, v, kPfWrite)) return true;
  parts.kill.Kill(absl::StrFormat("bad stack page %#x", v.value),
                  "the Guest's tables do not map its kernel stack writable");
  return false;
}

#define LGX_INSTANTIATE(F)                                                               \
  template bool DemandPage<F>(ShadowParts&, ShadowSlot&, Lin, u32);                      \
  template u32 Prefill<F>(ShadowParts&, const ShadowSlot&, Lin);                         \
  template std::optional<Gpa> GuestPa<F>(ShadowParts&, const ShadowSlot&, Lin);          \
  template bool CheckGpte<F>(ShadowParts&, PageEntry<F>);                                \
  template bool InDeviceMemory<F>(const ShadowParts&, PageEntry<F>);                     \
  template std::optional<Gpa> FindDeviceAccess<F>(const ShadowParts&, const ShadowSlot&, \
                                                  Lin, u32);                             \
  template PageEntry<F> GpteToSpte<F>(ShadowParts&, PageEntry<F>);                       \
  template bool PageWritable<F>(const ShadowParts&, const ShadowSlot&, Lin);             \
  template bool PinPage<F>(ShadowParts&, ShadowSlot&, Lin)
LGX_INSTANTIATE(TwoLevel);
LGX_INSTANTIATE(Pae);
#undef LGX_INSTANTIATE

}  // namespace lgx
