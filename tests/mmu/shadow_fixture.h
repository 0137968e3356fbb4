// A machine of a few megabytes for the shadow-table tests: Guest memory, Guest page
// tables that the test edits, and a CPU that does nothing but walk the shadow tables.
#ifndef LGX_TESTS_MMU_SHADOW_FIXTURE_H_
#define LGX_TESTS_MMU_SHADOW_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/page_pool.h"
#include "mmu/phys_memory.h"
#include "mmu/pte.h"
#include "mmu/shadow_tables.h"
#include "mmu/slot_chooser.h"

namespace lgx {

class RecordingKillSink final : public KillSink {
 public:
  void Kill(std::string_view reason, std::string detail) override {
    EXPECT_FALSE(detail.empty());
    if (reason_.empty()) reason_ = reason;
  }
  bool dead() const override { return !reason_.empty(); }
  const std::string& reason() const { return reason_; }
  void Revive() { reason_.clear(); }

 private:
  std::string reason_;
};

// Chooses what the test has written down; slot 0 when the list is at its end.
class ListedSlots final : public SlotChooser {
 public:
  std::vector<u32> list;
  u32 Choose(u32) override { return next_ < list.size() ? list[next_++] : 0; }

 private:
  size_t next_ = 0;
};

// Addresses of the tests' Guest memory.
inline constexpr u32 kGuestPages = 0x400;
inline constexpr Mfn kGuestFirst(0x100);
inline constexpr Mfn kPoolFirst(0x600);
inline constexpr Mfn kSwitcherPtePage(0x010);
inline constexpr Mfn kVcpuRegsPage(0x011);
inline constexpr Lin kKernelBase(0xc0000000);

template <class F>
class ShadowMachine {
 public:
  using Raw = typename F::Raw;

  // `policies`: what is not the format, the number of slots or a quirk.
  explicit ShadowMachine(u32 pool_limit = 200, ShadowQuirks quirks = {},
                         ShadowOptions policies = {})
      : memory_(PhysMemory::Create(u64{0x800} << kPageShift).value()),
        view(*memory_, kGuestFirst, kGuestPages),
        pool(*memory_, kPoolFirst, pool_limit) {
    policies.mode = F::kMode;
    policies.slots = 4;
    policies.quirks = quirks;
    shadow =
        std::make_unique<ShadowTables>(*memory_, view, pool, kill, chooser, policies);
    pgd = NewGuestTable();
  }

  // Slot 0 for `pgd`, kernel at 3 GiB.
  void Start() {
    ASSERT_TRUE(shadow->Init(pgd).ok());
    ASSERT_TRUE(shadow->SetKernelAddress(kKernelBase));
  }

  PhysMemory& memory() { return *memory_; }

  // --- The Guest's tables ---
  Gpa NewGuestTable() { return GpaOf(Gfn(next_table_++)); }

  Raw Load(Gpa at) const {
    Raw raw = 0;
    EXPECT_TRUE(view.LoadValue(at, &raw));
    return raw;
  }
  void Store(Gpa at, Raw raw) { ASSERT_TRUE(view.StoreValue(at, raw)); }

  static Gpa GpgdAt(Gpa top, Lin v) { return top + EntryOffset<F>(PgdIndex<F>(v)); }
  // The level above the PTE, in the table `top`. The level above that is made if need be.
  Gpa UpperAt(Gpa top, Lin v) {
    Gpa at = GpgdAt(top, v);
    if constexpr (F::kHasPmd) {
      if ((Load(at) & 1) == 0) Store(at, NewGuestTable().value | 1);
      at = Gpa(static_cast<u32>(Load(at)) & ~kPageMask) + EntryOffset<F>(PmdIndex(v));
    }
    return at;
  }
  // Where the PTE is; makes what is missing above it, with all rights.
  Gpa GpteAt(Gpa top, Lin v) {
    const Gpa upper = UpperAt(top, v);
    if ((Load(upper) & 1) == 0) Store(upper, NewGuestTable().value | kPageTableFlags);
    return Gpa(static_cast<u32>(Load(upper)) & ~kPageMask) +
           EntryOffset<F>(PteIndex<F>(v));
  }
  void Map(Gpa top, Lin v, u32 page, u64 flags) {
    Store(GpteAt(top, v), static_cast<Raw>((u64{page} << kPageShift) | flags));
  }
  void Map(Lin v, u32 page, u64 flags) { Map(pgd, v, page, flags); }
  Raw Gpte(Lin v) { return Load(GpteAt(pgd, v)); }

