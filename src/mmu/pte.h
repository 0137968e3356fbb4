// Page-table entries of the two i386 formats as types (host-07 section 1).
//
// A format is a traits class, TwoLevel or Pae. Code about tables is written once as a
// template over it; PagingMode chooses the instance at run time.
#ifndef LGX_MMU_PTE_H_
#define LGX_MMU_PTE_H_

#include <string>

#include "base/types.h"
#include "mmu/paging_mode.h"

namespace lgx {

//: paging.010 One entry, two formats
// A page-table entry is a page number with flags in the low twelve bits, which a page
// number does not need. The old format has 4-byte entries and two levels of 1024. PAE
// doubles the entry to 8 bytes to have room for larger page numbers; a page then holds
// half as many, so a third level appears on top with just four. The flags stay where they
// were. That is why nearly everything about tables here is written once, with the format
// as a parameter.
//:
inline constexpr u32 kPtePresent = 0x001;
inline constexpr u32 kPteRw = 0x002;
inline constexpr u32 kPteUser = 0x004;
inline constexpr u32 kPtePwt = 0x008;
inline constexpr u32 kPtePcd = 0x010;
inline constexpr u32 kPteAccessed = 0x020;
inline constexpr u32 kPteDirty = 0x040;
inline constexpr u32 kPtePse = 0x080;     // a large page; in a last-level entry PAT
inline constexpr u32 kPteGlobal = 0x100;  // ignored in upper levels
inline constexpr u32 kPteSoftware10 =
    0x400;  // free for software; the Host does not use it
inline constexpr u64 kPteNx = u64{1} << 63;  // PAE only

inline constexpr u32 kPageTableFlags = 0x067;   // _PAGE_TABLE: P RW US A D
inline constexpr u32 kKernelExecFlags = 0x163;  // the Host kernel's "exec": P RW A D G

struct TwoLevel {
  using Raw = u32;
  static constexpr PagingMode kMode = PagingMode::kTwoLevel;
  static constexpr bool kHasPmd = false;
  static constexpr u32 kEntries = 1024;  // in a page of entries
  static constexpr u32 kPgdEntries = 1024;
  static constexpr u32 kPgdShift = 22;
  static constexpr u32 kSwitcherPgd = 1023;
  static constexpr u32 kPgdFlags =
      kPageTableFlags;  // all that a Guest PGD entry may have
  static constexpr Raw kPteFrameBits = 0xfffff000;
};

struct Pae {
  using Raw = u64;
  static constexpr PagingMode kMode = PagingMode::kPae;
  static constexpr bool kHasPmd = true;
  static constexpr u32 kEntries = 512;
  static constexpr u32 kPgdEntries = 4;
  static constexpr u32 kPgdShift = 30;
  static constexpr u32 kPmdShift = 21;
  static constexpr u32 kSwitcherPgd = 3;
  static constexpr u32 kSwitcherPmd = 511;
  static constexpr u32 kPgdFlags = kPtePresent;
  static constexpr u32 kPmdFlags = kPageTableFlags;
  static constexpr Raw kPteFrameBits = 0x00000ffffffff000;  // 44 - 12 bits of page number
};

template <class F>
constexpr u32 PgdIndex(Lin v) {
  return v.value >> F::kPgdShift;
}
constexpr u32 PmdIndex(Lin v) {
  return (v.value >> Pae::kPmdShift) & (Pae::kEntries - 1);
}
template <class F>
constexpr u32 PteIndex(Lin v) {
  return (v.value >> kPageShift) & (F::kEntries - 1);
}
// Where entry `index` of a page of entries lies in that page.
template <class F>
constexpr u32 EntryOffset(u32 index) {
  return index * static_cast<u32>(sizeof(typename F::Raw));
}

// An entry that points to a lower table: in the PGD, and with PAE in the PMD.
template <class F>
struct TableEntry {
  using Raw = typename F::Raw;
  Raw raw = 0;

  constexpr TableEntry() = default;
  constexpr explicit TableEntry(Raw r) : raw(r) {}
  constexpr TableEntry(Mfn table, u32 flags)
      : raw(static_cast<Raw>(MpaOf(table).value | flags)) {}

  constexpr bool present() const { return (raw & kPtePresent) != 0; }
  constexpr u32 flags() const { return static_cast<u32>(raw & kPageMask); }
  // Everything above the flags, NX and reserved bits too: those make the number huge, so
  // a check against a limit refuses them.
  constexpr u64 page_number() const { return raw >> kPageShift; }
  // In a shadow table: where the lower table is.
  constexpr Mfn table() const { return Mfn(static_cast<u32>(page_number())); }
  // In a Guest table: the same, cut to 32 bits.
  constexpr Gpa guest_table() const {
    return Gpa(static_cast<u32>(raw) & ~static_cast<u32>(kPageMask));
  }
};

// An entry that maps a page.
template <class F>
struct PageEntry {
  using Raw = typename F::Raw;
  Raw raw = 0;

  constexpr PageEntry() = default;
  constexpr explicit PageEntry(Raw r) : raw(r) {}
  constexpr PageEntry(Mfn page, u32 flags)
      : raw(static_cast<Raw>(MpaOf(page).value | flags)) {}

  constexpr bool has(u32 flag) const { return (raw & flag) != 0; }
  constexpr bool present() const { return has(kPtePresent); }
  constexpr PageEntry with(u32 flags) const { return PageEntry(raw | flags); }
  constexpr PageEntry without(u32 flags) const {
    return PageEntry(raw & ~static_cast<Raw>(flags));
  }
  // The low 32 bits of the flags: with PAE, NX and bits 44-62 are not among them (Q23).
  constexpr u32 flags() const { return static_cast<u32>(raw & ~F::kPteFrameBits); }
  constexpr u64 page_number() const {
    return static_cast<u64>(raw & F::kPteFrameBits) >> kPageShift;
  }
};

// The flags for people, as in "U W A D P"; "not present" if bit 0 is clear.
std::string DescribeEntry(u64 raw);

}  // namespace lgx

#endif  // LGX_MMU_PTE_H_
