// Cached translations.
//
// The TLB is a set of banks, one per address space (CR3 and, with PAE, the four PDPT
// entries). Loading CR3 selects a bank and clears nothing, so a Switcher crossing finds
// both sides warm, and a process what it left when it ran last. A bank is made when
// its space first comes and costs 57 KiB, all of them at most 18 MiB. This is exact, not
// a bet: every frame that served as a page table is marked, a store to a marked frame by
// anyone reaches WillStore(), and what was derived from a changed entry is dropped at
// once. The cache is therefore invisible: no program can see its size, its banks or their
// replacement, and A and D bits are as if every access walked.
//
// A bank has one direct-mapped array for CPL 0-2 and one for CPL 3, so that a ring change
// is a change of pointer. The CPU tests an entry inline with one compare:
//     ((lin + size - 1) & ~0xfff) == tag
// which decides page, right, validity and page crossing together. A write tag is plain
// only if the page is writable, its D bit is set, and its frame carries no watched mark;
// if nothing but that mark is in the way, it is the tag with kWatched or kBesideCode.
// INVLPG has nothing to do: what it would drop is right, or dropped already.
#ifndef LGX_MMU_TLB_H_
#define LGX_MMU_TLB_H_

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/types.h"
#include "mmu/page_walk.h"
#include "mmu/phys_memory.h"
#include "mmu/space_index.h"

namespace lgx {

struct TlbEntry {
  static constexpr u32 kNoTag = 1;  // no page address has low bits
  // In a write tag: the page may be written and is dirty, but the store must be
  // announced. Every one (the frame holds tables), or those that hit a watched chunk (it
  // holds only code).
  static constexpr u32 kWatched = 2;
  static constexpr u32 kBesideCode = 4;
  static constexpr u32 kAnnounced = kWatched | kBesideCode;
  u32 read_tag = kNoTag;
  u32 write_tag = kNoTag;
  std::uintptr_t addend = 0;  // host address of a byte = addend + its linear address

  u8* Host(u32 lin) const { return reinterpret_cast<u8*>(addend + lin); }
};

struct TlbStats {
  u64 miss = 0;        // data accesses that walked
  u64 fetch_miss = 0;  // instruction fetches that walked
  u64 bank_switch = 0;
  u64 bank_flush = 0;
  u64 page_drop = 0;
};

// See Tlb::HidePages.
struct HiddenPage {
  Lin first;           // page aligned
  bool reads = false;  // else stores only
};

class Tlb final : private WalkObserver {
 public:
  static constexpr u32 kEntries = 1024;
  static constexpr u32 kFetchEntries = 1024;
  static constexpr u32 kBanks = 320;

  explicit Tlb(PhysMemory& memory);
  ~Tlb() override;

  // The address space that is current from now on. Cheap; call it on every CR3 load.
  // A change of anything but cr3 and pdpte drops every bank.
  void Select(const PagingRegisters& regs);
  // The same where nothing but CR3 and, with PAE, the PDPT entries has changed, and the
  // space is one of the last two. False: nothing has happened.
  bool SelectSpace(u32 cr3, const u64* pdpte) {
    if (spaces_.IsSpace(current_index_, cr3, pdpte, regs_.pae)) return true;
    if (!spaces_.UseSpace(previous_index_, cr3, pdpte, regs_.pae)) return false;
    ++stats_.bank_switch;
    regs_ = spaces_.SpaceOf(previous_index_);
    std::swap(current_index_, previous_index_);
    current_ = &banks_[current_index_];
    return true;
  }
  const PagingRegisters& registers() const { return regs_; }

  static u32 IndexOf(u32 lin) { return (lin >> kPageShift) & (kEntries - 1); }
  // The current array for CPL 0-2 (false) or CPL 3 (true).
  TlbEntry* Entries(bool user) { return current_->arrays->entries[user ? 1 : 0]; }

