#include "tools/bench_scaling.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "guests/builtin_kernel.h"

namespace lgx {
namespace {

ScalingSweep Shortened(ScalingSweep sweep) {
  sweep.steps.resize(2);
  return sweep;
}

TEST(Scaling, ASweepIsMeasuredStepByStep) {
  ScalingSweep sweep = Shortened(ScalingSweeps()[1]);
  sweep.steps[0].point.workload = "fork pages=4 rounds=2";
  sweep.steps[1].point.workload = "fork pages=4 rounds=4";
  BenchOptions options;
  options.repeat = 1;
  const BuiltinKernel builtin = BuiltinGuest();
  size_t told = 0;
  const auto results = RunScaling(options, std::span(&sweep, 1), builtin,
                                  [&](const std::string&, size_t done) { told += done; });
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 1u);
  const auto& values = results->front().values;
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(told, 1u);
  EXPECT_GT(values[1].x, 1.5 * values[0].x) << "page faults are counted, not assumed";
  EXPECT_GT(values[0].boot_instructions, 100'000u);
}

ScalingResult Result(bool grows, const char* name) {
  ScalingResult result{{name, "Title", "things", nullptr, grows, {}}, {}};
  result.values = {{10, 1000, 1, 2, 3}, {20, 2200, 1, 2, 3}};
  return result;
}

TEST(Scaling, WhatGrowsIsDividedAndWhatDoesNotIsNot) {
  EXPECT_DOUBLE_EQ(Result(true, "a").Spread(), 1.1);
  EXPECT_DOUBLE_EQ(Result(false, "a").Spread(), 2.2);
}

TEST(Scaling, EveryOutputNamesTheSweep) {
  const std::vector<ScalingResult> results = {Result(true, "pages"),
                                              Result(false, "memory")};
  EXPECT_NE(ScalingTable(results).find("within a factor of 1.10"), std::string::npos);
  EXPECT_NE(ScalingTable(results).find("the guest's own boot"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(ScalingJson(results))["sweeps"].size(), 2u);
  EXPECT_NE(ScalingHtml(results, "lgx bench scaling").find("id=\"memory\""),
            std::string::npos);
  const std::vector<ChartFile> charts = ScalingCharts(results);
  ASSERT_EQ(charts.size(), 3u);
  EXPECT_EQ(charts[0].name, "scaling-pages");
  EXPECT_EQ(charts[2].name, "scaling-start");
}

TEST(Scaling, TheSweepsCoverWhatGrowsAndWhatMustNot) {
  const std::vector<ScalingSweep> sweeps = ScalingSweeps();
  ASSERT_EQ(sweeps.size(), 6u);
  for (const ScalingSweep& sweep : sweeps) {
    EXPECT_GE(sweep.steps.size(), 5u) << sweep.name;
  }
  EXPECT_EQ(sweeps[3].steps.back().point.memory, u64{768} << 20);
}

}  // namespace
}  // namespace lgx