  // --- The shadow ---
  Raw LoadShadow(Mpa at) const { return memory_->Load<Raw>(at); }
  Raw Spgd(u32 slot, u32 index) const {
    return LoadShadow(MpaOf(*shadow->slots()[slot].root) + EntryOffset<F>(index));
  }
  // The shadow entry for `v` in a slot; nothing when an upper level is missing.
  std::optional<Raw> Spte(u32 slot, Lin v) const {
    Raw upper = Spgd(slot, PgdIndex<F>(v));
    if ((upper & 1) == 0) return std::nullopt;
    if constexpr (F::kHasPmd) {
      upper = LoadShadow(Mpa((upper >> 12 << 12) + 8 * PmdIndex(v)));
      if ((upper & 1) == 0) return std::nullopt;
    }
    return LoadShadow(Mpa((upper >> 12 << 12) + EntryOffset<F>(PteIndex<F>(v))));
  }
  Raw Spte(Lin v) const { return Spte(shadow->current_slot(), v).value_or(0); }
  static constexpr u64 FrameOf(u32 guest_page) {
    return u64{kGuestFirst.value + guest_page} << kPageShift;
  }

  // One access by the CPU, from the root that CR3 would get, as the manual says: rights
  // of all levels together, CR0.WP set. True if it goes through without a fault.
  bool Access(Lin v, u32 errcode) const {
    const u32 needed = 1 | (errcode & (kWrite | kUser));
    Raw entry = LoadShadow(shadow->RootOfCurrent() + EntryOffset<F>(PgdIndex<F>(v)));
    u32 rights = static_cast<u32>(entry);
    if constexpr (F::kHasPmd) {
      EXPECT_EQ(entry & ~u64{0xfffff001}, 0u) << "reserved bits of a PDPT entry";
      if ((entry & 1) == 0) return false;
      entry = LoadShadow(Mpa((entry >> 12 << 12) + 8 * PmdIndex(v)));
      rights = static_cast<u32>(entry);
    }
    if ((entry & 1) == 0) return false;
    entry = LoadShadow(Mpa((entry >> 12 << 12) + EntryOffset<F>(PteIndex<F>(v))));
    if constexpr (F::kHasPmd) {
      EXPECT_EQ(entry & (u64{0xfffff} << 44), 0u) << "high bits of a shadow PTE";
    }
    return (rights & static_cast<u32>(entry) & needed) == needed;
  }
  // The same, with the Host answering each fault. Gives the number of faults; -1 when one
  // is the Guest's.
  int Touch(Lin v, u32 errcode) {
    int faults = 0;
    while (!Access(v, errcode)) {
      if (++faults > 3 || !shadow->DemandPage(v, errcode)) return -1;
    }
    return faults;
  }

  static constexpr u32 kRead = 0;
  static constexpr u32 kWrite = 2;
  static constexpr u32 kUser = 4;

 private:
  std::unique_ptr<PhysMemory> memory_;
  u32 next_table_ = 0x200;

 public:
  GuestView view;
  PagePool pool;
  RecordingKillSink kill;
  ListedSlots chooser;
  std::unique_ptr<ShadowTables> shadow;
  Gpa pgd;  // the Guest's first top-level table, empty
};

struct FormatNames {
  template <class F>
  static std::string GetName(int) {
    return F::kHasPmd ? "Pae" : "TwoLevel";
  }
};
using BothFormats = ::testing::Types<TwoLevel, Pae>;

}  // namespace lgx

#endif  // LGX_TESTS_MMU_SHADOW_FIXTURE_H_
