// `lgx bench demand-paging` as a page, and its charts as files.
#ifndef LGX_TOOLS_BENCH_REPORT_H_
#define LGX_TOOLS_BENCH_REPORT_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench_demand.h"
#include "tools/bench_svg.h"

namespace lgx {

struct BenchWatched {
  BenchPoint point;
  BenchPicture picture;
};

// One point of each workload and format is run again and watched: the first.
StatusOr<std::vector<BenchWatched>> WatchBench(const BenchOptions& options,
                                               std::span<const BenchRow> rows,
                                               const BuiltinKernel& builtin);

class BenchReport {
 public:
  // All outlive it. `command` repeats the benchmark.
  BenchReport(std::span<const BenchRow> rows, std::span<const BenchWatched> watched,
              std::string_view command)
      : rows_(rows), watched_(watched), command_(command) {}

  std::string Html() const;
  std::vector<ChartFile> Charts() const;

 private:
  std::span<const BenchRow> rows_;
  std::span<const BenchWatched> watched_;
  std::string_view command_;
};

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_REPORT_H_
