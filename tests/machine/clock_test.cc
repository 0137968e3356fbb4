#include "machine/clock.h"

#include <gtest/gtest.h>

#include "mmu/phys_memory.h"

namespace lgx {
namespace {

constexpr u64 kRate = 100'000'000;
constexpr i64 kEpoch = 1'246'406'400;
constexpr u64 kSecond = 1'000'000'000;

// A processor in real mode that runs `jmp $` from address 0: every instruction is a tick.
class ClockTest : public ::testing::Test {
 protected:
  ClockTest() : memory_(PhysMemory::Create(0x10000).value()), cpu_(*memory_) {
    memory_->Store<u16>(Mpa(0), 0xfeeb);
    cpu_.segment(Seg::kCs).Set(0, 0, 0xffff, 0x9b);
    cpu_.StateChanged();
  }
  void RunTo(u64 retired) {
    while (cpu_.retired() < retired) ASSERT_EQ(cpu_.Run(retired), StopReason::kDeadline);
  }

  std::unique_ptr<PhysMemory> memory_;
  Cpu cpu_;
};

TEST_F(ClockTest, ATickIsAnInstruction) {
  const VirtualClock clock(cpu_, kRate, kEpoch);
  EXPECT_EQ(clock.NowNs(), 0u);
  RunTo(1234);
  EXPECT_EQ(clock.Ticks(), 1234u);
  EXPECT_EQ(clock.NowNs(), 12340u);
  EXPECT_EQ(clock.TscKhz(), 100'000u);
}

TEST_F(ClockTest, TicksAtIsTheFirstTickThatHasReachedTheTime) {
  for (const u64 rate : {u64{1}, u64{3}, u64{7'777'777}, kRate, 3 * kSecond}) {
    const VirtualClock clock(cpu_, rate, kEpoch);
    const auto ns_at = [&](u64 ticks) {
      return ticks / rate * kSecond + ticks % rate * kSecond / rate;
    };
    for (const u64 ns : {u64{0}, u64{1}, u64{9}, u64{10}, kSecond - 1, u64{1} << 50}) {
      const u64 ticks = clock.TicksAt(ns);
      EXPECT_GE(ns_at(ticks), ns) << rate << " " << ns;
      if (ticks > 0) {
        EXPECT_LT(ns_at(ticks - 1), ns) << rate << " " << ns;
      }
    }
  }
}

TEST_F(ClockTest, SleepingMovesTheClockAndTheTimeStampCounterButNoInstruction) {
  VirtualClock clock(cpu_, kRate, kEpoch);
  RunTo(100);
  clock.SkipTo(5'000'000);
  EXPECT_EQ(clock.NowNs(), 5'000'000u);
  EXPECT_EQ(cpu_.retired(), 100u);
  EXPECT_EQ(cpu_.retired() + cpu_.tsc_offset(), clock.Ticks());
  EXPECT_EQ(clock.RetiredAt(clock.Ticks() + 10), 110u);
  EXPECT_EQ(clock.RetiredAt(5), 0u) << "the past";
}

TEST_F(ClockTest, TimeNeverGoesBack) {
  VirtualClock clock(cpu_, kRate, kEpoch);
  clock.SkipTo(1000);
  clock.SkipTo(10);
  EXPECT_EQ(clock.NowNs(), 1000u);
}

TEST_F(ClockTest, TheWallClockCarriesIntoTheSeconds) {
  VirtualClock clock(cpu_, kRate, kEpoch);
  clock.SkipTo(3 * kSecond - 10);
  EXPECT_EQ(clock.Wall().seconds, static_cast<u32>(kEpoch) + 2);
  EXPECT_EQ(clock.Wall().nanoseconds, kSecond - 10);
  clock.SkipTo(3 * kSecond);
  EXPECT_EQ(clock.Wall().seconds, static_cast<u32>(kEpoch) + 3);
  EXPECT_EQ(clock.Wall().nanoseconds, 0u);
}

}  // namespace
}  // namespace lgx
