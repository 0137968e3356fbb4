// lgx bench: the built-in benchmarks.
#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "guests/builtin_kernel.h"
#include "tools/bench_demand.h"
#include "tools/bench_report.h"
#include "tools/bench_scaling.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/stream_file.h"

namespace lgx {
namespace {

void ListBenchmarks() {
  for (const BenchName& bench : BenchNames()) {
    std::printf("%-14s  %s\n", bench.name, bench.about);
  }
  std::printf("\nWorkloads of demand-paging (--workload), and what is one operation:\n");
  for (const BenchWorkload& workload : BenchWorkloads()) {
    std::printf("  %-16s  %s; %s\n", workload.name, workload.about, workload.operation);
  }
  std::printf("\nColumns of its table, for each operation:\n");
  for (const BenchColumn& column : BenchColumns()) {
    std::printf("  %-16s  %s\n", column.name, column.about);
  }
}

// A line that the next one overwrites, on a terminal only.
class ProgressLine {
 public:
  explicit ProgressLine(size_t total) : total_(total), on_(isatty(2) != 0) {}
  ~ProgressLine() {
    if (on_) std::fputs("\r\033[K", stderr);
  }
  void Show(const std::string& what, size_t done) const {
    if (!on_) return;
    std::fprintf(stderr, "\r\033[K%zu of %zu: %s", done + 1, total_, what.c_str());
    std::fflush(stderr);
  }

 private:
  size_t total_;
  bool on_;
};

Status WriteText(const std::string& path, const std::string& text) {
  if (path.empty()) return absl::OkStatus();
  return WriteFile(path, std::span(reinterpret_cast<const u8*>(text.data()), text.size()),
                   Overwrite::kReplace);
}

// The charts as files in the folder of --svg.
Status WriteCharts(const std::string& folder, std::span<const ChartFile> charts) {
  if (folder.empty()) return absl::OkStatus();
  for (const ChartFile& chart : charts) {
    LGX_RETURN_IF_ERROR(WriteText(folder + "/" + chart.name + ".svg", chart.svg));
  }
  return absl::OkStatus();
}

// Hours of work are not begun for a file that cannot be made.
Status CheckOutputs(const BenchOptions& options) {
  const std::string chart = options.svg.empty() ? "" : options.svg + "/chart.svg";
  for (const std::string& path : {options.json, options.html, chart}) {
    if (path.empty()) continue;
    LGX_RETURN_IF_ERROR(StreamFile::Create(path).status());
  }
  return absl::OkStatus();
}

Status DemandPaging(const BenchOptions& options, const std::string& command) {
  StatusOr<std::vector<BenchPoint>> points = BenchMatrix(options);
  if (!points.ok()) return points.status();
  StatusOr<std::vector<BenchRow>> rows = [&] {
    const ProgressLine line(points->size());
    return RunBenchMatrix(
        options, *points, BuiltinGuest(),
        [&](const BenchPoint& point, size_t done) { line.Show(point.Name(), done); });
  }();
  if (!rows.ok()) return rows.status();
  std::fputs(BenchTable(*rows).c_str(), stdout);
  LGX_RETURN_IF_ERROR(WriteText(options.json, BenchJson(*rows)));
  if (options.html.empty() && options.svg.empty()) return absl::OkStatus();
  StatusOr<std::vector<BenchWatched>> watched =
      WatchBench(options, *rows, BuiltinGuest());
  if (!watched.ok()) return watched.status();
  const BenchReport report(*rows, *watched, command);
  if (!options.html.empty()) {
    LGX_RETURN_IF_ERROR(WriteText(options.html, report.Html()));
  }
  return WriteCharts(options.svg, report.Charts());
}

Status Scaling(const BenchOptions& options, const std::string& command) {
  const std::vector<ScalingSweep> sweeps = ScalingSweeps();
  size_t total = 0;
  for (const ScalingSweep& sweep : sweeps) total += sweep.steps.size();
  StatusOr<std::vector<ScalingResult>> results = [&] {
    const ProgressLine line(total);
    return RunScaling(
        options, sweeps, BuiltinGuest(),
        [&](const std::string& what, size_t done) { line.Show(what, done); });
  }();
  if (!results.ok()) return results.status();
  std::fputs(ScalingTable(*results).c_str(), stdout);
  LGX_RETURN_IF_ERROR(WriteText(options.json, ScalingJson(*results)));
  if (!options.html.empty()) {
    LGX_RETURN_IF_ERROR(WriteText(options.html, ScalingHtml(*results, command)));
  }
  return WriteCharts(options.svg, ScalingCharts(*results));
}

}  // namespace

int CmdBench(const BenchOptions& options, const std::string& command) {
  if (options.name.empty()) {
    ListBenchmarks();
    return kExitOk;
  }
  Status status = CheckOutputs(options);
  if (status.ok()) {
    status = options.name == "scaling" ? Scaling(options, command)
                                       : DemandPaging(options, command);
  }
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace lgx
