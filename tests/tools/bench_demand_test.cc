#include "tools/bench_demand.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "guests/builtin_kernel.h"
#include "tools/bench_report.h"

namespace lgx {
namespace {

BenchOptions Small() {
  BenchOptions options;
  options.workloads = {"exec rounds=3", "switch pages=2 processes=5 rounds=4"};
  return options;
}

TEST(BenchMatrix, WhatHasNoEffectIsNoAxis) {
  BenchOptions options = Small();
  // Two workloads; without PAE one policy of SET_PMD, with it two.
  EXPECT_EQ(BenchMatrix(options)->size(), 2u * 3);
  options.slots = {1, 4};
  options.replacement = {SlotReplacement::kRandom, SlotReplacement::kLru};
  EXPECT_EQ(BenchMatrix(options)->size(), 2u * 3 * 3);
  options.workloads.clear();
  options.pae = {true};
  options.set_pmd = {SetPmdPolicy::kDropAll};
  options.slots = {4};
  options.replacement = {SlotReplacement::kLru};
  EXPECT_EQ(BenchMatrix(options)->size(), BenchWorkloads().size() - 1);
}

TEST(BenchMatrix, WhatBelongsToAKernelNeedsOne) {
  for (std::string BenchOptions::* each : {&BenchOptions::initrd, &BenchOptions::append,
                                           &BenchOptions::begin, &BenchOptions::end}) {
    BenchOptions options;
    options.*each = "x";
    EXPECT_FALSE(BenchMatrix(options).ok());
    options.kernels = {"vmlinux"};
    EXPECT_TRUE(BenchMatrix(options).ok());
  }
}

TEST(BenchMatrix, AKernelOfOnesOwnTakesThePlaceOfWorkloadAndFormat) {
  BenchOptions options;
  options.kernels = {"/a/b/vmlinux-one", "two"};
  const std::vector<BenchPoint> points = BenchMatrix(options).value();
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[0].Name(), "vmlinux-one");
  EXPECT_EQ(points[3].Name(), "two");
}

TEST(BenchMatrix, TooManyPointsAreRefused) {
  BenchOptions options;
  for (u32 i = 1; i <= 64; ++i) options.slots.push_back(i);
  for (u32 i = 1; i <= 16; ++i) options.prefill.push_back(i);
  options.replacement = {SlotReplacement::kRandom, SlotReplacement::kLru};
  EXPECT_EQ(BenchMatrix(options).status().code(), StatusCode::kOutOfRange);
}

TEST(BenchDemand, CountersRepeatAndPaeCostsFills) {
  const BenchOptions options = Small();
  const std::vector<BenchPoint> points = BenchMatrix(options).value();
  const auto first = RunBenchMatrix(options, points, BuiltinGuest(), {}).value();
  const auto second = RunBenchMatrix(options, points, BuiltinGuest(), {}).value();
  ASSERT_EQ(first.size(), points.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].measure.counters, second[i].measure.counters);
    EXPECT_EQ(first[i].measure.virtual_ns, second[i].measure.virtual_ns);
    EXPECT_FALSE(first[i].measure.check.empty());
  }
  const auto fills = [&](size_t i) { return first[i].measure.Per("mmu.demand.filled"); };
  EXPECT_EQ(first[0].measure.operations, 3u);
  EXPECT_EQ(first[3].measure.operations, 20u);
  EXPECT_EQ(first[0].measure.check, first[1].measure.check);
  EXPECT_GT(fills(1), 3 * fills(0));
  EXPECT_LT(fills(2), 1.5 * fills(0));
}

TEST(BenchDemand, TheTableAndTheJsonHaveALineForEachPoint) {
  const BenchOptions options = Small();
  const std::vector<BenchPoint> points = BenchMatrix(options).value();
  const auto rows = RunBenchMatrix(options, points, BuiltinGuest(), {}).value();
  const std::string table = BenchTable(rows);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 7);
  EXPECT_EQ(table.substr(0, 8), "workload");
  const nlohmann::json json = nlohmann::json::parse(BenchJson(rows));
  EXPECT_EQ(json["version"], 1);
  ASSERT_EQ(json["points"].size(), 6u);
  EXPECT_EQ(json["points"][2]["pmd"], "drop-one");
  EXPECT_GT(json["points"][2]["counters"]["mmu.demand.filled"], 0);
  EXPECT_EQ(PolicyText(points[2], rows), "PAE, drop-one");
  EXPECT_EQ(PolicyText(points[0], rows), "two-level");
}

TEST(BenchDemand, WatchingChangesNoCounterAndSeesFaultsAndSlots) {
  BenchOptions options = Small();
  options.pae = {true};
  const BenchPoint point = BenchMatrix(options)->front();
  BenchPicture picture;
  const MachineConfig config = point.Config(options);
  const BenchMeasure plain =
      RunBenchPoint(config, BuiltinGuest(), "bench: begin", "bench: end").value();
  const BenchMeasure watched =
      RunBenchPoint(config, BuiltinGuest(), "bench: begin", "bench: end", &picture)
          .value();
  EXPECT_EQ(plain.counters, watched.counters);
  EXPECT_EQ(picture.faults.size(), plain.Get("crossing.cause.page_fault"));
  ASSERT_FALSE(picture.samples.empty());
  u32 most = 0;
  for (const auto& sample : picture.samples) {
    ASSERT_EQ(sample.entries.size(), 4u);
    most = std::max(most, sample.entries[0] + sample.entries[1]);
  }
  EXPECT_GT(most, 5u);
}

TEST(BenchDemand, AGuestThatFailsOrSaysNothingIsAnError) {
  MachineConfig config;
  config.kernel.cmdline = "do bench fork pages=0";
  EXPECT_NE(
      MessageOf(
          RunBenchPoint(config, BuiltinGuest(), "bench: begin", "bench: end").status())
          .find("did not power off"),
      std::string::npos);
  config.kernel.cmdline = "do bench exec rounds=1";
  EXPECT_NE(
      MessageOf(RunBenchPoint(config, BuiltinGuest(), "x", "y").status()).find("\"x\""),
      std::string::npos);
  config.kernel.path = "/nonexistent";
  EXPECT_FALSE(RunBenchPoint(config, BuiltinGuest(), "", "").ok());
}

TEST(BenchReport, ThePageShowsTheRatioTheFaultsAndTheCommand) {
  BenchOptions options = Small();
  options.slots = {2, 4};
  const std::vector<BenchPoint> points = BenchMatrix(options).value();
  const auto rows = RunBenchMatrix(options, points, BuiltinGuest(), {}).value();
  const auto watched = WatchBench(options, rows, BuiltinGuest()).value();
  EXPECT_EQ(watched.size(), 4u);
  const BenchReport report(rows, watched, "lgx bench x <y>");
  const std::string html = report.Html();
  EXPECT_NE(html.find("lgx bench x &lt;y&gt;"), std::string::npos);
  EXPECT_NE(html.find(" times</td>"), std::string::npos);
  EXPECT_NE(html.find("page faults by address"), std::string::npos);
  EXPECT_EQ(html.find("http://"), std::string::npos);
  // Two quantities over the slots for each workload, two charts for each watched point.
  EXPECT_EQ(report.Charts().size(), 2u * 2 + 2 * 4);
}

}  // namespace
}  // namespace lgx
