#include "hypercalls/guest.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using GuestTest = HostTest;

TEST_F(GuestTest, T01_2_TheFirstReasonWins) {
  ASSERT_EQ(Initialize(), 12);
  EXPECT_FALSE(guest().dead());
  guest().Kill("first", "one");
  guest().Kill("second", "two");
  EXPECT_TRUE(guest().dead());
  EXPECT_EQ(guest().reason(), "first");
  EXPECT_EQ(guest().detail(), "one");
}

TEST_F(GuestTest, ARestartReplacesAnyReason) {
  ASSERT_EQ(Initialize(), 12);
  guest().Kill("first");
  guest().KillForRestart();
  EXPECT_TRUE(guest().wants_restart());
  guest().Kill("later");
  EXPECT_TRUE(guest().wants_restart());
}

TEST_F(GuestTest, EachPieceOfStateChangesTheHash) {
  Boot();
  const auto hash_of_now = [this] {
    StateHash hash;
    guest().HashInto(hash);
    return hash.Digest();
  };
  u64 before = hash_of_now();
  const auto differs = [&] {
    const u64 now = hash_of_now();
    return now != std::exchange(before, now);
  };
  EXPECT_FALSE(differs());
  cpu().ts = 8;
  EXPECT_TRUE(differs());
  cpu().clock_deadline = 0;
  EXPECT_TRUE(differs());
  cpu().idt[255].b = 1;
  EXPECT_TRUE(differs());
  guest().SetInterrupt(31);
  EXPECT_TRUE(differs());
  guest().shadow.NewPageTable(Gpa(0x00200000));
  EXPECT_TRUE(differs());
  guest().Kill("why");
  EXPECT_TRUE(differs());
}

TEST_F(GuestTest, ItsCountersHaveTheNamesOfTheInterface) {
  Boot();
  Stats stats;
  guest().VisitStats(stats);
  for (const char* name :
       {"crossing.count", "crossing.cause.page_fault", "crossing.cause.trap_13",
        "crossing.cause.trap_7", "crossing.cause.host_irq", "hypercall.count",
        "hypercall.async", "hypercall.LOAD_IDT_ENTRY.count", "hypercall.SET_PTE.async",
        "hypercall.SEND_INTERRUPTS.count", "irq.injected.0", "irq.injected.31",
        "mmu.demand.filled", "mmu.fault.guest", "shadow.flush.full",
        "shadow.flush.user"}) {
    EXPECT_EQ(stats.counters().count(name), 1u) << name;
  }
  EXPECT_EQ(stats.Get("hypercall.LGUEST_INIT.count"), 1u);
  EXPECT_EQ(stats.counters().count("hypercall.BIND_DMA.count"), 0u);
}

class Recorder final : public TraceSink {
 public:
  void OnEvent(const TraceEvent& event) override { names.emplace_back(event.name); }
  std::vector<std::string> names;
};

TEST_F(GuestTest, WhoeverWatchesSeesExitsCallsAndInterrupts) {
  Boot();
  SetHandler(33);
  SetHandler(14);
  Recorder recorder;
  guest().trace.Attach(&recorder, Trace::kAll & ~Trace::MaskOf(TraceCategory::kCrossing));
  guest().SetInterrupt(1);
  Hypercall(9, {100});
  PageFault(0x40000000, 0);
  EXPECT_EQ(Run().kind, RunGuestResult::Kind::kSignal);
  clock_.now_ns += 100;
  EXPECT_EQ(Run().kind, RunGuestResult::Kind::kSignal);
  EXPECT_EQ(recorder.names,
            (std::vector<std::string>{"inject", "SET_CLOCKEVENT", "set", "page_fault",
                                      "reflect", "host_interrupt", "expired",
                                      "host_interrupt"}));
}

TEST_F(GuestTest, SettingAPendingInterruptChangesNothing) {
  ASSERT_EQ(Initialize(), 12);
  guest().SetInterrupt(3);
  guest().SetInterrupt(3);
  EXPECT_EQ(cpu().irqs_pending.load(), 8u);
}

TEST_F(GuestTest, TheLogKeepsTheLast32Calls) {
  HypercallLog log;
  EXPECT_EQ(log.size(), 0u);
  for (u32 i = 0; i < 40; ++i) {
    log.Add({.args = {.number = i}, .call = Call::kUnknown, .async = false, .eip = i});
  }
  EXPECT_EQ(log.total(), 40u);
  ASSERT_EQ(log.size(), 32u);
  EXPECT_EQ(log[0].args.number, 8u);
  EXPECT_EQ(log[31].args.number, 39u);
}

}  // namespace
}  // namespace lgx
