// `lgx bench demand-paging`: the matrix, and what comes out of it as a table and as JSON.
#ifndef LGX_TOOLS_BENCH_DEMAND_H_
#define LGX_TOOLS_BENCH_DEMAND_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tools/bench_options.h"
#include "tools/bench_point.h"

namespace lgx {

struct BenchRow {
  BenchPoint point;
  BenchMeasure measure;
};

// What is shown of a row, for each operation.
struct BenchColumn {
  const char* name;
  const char* about;
  double (*value)(const BenchMeasure& measure);
};
std::span<const BenchColumn> BenchColumns();

// Every combination once. A policy that has no effect (SET_PMD without PAE, replacement
// of a single slot) is no axis there. kOutOfRange if there are too many.
StatusOr<std::vector<BenchPoint>> BenchMatrix(const BenchOptions& options);

// Called before each run, with the number of those that are done.
using BenchProgress = std::function<void(const BenchPoint& point, size_t done)>;

StatusOr<std::vector<BenchRow>> RunBenchMatrix(const BenchOptions& options,
                                               std::span<const BenchPoint> points,
                                               const BuiltinKernel& builtin,
                                               const BenchProgress& progress);
// One point again, watched.
StatusOr<BenchPicture> TakeBenchPicture(const BenchOptions& options,
                                        const BenchPoint& point,
                                        const BuiltinKernel& builtin);

// "PAE, drop-one, 4 slots": the format, and of the policies those that differ between the
// rows.
std::string PolicyText(const BenchPoint& point, std::span<const BenchRow> rows);

std::string BenchTable(std::span<const BenchRow> rows);
std::string BenchJson(std::span<const BenchRow> rows);

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_DEMAND_H_
