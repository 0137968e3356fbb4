#include "mmu/page_walk.h"

namespace lgx {
namespace {

constexpr u64 kP = 1u << 0;
constexpr u64 kRw = 1u << 1;
constexpr u64 kUs = 1u << 2;
constexpr u64 kA = 1u << 5;
constexpr u64 kD = 1u << 6;
constexpr u64 kPs = 1u << 7;
constexpr u64 kNx = u64{1} << 63;
constexpr u64 kAboveWidth =
    ((u64{1} << 63) - 1) & ~((u64{1} << kPhysicalAddressBits) - 1);

struct TwoLevel {
  using Entry = u32;
  static constexpr int kLargeShift = 22;
  static u32 DirIndex(Lin v) { return v.value >> 22; }
  static u32 TableIndex(Lin v) { return (v.value >> 12) & 1023; }
  static bool IsLarge(Entry e, const PagingRegisters& regs) {
    return regs.pse && (e & kPs) != 0;
  }
  static bool Reserved(Entry e, bool large, const PagingRegisters&) {
    return large && (e & 0x003fe000) != 0;  // no PSE-36: bits 21:13 are reserved
  }
};

struct Pae {
  using Entry = u64;
  static constexpr int kLargeShift = 21;
  static u32 DirIndex(Lin v) { return (v.value >> 21) & 511; }
  static u32 TableIndex(Lin v) { return (v.value >> 12) & 511; }
  static bool IsLarge(Entry e, const PagingRegisters&) { return (e & kPs) != 0; }
  static bool Reserved(Entry e, bool large, const PagingRegisters& regs) {
    return (e & kAboveWidth) != 0 || (!regs.no_execute && (e & kNx) != 0) ||
           (large && (e & 0x001fe000) != 0);
  }
};

// One level's rights folded into the result.
template <typename Entry>
void Combine(WalkResult& r, Entry e) {
  r.user = r.user && (e & kUs) != 0;
  r.writable = r.writable && (e & kRw) != 0;
  if constexpr (sizeof(Entry) == 8) r.executable = r.executable && (e & kNx) == 0;
}

struct Walked {
  WalkResult result;
  WalkResult above;  // the rights of the levels above the page table
  Mpa dir_at, table_at;
  u64 dir = 0, table = 0;
  bool large = false;
};

constexpr u64 kAddress = ((u64{1} << kPhysicalAddressBits) - 1) & ~u64{kPageMask};

// Reads the entry of a page table into `w`, which has the rights of the levels above.
template <typename Format>
void ReadLast(const PhysMemory& memory, const PagingRegisters& regs, Mpa table, Lin lin,
              Walked* w) {
  using Entry = typename Format::Entry;
  w->table_at = table + Format::TableIndex(lin) * sizeof(Entry);
  const Entry leaf = memory.Load<Entry>(w->table_at);
  w->table = leaf;
  if ((leaf & kP) == 0) return;
  if (Format::Reserved(leaf, false, regs)) {
    w->result.error = kPfPresent | kPfReserved;
    return;
  }
  Combine(w->result, leaf);
  w->result.frame = Mfn(static_cast<u32>((leaf & kAddress) >> kPageShift));
  w->result.dirty = (leaf & kD) != 0;
  w->result.ok = true;
}

// Reads the entries; error stays relative to the access (P and RSVD bits only).
template <typename Format, typename Observe>
Walked Read(const PhysMemory& memory, const PagingRegisters& regs, Mpa directory, Lin lin,
            Observe observe) {
  using Entry = typename Format::Entry;
  constexpr u32 kRegionMask = ~((1u << Format::kLargeShift) - 1);
  constexpr u32 kDirMask = sizeof(Entry) == 8 ? 0xc0000000u : 0u;
  Walked w;
  w.result.user = w.result.writable = true;
  observe(MfnOf(directory), 2, Lin(lin.value & kDirMask));
  w.dir_at = directory + Format::DirIndex(lin) * sizeof(Entry);
  const Entry dir = memory.Load<Entry>(w.dir_at);
  w.dir = dir;
  if ((dir & kP) == 0) return w;
  w.large = Format::IsLarge(dir, regs);
  if (Format::Reserved(dir, w.large, regs)) {
    w.result.error = kPfPresent | kPfReserved;
    return w;
  }
  Combine(w.result, dir);
  if (w.large) {
    const u64 page = (dir & kAddress) & ~((u64{1} << Format::kLargeShift) - 1);
    w.result.frame =
        Mfn(static_cast<u32>((page | (lin.value & ~kRegionMask)) >> kPageShift));
    w.result.dirty = (dir & kD) != 0;
    w.result.ok = true;
    return w;
  }
  const Mpa table(dir & kAddress);
  observe(MfnOf(table), 1, Lin(lin.value & kRegionMask));
  w.above = w.result;
  ReadLast<Format>(memory, regs, table, lin, &w);
  return w;
}

// Which accesses does a present page refuse?
//   user access, U/S = 0 at any level     refuse
//   user write, R/W = 0 at any level      refuse, whatever CR0.WP
//   supervisor write, R/W = 0             refuse with CR0.WP = 1 only
//   fetch, NX = 1 at any level            refuse with EFER.NXE = 1
bool Refused(const WalkResult& r, const PagingRegisters& regs, Access access, bool user) {
  if (user && !r.user) return true;
  if (access == Access::kWrite && !r.writable && (user || regs.write_protect))
    return true;
  return access == Access::kFetch && !r.executable;
}

// A and D bits belong to the walker: nothing that was derived from the entry changes with
// them, so the store is announced to nobody but decoded code.
template <typename Entry>
void SetBits(PhysMemory& memory, Mpa at, u64 entry, u64 bits) {
  if ((entry & bits) == bits) return;
  u8* page = memory.WritePointer(MfnOf(at));
  if (page == nullptr) return;
  u8 bytes[sizeof(Entry)];
  StoreLe<Entry>(bytes, static_cast<Entry>(entry | bits));
  if ((memory.marks(MfnOf(at)) & kHoldsCode) != 0)
    memory.Announce(at, bytes, sizeof bytes);
  std::memcpy(page + PageOffset(at), bytes, sizeof bytes);
}

// Decides about an access to what was found; an error has its P and RSVD bits so far.
void Judge(const PagingRegisters& regs, Access access, bool user, WalkResult* r) {
  if (r->ok && Refused(*r, regs, access, user)) {
    r->ok = false;
    r->error = kPfPresent;
  }
  if (r->ok) return;
  r->error |= (access == Access::kWrite ? kPfWrite : 0) | (user ? kPfUser : 0);
  if (access == Access::kFetch && regs.pae && regs.no_execute) r->error |= kPfFetch;
}

//: memory.030 What the hardware does with an address
// A linear address is cut into indices, one per level. Each entry on the way can say no:
// not present, not for ring 3, not for writing, a bit that must be zero is not. The walk
// collects the rights of all levels, because the strictest one counts. If the answer is
// no, nothing is written, and the error code says what kind of access it was. If it is
// yes, the walk leaves two traces in the tables: "accessed" on every level, "dirty" on
// the last one if this is a write. An operating system lives on these two bits.
//:
template <typename Format>
WalkResult Walk(PhysMemory& memory, const PagingRegisters& regs, Mpa directory, Lin lin,
                Access access, bool user, WalkObserver* observer) {
  using Entry = typename Format::Entry;
  Walked w = Read<Format>(memory, regs, directory, lin, [&](Mfn f, int level, Lin first) {
    if (observer != nullptr) observer->UsedTable(f, level, first);
  });
  WalkResult& r = w.result;
  Judge(regs, access, user, &r);
  if (!r.ok) return r;
  const u64 leaf_bits = kA | (access == Access::kWrite ? kD : 0);
  if (w.large) {
    SetBits<Entry>(memory, w.dir_at, w.dir, leaf_bits);
  } else {
    SetBits<Entry>(memory, w.dir_at, w.dir, kA);
    SetBits<Entry>(memory, w.table_at, w.table, leaf_bits);
    if (observer != nullptr) {
      observer->ReachedTable(
          {MfnOf(w.table_at), w.above.user, w.above.writable, w.above.executable});
    }
  }
  r.dirty = r.dirty || access == Access::kWrite;
  return r;
}

template <typename Format>
WalkResult WalkLast(PhysMemory& memory, const PagingRegisters& regs,
                    const TableRights& from, Lin lin, Access access, bool user) {
  Walked w;
  WalkResult& r = w.result;
  r.user = from.user;
  r.writable = from.writable;
  r.executable = from.executable;
  ReadLast<Format>(memory, regs, MpaOf(from.table), lin, &w);
  Judge(regs, access, user, &r);
  if (!r.ok) return r;
  SetBits<typename Format::Entry>(memory, w.table_at, w.table,
                                  kA | (access == Access::kWrite ? kD : 0));
  r.dirty = r.dirty || access == Access::kWrite;
  return r;
}

WalkResult Unpaged(Lin lin) {
  WalkResult r;
  r.ok = r.user = r.writable = r.dirty = true;
  r.frame = Mfn(lin.value >> kPageShift);
  return r;
}

Mpa PaeDirectory(u64 pdpte) {
  return Mpa(pdpte & ((u64{1} << kPhysicalAddressBits) - 1) & ~u64{kPageMask});
}

}  // namespace

WalkResult WalkPageTables(PhysMemory& memory, const PagingRegisters& regs, Lin lin,
                          Access access, bool user, WalkObserver* observer) {
  if (!regs.paging) return Unpaged(lin);
  if (!regs.pae) {
    return Walk<TwoLevel>(memory, regs, Mpa(regs.cr3 & ~kPageMask), lin, access, user,
                          observer);
  }
  const u64 pdpte = regs.pdpte[lin.value >> 30];
  if ((pdpte & kP) == 0) {
    WalkResult r;
    r.error = (access == Access::kWrite ? kPfWrite : 0) | (user ? kPfUser : 0) |
              (access == Access::kFetch && regs.no_execute ? kPfFetch : 0);
    return r;
  }
  return Walk<Pae>(memory, regs, PaeDirectory(pdpte), lin, access, user, observer);
}

WalkResult WalkLastTable(PhysMemory& memory, const PagingRegisters& regs,
                         const TableRights& from, Lin lin, Access access, bool user) {
  return regs.pae ? WalkLast<Pae>(memory, regs, from, lin, access, user)
                  : WalkLast<TwoLevel>(memory, regs, from, lin, access, user);
}

WalkResult ObservePageTables(const PhysMemory& memory, const PagingRegisters& regs,
                             Lin lin) {
  if (!regs.paging) return Unpaged(lin);
  const auto nobody = [](Mfn, int, Lin) {};
  if (!regs.pae) {
    return Read<TwoLevel>(memory, regs, Mpa(regs.cr3 & ~kPageMask), lin, nobody).result;
  }
  const u64 pdpte = regs.pdpte[lin.value >> 30];
  if ((pdpte & kP) == 0) return WalkResult();
  return Read<Pae>(memory, regs, PaeDirectory(pdpte), lin, nobody).result;
}

}  // namespace lgx
