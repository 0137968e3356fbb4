// The shadow page tables of one Guest: four slots that the CPU uses in place of the
// Guest's own tables, filled on demand and emptied when the Guest says so (host-07).
//
// Every entry lies in machine memory and is read and written through PhysMemory, so that
// the emulated CPU walks the same bytes and StoreWatch sees every change.
#ifndef LGX_MMU_SHADOW_TABLES_H_
#define LGX_MMU_SHADOW_TABLES_H_

#include <optional>
#include <span>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/status.h"
#include "base/types.h"
#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/page_pool.h"
#include "mmu/paging_mode.h"
#include "mmu/phys_memory.h"
#include "mmu/shadow_walk.h"
#include "mmu/slot_chooser.h"
#include "mmu/switcher_mapping.h"

namespace lgx {

// Where host-01 section 11 leaves a choice to the machine's owner. The others are
// settled: Q7, Q8, Q15, Q16 and Q22 are mended, Q9 and Q23 are as in the reference.
struct ShadowQuirks {
  bool q6_mended = false;  // SET_PTE of a clean page maps it read-only
};

// What SET_PMD makes the Host forget. The reference drops every table.
enum class SetPmdPolicy : u8 {
  kDropAll,
  kDropOne,  // only what was made from the entry that has changed
};

struct ShadowOptions {
  PagingMode mode = PagingMode::kTwoLevel;
  u32 slots = 4;  // at least 1
  ShadowQuirks quirks = {};
  // One past the last page of device memory, which begins where Guest memory ends; 0 if
  // there is none (guest-04 section 5.3).
  u32 device_limit = 0;
  // Ways to do it otherwise than the reference, for comparison. `replacement` says what
  // the chooser is.
  SlotReplacement replacement = SlotReplacement::kRandom;
  SetPmdPolicy set_pmd = SetPmdPolicy::kDropAll;
  u32 prefill = 0;  // pages of the window that is filled at a fault, if nobody can see it
};

struct ShadowStats {
  u64 demand_filled = 0;  // mmu.demand.filled: Guest faults answered with an entry
  u64 fault_guest = 0;    // mmu.fault.guest: Guest faults that are the Guest's own
  u64 pin_filled = 0;     // stack pages filled ahead of any fault
  u64 flush_full = 0;     // shadow.flush.full: all tables dropped
  u64 flush_user = 0;     // shadow.flush.user
  u64 flush_pmd = 0;      // shadow.flush.pmd: SET_PMD calls that dropped no more than one
  u64 prefilled = 0;      // mmu.demand.prefilled: entries filled along with another
  u64 slot_switch = 0;    // shadow.slot.switch: NEW_PGTABLE calls
  u64 slot_recycled = 0;  // of these, the ones that took another table's slot
};

// Both walks of one address, level by level, as found. See ShadowTables::Observe.
struct DoubleWalk {
  struct Level {
    u32 index = 0;
    std::optional<u64> guest;   // nothing: not reached, or outside Guest memory
    std::optional<u64> shadow;  // nothing: not reached
  };
  u32 levels = 0;  // 2 or 3; level[0] is the top
  Level level[3];
  std::optional<Gpa> gpa;  // where the Guest's tables lead
  std::optional<Mpa> mpa;  // where the shadow tables lead
};

//: paging.020 Two sets of tables
// The Guest's tables hold guest-physical page numbers, which mean nothing to the CPU. So
// the CPU is given others, the shadow tables, in which each number is a machine frame.
// Nobody fills them ahead of time. Building one from scratch at each process switch would
// be slow, so the last four are kept, in slots: a Guest that goes back and forth between
// a few processes finds their tables as it left them. A fifth process takes a slot from
// one of them, chosen by a die: simple, and no program can arrange to be always the
// victim.
//:
class ShadowTables {
 public:
  // All of them outlive this object.
  ShadowTables(PhysMemory& memory, GuestView& view, PagePool& pool, KillSink& kill,
               SlotChooser& chooser, const ShadowOptions& options);
  ~ShadowTables() { End(); }
  ShadowTables(const ShadowTables&) = delete;
  ShadowTables& operator=(const ShadowTables&) = delete;

  // Slot 0 shadows the table at `gpgdir` and is current (section 10, steps 2 to 5). Comes
  // before everything below; kResourceExhausted if the pool is empty, and then nothing
  // has changed.
  [[nodiscard]] Status Init(Gpa gpgdir);
  // Gives every page back to the pool (section 12). Nothing below may follow.
  void End();

  // Page faults and translation (sections 3 to 5).

