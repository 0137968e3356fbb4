#include "tools/bench_scaling.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/version.h"
#include "report/html.h"
#include "report/svg_chart.h"

namespace lgx {
namespace {

constexpr u32 kUsualRepeats = 5;
// Each process takes as many, so that its start weighs the same however many there are.
constexpr u32 kTurnsOfEach = 512;

ScalingSweep::Step StepOf(u64 x, std::string workload) {
  ScalingSweep::Step step{x, {}};
  step.point.workload = std::move(workload);
  return step;
}

ScalingSweep Pages() {
  ScalingSweep sweep{"pages", "Pages touched", "pages", nullptr, true, {}};
  for (u32 pages = 512; pages <= 8192; pages *= 2) {
    sweep.steps.push_back(
        StepOf(pages, absl::StrFormat("touch-random pages=%d rounds=1", pages)));
  }
  return sweep;
}

ScalingSweep Faults() {
  ScalingSweep sweep{
      "faults", "Page faults", "page faults", "crossing.cause.page_fault", true, {}};
  for (u32 rounds = 20; rounds <= 320; rounds *= 2) {
    sweep.steps.push_back(StepOf(0, absl::StrFormat("fork pages=16 rounds=%d", rounds)));
  }
  return sweep;
}

ScalingSweep Instructions() {
  ScalingSweep sweep{"instructions",     "Instructions", "instructions",
                     "cpu.instructions", true,           {}};
  for (u32 rounds = 1000; rounds <= 16000; rounds *= 2) {
    sweep.steps.push_back(StepOf(0, absl::StrFormat("compute rounds=%d", rounds)));
  }
  return sweep;
}

ScalingSweep Memory() {
  ScalingSweep sweep{"memory", "Guest memory", "MiB of guest memory", nullptr, false, {}};
  // The last is near the most that this guest can have.
  for (const u64 mib : {16, 32, 64, 128, 256, 512, 768}) {
    ScalingSweep::Step step = StepOf(mib, "touch-random pages=2048 rounds=1");
    step.point.memory = mib << 20;
    sweep.steps.push_back(std::move(step));
  }
  return sweep;
}

ScalingSweep Spaces(const char* name, const char* title, u32 slots) {
  ScalingSweep sweep{name, title, "address spaces", nullptr, false, {}};
  for (u32 processes = 2; processes <= 64; processes *= 2) {
    ScalingSweep::Step step =
        StepOf(processes, absl::StrFormat("switch pages=8 processes=%d rounds=%d",
                                          processes, kTurnsOfEach));
    step.point.slots = slots;
    sweep.steps.push_back(std::move(step));
  }
  return sweep;
}

// The shortest of several runs; what is no host time is the same in all.
StatusOr<BenchMeasure> Shortest(const BenchOptions& options, const BenchPoint& point,
                                const BuiltinKernel& builtin) {
  const u32 repeats = options.repeat == 0 ? kUsualRepeats : options.repeat;
  std::optional<BenchMeasure> best;
  for (u32 i = 0; i < repeats; ++i) {
    StatusOr<BenchMeasure> measure =
        RunBenchPoint(point.Config(options), builtin, "bench: begin", "bench: end");
    if (!measure.ok()) return measure.status();
    if (!best) {
      best = *std::move(measure);
      continue;
    }
    best->host_ns = std::min(best->host_ns, measure->host_ns);
    best->create_ns = std::min(best->create_ns, measure->create_ns);
    best->boot_ns = std::min(best->boot_ns, measure->boot_ns);
  }
  return *best;
}

ScalingResult::Value ValueOf(const ScalingSweep& sweep, const ScalingSweep::Step& step,
                             const BenchMeasure& m) {
  ScalingResult::Value value;
  value.x = static_cast<double>(sweep.counter == nullptr ? step.x : m.Get(sweep.counter));
  value.host_ns = static_cast<double>(m.host_ns);
  if (!sweep.grows) value.host_ns /= static_cast<double>(m.operations);
  value.create_ns = static_cast<double>(m.create_ns);
  value.boot_ns = static_cast<double>(m.boot_ns);
  value.boot_instructions = m.boot_instructions;
  return value;
}

std::string UnitOf(const ScalingSweep& sweep) {
  return sweep.grows ? absl::StrFormat("ns for each of the %s", sweep.x_name)
                     : "ns for each operation";
}

LineChart CostChart(const ScalingResult& result) {
  LineChart chart;
  const ScalingSweep& sweep = result.sweep;
  chart.caption = std::string(sweep.title) +
                  (sweep.grows ? ": host time of the workload"
                               : ": host time of one operation of the same workload");
  chart.x_name = sweep.x_name;
  chart.y_name = "host time";
  chart.y_text = ShortTime;
  chart.x_log = !sweep.grows;
  chart.dots = true;
  LineSeries series{sweep.grows ? "workload" : "operation", {}};
  for (const ScalingResult::Value& v : result.values) {
    series.points.emplace_back(v.x, v.host_ns);
  }
  chart.series.push_back(std::move(series));
  return chart;
}

// What starting costs: nobody waits longer for a larger machine.
LineChart StartChart(const ScalingResult& result) {
  LineChart chart;
  chart.caption = "Guest memory: host time to make the machine and load the kernel";
  chart.x_name = result.sweep.x_name;
  chart.y_name = "host time";
  chart.y_text = ShortTime;
  chart.x_log = true;
  chart.dots = true;
  LineSeries series{"machine", {}};
  for (const ScalingResult::Value& v : result.values) {
    series.points.emplace_back(v.x, v.create_ns);
  }
  chart.series.push_back(std::move(series));
  return chart;
}

bool IsMemory(const ScalingResult& result) {
  return std::string_view(result.sweep.name) == "memory";
}

}  // namespace

double ScalingResult::Cost(const Value& value) const {
  return sweep.grows && value.x != 0 ? value.host_ns / value.x : value.host_ns;
}

double ScalingResult::Spread() const {
  double low = 0;
  double high = 0;
  for (const Value& value : values) {
    const double cost = Cost(value);
    low = low == 0 ? cost : std::min(low, cost);
    high = std::max(high, cost);
  }
  return low == 0 ? 0 : high / low;
}

std::vector<ScalingSweep> ScalingSweeps() {
  return {Instructions(),
          Faults(),
          Pages(),
          Memory(),
          Spaces("spaces", "Address spaces, a slot for each", 64),
          Spaces("spaces-4-slots", "Address spaces, 4 slots", 4)};
}

StatusOr<std::vector<ScalingResult>> RunScaling(const BenchOptions& options,
                                                std::span<const ScalingSweep> sweeps,
                                                const BuiltinKernel& builtin,
                                                const ScalingProgress& progress) {
  std::vector<ScalingResult> results;
  size_t done = 0;
  for (const ScalingSweep& sweep : sweeps) {
    ScalingResult result{sweep, {}};
    for (const ScalingSweep::Step& step : sweep.steps) {
      if (progress) progress(std::string(sweep.name) + ": " + step.point.Name(), done);
      ++done;
      StatusOr<BenchMeasure> measure = Shortest(options, step.point, builtin);
      if (!measure.ok()) return measure.status();
      result.values.push_back(ValueOf(sweep, step, *measure));
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::string ScalingTable(std::span<const ScalingResult> results) {
  std::string out;
  for (const ScalingResult& result : results) {
    out += absl::StrFormat("%s (%s, within a factor of %.2f)\n", result.sweep.title,
                           UnitOf(result.sweep), result.Spread());
    for (const ScalingResult::Value& value : result.values) {
      out += absl::StrFormat("  %12.0f  %12.3f", value.x, result.Cost(value));
      if (IsMemory(result)) {
        out += absl::StrFormat(
            "   machine %.2f ms, the guest's own boot %.2f ms, %d instructions",
            value.create_ns / 1e6, value.boot_ns / 1e6, value.boot_instructions);
      }
      out += "\n";
    }
  }
  return out;
}

std::string ScalingJson(std::span<const ScalingResult> results) {
  nlohmann::json sweeps = nlohmann::json::array();
  for (const ScalingResult& result : results) {
    nlohmann::json values = nlohmann::json::array();
    for (const ScalingResult::Value& value : result.values) {
      values.push_back({{"x", value.x},
                        {"host.ns", value.host_ns},
                        {"host.create_ns", value.create_ns},
                        {"host.boot_ns", value.boot_ns},
                        {"boot_instructions", value.boot_instructions}});
    }
    sweeps.push_back({{"name", result.sweep.name},
                      {"x", result.sweep.x_name},
                      {"grows", result.sweep.grows},
                      {"spread", result.Spread()},
                      {"values", values}});
  }
  const nlohmann::json json = {{"version", 1},
                               {"benchmark", "scaling"},
                               {"program", std::string(ProgramVersion())},
                               {"sweeps", sweeps}};
  return json.dump(2) + "\n";
}

std::string ScalingHtml(std::span<const ScalingResult> results,
                        std::string_view command) {
  HtmlPage page("What the cost grows with", "lgx bench scaling");
  for (const ScalingResult& result : results) {
    HtmlTable table{std::string("t-") + result.sweep.name,
                    {result.sweep.x_name, "host time", UnitOf(result.sweep)},
                    {}};
    for (const ScalingResult::Value& value : result.values) {
      const double cost = result.Cost(value);
      table.rows.push_back({HtmlCell::Number(static_cast<u64>(value.x)),
                            HtmlCell::Number(value.host_ns, ShortTime(value.host_ns)),
                            HtmlCell::Number(cost, absl::StrFormat("%.3f", cost))});
    }
    std::string body = CostChart(result).Render();
    if (IsMemory(result)) body += StartChart(result).Render();
    body += absl::StrFormat("<p>The largest is %.2f times the smallest.</p>",
                            result.Spread());
    page.Section(result.sweep.name, result.sweep.title, body + table.Render());
  }
  page.Section("repeat", "To repeat", HtmlCommand(command));
  return page.Render();
}

std::vector<ChartFile> ScalingCharts(std::span<const ScalingResult> results) {
  std::vector<ChartFile> files;
  const auto add = [&](const std::string& name, const LineChart& chart) {
    files.push_back({"scaling-" + name, StandaloneSvg(chart.Render(), chart.caption)});
  };
  for (const ScalingResult& result : results) {
    add(result.sweep.name, CostChart(result));
    if (IsMemory(result)) add("start", StartChart(result));
  }
  return files;
}

}  // namespace lgx
