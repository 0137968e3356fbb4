#include "report/run_summary.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

using C = TraceCategory;
using P = TracePhase;

void Add(RunSummary& run, u64 ns, C category, P phase, std::string_view name,
         std::vector<TraceArg> args = {}, std::string_view text = "") {
  run.Add({ns / 10, ns, category, phase, name, args, text});
}

TEST(RunSummary, BeforeTheFirstEventThereIsNothing) {
  const RunSummary run;
  EXPECT_TRUE(run.empty());
  EXPECT_EQ(run.bins_used(), 1u);
  EXPECT_TRUE(run.MostFaultedPages(10).empty());
  EXPECT_TRUE(run.Tenancies().empty());
}

TEST(RunSummary, APassageCountsOnceByWhatEndedIt) {
  RunSummary run;
  Add(run, 100, C::kCrossing, P::kBegin, "enter");
  Add(run, 900, C::kCrossing, P::kEnd, "exit",
      {{"guest_instructions", 40}, {"switcher_out", 34}}, "page_fault");
  ASSERT_EQ(run.causes().size(), 1u);
  EXPECT_EQ(run.causes().at("page_fault").total, 1u);
  EXPECT_EQ(run.guest_instructions(), 40u);
  EXPECT_GT(run.switcher_instructions(), 34u);  // and the way in
}

TEST(RunSummary, AFaultThatIsFilledAndOneOfTheGuestsOwn) {
  RunSummary run;
  Add(run, 10, C::kFault, P::kInstant, "page_fault", {{"lin", 0xc0123456}});
  Add(run, 10, C::kDemand, P::kInstant, "fill", {{"pool_pages", 5}});
  Add(run, 20, C::kFault, P::kInstant, "page_fault", {{"lin", 0xc0123fff}});
  Add(run, 20, C::kFault, P::kInstant, "reflect", {{"trap", 14}});
  Add(run, 30, C::kFault, P::kInstant, "reflect", {{"trap", 128}});
  Add(run, 30, C::kFault, P::kInstant, "page_fault", {{"lin", 0x08048000}});
  EXPECT_EQ(run.fills().total, 1u);
  EXPECT_EQ(run.reflected().total, 1u) << "a system call is no page fault";
  EXPECT_EQ(run.fault_regions().at(0xc0123456 >> 22).total, 2u);
  EXPECT_EQ(run.pool_pages().bins[0], 5u);
  const auto pages = run.MostFaultedPages(10);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].page, 0xc0123000u);
  EXPECT_EQ(pages[0].count, 2u);
  EXPECT_EQ(run.MostFaultedPages(1).size(), 1u);
}

TEST(RunSummary, ALongRunMakesTheBinsWiderAndLosesNothing) {
  RunSummary run;
  constexpr u64 kEvents = 5000;
  for (u64 i = 0; i < kEvents; i++) {
    Add(run, i * 997, C::kDemand, P::kInstant, "fill", {{"pool_pages", i}});
  }
  EXPECT_LE(run.bins_used(), kTimeBins);
  EXPECT_GT(run.bins_used(), kTimeBins / 2 - 1);
  EXPECT_GE(run.bin_ns() * kTimeBins, (kEvents - 1) * 997);
  u64 sum = 0;
  u64 highest = 0;
  for (u32 i = 0; i < kTimeBins; i++) {
    sum += run.fills().bins[i];
    highest = std::max(highest, run.pool_pages().bins[i]);
  }
  EXPECT_EQ(sum, kEvents);
  EXPECT_EQ(highest, kEvents - 1) << "a maximum stays one";
}

TEST(RunSummary, ATableStaysInItsSlotUntilAnotherComes) {
  RunSummary run;
  const auto takes = [&](u64 ns, u64 slot, u64 gpgdir) {
    Add(run, ns, C::kShadow, P::kInstant, "switch", {{"slot", slot}, {"gpgdir", gpgdir}});
  };
  takes(100, 0, 0x1000);
  takes(200, 1, 0x2000);
  takes(300, 0, 0x1000);  // the same again
  takes(400, 0, 0x3000);
  Add(run, 500, C::kShadow, P::kInstant, "flush");
  EXPECT_EQ(run.switches(), 4u);
  EXPECT_EQ(run.flushes(), 1u);
  const auto all = run.Tenancies();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].gpgdir, 0x1000u);
  EXPECT_EQ(all[0].from_ns, 100u);
  EXPECT_EQ(all[0].to_ns, 400u);
  for (size_t i : {1, 2}) EXPECT_EQ(all[i].to_ns, 500u) << "still there";
}

TEST(RunSummary, CallsQueuesInterruptsSleepAndText) {
  RunSummary run;
  Add(run, 10, C::kHypercall, P::kInstant, "SET_PTE", {{"async", 1}});
  Add(run, 11, C::kHypercall, P::kInstant, "SET_PTE");
  Add(run, 20, C::kDevice, P::kInstant, "request", {{"queue", 1}, {"out_bytes", 60}},
      "net.0");
  Add(run, 21, C::kDevice, P::kInstant, "done", {{"queue", 1}, {"written", 7}}, "net.0");
  Add(run, 22, C::kIrq, P::kInstant, "raise", {{"irq", 3}});
  Add(run, 23, C::kIrq, P::kInstant, "inject", {{"irq", 3}});
  Add(run, 24, C::kTimer, P::kBegin, "sleep");
  Add(run, 1024, C::kTimer, P::kEnd, "sleep");
  Add(run, 1030, C::kConsole, P::kInstant, "output", {}, "login: ");
  Add(run, 1031, C::kConsole, P::kInstant, "input", {}, "root");
  EXPECT_EQ(run.calls().at("SET_PTE").count, 2u);
  EXPECT_EQ(run.calls().at("SET_PTE").async, 1u);
  const RunSummary::Queue& queue = run.queues().at({"net.0", 1});
  EXPECT_EQ(queue.requests, 1u);
  EXPECT_EQ(queue.out_bytes, 60u);
  EXPECT_EQ(queue.written, 7u);
  EXPECT_EQ(run.irqs().at(3).raised, 1u);
  EXPECT_EQ(run.irqs().at(3).injected, 1u);
  EXPECT_EQ(run.sleep_ns(), 1000u);
  EXPECT_EQ(run.console(), "login: ");
}

TEST(RunSummary, TextWithoutEndIsCountedNotKept) {
  RunSummary run;
  const std::string much(1 << 20, 'x');
  for (u64 i = 0; i < 6; i++) {
    Add(run, i, C::kConsole, P::kInstant, "output", {}, much);
  }
  EXPECT_EQ(run.console().size() + run.console_lost(), 6 * much.size());
  EXPECT_LE(run.console().size(), size_t{4} << 20);
}

}  // namespace
}  // namespace lgx
