// Runs one random program on several processors that must not differ: every binding of
// the build, with and without the block cache, and in pieces of different sizes.
#ifndef LGX_TESTS_CPU_FUZZ_COMPARE_H_
#define LGX_TESTS_CPU_FUZZ_COMPARE_H_

#include <span>
#include <string>

#include "base/types.h"

namespace lgx {

struct FuzzOutcome {
  u64 instructions = 0;  // retired by the program
  u64 events = 0;        // exceptions and interrupts delivered
  bool shut_down = false;
  std::string difference;  // empty: none. Otherwise all that is needed to see it again
};

// State, memory, counts and events are compared after every piece of the program; after a
// difference the pieces are shortened until the first instruction that makes it is found.
FuzzOutcome RunFuzzProgram(std::span<const u8> input);

}  // namespace lgx

#endif  // LGX_TESTS_CPU_FUZZ_COMPARE_H_