  // True if the access can be tried again; false if the fault belongs to the Guest, or if
  // it was killed.
  [[nodiscard]] bool DemandPage(Lin v, u32 errcode);
  // Where in device memory the fault at `v` was going, if the Guest's tables lead there
  // and allow it. Changes nothing.
  [[nodiscard]] std::optional<Gpa> FindDeviceAccess(Lin v, u32 errcode) const;
  // By the Guest's own tables. Nothing after a kill with `Bad address %#lx`.
  [[nodiscard]] std::optional<Gpa> GuestPa(Lin v);
  // Both walks, for debugger and trace. Changes nothing, kills nobody.
  [[nodiscard]] DoubleWalk Observe(Lin v) const;
  [[nodiscard]] bool PageWritable(Lin v) const;

  // What the Guest announces (section 6).

  void SetPte(Gpa gpgdir, Lin v, u64 pte);
  void SetPgd(Gpa gpgdir, u32 index);
  // Entry `index` of the Guest's PMD page at `pmd`, with PAE.
  void SetPmd(Gpa pmd, u32 index);
  void NewPageTable(Gpa gpgdir);
  void FlushUser();
  void ClearAll();

  // The Guest's kernel stack ends at `esp1` and has `pages` pages, 0 to 2. Pins them.
  void SetStack(Lin esp1, u32 pages);
  // The Guest kernel's first address, told at LGUEST_INIT; 0 until then. False after a
  // kill with `bad kernel address %#lx` (section 11, step 5).
  [[nodiscard]] bool SetKernelAddress(Lin address);

  // Before every entry (section 8.2).
  void MapSwitcher(const SwitcherEntry& entry);

  // For CR3.
  Mpa RootOfCurrent() const { return MpaOf(*slots_[current_].root); }
  Gpa CurrentGpgdir() const { return slots_[current_].gpgdir; }

  // For the debugger.
  PagingMode mode() const { return mode_; }
  std::span<const ShadowSlot> slots() const { return slots_; }
  u32 current_slot() const { return current_; }
  // Present last-level entries in each slot, the Switcher's aside. Looks at all tables.
  std::vector<u32> CountEntries() const;
  Lin kernel_address() const { return kernel_address_; }
  const ShadowStats& stats() const { return stats_; }

  // All that is known here; the tables themselves lie in memory. The object that loads is
  // initialised and has the options of the one that was saved.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  // Calls fn with an object of the format's type.
  template <typename Fn>
  decltype(auto) WithFormat(Fn fn) const;

  template <class F>
  [[nodiscard]] std::optional<Mfn> NewRoot();
  template <class F>
  void SetPteIn(const ShadowSlot& slot, Lin v, PageEntry<F> gpte);
  // Releasing (section 7). ReleaseMiddle and ReleaseTop take the first `end` entries.
  template <class F>
  void ReleasePmd(Mpa at);
  template <class F>
  void ReleasePgd(Mpa at);
  template <class F>
  void ReleaseMiddle(Mfn pmd, u32 end);
  template <class F>
  void ReleaseTop(const ShadowSlot& slot, u32 end);
  template <class F>
  void ReleaseSlot(ShadowSlot& slot);
  // Everything below the kernel's PMD page but the Switcher.
  void ReleaseKernelMiddle(ShadowSlot& slot);
  static bool KernelMoved(const ShadowSlot& slot, std::optional<Gpa> page);
  void DropPmd(Gpa pmd, u32 index);
  void DropPmdIn(const ShadowSlot& slot, u32 pgd_index, u32 index);
  std::optional<Gpa> GuestPmdPage(const ShadowSlot& slot, u32 pgd_index) const;
  template <class F>
  DoubleWalk ObserveAs(Lin v) const;
  template <class F>
  u32 CountEntriesIn(const ShadowSlot& slot) const;

  // The slot that shadows `gpgdir`, or null.
  ShadowSlot* FindSlot(Gpa gpgdir);
  struct Victim {
    u32 slot;
    bool blank;  // it has a new top-level page, without kernel mappings
  };
  Victim NewPgdir(Gpa gpgdir);
  void FlushUserMappings(const ShadowSlot& slot);
  void FillNeighbours(Lin v);
  bool HasPolicyState() const;
  void PinStack();

  ShadowParts parts_;
  SlotChooser& chooser_;
  const PagingMode mode_;
  const ShadowQuirks quirks_;
  const SetPmdPolicy set_pmd_;
  std::vector<ShadowSlot> slots_;
  u32 current_ = 0;
  Lin kernel_address_{0};
  Lin esp1_{0};
  u32 stack_pages_ = 0;
  ShadowStats stats_;
};

}  // namespace lgx

#endif  // LGX_MMU_SHADOW_TABLES_H_
