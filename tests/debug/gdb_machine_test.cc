#include "debug/gdb_machine.h"

#include <gtest/gtest.h>

#include "debug/gdb_monitor.h"
#include "tests/debug/busy_guest.h"

namespace lgx {
namespace {

using test::BusyGuest;
using Why = GdbStop::Why;
using Kind = GdbResume::Kind;

class GdbMachineTest : public ::testing::Test {
 protected:
  GdbMachineTest() : control_(guest_.Boot()), target_(control_, {}) { target_.Attach(); }

  u32 Register(u32 number) {
    const GdbRegister& reg = GdbRegisterTable()[number];
    const std::string all = target_.ReadRegisters();
    return LoadLe<u32>(reinterpret_cast<const u8*>(all.data()) + reg.offset);
  }

  BusyGuest guest_;
  RunControl control_;
  GdbMachine target_;
};

TEST_F(GdbMachineTest, StopsAtABreakpointAndLeavesMemoryAlone) {
  u8 before[4], after[4];
  ASSERT_EQ(target_.ReadMemory(guest_.program_loop, before), 4u);
  ASSERT_TRUE(target_.Insert(0, guest_.program_loop, 1));
  EXPECT_EQ(target_.Resume({}).why, Why::kSoftwareBreakpoint);
  EXPECT_EQ(Register(kGdbEip), guest_.program_loop);
  ASSERT_EQ(target_.ReadMemory(guest_.program_loop, after), 4u);
  EXPECT_TRUE(std::equal(before, before + 4, after));
  ASSERT_TRUE(target_.Insert(2, BusyGuest::kRounds, 4));
  const GdbStop watch = target_.Resume({});
  EXPECT_EQ(watch.why, Why::kWrite);
  EXPECT_EQ(watch.address, BusyGuest::kRounds);
}

// A range that the Guest never leaves: only who asks can end it.
TEST_F(GdbMachineTest, AStepOverARangeCanBeInterrupted) {
  ASSERT_TRUE(target_.Insert(0, guest_.program_loop, 1));
  ASSERT_EQ(target_.Resume({}).why, Why::kSoftwareBreakpoint);
  ASSERT_TRUE(target_.Remove(0, guest_.program_loop, 1));
  u32 asked = 0;
  control_.set_poll([&] { return ++asked == 2; });
  EXPECT_EQ(target_.Resume({Kind::kStepRange, 0, 0xffffffff}).why, Why::kInterrupted);
  EXPECT_FALSE(control_.ended());
  EXPECT_EQ(asked, 2u);
  control_.set_poll({});
  EXPECT_EQ(target_.Resume({Kind::kStepRange, 0, 0xffffffff}).why, Why::kExited);
}

TEST_F(GdbMachineTest, WhatIsNotTheGuestsCannotBeWritten) {
  const u8 word[4] = {1, 2, 3, 4};
  EXPECT_FALSE(target_.WriteMemory(0xffc01000, word));
  EXPECT_FALSE(target_.WriteRegister(kGdbEip + 2, word)) << "CS";
  EXPECT_TRUE(target_.WriteMemory(BusyGuest::kConstant, word));
  EXPECT_EQ(target_.Resume({}).why, Why::kExited);
  EXPECT_FALSE(target_.WriteRegister(0, word)) << "it is over";
}

}  // namespace
}  // namespace lgx
