// Registers for people, wherever the machine has stopped.
#ifndef LGX_DEBUG_REGISTER_VIEW_H_
#define LGX_DEBUG_REGISTER_VIEW_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cpu/state.h"
#include "debug/run_control.h"
#include "debug/symbols.h"

namespace lgx {

// The program-visible registers of whoever goes on next: the CPU's, or between two
// crossings those that the Host has saved for the Guest.
struct CurrentRegisters {
  std::array<u32, 8> regs{};  // in the order of enum Reg
  u32 eip = 0;
  u32 eflags = 0;
  std::array<u16, kSegments> selectors{};
  u32 cpl = 0;
  bool saved = false;  // of the Guest, between two crossings
};
CurrentRegisters ReadRegisters(const RunControl& control);

// "eax", "eip", "cs", "cr2", and so on.
std::optional<u64> RegisterByName(const RunControl& control, std::string_view name);

// "IF ZF PF".
std::string EflagsText(u32 eflags);

// All of them.
std::string ViewRegisters(const RunControl& control, const Symbols& symbols);

}  // namespace lgx

#endif  // LGX_DEBUG_REGISTER_VIEW_H_
