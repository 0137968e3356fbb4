#include "mmu/tlb.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/endian.h"

namespace lgx {
namespace {

// A table frame that only receives stores and serves no walk has become something else.
constexpr u32 kStoresUntilForgotten = 64;

// A fetch entry that was dropped by itself: its index is in the bank's list already.
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
  for (u32 i = 0; i < kBanks; ++i) banks_.push_back(std::make_unique<Bank>());
  for (auto& bank : banks_) bank->code_context = next_context_++;
  current_ = banks_[0].get();
  current_->used = true;
  table_of_frame_ = static_cast<u32*>(std::calloc(memory.frames(), sizeof(u32)));
  CHECK(table_of_frame_ != nullptr) << "no host memory for the table index";
}

Tlb::~Tlb() { std::free(table_of_frame_); }

void Tlb::Select(const PagingRegisters& regs) {
  const bool same_rules =
      regs.paging == regs_.paging && regs.pae == regs_.pae && regs.pse == regs_.pse &&
      regs.write_protect == regs_.write_protect && regs.no_execute == regs_.no_execute;
  regs_ = regs;
  if (!same_rules) DropAll();
  if (current_->used && current_->key == regs) return;
  ++stats_.bank_switch;
  const u32 left = current_index_;
  Bank& bank = Choose(regs);
  if (current_index_ != left) previous_index_ = left;
  bank.last_selected = ++selections_;
  current_ = &bank;
}

Tlb::Bank& Tlb::Choose(const PagingRegisters& regs) {
  if (Bank& bank = *banks_[previous_index_]; bank.used && bank.key == regs) {
    current_index_ = previous_index_;
    return bank;
  }
  u32 oldest = 0;
  for (u32 i = 0; i < kBanks; ++i) {
    Bank& bank = *banks_[i];
    if (bank.used && bank.key == regs) {
      current_index_ = i;
      return bank;
    }
    const Bank& best = *banks_[oldest];
    if (best.used && (!bank.used || bank.last_selected < best.last_selected)) oldest = i;
  }
  Bank& bank = *banks_[oldest];
  Clear(bank);
  bank.key = regs;
  bank.used = true;
  current_index_ = oldest;
  return bank;
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
  // One of eight takes a slot that another has: of more tables than there are slots, some
  // stay known.
  if (known.tag != TlbEntry::kNoTag && stats_.miss % 8 != 0) return;
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
  TlbEntry& entry = current_->entries[user ? 1 : 0][index];
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
    if (watched == 0) memory_.AddMark(r.frame, kWriteCached);
  }
  if (!hidden_.empty()) [[unlikely]]
    Hide(tag, &entry);
  return r;
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
  for (auto& bank : banks_) {
    for (auto& entries : bank->entries) {
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
  FetchEntry& entry = current_->fetch[user ? 1 : 0][index];
  if (entry.tag == tag) {
    WalkResult r;
    r.ok = true;
    r.frame = entry.frame;
    return r;
  }
  ++stats_.fetch_miss;
  const WalkResult r = Walk(lin, Access::kFetch, user);
  if (r.ok) {
    if (entry.tag == TlbEntry::kNoTag && !entry.shared) {
      current_->fetch_filled[user ? 1 : 0].push_back(static_cast<u16>(index));
    }
    entry.shared =
        entry.shared || (entry.tag != TlbEntry::kNoTag && entry.tag != kDroppedTag);
    entry.tag = tag;
    entry.frame = r.frame;
  }
  return r;
}

void Tlb::DropPageIn(Bank& bank, Lin lin) {
  ++stats_.page_drop;
  const u32 tag = lin.value & ~kPageMask;
  for (int ring = 0; ring < 2; ++ring) {
    TlbEntry& entry = bank.entries[ring][IndexOf(lin.value)];
    if (entry.read_tag == tag) entry.read_tag = entry.write_tag = TlbEntry::kNoTag;
  }
  for (int ring = 0; ring < 2; ++ring) {
    FetchEntry& entry = bank.fetch[ring][(lin.value >> kPageShift) & (kFetchEntries - 1)];
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
  for (auto& other : banks_) other->code_context = next_context_++;
}

void Tlb::DropAll() {
  for (auto& bank : banks_) {
    if (!bank->used) continue;
    Clear(*bank);
    bank->used = false;
  }
  current_->used = true;
  current_->key = regs_;
}

void Tlb::Clear(Bank& bank) {
  // Who drops whole tables changes entry after entry, and the first one counts. What
  // blocks know of the bank began with a fetch.
  const bool knows_tables =
      std::any_of(bank.known.begin(), bank.known.end(),
                  [](const KnownTable& k) { return k.tag != TlbEntry::kNoTag; });
  if (!knows_tables && bank.filled[0].empty() && bank.filled[1].empty() &&
      bank.fetch_filled[0].empty() && bank.fetch_filled[1].empty()) {
    return;
  }
  ++stats_.bank_flush;
  for (int ring = 0; ring < 2; ++ring) {
    for (const u16 index : bank.filled[ring]) bank.entries[ring][index] = TlbEntry();
    for (const u16 index : bank.fetch_filled[ring]) {
      bank.fetch[ring][index] = FetchEntry();
    }
    bank.filled[ring].clear();
    bank.fetch_filled[ring].clear();
  }
  for (KnownTable& known : bank.known) known.tag = TlbEntry::kNoTag;
  NewContext(bank);
}

void Tlb::ForgetWrites(Mfn frame) {
  if ((memory_.marks(frame) & kWriteCached) == 0) return;
  memory_.ClearMark(frame, kWriteCached);
  const u8* page = memory_.ReadPointer(frame);
  const u32 watched = WatchOf(frame);
  for (auto& bank : banks_) {
    for (int ring = 0; ring < 2; ++ring) {
      for (const u16 index : bank->filled[ring]) {
        TlbEntry& entry = bank->entries[ring][index];
        if ((entry.write_tag & kPageMask) != 0) continue;
        if (entry.Host(entry.write_tag) == page) entry.write_tag |= watched;
      }
    }
  }
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
  const u16 bank = static_cast<u16>(1u << current_index_);
  if ((table.banks & bank) != 0 && table.level == level && table.first == first &&
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
  table.banks |= bank;
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
  Table& table = tables_[table_of_frame_[frame.value] - 1];
  if (++table.stores > kStoresUntilForgotten || table.many) {
    // Either no table any more, or one whose entries have no single address.
    ForgetTable(table);
    return;
  }
  const u8* page = memory_.ReadPointer(frame);
  const u32 begin = PageOffset(at);
  // Nearly always one whole entry.
  if (!table.pae && len == 4 && begin % 4 == 0) {
    if (Matters(LoadLe<u32>(page + begin), LoadLe<u32>(bytes)))
      EntryChanges(table, begin / 4);
    return;
  }
  if (table.pae && len == 8 && begin % 8 == 0) {
    if (Matters(LoadLe<u64>(page + begin), LoadLe<u64>(bytes)))
      EntryChanges(table, begin / 8);
    return;
  }
  if (table.pae && len == 4 && begin % 4 == 0) {  // 32-bit code stores one in halves
    const u64 was = LoadLe<u64>(page + (begin & ~7u));
    const u32 shift = (begin & 4) * 8;
    const u64 half = u64{LoadLe<u32>(bytes)} << shift;
    if (Matters(was, (was & ~(u64{0xffffffff} << shift)) | half)) {
      EntryChanges(table, begin / 8);
    }
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

void Tlb::EntryChanges(const Table& table, u32 index) {
  for (u32 banks = table.banks; banks != 0; banks &= banks - 1) {
    Bank& bank = *banks_[static_cast<u32>(std::countr_zero(banks))];
    if (!bank.used) continue;
    if (table.level == 1) {
      DropPageIn(bank, table.first + index * kPageSize);
    } else {
      Clear(bank);
    }
  }
}

void Tlb::ForgetTable(Table& table) {
  for (u32 i = 0; i < kBanks; ++i) {
    if ((table.banks & (1u << i)) != 0 && banks_[i]->used) Clear(*banks_[i]);
  }
  const u32 index = table_of_frame_[table.frame.value] - 1;
  table_of_frame_[table.frame.value] = 0;
  memory_.ClearMark(table.frame, kHoldsTables);
  free_tables_.push_back(index);
}

}  // namespace lgx
