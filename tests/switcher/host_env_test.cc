#include "switcher/host_env.h"

#include <gtest/gtest.h>

#include "tests/switcher/guest_world.h"

namespace lgx {
namespace {

TEST(MachineLayout, GuestMemoryLiesBehindHostAndPool) {
  const MachineLayout layout = PlanMachine(PagingMode::kPae, 1, 0x801, 0x4010).value();
  EXPECT_EQ(layout.pool, Mfn(0x1000));
  EXPECT_EQ(layout.guest, Mfn(0x1c00));  // 4 MiB aligned
  EXPECT_EQ(layout.Size(), u64{0x1c00 + 0x4010} << kPageShift);
}

TEST(MachineLayout, WhatDoesNotFitIsRefused) {
  EXPECT_TRUE(
      PlanMachine(PagingMode::kTwoLevel, 1, 0x1000, 0xfd000 - 0x400 - 0x2000).ok());
  const auto too_large = PlanMachine(PagingMode::kTwoLevel, 1, 0x1000, 0x100000);
  ASSERT_FALSE(too_large.ok());
  EXPECT_NE(MessageOf(too_large.status()).find("less memory"), std::string::npos);
  EXPECT_FALSE(PlanMachine(PagingMode::kTwoLevel, 1, 0xffffffff, 0xffffffff).ok());
  EXPECT_FALSE(PlanMachine(PagingMode::kTwoLevel, 0, 1, 1).ok());
  EXPECT_FALSE(PlanMachine(PagingMode::kTwoLevel, 9, 1, 1).ok());
}

class HostEnvTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  GuestWorld world_{GetParam(), Binding::kLoop};
};

TEST_P(HostEnvTest, TheKernelIsMappedAt3GiB) {
  Cpu& cpu = world_.cpu;
  for (const u32 page : {0u, 1u, 0x1ffu, 0x200u, HostEnv::kKernelPages - 1}) {
    const u32 word = 0xabc00000 + page;
    world_.memory().Store<u32>(Mpa(page * u64{kPageSize} + 0xff0), word);
    u32 seen = 0;
    ASSERT_TRUE(
        cpu.LoadSystem(Lin(HostEnv::kKernelBase + page * kPageSize + 0xff0), &seen));
    EXPECT_EQ(seen, word);
  }
  u32 seen = 0;
  EXPECT_FALSE(cpu.LoadSystem(Lin(0x1000), &seen));
  EXPECT_FALSE(cpu.LoadSystem(
      Lin(HostEnv::kKernelBase + HostEnv::kKernelPages * kPageSize), &seen));
}

TEST_P(HostEnvTest, ItsRegistersAreThoseOfAKernel) {
  const CpuState& s = world_.cpu.state;
  EXPECT_EQ(s.cr0 & ~kCr0Ts, kCr0Pe | kCr0Mp | kCr0Et | kCr0Ne | kCr0Wp | kCr0Pg);
  EXPECT_EQ((s.cr4 & kCr4Pae) != 0, GetParam() == PagingMode::kPae);
  EXPECT_EQ(s.cr3, world_.host.root().value);
  EXPECT_EQ(s.gdtr.limit, kGdtLimit);
  EXPECT_EQ(s.idtr.limit, kIdtLimit);
  EXPECT_EQ(s.cpl, 0);
}

// Something is wrong with us, and the message says what.
TEST_P(HostEnvTest, AFaultInTheHostIsOurMistake) {
  world_.Code({0xcd, 0x1f});
  world_.host.AddLguestSegments(0, Lin(0x00001000));
  EXPECT_DEATH(world_.Enter(), "exception 14, error code 00000000, at 0050:00001000");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostEnvTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae),
                         [](const auto& world) {
                           return world.param == PagingMode::kPae ? "Pae" : "TwoLevel";
                         });

}  // namespace
}  // namespace lgx
