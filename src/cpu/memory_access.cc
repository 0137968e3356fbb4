// The out-of-line half of memory access: TLB misses, page crossings, marked frames,
// alignment checks, and every access that goes through a segment's checks.
#include <algorithm>
#include <cstring>

#include "cpu/cpu.h"

namespace lgx {
namespace {

u32 ToPageEnd(Lin at, u32 len) { return std::min(len, kPageSize - PageOffset(at)); }

}  // namespace

bool Cpu::PageFault(Lin lin, u32 error) {
  fault_ = Fault{kVectorPf, true, error, lin.value};
  fault_waiting_ = true;
  return false;
}

bool Cpu::Aligned(Lin lin, u32 len, u32 align) {
  if (!AlignmentActive()) return true;
  if (align == 0) align = len;
  if ((lin.value & (align - 1)) == 0) return true;
  return RaiseFalse(kVectorAc, 0);
}

bool Cpu::CopyIn(Lin at, u8* bytes, u32 len, bool user) {
  NoteData(at, len, false);
  if (!CopyInPages(at, bytes, len, user)) return false;
  TellAccess(DataAccess::kRead, at, bytes, len);
  return true;
}

bool Cpu::CopyInPages(Lin at, u8* bytes, u32 len, bool user) {
  while (len != 0) {
    const u32 part = ToPageEnd(at, len);
    const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(at.value)];
    if (entry.read_tag == (at.value & ~kPageMask)) {
      std::memcpy(bytes, entry.Host(at.value), part);
    } else {
      const WalkResult walk = tlb_.Fill(at, Access::kRead, user);
      if (!walk.ok) return PageFault(at, walk.error);
      memory_.Read(MpaOf(walk.frame) + PageOffset(at), bytes, part);
    }
    at += part;
    bytes += part;
    len -= part;
  }
  return true;
}

// May a store at `at` go through the entry, announced if its tag is not plain? A page
// that has lost its mark since may not: the next walk gives it a plain tag.
bool Cpu::LetsThrough(const TlbEntry& entry, Lin at) const {
  const u32 tag = at.value & ~kPageMask;
  if (entry.write_tag == tag) return true;
  if ((entry.write_tag & ~TlbEntry::kAnnounced) != tag) return false;
  const u8 marks = memory_.marks(MfnOf(memory_.MpaOfPointer(entry.Host(at.value))));
  const bool tables = (entry.write_tag & TlbEntry::kWatched) != 0;
  const u8 wanted = tables ? u8{kHoldsTables} : kWatchedMarks;
  return (marks & wanted) != 0;
}

bool Cpu::ProbeLinear(Lin at, u32 len, Access access, bool user) {
  while (len != 0) {
    const u32 part = ToPageEnd(at, len);
    const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(at.value)];
    const bool known =
        access == Access::kWrite
            ? LetsThrough(entry, at) || tlb_.RecallForWriting(at.value, user)
            : entry.read_tag == (at.value & ~kPageMask);
    if (!known) {
      const WalkResult walk = tlb_.Fill(at, access, user);
      if (!walk.ok) return PageFault(at, walk.error);
    }
    at += part;
    len -= part;
  }
  return true;
}

bool Cpu::CopyOut(Lin at, const u8* bytes, u32 len, bool user) {
  NoteData(at, len, true);
  if (!CopyOutPages(at, bytes, len, user)) return false;
  TellAccess(DataAccess::kWrite, at, bytes, len);
  return true;
}

bool Cpu::CopyOutPages(Lin at, const u8* bytes, u32 len, bool user) {
  // A store that reaches into a second page writes nothing unless both pages take it.
  if (ToPageEnd(at, len) != len && !ProbeLinear(at, len, Access::kWrite, user))
    return false;
  while (len != 0) {
    const u32 part = ToPageEnd(at, len);
    const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(at.value)];
    if (LetsThrough(entry, at)) {
      u8* const host = entry.Host(at.value);
      if ((entry.write_tag & TlbEntry::kAnnounced) != 0) {
        memory_.Announce(memory_.MpaOfPointer(host), bytes, part);
      }
      std::memcpy(host, bytes, part);
    } else {
      const WalkResult walk = tlb_.Fill(at, Access::kWrite, user);
      if (!walk.ok) return PageFault(at, walk.error);
      memory_.Write(MpaOf(walk.frame) + PageOffset(at), bytes, part);
    }
    at += part;
    bytes += part;
    len -= part;
  }
  return true;
}