  // Translates for a data access and caches the result.
  WalkResult Fill(Lin lin, Access access, bool user);
  // What a miss asks before it walks: pages that were read lately, of all spaces, whose
  // entry another page of the same index has taken. A hit makes the entry again, for
  // reading. `lin` has no entry that answers a read.
  bool Recall(u32 lin, bool user) {
    const u64 key = KeyOf(lin, user);
    const Recent& recent = recent_[RecentIndex(key)];
    if ((recent.key & ~kRecentWritable) != key) return false;
    TlbEntry& entry = Entries(user)[IndexOf(lin)];
    if (entry.addend == 0) return false;  // in no list yet
    entry.read_tag = lin & ~kPageMask;
    entry.write_tag = TlbEntry::kNoTag;
    entry.addend = recent.addend;
    return true;
  }
  // The same for a page that could be written when it was remembered.
  bool RecallForWriting(u32 lin, bool user);
  // Translates for an instruction fetch; on success `frame` is set.
  WalkResult Fetch(Lin lin, bool user);

  // Changes when code reached through the current address space may be other code than
  // before: the current bank changed, or a translation used for a fetch was dropped.
  // Below 2^31.
  u32 code_context() const { return current_->code_context; }
  // Changes when the numbers of contexts start anew: nothing kept under an older epoch's
  // context may be used.
  u32 context_epoch() const { return context_epoch_; }

  void DropAll();
  // A frame got a watched mark: no write tag may lead to it any more.
  void ForgetWrites(Mfn frame);
  // Pages of any address space whose accesses shall all be misses (`reads` false: stores
  // only). Replaces the list of before.
  void HidePages(std::vector<HiddenPage> pages);
  // Something may have been derived from entries of this frame.
  bool IsTable(Mfn frame) const {
    return memory_.IsRam(frame) && table_of_frame_[frame.value] != 0;
  }
  // The table half of StoreWatch.
  void WillStore(Mpa at, const u8* bytes, u32 len);
  // The same for 4 aligned bytes of a table (IsTable), at `at` in the host.
  void WillStoreWord(Mfn frame, const u8* at, u32 value);
  // Enough for nearly every such store that nothing depends on: either the bytes do not
  // change, or their entry was absent. PAE entries are stored in halves, and most of
  // these are such. False: nothing has happened.
  bool WillStoreQuietly(Mfn frame, const u8* at, u32 value) {
    Table& table = tables_[table_of_frame_[frame.value] - 1];
    if ((EntryOf(table, at)[0] & 1) != 0 && LoadLe<u32>(at) != value) return false;
    if (table.many || table.stores >= kStoresUntilForgotten) return false;
    ++table.stores;
    return true;
  }

  const TlbStats& stats() const { return stats_; }

 private:
  // A table frame that only receives stores and serves no walk has become something else.
  static constexpr u32 kStoresUntilForgotten = 64;

  struct FetchEntry {
    u32 tag = TlbEntry::kNoTag;
    bool listed = false;  // in the bank's list of those to clear
    bool shared = false;  // held another page before, whose blocks may still be known
    Mfn frame;
  };
  struct Arrays {
    TlbEntry entries[2][kEntries];
    FetchEntry fetch[2][kFetchEntries];
    // Entries of one number in all banks shall not compete for the same cache lines.
    u8 apart[5 * 64];
  };
  // A page table that walks ended in, so that the next one need not start at the top. A
  // change above it clears the bank.
  struct KnownTable {
    u32 tag = TlbEntry::kNoTag;  // the region it translates
    u32 index = 0;               // in tables_
    TableRights rights;
  };
  static constexpr u32 kKnownTables = 16;
  struct Bank {
    std::unique_ptr<Arrays> arrays = std::make_unique<Arrays>();
    std::array<KnownTable, kKnownTables> known;
    std::vector<u16> filled[2];  // indices that are or were valid since the last clear
    std::vector<u16> fetch_filled[2];
    u32 code_context = 0;
    u32 recent_space = 0;  // in the keys of recent_; a new one is never found there
    bool listed_empty = false;
    u32 next_empty = 0;  // if so
    bool Empty() const;
  };
  struct Recent {
    u64 key = 0;  // KeyOf, which is never 0, perhaps with kRecentWritable
    std::uintptr_t addend = 0;
  };
  static constexpr u32 kRecentBits = 10;
  static constexpr u64 kRecentWritable = 2;  // RAM, and nothing but a mark in the way
  using BankSet = std::array<u64, kBanks / 64>;
  // A frame that served as a page table.
  struct Table {
    Mfn frame;
    u8 level = 0;
    bool many = false;  // seen at several levels or addresses
    bool pae = false;
    Lin first;
    u32 stores = 0;   // since a walk last used it
    BankSet banks{};  // that may hold something derived from it
  };
  // Where plain write tags for a frame may be: at one index of the arrays or at several,
  // in banks of these groups (a bit for each number modulo kWriterGroups).
  static constexpr u32 kWriterGroups = 16;
  static constexpr u16 kSeveralIndices = kEntries;
  struct Writers {
    u16 index;
    u16 groups;
  };

