#include "hypercalls/guest_time.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using GuestTime = HostTest;

TEST_F(GuestTime, T05_13_ALaterClockReplacesAnEarlierOne) {
  Boot();
  SetHandler(32);
  Hypercall(9, {1'000'000});
  Hypercall(9, {5'000'000});
  Hypercall(10);
  EXPECT_EQ(Run().kind, Kind::kHalted);
  const u64 start = clock_.now_ns;
  ASSERT_TRUE(NextDeadlineNs(guest()).has_value());
  EXPECT_EQ(*NextDeadlineNs(guest()), start + 5'000'000);

  clock_.now_ns = start + 1'000'000;
  EXPECT_EQ(Run().kind, Kind::kHalted);
  clock_.now_ns = start + 5'000'000 - 1;
  EXPECT_EQ(Run().kind, Kind::kHalted);
  clock_.now_ns = start + 5'000'000;
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(32));
  EXPECT_EQ(guest().stats.irqs_injected[0], 1u);
  EXPECT_FALSE(NextDeadlineNs(guest()).has_value());  // no repetition

  SetData(data().irq_enabled, kVirtualIf);
  clock_.now_ns += 100'000'000;
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().stats.irqs_injected[0], 1u);
}

TEST_F(GuestTime, T05_13_ClockZeroCancels) {
  Boot();
  Hypercall(9, {1'000'000});
  Hypercall(9, {0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_FALSE(NextDeadlineNs(guest()).has_value());
}

TEST_F(GuestTime, AMaskedClockInterruptStaysPending) {
  Boot();
  SetHandler(32);
  SetData(data().blocked_interrupts, 1);
  Hypercall(9, {100});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  clock_.now_ns += 100;
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().irqs_pending.load(), 1u);
  SetData(data().blocked_interrupts, 0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().stats.irqs_injected[0], 1u);
}

TEST_F(GuestTime, TheTimestampIsTheWallClock) {
  Boot();
  clock_.now_ns = 3'000'000'042;
  WriteTimestamp(guest());
  EXPECT_EQ(Data(data().tv_sec), 1'000'000'003u);
  EXPECT_EQ(Data(data().tv_nsec), 42u);
}

}  // namespace
}  // namespace lgx