bool Cpu::LoadLinear(Lin at, u8* bytes, u32 len, bool user) {
  return CopyIn(at, bytes, len, user);
}

bool Cpu::StoreLinear(Lin at, const u8* bytes, u32 len, bool user) {
  return CopyOut(at, bytes, len, user);
}

// A segment refuses an access in this order: unusable or wrong type, then the limit.
bool Cpu::CheckSegment(Seg seg, u32 offset, u32 size, bool write) {
  const Segment& s = segment(seg);
  if (s.Contains(offset, size) && (write ? s.writable : s.readable)) return true;
  const bool usable = (s.attr & kAttrPresent) != 0;
  if (usable && !(write ? s.writable : s.readable)) return RaiseFalse(kVectorGp, 0);
  return SegmentFault(seg);
}

bool Cpu::LoadBytes(Seg seg, u32 offset, u8* bytes, u32 len, u32 align) {
  if (!CheckSegment(seg, offset, len, false)) return false;
  const Lin lin(segment(seg).base + offset);
  return Aligned(lin, len, align) && CopyIn(lin, bytes, len, state.cpl == 3);
}

bool Cpu::StoreBytes(Seg seg, u32 offset, const u8* bytes, u32 len, u32 align) {
  if (!CheckSegment(seg, offset, len, true)) return false;
  const Lin lin(segment(seg).base + offset);
  return Aligned(lin, len, align) && CopyOut(lin, bytes, len, state.cpl == 3);
}

bool Cpu::ProbeStore(Seg seg, u32 offset, u32 len, u32 align) {
  if (!CheckSegment(seg, offset, len, true)) return false;
  const Lin lin(segment(seg).base + offset);
  return Aligned(lin, len, align) &&
         ProbeLinear(lin, len, Access::kWrite, state.cpl == 3);
}

bool Cpu::LoadOperand(Seg seg, u32 offset, u32 bytes, u32* value) {
  if (bytes == 4) return Load(seg, offset, value);
  u8 raw[4] = {};
  if (!LoadBytes(seg, offset, raw, bytes)) return false;
  *value = LoadLe<u32>(raw);
  return true;
}

bool Cpu::StoreOperand(Seg seg, u32 offset, u32 bytes, u32 value) {
  if (bytes == 4) return Store(seg, offset, value);
  u8 raw[4];
  StoreLe<u32>(raw, value);
  return StoreBytes(seg, offset, raw, bytes);
}

// -- behind the inline paths of the handlers
// ------------------------------------------------

namespace {
// Set by decoding when an address operation has already checked the segment.
constexpr u8 kSegChecked = 0xff;

void StoreBySize(u8* at, u32 value, u32 size) {
  if (size == 4) {
    StoreLe<u32>(at, value);
  } else if (size == 2) {
    StoreLe<u16>(at, static_cast<u16>(value));
  } else {
    *at = static_cast<u8>(value);
  }
}
}  // namespace

#define LGX_REFUSE_WRAP(result)                           \
  if (lin + (size - 1) < lin && op->seg != kSegChecked) { \
    /* past the end of a 4 GiB segment */                 \
    SegmentFault(static_cast<Seg>(op->seg));              \
    return result;                                        \
  }                                                       \
  if (!Aligned(Lin(lin), size, 0)) return result

LGX_SLOW_PATH Cpu::SlowValue Cpu::SlowLoad(u32 lin, u32 size, const Op* op) {
  ++stats_.slow_access;
  storing = op;
  constexpr SlowValue kFailed = {0, true};
  LGX_REFUSE_WRAP(kFailed);
  // A miss inside one page: the entry is made, and answers.
  if (PageOffset(Lin(lin)) <= kPageSize - 4) {
    const bool user = state.cpl == 3;
    const u32 tag = lin & ~kPageMask;
    const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(lin)];
    if (entry.read_tag != tag && !tlb_.Recall(lin, user)) {
      const WalkResult walk = tlb_.Fill(Lin(lin), Access::kRead, user);
      if (!walk.ok) return PageFault(Lin(lin), walk.error), kFailed;
    }
    if (entry.read_tag == tag) {
      NoteData(Lin(lin), size, false);
      const u8* const at = entry.Host(lin);
      TellAccess(DataAccess::kRead, Lin(lin), at, size);
      return SlowValue{size == 4   ? LoadLe<u32>(at)
                       : size == 2 ? u32{LoadLe<u16>(at)}
                                   : u32{*at},
                       false};
    }
  }
  u8 raw[4] = {};
  if (!CopyIn(Lin(lin), raw, size, state.cpl == 3)) return kFailed;
  return SlowValue{LoadLe<u32>(raw), false};
}

