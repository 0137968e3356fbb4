// The data shared by Host, Switcher and CPU: struct lguest_pages and the tables in it.
// (host-02 sections 1, 2 and 4; host-01 section 6.)
//
// The structures are never laid over host memory. They exist so that offsetof() can name
// every byte; machine memory is read and written through PhysMemory, little-endian.
#ifndef LGX_SWITCHER_LAYOUT_H_
#define LGX_SWITCHER_LAYOUT_H_

#include <cstddef>

#include "base/types.h"
#include "mmu/paging_mode.h"

namespace lgx {

inline constexpr u32 kGdtEntries = 32;
inline constexpr u32 kIdtEntries = 256;

// One 8-byte entry of a descriptor table: `a` is the low word, `b` the high word.
struct DescriptorWords {
  u32 a = 0;
  u32 b = 0;
  friend constexpr bool operator==(const DescriptorWords&,
                                   const DescriptorWords&) = default;
};

#pragma pack(push, 1)

// The Guest's registers as an exit leaves them: the Switcher's pushes upside down, so
// nothing is ever copied. The first five words double as hypercall arguments.
struct LguestRegs {
  u32 eax, ebx, ecx, edx, esi, edi, ebp;
  u32 gs, fs, ds, es;
  u32 trapnum, errcode;
  u32 eip, cs, eflags, esp, ss;
};

// What lgdt, lidt, sgdt and sidt move.
struct LguestTableDesc {
  u16 limit;
  u32 address;
};

// The hardware task state segment. Only sp0/ss0 and sp1/ss1 are ever used.
struct LguestTss {
  u32 back_link;
  u32 sp0, ss0;
  u32 sp1, ss1;
  u32 sp2, ss2;
  u32 cr3;
  u32 eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
  u32 es, cs, ss, ds, fs, gs;
  u32 ldt;
  u16 trace;
  u16 io_bitmap_base;
};

// Read-only for the Guest, written by the Host before an entry.
struct LguestRoState {
  u32 host_cr3;
  LguestTableDesc host_idt_desc;
  LguestTableDesc host_gdt_desc;
  u32 host_sp;
  LguestTableDesc guest_idt_desc;
  LguestTableDesc guest_gdt_desc;
  LguestTss guest_tss;
  DescriptorWords guest_idt[kIdtEntries];
  DescriptorWords guest_gdt[kGdtEntries];
};

// One CPU's two pages in the Switcher region; they start at `P`.
struct LguestPages {
  u8 spare[kPageSize - sizeof(LguestRegs)];
  LguestRegs regs;
  LguestRoState state;
  u8 padding[kPageSize - sizeof(LguestRoState)];
};

#pragma pack(pop)

static_assert(sizeof(LguestRegs) == 72 && sizeof(LguestTss) == 104);
static_assert(sizeof(LguestRoState) == 2440 && sizeof(LguestPages) == 8192);

inline constexpr u32 kRegsOffset = offsetof(LguestPages, regs);    // in the register page
inline constexpr u32 kStateOffset = offsetof(LguestPages, state);  // from P
inline constexpr u32 kTssLimit = sizeof(LguestTss) - 1;
inline constexpr u32 kGdtLimit = kGdtEntries * sizeof(DescriptorWords) - 1;
inline constexpr u32 kIdtLimit = kIdtEntries * sizeof(DescriptorWords) - 1;
// One past the TSS limit: no I/O bitmap, so every port access of ring 1 or 3 traps.
inline constexpr u16 kIoBitmapBase = sizeof(LguestTss);

// `P`: the two pages of CPU `cpu` behind `text_pages` pages of Switcher text.
constexpr Lin LguestPagesOf(PagingMode mode, u32 text_pages, u32 cpu) {
  return SwitcherAddr(mode) + (text_pages + 2 * cpu) * kPageSize;
}

// ---- segments
// ---------------------------------------------------------------------------

// The Guest kernel's privilege level. Paging calls rings 0 to 2 "supervisor", so ring 1
// can use kernel pages; everything privileged traps.
inline constexpr u32 kGuestPl = 1;

inline constexpr u32 kGdtTls = 6;  // three entries: 6, 7, 8
inline constexpr u32 kGdtTlsEntries = 3;
inline constexpr u32 kGdtLguestCs = 10;
inline constexpr u32 kGdtLguestDs = 11;
inline constexpr u32 kGdtKernelCs = 12;
inline constexpr u32 kGdtKernelDs = 13;
inline constexpr u32 kGdtTss = 16;
inline constexpr u32 kGdtDoubleFaultTss = 31;

inline constexpr u32 kLguestCs = kGdtLguestCs * 8;                  // 0x50
inline constexpr u32 kLguestDs = kGdtLguestDs * 8;                  // 0x58
inline constexpr u32 kHostKernelCs = kGdtKernelCs * 8;              // 0x60
inline constexpr u32 kHostKernelDs = kGdtKernelDs * 8;              // 0x68
inline constexpr u32 kGuestKernelCs = kGdtKernelCs * 8 | kGuestPl;  // 0x61
inline constexpr u32 kGuestKernelDs = kGdtKernelDs * 8 | kGuestPl;  // 0x69
inline constexpr u32 kGuestUserCs = 0x73;
inline constexpr u32 kGuestUserDs = 0x7b;
inline constexpr u32 kTssSelector = kGdtTss * 8;  // 0x80

// Flat 4 GiB segments of DPL 0, accessed bit set.
inline constexpr DescriptorWords kFullCode{0x0000ffff, 0x00cf9b00};
inline constexpr DescriptorWords kFullData{0x0000ffff, 0x00cf9300};
inline constexpr u32 kDescriptorDplMask = 0x6000;
inline constexpr u32 kDescriptorDplShift = 13;
inline constexpr u32 kDescriptorPresent = 0x8000;
inline constexpr u32 kDescriptorAccessed = 0x0100;
inline constexpr u32 kDescriptorNotSystem = 0x1000;

// An available 32-bit TSS at linear address `tss`.
constexpr DescriptorWords TssDescriptor(u32 tss) {
  return {kTssLimit | tss << 16, 0x8900 | (tss & 0xff000000) | ((tss >> 16) & 0xff)};
}

// ---- vectors
// ----------------------------------------------------------------------------

inline constexpr u32 kLguestTrapEntry = 0x1f;  // int 0x1f: the hypercall
inline constexpr u32 kFirstExternalVector = 32;
inline constexpr u32 kSyscallVector = 0x80;
// No CPU delivers this: it stays in regs.trapnum when restoring the Guest faulted.
inline constexpr u32 kImpossibleTrap = 256;

inline constexpr u32 kGateInterrupt = 14;
inline constexpr u32 kGateTrap = 15;

// The exceptions for which the CPU pushes an error code.
constexpr bool HasErrorCode(u32 vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

// A gate into the Switcher: an interrupt gate to `stub`, so IF is 0 in there. `guest` is
// the Guest's own gate or all zero; only its DPL counts (host-05 section 4). Ring 1 alone
// may use the hypercall vector.
constexpr DescriptorWords DefaultGate(u32 vector, u32 stub, DescriptorWords guest) {
  u32 dpl = guest.b & kDescriptorDplMask;
  if (vector == kLguestTrapEntry) dpl = kGuestPl << kDescriptorDplShift;
  return {kLguestCs << 16 | (stub & 0xffff), (stub & 0xffff0000) | 0x8e00 | dpl};
}

}  // namespace lgx

#endif  // LGX_SWITCHER_LAYOUT_H_
