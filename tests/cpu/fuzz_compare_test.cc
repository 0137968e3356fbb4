// The harness of cpu_fuzz with fixed inputs: the same programs in every check.
#include "tests/cpu/fuzz_compare.h"

#include <gtest/gtest.h>

#include "base/endian.h"

namespace lgx {
namespace {

TEST(FuzzCompare, RandomProgramsInRandomWorldsEndAlikeEveryWay) {
  constexpr u32 kPrograms = 60;
  u64 instructions = 0, events = 0, shutdowns = 0;
  for (u32 seed = 1; seed <= kPrograms; ++seed) {
    u8 input[8] = {};
    StoreLe<u32>(input, seed);
    const FuzzOutcome outcome = RunFuzzProgram(input);
    ASSERT_EQ(outcome.difference, "") << "seed " << seed;
    instructions += outcome.instructions;
    events += outcome.events;
    shutdowns += outcome.shut_down ? 1 : 0;
  }
  // Programs must live long enough to mean something.
  EXPECT_GT(instructions, 100'000u);
  EXPECT_GT(events, 5'000u);
  EXPECT_LT(shutdowns, kPrograms);
}

}  // namespace
}  // namespace lgx
