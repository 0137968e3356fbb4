// The x87 of the machine that runs the tests, as the reference: any instruction D8-DF on
// any state. Only x86-64 hosts with the assembler syntax of GCC and Clang have one.
#ifndef LGX_TESTS_CPU_X87_HOST_H_
#define LGX_TESTS_CPU_X87_HOST_H_

#include <array>

#include "base/types.h"

namespace lgx {

// FNSAVE images (32-bit protected-mode format) before and after one instruction.
struct X87HostRun {
  std::array<u8, 108> in{};
  std::array<u8, 108> out{};
  u64 flags = 0x202;  // EFLAGS before and after
  u64 rax = 0;
  alignas(16) std::array<u8, 128> memory{};  // the memory operand
};

// Runs `opcode modrm`. Register forms, and memory forms as [rcx] (modrm 1, 9, 17 ...).
// False: no reference on this host. The instruction must exist, and nothing may be
// pending.
bool RunOnHost(u8 opcode, u8 modrm, X87HostRun& run);
bool HostHasX87();
// The processor is of the maker that the documented choices follow.
bool HostIsIntel();

}  // namespace lgx

#endif  // LGX_TESTS_CPU_X87_HOST_H_
