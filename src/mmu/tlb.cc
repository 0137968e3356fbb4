#include "mmu/tlb.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/endian.h"

namespace lgx {
namespace {

// A fetch entry that was dropped by itself.
constexpr u32 kDroppedTag = TlbEntry::kNoTag | 2;

constexpr u64 kAccessedDirty = 0x60;
constexpr u64 kSoftwareBits = 0xe00;

// May something that was derived from entry `was` be wrong once it is `becomes`?
//   absent before                       no: nothing is ever derived from an absent entry
//   only software bits change           no
//   A or D are only set                 no
bool Matters(u64 was, u64 becomes) {
  if ((was & 1) == 0) return false;
  const u64 changes = (was ^ becomes) & ~kSoftwareBits;
  return (changes & ~kAccessedDirty) != 0 || (changes & was) != 0;
}

}  // namespace

Tlb::Tlb(PhysMemory& memory) : memory_(memory) {
  table_of_frame_ = static_cast<u32*>(std::calloc(memory.frames(), sizeof(u32)));
  writers_ = static_cast<Writers*>(std::calloc(memory.frames(), sizeof(Writers)));
  CHECK(table_of_frame_ != nullptr && writers_ != nullptr)
      << "no host memory for cached translations";
  banks_.reserve(kBanks);
  current_index_ = previous_index_ = NewBank(regs_);
  current_ = &banks_[current_index_];
}

Tlb::~Tlb() {
  std::free(table_of_frame_);
  std::free(writers_);
}

void Tlb::Select(const PagingRegisters& regs) {
  const bool same_rules =
      regs.paging == regs_.paging && regs.pae == regs_.pae && regs.pse == regs_.pse &&
      regs.write_protect == regs_.write_protect && regs.no_execute == regs_.no_execute;
  regs_ = regs;
  if (!same_rules) DropAll();
  if (spaces_.Has(current_index_, regs)) return;
  ++stats_.bank_switch;
  const u32 chosen = Choose(regs);
  previous_index_ = current_index_;
  current_index_ = chosen;
  current_ = &banks_[chosen];
}

u32 Tlb::Choose(const PagingRegisters& regs) {
  if (spaces_.Use(previous_index_, regs)) return previous_index_;
  const u32 known = spaces_.Find(regs);
  return known != SpaceIndex::kNone ? known : NewBank(regs);
}

// A bank for a space that has none. Another may lose it, even the current one, which is
// about to be left.
u32 Tlb::NewBank(const PagingRegisters& regs) {
  const u32 empty = TakeEmptyBank();
  if (empty != SpaceIndex::kNone) {
    spaces_.Pass(empty, regs);
    return empty;
  }
  bool taken = false;
  const u32 number = spaces_.Give(regs, &taken);
  if (taken) Clear(banks_[number]);
  if (number == banks_.size()) {
    Bank& bank = banks_.emplace_back();
    NewContext(bank);
    NewRecentSpace(bank);
  }
  return number;
}

// One that holds nothing, in most cases because the tables of its space were taken down.
u32 Tlb::TakeEmptyBank() {
  while (first_empty_ != SpaceIndex::kNone) {
    const u32 number = first_empty_;
    Bank& bank = banks_[number];
    first_empty_ = bank.next_empty;
    bank.listed_empty = false;
    if (number != current_index_ && number < spaces_.given() && bank.Empty()) {
      return number;
    }
  }
  return SpaceIndex::kNone;
}

Tlb::KnownTable& Tlb::KnownTableOf(Lin lin) {
  const u32 region = lin.value >> (regs_.pae ? 21 : 22);
  return current_->known[(region ^ lin.value >> 26) & (kKnownTables - 1)];
}

u32 Tlb::RegionOf(Lin lin) const {
  return lin.value & (regs_.pae ? 0xffe00000 : 0xffc00000);
}

// A walk, from the page table on if it is known.
WalkResult Tlb::Walk(Lin lin, Access access, bool user) {
  const KnownTable& known = KnownTableOf(lin);
  if (known.tag == RegionOf(lin)) {
    tables_[known.index].stores = 0;
    return WalkLastTable(memory_, regs_, known.rights, lin, access, user);
  }
  walking_ = lin;
  return WalkPageTables(memory_, regs_, lin, access, user, this);
}

void Tlb::ReachedTable(const TableRights& rights) {
  if (!memory_.IsRam(rights.table)) return;
  KnownTable& known = KnownTableOf(walking_);
  // One of seven takes a slot that another has: of more tables than there are slots, some
  // stay known. Programs that map and touch page after page miss in a rhythm of two, four
  // or eight, which would let the same table go without each time.
  if (known.tag != TlbEntry::kNoTag && stats_.miss % 7 != 0) return;
  known.tag = RegionOf(walking_);
  known.index = table_of_frame_[rights.table.value] - 1;
  known.rights = rights;
}

WalkResult Tlb::Fill(Lin lin, Access access, bool user) {
  ++stats_.miss;
  const WalkResult r = Walk(lin, access, user);
  if (!r.ok) return r;
  const u8* page = memory_.ReadPointer(r.frame);
  if (page == nullptr) return r;
  const u32 index = IndexOf(lin.value);
  TlbEntry& entry = current_->arrays->entries[user ? 1 : 0][index];
  if (entry.addend == 0) {
    current_->filled[user ? 1 : 0].push_back(static_cast<u16>(index));
  }
  const u32 tag = lin.value & ~kPageMask;
  entry.addend = reinterpret_cast<std::uintptr_t>(page) - tag;
  entry.read_tag = tag;
  const bool may_write = user ? r.writable : r.writable || !regs_.write_protect;
  entry.write_tag = TlbEntry::kNoTag;
  if (may_write && r.dirty && memory_.IsRam(r.frame)) {
    const u32 watched = WatchOf(r.frame);
    entry.write_tag = tag | watched;
    if (watched == 0) NoteWriter(r.frame, index);
  }
  if (!hidden_.empty()) [[unlikely]]
    Hide(tag, &entry);
  if (entry.read_tag == tag) Remember(lin, user, entry);
  return r;
}

void Tlb::Remember(Lin lin, bool user, const TlbEntry& entry) {
  const u64 key = KeyOf(lin.value, user);
  const u32 written = entry.write_tag & ~TlbEntry::kAnnounced;
  const u64 writable = written == (lin.value & ~kPageMask) ? kRecentWritable : 0;
  recent_[RecentIndex(key)] = Recent{key | writable, entry.addend};
}

// The mark is asked for anew: it may have come or gone since.
bool Tlb::RecallForWriting(u32 lin, bool user) {
  const u64 key = KeyOf(lin, user);
  const Recent& recent = recent_[RecentIndex(key)];
  TlbEntry& entry = Entries(user)[IndexOf(lin)];
  if (recent.key != (key | kRecentWritable) || entry.addend == 0) return false;
  const u32 tag = lin & ~kPageMask;
  entry.read_tag = tag;
  entry.addend = recent.addend;
  const Mfn frame = MfnOf(memory_.MpaOfPointer(entry.Host(tag)));
  const u32 watched = WatchOf(frame);
  entry.write_tag = tag | watched;
  if (watched == 0) NoteWriter(frame, IndexOf(lin));
  return true;
}

// Nothing that was remembered for the bank is found from now on.
void Tlb::NewRecentSpace(Bank& bank) {
  bank.recent_space = next_recent_space_++;
  if (next_recent_space_ != 0) return;
  recent_.fill(Recent());
  next_recent_space_ = 1;
  for (Bank& other : banks_) other.recent_space = next_recent_space_++;
}

void Tlb::NoteWriter(Mfn frame, u32 index) {
  Writers& writers = writers_[frame.value];
  if ((memory_.marks(frame) & kWriteCached) == 0) {
    memory_.AddMark(frame, kWriteCached);
    writers = Writers{static_cast<u16>(index), 0};
  } else if (writers.index != index) {
    writers.index = kSeveralIndices;
  }
  writers.groups |= static_cast<u16>(1u << current_index_ % kWriterGroups);
}

void Tlb::Hide(u32 tag, TlbEntry* entry) const {
  for (const HiddenPage& page : hidden_) {
    if (page.first.value != tag) continue;
    entry->write_tag = TlbEntry::kNoTag;
    if (page.reads) entry->read_tag = TlbEntry::kNoTag;
  }
}

void Tlb::HidePages(std::vector<HiddenPage> pages) {
  hidden_ = std::move(pages);
  recent_.fill(Recent());
  for (Bank& bank : banks_) {
    for (TlbEntry* const entries : bank.arrays->entries) {
      for (const HiddenPage& page : hidden_) {
        TlbEntry& entry = entries[IndexOf(page.first.value)];
        if (entry.read_tag == page.first.value) Hide(entry.read_tag, &entry);
      }
    }
  }
}

// What a write tag for the frame must carry.
u32 Tlb::WatchOf(Mfn frame) const {
  const u8 marks = memory_.marks(frame);
  if ((marks & kHoldsTables) != 0) return TlbEntry::kWatched;
  return (marks & kHoldsCode) != 0 ? TlbEntry::kBesideCode : 0;
}

WalkResult Tlb::Fetch(Lin lin, bool user) {
  const u32 index = (lin.value >> kPageShift) & (kFetchEntries - 1);
  const u32 tag = lin.value & ~kPageMask;
  FetchEntry& entry = current_->arrays->fetch[user ? 1 : 0][index];
  if (entry.tag == tag) {
    WalkResult r;
    r.ok = true;
    r.frame = entry.frame;
    return r;
  }
  ++stats_.fetch_miss;
  const WalkResult r = Walk(lin, Access::kFetch, user);
  if (r.ok) {
    if (!entry.listed) {
      current_->fetch_filled[user ? 1 : 0].push_back(static_cast<u16>(index));
    } else if (entry.tag != kDroppedTag) {
      entry.shared = true;
    }
    entry.listed = true;
    entry.tag = tag;
    entry.frame = r.frame;
  }
  return r;
}

void Tlb::DropPageIn(Bank& bank, Lin lin) {
  ++stats_.page_drop;
  const u32 tag = lin.value & ~kPageMask;
  for (int ring = 0; ring < 2; ++ring) {
    TlbEntry& entry = bank.arrays->entries[ring][IndexOf(lin.value)];
    if (entry.read_tag == tag) entry.read_tag = entry.write_tag = TlbEntry::kNoTag;
    const u64 key = KeyIn(bank, tag, ring == 1);
    Recent& recent = recent_[RecentIndex(key)];
    if ((recent.key & ~kRecentWritable) == key) recent = Recent();
  }
  for (int ring = 0; ring < 2; ++ring) {
    FetchEntry& entry =
        bank.arrays->fetch[ring][(lin.value >> kPageShift) & (kFetchEntries - 1)];
    if (entry.tag != tag && !entry.shared) continue;
    if (entry.tag == tag) entry.tag = kDroppedTag;
    NewContext(bank);
  }
}

void Tlb::NewContext(Bank& bank) {
  constexpr u32 kContexts = 0x7fffffff;
  bank.code_context = next_context_++;
  if (next_context_ < kContexts) return;
  next_context_ = 1;
  ++context_epoch_;
  for (Bank& other : banks_) other.code_context = next_context_++;
}

void Tlb::DropAll() {
  for (u32 number = 0; number < spaces_.given(); ++number) Clear(banks_[number]);
  spaces_.Clear();
  current_index_ = previous_index_ = NewBank(regs_);
  current_ = &banks_[current_index_];
}

bool Tlb::Bank::Empty() const {
  return filled[0].empty() && filled[1].empty() && fetch_filled[0].empty() &&
         fetch_filled[1].empty() &&
         std::all_of(known.begin(), known.end(),
                     [](const KnownTable& k) { return k.tag == TlbEntry::kNoTag; });
}

void Tlb::Clear(Bank& bank) {
  // Who drops whole tables changes entry after entry, and the first one counts. What
  // blocks know of the bank began with a fetch.
  if (bank.Empty()) return;
  ++stats_.bank_flush;
  for (int ring = 0; ring < 2; ++ring) {
    for (const u16 index : bank.filled[ring])
      bank.arrays->entries[ring][index] = TlbEntry();
    for (const u16 index : bank.fetch_filled[ring]) {
      bank.arrays->fetch[ring][index] = FetchEntry();
    }
    bank.filled[ring].clear();
    bank.fetch_filled[ring].clear();
  }
  for (KnownTable& known : bank.known) known.tag = TlbEntry::kNoTag;
  NewContext(bank);
  NewRecentSpace(bank);
  if (bank.listed_empty) return;
  bank.listed_empty = true;
  bank.next_empty = first_empty_;
  first_empty_ = static_cast<u32>(&bank - banks_.data());
}

void Tlb::ForgetWrites(Mfn frame) {
  if ((memory_.marks(frame) & kWriteCached) == 0) return;
  memory_.ClearMark(frame, kWriteCached);
  const u8* page = memory_.ReadPointer(frame);
  const u32 watched = WatchOf(frame);
  const Writers writers = writers_[frame.value];
  for (u32 groups = writers.groups; groups != 0; groups &= groups - 1) {
    u32 number = static_cast<u32>(std::countr_zero(groups));
    for (; number < banks_.size(); number += kWriterGroups) {
      for (int ring = 0; ring < 2; ++ring) {
        const Bank& bank = banks_[number];
        TlbEntry* const entries = bank.arrays->entries[ring];
        if (writers.index != kSeveralIndices) {
          Announce(entries[writers.index], page, watched);
          continue;
        }
        for (const u16 index : bank.filled[ring]) Announce(entries[index], page, watched);
      }
    }
  }
}

// A plain write tag that leads to `page` becomes one whose stores are announced.
void Tlb::Announce(TlbEntry& entry, const u8* page, u32 watched) const {
  if ((entry.write_tag & kPageMask) != 0) return;
  if (entry.Host(entry.write_tag) == page) entry.write_tag |= watched;
}

Tlb::Table& Tlb::NewTable(Mfn frame) {
  u32 index = 0;
  if (free_tables_.empty()) {
    index = static_cast<u32>(tables_.size());
    tables_.emplace_back();
  } else {
    index = free_tables_.back();
    free_tables_.pop_back();
  }
  tables_[index] = Table();
  tables_[index].frame = frame;
  table_of_frame_[frame.value] = index + 1;
  memory_.AddMark(frame, kHoldsTables);
  ForgetWrites(frame);
  return tables_[index];
}

void Tlb::UsedTable(Mfn frame, int level, Lin first) {
  if (!memory_.IsRam(frame)) return;
  const u32 known = table_of_frame_[frame.value];
  Table& table = known != 0 ? tables_[known - 1] : NewTable(frame);
  table.stores = 0;
  u64& banks = table.banks[current_index_ / 64];
  const u64 bank = u64{1} << current_index_ % 64;
  if ((banks & bank) != 0 && table.level == level && table.first == first &&
      table.pae == regs_.pae) {
    return;
  }
  if (table.level == 0) {
    table.level = static_cast<u8>(level);
    table.first = first;
    table.pae = regs_.pae;
  } else if (table.level != level || table.first != first || table.pae != regs_.pae) {
    table.many = true;
  }
  banks |= bank;
}

//: memory.040 A cache that cannot be seen
// A real TLB may be stale: software that changes a table must flush, and until then the
// old translation may or may not be used. An emulator that copied this would give another
// result for every size of its cache. Ours is never stale. Each frame that a walk read is
// marked, so every store to a table passes here first, with the old entry still in place
// and the new one in hand. If the two differ in anything that a translation was made of,
// whatever came from it is dropped. So a load of CR3 needs to clear nothing, and a
// crossing finds both sides as it left them.
//
// A page can be a table today and hold text tomorrow. One that only receives stores and
// serves no walk is taken for the latter, and its mark removed.
//:
void Tlb::WillStore(Mpa at, const u8* bytes, u32 len) {
  const Mfn frame = MfnOf(at);
  if (!memory_.IsRam(frame) || table_of_frame_[frame.value] == 0) return;
  const u32 begin = PageOffset(at);
  const u8* page = memory_.ReadPointer(frame);
  if (len == 4 && begin % 4 == 0) {  // an entry, or half of one of PAE
    WillStoreWord(frame, page + begin, LoadLe<u32>(bytes));
    return;
  }
  Table& table = tables_[table_of_frame_[frame.value] - 1];
  if (++table.stores > kStoresUntilForgotten || table.many) {
    // Either no table any more, or one whose entries have no single address.
    ForgetTable(table);
    return;
  }
  if (table.pae && len == 8 && begin % 8 == 0) {
    if (Matters(LoadLe<u64>(page + begin), LoadLe<u64>(bytes)))
      EntryChanges(table, begin / 8);
    return;
  }
  if (begin % 8 == 0 && len % 8 == 0) {
    // A whole page, perhaps, of which most stays as it was.
    for (u32 i = 0; i < len; i += 8) {
      const u64 was = LoadLe<u64>(page + begin + i);
      const u64 becomes = LoadLe<u64>(bytes + i);
      if (was != becomes) TwoWordsChange(table, begin + i, was, becomes);
    }
    return;
  }
  const u32 size = table.pae ? 8 : 4;
  const u32 last = (begin + len - 1) / size;
  for (u32 index = begin / size; index <= last; ++index) {
    u64 was = 0, becomes = 0;
    for (u32 i = 0; i < size; ++i) {
      const u32 offset = index * size + i;
      const u64 old_byte = page[offset];
      const bool stored = offset >= begin && offset - begin < len;
      was |= old_byte << (8 * i);
      becomes |= (stored ? u64{bytes[offset - begin]} : old_byte) << (8 * i);
    }
    if (Matters(was, becomes)) EntryChanges(table, index);
  }
}

void Tlb::WillStoreWord(Mfn frame, const u8* at, u32 value) {
  Table& table = tables_[table_of_frame_[frame.value] - 1];
  if (++table.stores > kStoresUntilForgotten || table.many) {
    ForgetTable(table);
    return;
  }
  const u8* const entry = EntryOf(table, at);
  const u64 was = table.pae ? LoadLe<u64>(entry) : LoadLe<u32>(entry);
  const int shift = static_cast<int>(at - entry) * 8;
  const u64 becomes = (was & ~(u64{0xffffffff} << shift)) | u64{value} << shift;
  if (!Matters(was, becomes)) return;
  const u32 offset = static_cast<u32>(entry - memory_.ReadPointer(frame));
  EntryChanges(table, offset / (table.pae ? 8 : 4));
}

void Tlb::TwoWordsChange(const Table& table, u32 offset, u64 was, u64 becomes) {
  if (table.pae) {
    if (Matters(was, becomes)) EntryChanges(table, offset / 8);
    return;
  }
  for (const u32 i : {0u, 1u}) {
    if (Matters(static_cast<u32>(was >> (32 * i)),
                static_cast<u32>(becomes >> (32 * i)))) {
      EntryChanges(table, offset / 4 + i);
    }
  }
}

template <typename Visitor>
void Tlb::ForBanks(const BankSet& banks, Visitor&& visitor) {
  for (u32 word = 0; word < banks.size(); ++word) {
    for (u64 bits = banks[word]; bits != 0; bits &= bits - 1) {
      visitor(banks_[word * 64 + static_cast<u32>(std::countr_zero(bits))]);
    }
  }
}

void Tlb::EntryChanges(const Table& table, u32 index) {
  const Lin lin = table.first + index * kPageSize;
  ForBanks(table.banks, [&](Bank& bank) {
    if (table.level == 1) {
      DropPageIn(bank, lin);
    } else {
      Clear(bank);
    }
  });
}

void Tlb::ForgetTable(Table& table) {
  ForBanks(table.banks, [&](Bank& bank) { Clear(bank); });
  const u32 index = table_of_frame_[table.frame.value] - 1;
  table_of_frame_[table.frame.value] = 0;
  memory_.ClearMark(table.frame, kHoldsTables);
  free_tables_.push_back(index);
}

}  // namespace lgx