  u64 KeyOf(u32 lin, bool user) const { return KeyIn(*current_, lin, user); }
  static u64 KeyIn(const Bank& bank, u32 lin, bool user) {
    return u64{bank.recent_space} << 32 | (lin & ~kPageMask) | (user ? 1 : 0);
  }
  static u32 RecentIndex(u64 key) {
    return static_cast<u32>(key * 0x9e3779b97f4a7c15 >> (64 - kRecentBits));
  }
  void Remember(Lin lin, bool user, const TlbEntry& entry);
  void NewRecentSpace(Bank& bank);

  void UsedTable(Mfn frame, int level, Lin first) override;
  void ReachedTable(const TableRights& rights) override;
  KnownTable& KnownTableOf(Lin lin);
  u32 RegionOf(Lin lin) const;
  u32 WatchOf(Mfn frame) const;
  WalkResult Walk(Lin lin, Access access, bool user);
  Table& NewTable(Mfn frame);
  // Where the entry begins that has `at` in it. Frames are aligned in the host as in the
  // machine, to 8 bytes at least.
  static const u8* EntryOf(const Table& table, const u8* at) {
    return table.pae ? at - (reinterpret_cast<std::uintptr_t>(at) & 4) : at;
  }
  void EntryChanges(const Table& table, u32 index);
  // Eight bytes at `offset` of the table: an entry or two.
  void TwoWordsChange(const Table& table, u32 offset, u64 was, u64 becomes);
  void ForgetTable(Table& table);
  template <typename Visitor>
  void ForBanks(const BankSet& banks, Visitor&& visitor);
  void NoteWriter(Mfn frame, u32 index);
  void Announce(TlbEntry& entry, const u8* page, u32 watched) const;
  void DropPageIn(Bank& bank, Lin lin);
  void Clear(Bank& bank);
  void NewContext(Bank& bank);
  u32 Choose(const PagingRegisters& regs);
  u32 NewBank(const PagingRegisters& regs);
  u32 TakeEmptyBank();
  void Hide(u32 tag, TlbEntry* entry) const;

  PhysMemory& memory_;
  PagingRegisters regs_;
  SpaceIndex spaces_{kBanks};  // the banks of address spaces
  std::vector<Bank> banks_;
  Bank* current_ = nullptr;
  u32 current_index_ = 0;
  u32 previous_index_ = 0;  // often the next one, too
  Lin walking_;             // the address of the walk that is running
  u32 next_context_ = 1;
  u32 next_recent_space_ = 1;
  u32 context_epoch_ = 0;
  u32 first_empty_ = SpaceIndex::kNone;  // of the banks that were cleared
  std::vector<Table> tables_;
  std::vector<u32> free_tables_;
  u32* table_of_frame_;  // index into tables_ plus one; 0 = none
  Writers* writers_;     // of each frame that is marked kWriteCached
  std::vector<HiddenPage> hidden_;
  TlbStats stats_;
  std::array<Recent, 1 << kRecentBits> recent_;
};

}  // namespace lgx

#endif  // LGX_MMU_TLB_H_
