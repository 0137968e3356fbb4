// `lgx bench scaling`: what the cost of a run grows with, and what it does not.
#ifndef LGX_TOOLS_BENCH_SCALING_H_
#define LGX_TOOLS_BENCH_SCALING_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench_point.h"
#include "tools/bench_svg.h"

namespace lgx {

// One thing is changed, all else stays.
struct ScalingSweep {
  struct Step {
    u64 x = 0;  // where the counter says nothing
    BenchPoint point;
  };
  const char* name;   // "pages", and of the chart's file
  const char* title;  // "Pages touched"
  const char* x_name;
  const char* counter;  // what x is, if it is counted: "cpu.instructions"; else null
  // The time grows with x, and so is divided by it; or it stays the same.
  bool grows = true;
  std::vector<Step> steps;
};

struct ScalingResult {
  struct Value {
    double x = 0;
    double host_ns = 0;    // of the workload; where it does not grow, of one operation
    double create_ns = 0;  // to make the machine
    double boot_ns = 0;    // of the guest's own boot
    u64 boot_instructions = 0;
  };
  ScalingSweep sweep;
  std::vector<Value> values;

  // host_ns, for each x where it grows.
  double Cost(const Value& value) const;
  // The largest cost divided by the smallest one.
  double Spread() const;
};

std::vector<ScalingSweep> ScalingSweeps();

using ScalingProgress = std::function<void(const std::string& what, size_t done)>;
StatusOr<std::vector<ScalingResult>> RunScaling(const BenchOptions& options,
                                                std::span<const ScalingSweep> sweeps,
                                                const BuiltinKernel& builtin,
                                                const ScalingProgress& progress);

std::string ScalingTable(std::span<const ScalingResult> results);
std::string ScalingJson(std::span<const ScalingResult> results);
std::string ScalingHtml(std::span<const ScalingResult> results, std::string_view command);
std::vector<ChartFile> ScalingCharts(std::span<const ScalingResult> results);

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_SCALING_H_
