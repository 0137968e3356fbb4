// The processor's state, as plain data. Everything a program could notice about the CPU
// is here; caches are not.
#ifndef LGX_CPU_STATE_H_
#define LGX_CPU_STATE_H_

#include <bit>

#include "base/types.h"
#include "cpu/flags.h"
#include "cpu/fpu.h"
#include "cpu/segment.h"

namespace lgx {

enum Reg : u8 { kEax, kEcx, kEdx, kEbx, kEsp, kEbp, kEsi, kEdi };

inline constexpr u32 kCr0Pe = 1u << 0;
inline constexpr u32 kCr0Mp = 1u << 1;
inline constexpr u32 kCr0Em = 1u << 2;
inline constexpr u32 kCr0Ts = 1u << 3;
inline constexpr u32 kCr0Et = 1u << 4;
inline constexpr u32 kCr0Ne = 1u << 5;
inline constexpr u32 kCr0Wp = 1u << 16;
inline constexpr u32 kCr0Am = 1u << 18;
inline constexpr u32 kCr0Nw = 1u << 29;
inline constexpr u32 kCr0Cd = 1u << 30;
inline constexpr u32 kCr0Pg = 1u << 31;

inline constexpr u32 kCr4Vme = 1u << 0;
inline constexpr u32 kCr4Pvi = 1u << 1;
inline constexpr u32 kCr4Tsd = 1u << 2;
inline constexpr u32 kCr4De = 1u << 3;
inline constexpr u32 kCr4Pse = 1u << 4;
inline constexpr u32 kCr4Pae = 1u << 5;
inline constexpr u32 kCr4Pge = 1u << 7;
inline constexpr u32 kCr4Pce = 1u << 8;
inline constexpr u32 kCr4Osfxsr = 1u << 9;
inline constexpr u32 kCr4Osxmmexcpt = 1u << 10;

inline constexpr u64 kEferNxe = 1u << 11;

// DR6: what a debug exception was for. Bits 3:0: the four breakpoints.
inline constexpr u32 kDr6Breakpoints = 0xf;
inline constexpr u32 kDr6Bd = 1u << 13;  // debug register access while DR7.GD was set
inline constexpr u32 kDr6Bs = 1u << 14;  // single step
inline constexpr u32 kDr6Bt = 1u << 15;  // the new task's T bit
inline constexpr u32 kDr6Ones = 0xffff0ff0;

inline constexpr u32 kDr7Local = 0x155;  // L0 ... L3 and LE: a task switch clears them
inline constexpr u32 kDr7Gd = 1u << 13;
inline constexpr u32 kDr7Ones = 0x400;

// The register file: eight registers, then three that no program can name. Handlers
// address it by byte offset.
inline constexpr u8 kZeroRegister = 8;     // always 0: "no base", "no index"
inline constexpr u8 kAddressRegister = 9;  // linear address made by an address operation
inline constexpr u8 kValueRegister = 10;   // value on its way to memory or from it

constexpr u8 RegOffset32(u32 n) { return static_cast<u8>(n * 4); }
constexpr u8 RegOffset16(u32 n) {
  return static_cast<u8>(n * 4 + (std::endian::native == std::endian::big ? 2 : 0));
}
constexpr u8 RegOffset8(u32 n) {  // AL CL DL BL AH CH DH BH
  return static_cast<u8>(std::endian::native == std::endian::big
                             ? (n & 3) * 4 + 3 - (n >> 2)
                             : (n & 3) * 4 + (n >> 2));
}

struct CpuState {
  u32 regs[12] = {};
  u32 eip = 0;
  Flags flags{1, 0};
  u32 eflags_rest = 0;  // all EFLAGS bits but the six arithmetic ones and bit 1

  Segment seg[kSegments];
  Segment ldtr, tr;  // selector, base, limit, attr; first and last have no meaning
  TableRegister gdtr, idtr;

  u32 cr0 = kCr0Et, cr2 = 0, cr3 = 0, cr4 = 0;
  u64 pdpte[4] = {};
  u64 efer = 0;
  u32 dr[8] = {0, 0, 0, 0, 0, 0, kDr6Ones, kDr7Ones};
  u32 sysenter_cs = 0, sysenter_esp = 0, sysenter_eip = 0;
  u8 cpl = 0;

  bool interrupt_shadow = false;  // after STI or MOV SS: no interrupt before the next one
  bool trap_shadow = false;       // after MOV SS: no debug exception for it either
  bool nmi_blocked = false;       // an NMI was delivered, and no IRET has followed
  bool halted = false;
  u32 events_in_a_row = 0;  // delivered since an instruction completed (Cpu::Run)

  FpuState fpu;
};

}  // namespace lgx

#endif  // LGX_CPU_STATE_H_