LGX_SLOW_PATH bool Cpu::SlowStore(u32 lin, u32 size, u32 value, const Op* op) {
  return StoreOutOfLine(lin, size, value, op);
}

// First of all, 4 bytes into a page of tables: what an operating system does each time it
// maps a page. Nothing is called before it is decided whether the store matters.
bool Cpu::StoreOutOfLine(u32 lin, u32 size, u32 value, const Op* op) {
  const TlbEntry& now = tlb_now[Tlb::IndexOf(lin)];
  if (now.write_tag == ((lin & ~kPageMask) | TlbEntry::kWatched) && size == 4 &&
      lin % 4 == 0) {
    u8* const at = now.Host(lin);
    const Mfn frame = MfnOf(memory_.MpaOfPointer(at));
    if ((memory_.marks(frame) & kWatchedMarks) == kHoldsTables && plan_.frames.empty()) {
      ++stats_.slow_access;
      if (tlb_.WillStoreQuietly(frame, at, value)) {
        StoreLe<u32>(at, value);
        return true;
      }
      return StoreToTable(frame, at, value, op);
    }
  }
  return StoreSlowly(lin, size, value, op);
}

bool Cpu::StoreToTable(Mfn frame, u8* at, u32 value, const Op* op) {
  storing = op;
  const u32 context = tlb_.code_context();
  tlb_.WillStoreWord(frame, at, value);
  if (context != tlb_.code_context()) CodeContextChanged();
  StoreLe<u32>(at, value);
  return true;
}

bool Cpu::StoreSlowly(u32 lin, u32 size, u32 value, const Op* op) {
  ++stats_.slow_access;
  storing = op;
  LGX_REFUSE_WRAP(false);
  u8 raw[4];
  StoreLe<u32>(raw, value);
  const bool user = state.cpl == 3;
  const u32 tag = lin & ~kPageMask;
  if (((lin + size - 1) & ~kPageMask) != tag) return CopyOut(Lin(lin), raw, size, user);
  const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(lin)];
  if (!LetsThrough(entry, Lin(lin)) && !tlb_.RecallForWriting(lin, user)) {
    const WalkResult walk = tlb_.Fill(Lin(lin), Access::kWrite, user);
    if (!walk.ok) return PageFault(Lin(lin), walk.error);
    if ((entry.write_tag & ~TlbEntry::kAnnounced) != tag) {  // no RAM
      return CopyOut(Lin(lin), raw, size, user);
    }
  }
  NoteData(Lin(lin), size, true);
  u8* const at = entry.Host(lin);
  TellAccess(DataAccess::kWrite, Lin(lin), raw, size);
  if (entry.write_tag != tag) memory_.Announce(memory_.MpaOfPointer(at), raw, size);
  StoreBySize(at, value, size);
  return true;
}

LGX_SLOW_PATH u8* Cpu::SlowModify(u32 lin, u32 size, const Op* op) {
  ++stats_.slow_access;
  storing = op;
  LGX_REFUSE_WRAP(nullptr);
  const bool user = state.cpl == 3;
  if (!ProbeLinear(Lin(lin), size, Access::kWrite, user)) return nullptr;
  NoteData(Lin(lin), size, true);
  const TlbEntry& entry = tlb_.Entries(user)[Tlb::IndexOf(lin)];
  u8* at = bounce;
  if (entry.write_tag == ((lin + size - 1) & ~kPageMask)) {
    at = entry.Host(lin);
  } else {
    if (!CopyInPages(Lin(lin), bounce, size, user)) return nullptr;
    bounce_lin_ = lin;
  }
  TellAccess(DataAccess::kModify, Lin(lin), at, size);
  return at;
}

LGX_SLOW_PATH void Cpu::FlushBounce(u32 size) {
  // SlowModify has probed it: this cannot fault.
  (void)CopyOutPages(Lin(bounce_lin_), bounce, size, state.cpl == 3);
}

}  // namespace lgx
