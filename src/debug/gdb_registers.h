// The registers as gdb gets them: their order, their sizes, and the description that
// tells gdb so.
#ifndef LGX_DEBUG_GDB_REGISTERS_H_
#define LGX_DEBUG_GDB_REGISTERS_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"
#include "cpu/state.h"

namespace lgx {

// Numbers of the protocol.
inline constexpr u32 kGdbEip = 8;
inline constexpr u32 kGdbEflags = 9;
inline constexpr u32 kGdbCs = 10;  // then SS DS ES FS GS
inline constexpr u32 kGdbSt0 = 16;
inline constexpr u32 kGdbFctrl = 24;
inline constexpr u32 kGdbXmm0 = 32;
inline constexpr u32 kGdbMxcsr = 40;
inline constexpr u32 kGdbSystem = 41;  // FS base, GS base, CR0 CR2 CR3 CR4, CPL
inline constexpr u32 kGdbRegisters = 48;

struct GdbRegister {
  std::string_view name;
  u32 bytes;
  u32 offset;  // in the block of all
};
const std::array<GdbRegister, kGdbRegisters>& GdbRegisterTable();
u32 GdbRegisterBytes();

// The general registers, which may be in the CPU or in the page where the Switcher keeps
// the Guest's, in the order of the protocol.
struct GdbGeneral {
  u32 regs[8] = {};
  u32 eip = 0;
  u32 eflags = 0;
  u32 selectors[6] = {};  // CS SS DS ES FS GS
};

// All of them in the protocol's order, little-endian.
std::string GdbRegisterBlock(const GdbGeneral& general, const CpuState& state, u32 cpl);

// Puts a value of x87 or SSE into `fpu`. False: there is no such register, its size is
// another one, or the value has reserved bits set.
bool GdbSetFpuRegister(u32 number, std::span<const u8> value, FpuState* fpu);

// target.xml
std::string GdbTargetDescription();

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_REGISTERS_H_
