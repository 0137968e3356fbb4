#include "debug/guide.h"

#include <gtest/gtest.h>

#include "switcher/crossing.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::Gate;
using test::kTinyHandlers;
using test::TinyGuest;

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "in:\n" << (text)

class GuideTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  // What is said of a moment in the run of a guest that loads a gate and powers off;
  // empty if it never comes.
  std::string Say(const Moment& moment) {
    TinyGuest guest(GetParam());
    guest.text.Init();
    guest.text.LoadGate(0x80, kTinyHandlers, Gate::kTrap, 3);
    guest.text.PowerOff();
    Machine& machine = guest.Boot();
    const Symbols symbols(SymbolTable(), &machine.switcher_text());
    Guide guide(machine, symbols, moment);
    const bool seen = guide.Run();
    EXPECT_EQ(seen, !guide.text().empty());
    return guide.text();
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, GuideTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae));

u32 Count(const std::string& text, const std::string& part) {
  u32 count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_P(GuideTest, AWholeCrossingStageByStage) {
  const std::string text = Say({Moment::Kind::kCrossing, 0, Call::kUnknown, 1});
  for (u32 number = 1; number <= 12; ++number) {
    EXPECT_EQ(Count(text, "Host -> Guest  stage " + std::to_string(number) + "/12  "), 1u)
        << text;
  }
  for (u32 number = 1; number <= 11; ++number) {
    EXPECT_EQ(Count(text, "Guest -> Host  stage " + std::to_string(number) + "/11  "), 1u)
        << text;
  }
  EXPECT_HAS(text, "the VCPU's own register page is mapped here now");
  EXPECT_HAS(text, "ring 0 -> ring 1");
  EXPECT_HAS(text, "stub of vector 14");
  EXPECT_HAS(text, "tail  iret");
}

TEST_P(GuideTest, APageFaultBeforeAndAfter) {
  const std::string text = Say({Moment::Kind::kPageFault, 0, Call::kUnknown, 1});
  EXPECT_HAS(text, "page fault (#PF, vector 14) in the Guest kernel (ring 1)");
  EXPECT_HAS(text, "not yet filled");
  EXPECT_HAS(text, "and when the Host has filled it in:");
}

TEST_P(GuideTest, HypercallsAndExits) {
  EXPECT_HAS(
      Say({Moment::Kind::kCall, 0, Call::kLoadIdtEntry, 1}),
      "hypercall LOAD_IDT_ENTRY(vector 128, trap gate, DPL 3, handler 0x00120000)");
  EXPECT_HAS(Say({Moment::Kind::kCall, 0, Call::kUnknown, 1}), "hypercall LGUEST_INIT(");
  EXPECT_HAS(Say({Moment::Kind::kExit, kLguestTrapEntry, Call::kUnknown, 2}),
             "hypercall (int 0x1f, vector 31)");
  EXPECT_HAS(Say({Moment::Kind::kCall, 0, Call::kShutdown, 1}), "Power down");
  EXPECT_HAS(Say({Moment::Kind::kStart}), "guest-physical");
}

TEST_P(GuideTest, WhatNeverComesIsSaid) {
  EXPECT_EQ(Say({Moment::Kind::kInterrupt, 0, Call::kUnknown, 1000}), "");
  EXPECT_EQ(Say({Moment::Kind::kCrossing, 0, Call::kUnknown, 1'000'000}), "");
}

}  // namespace
}  // namespace lgx
