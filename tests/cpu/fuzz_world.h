// A machine for random programs: memory with descriptor tables, gates, handlers, page
// tables and code, and the processor's registers, all chosen by the input.
//
// Most of it is sound, so that a program lives for thousands of instructions; every part
// may be damaged. A handler goes back behind the instruction that faulted, one byte on.
#ifndef LGX_TESTS_CPU_FUZZ_WORLD_H_
#define LGX_TESTS_CPU_FUZZ_WORLD_H_

#include <vector>

#include "cpu/cpu.h"
#include "tests/cpu/fuzz_choices.h"

namespace lgx {

enum class FuzzMode : u8 { kReal, kV86, kProtected16, kProtected32 };

struct FuzzWorld {
  static constexpr u32 kMemory = 0x50000;
  static constexpr u32 kGdt = 0x1000, kGdtEntries = 64;
  static constexpr u32 kLdt = 0x1800, kLdtEntries = 16;
  static constexpr u32 kIdt = 0x2000;
  static constexpr u32 kTss = 0x3000, kTssOther = 0x3200, kTss16 = 0x3300;
  static constexpr u32 kHandlers = 0x4000, kHandlers16 = 0x5000;
  static constexpr u32 kStacks = 0x8000;  // tops: ring r at + r * 0x1000
  static constexpr u32 kCode = 0x10000, kCodeBytes = 0x4000;
  static constexpr u32 kData = 0x20000, kDataBytes = 0x4000;
  static constexpr u32 kTables = 0x40000;
  static constexpr u32 kMapped = 0x400000;  // linear addresses the tables speak of

  FuzzMode mode = FuzzMode::kProtected32;
  u32 ring = 0;
  bool code32 = true;
  std::vector<u8> memory;
  CpuState state;
};

// Where its parts come from: mode, registers and control registers; code; tables.
struct WorldChoices {
  explicit WorldChoices(std::span<const u8> input);

  Choices registers, code, tables;
};

// Selectors of the descriptor table, sound ones first.
u16 ChooseSelector(Choices& choices);

FuzzWorld MakeWorld(WorldChoices& choices);

}  // namespace lgx

#endif  // LGX_TESTS_CPU_FUZZ_WORLD_H_
