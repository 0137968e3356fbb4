#include "tools/bench_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "report/html.h"
#include "report/svg_chart.h"

namespace lgx {
namespace {

constexpr u32 kHeatColumns = 60;
constexpr size_t kHeatRows = 24;
constexpr size_t kSlotLines = 8;

// A chart, and the name of its file.
struct Chart {
  std::string name;
  std::string caption;
  std::string figure;
};

std::string FileName(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '.';
    if (!plain) c = '-';
  }
  return text;
}

std::string Number(double value) {
  return absl::StrFormat("%.*f", value < 100 ? 2 : 0, value);
}

// Names in the order of the rows.
std::vector<std::string> NamesIn(std::span<const BenchRow> rows) {
  std::vector<std::string> names;
  for (const BenchRow& row : rows) {
    const std::string name = row.point.Name();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

u32 ColourOf(const BenchPoint& point) {
  if (!point.pae && point.kernel.empty()) return 1;
  return point.set_pmd == SetPmdPolicy::kDropOne ? 3 : 2;
}

Chart Bars(std::span<const BenchRow> rows, const std::string& name) {
  BarChart chart;
  chart.caption = name + ": fills for each operation";
  chart.text = Number;
  for (const BenchRow& row : rows) {
    if (row.point.Name() != name) continue;
    chart.bars.push_back({PolicyText(row.point, rows),
                          row.measure.Per("mmu.demand.filled"), ColourOf(row.point)});
  }
  return {FileName("fills-" + name), chart.caption, chart.Render()};
}

// ---- lines over an axis of the matrix

struct Axis {
  const char* name;
  const char* file;
  double (*x)(const BenchPoint& point);
  void (*clear)(BenchPoint* point);  // makes points that differ in nothing else equal
  bool log;
};

constexpr Axis kAxes[] = {
    {"shadow slots", "slots", [](const BenchPoint& p) { return double{1} * p.slots; },
     [](BenchPoint* p) { p->slots = 0; }, true},
    {"prefill window, pages", "prefill",
     [](const BenchPoint& p) { return double{1} * p.prefill; },
     [](BenchPoint* p) { p->prefill = 0; }, false},
    {"guest memory, MiB", "memory",
     [](const BenchPoint& p) { return static_cast<double>(p.memory >> 20); },
     [](BenchPoint* p) { p->memory = 0; }, true},
};

struct Quantity {
  const char* name;
  const char* file;
  double (*value)(const BenchMeasure& measure);
};
constexpr Quantity kQuantities[] = {
    {"fills", "fills", [](const BenchMeasure& m) { return m.Per("mmu.demand.filled"); }},
    {"host ns", "time",
     [](const BenchMeasure& m) {
       return static_cast<double>(m.host_ns) / static_cast<double>(m.operations);
     }},
};

bool Varies(std::span<const BenchRow> rows, const Axis& axis) {
  return std::any_of(rows.begin(), rows.end(), [&](const BenchRow& row) {
    return axis.x(row.point) != axis.x(rows.front().point);
  });
}

Chart Lines(std::span<const BenchRow> rows, const std::string& name, const Axis& axis,
            const Quantity& quantity) {
  // The label leaves out the axis, so rows that differ in it alone form one line.
  std::vector<BenchRow> others(rows.begin(), rows.end());
  for (BenchRow& row : others) axis.clear(&row.point);
  LineChart chart;
  chart.caption = absl::StrFormat("%s: %s for each operation", name, quantity.name);
  chart.x_name = axis.name;
  chart.y_name = quantity.name;
  chart.y_text = Number;
  chart.x_log = axis.log;
  chart.dots = true;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].point.Name() != name) continue;
    const std::string label = PolicyText(others[i].point, others);
    auto series = std::find_if(chart.series.begin(), chart.series.end(),
                               [&](const LineSeries& s) { return s.name == label; });
    if (series == chart.series.end()) {
      chart.series.push_back({label, {}});
      series = chart.series.end() - 1;
    }
    series->points.emplace_back(axis.x(rows[i].point), quantity.value(rows[i].measure));
  }
  for (LineSeries& series : chart.series) {
    std::sort(series.points.begin(), series.points.end());
  }
  return {FileName(absl::StrFormat("%s-over-%s-%s", quantity.file, axis.file, name)),
          chart.caption, chart.Render()};
}

std::vector<Chart> MatrixCharts(std::span<const BenchRow> rows) {
  std::vector<Chart> charts;
  for (const std::string& name : NamesIn(rows)) {
    bool lines = false;
    for (const Axis& axis : kAxes) {
      if (!Varies(rows, axis)) continue;
      lines = true;
      for (const Quantity& quantity : kQuantities) {
        charts.push_back(Lines(rows, name, axis, quantity));
      }
    }
    if (!lines) charts.push_back(Bars(rows, name));
  }
  return charts;
}

// ---- what was watched

std::string WatchedName(const BenchWatched& watched) {
  const BenchPoint& point = watched.point;
  if (!point.kernel.empty()) return point.Name();
  return point.Name() + (point.pae ? ", PAE" : ", two-level");
}

u64 LengthOf(const BenchPicture& picture) {
  u64 ns = 1;
  if (!picture.faults.empty()) ns = std::max(ns, picture.faults.back().ns + 1);
  if (!picture.samples.empty()) ns = std::max(ns, picture.samples.back().ns + 1);
  return ns;
}

// The smallest range of addresses for which not too many have faults.
std::set<u32> RangesOf(const BenchPicture& picture, u32* shift) {
  for (*shift = 14;; ++*shift) {
    std::set<u32> ranges;
    for (const BenchPicture::Fault& fault : picture.faults) {
      ranges.insert(fault.lin >> *shift);
      if (ranges.size() > kHeatRows) break;
    }
    if (ranges.size() <= kHeatRows) return ranges;
  }
}

Chart Heat(const BenchWatched& watched) {
  const u64 length = LengthOf(watched.picture);
  u32 shift = 0;
  const std::set<u32> ranges = RangesOf(watched.picture, &shift);
  HeatMap map;
  map.caption = absl::StrFormat("%s: page faults by address and time, rows of %d KiB",
                                WatchedName(watched), (u32{1} << shift) >> 10);
  map.x_name = "virtual time";
  map.x_text = [length](u32 column) {
    return ShortTime(static_cast<double>(length) * column / kHeatColumns);
  };
  std::map<u32, size_t> row_of;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    row_of[*range] = map.rows.size();
    map.rows.push_back(absl::StrFormat("0x%08x", *range << shift));
    map.cells.emplace_back(kHeatColumns, 0);
  }
  for (const BenchPicture::Fault& fault : watched.picture.faults) {
    ++map.cells[row_of[fault.lin >> shift]][fault.ns * kHeatColumns / length];
  }
  return {FileName("faults-" + WatchedName(watched)), map.caption, map.Render()};
}

Chart Occupancy(const BenchWatched& watched) {
  LineChart chart;
  chart.caption = WatchedName(watched) + ": entries present in each shadow slot";
  chart.x_name = "virtual time";
  chart.y_name = "entries";
  chart.x_text = ShortTime;
  chart.steps = true;
  const size_t slots = std::min<size_t>(watched.point.slots, kSlotLines);
  for (size_t slot = 0; slot < slots; ++slot) {
    LineSeries series{absl::StrFormat("slot %d", slot), {}};
    for (const BenchPicture::Sample& sample : watched.picture.samples) {
      series.points.emplace_back(sample.ns, sample.entries[slot]);
    }
    chart.series.push_back(std::move(series));
  }
  if (watched.point.slots > slots) {
    chart.caption += absl::StrFormat(", the first %d of %d", slots, watched.point.slots);
  }
  return {FileName("slots-" + WatchedName(watched)), chart.caption, chart.Render()};
}

// ---- words and tables

// How many times the fills of `to` are those of `from`.
std::string Times(double from, double to) {
  return from == 0 ? "-" : absl::StrFormat("%.1f times", to / from);
}

// Without the format, which the table's columns say.
std::string PolicyBeside(const BenchPoint& point, std::span<const BenchRow> rows) {
  const std::string text = PolicyText(point, rows);
  const size_t comma = text.find(", ");
  return comma == std::string::npos ? "as lguest" : text.substr(comma + 2);
}

// The rows of one workload that differ in format and set-PMD alone, beside each other.
HtmlTable PaeTable(std::span<const BenchRow> rows) {
  HtmlTable table{
      "pae",
      {"workload", "policies", "two-level", "PAE", "ratio", "PAE, drop-one", "ratio"},
      {}};
  for (const BenchRow& row : rows) {
    if (row.point.pae || !row.point.kernel.empty()) continue;
    const auto like = [&](SetPmdPolicy policy) -> const BenchRow* {
      for (const BenchRow& other : rows) {
        const BenchPoint& p = other.point;
        if (p.pae && p.set_pmd == policy && p.workload == row.point.workload &&
            p.slots == row.point.slots && p.replacement == row.point.replacement &&
            p.prefill == row.point.prefill && p.memory == row.point.memory) {
          return &other;
        }
      }
      return nullptr;
    };
    const double base = row.measure.Per("mmu.demand.filled");
    std::vector<HtmlCell> cells = {HtmlCell::Code(row.point.workload),
                                   HtmlCell::Text(PolicyBeside(row.point, rows)),
                                   HtmlCell::Number(base, Number(base))};
    for (const SetPmdPolicy policy : {SetPmdPolicy::kDropAll, SetPmdPolicy::kDropOne}) {
      const BenchRow* const other = like(policy);
      const double fills = other ? other->measure.Per("mmu.demand.filled") : 0;
      cells.push_back(other ? HtmlCell::Number(fills, Number(fills))
                            : HtmlCell::Text("-"));
      cells.push_back(other && base != 0
                          ? HtmlCell::Number(fills / base, Times(base, fills))
                          : HtmlCell::Text("-"));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

HtmlTable AllPoints(std::span<const BenchRow> rows) {
  HtmlTable table{"points", {"workload", "policies", "operations"}, {}};
  for (const BenchColumn& column : BenchColumns())
    table.columns.emplace_back(column.name);
  for (const BenchRow& row : rows) {
    std::vector<HtmlCell> cells = {HtmlCell::Code(row.point.Name()),
                                   HtmlCell::Text(PolicyText(row.point, rows)),
                                   HtmlCell::Number(row.measure.operations)};
    for (const BenchColumn& column : BenchColumns()) {
      const double value = column.value(row.measure);
      cells.push_back(HtmlCell::Number(value, Number(value)));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string ColumnNotes() {
  std::string out = "<dl>";
  for (const BenchColumn& column : BenchColumns()) {
    out +=
        "<dt>" + HtmlText(column.name) + "</dt><dd>" + HtmlText(column.about) + "</dd>";
  }
  return out + "</dl>";
}

std::string FiguresOf(const std::vector<Chart>& charts) {
  std::string out;
  for (const Chart& chart : charts) out += chart.figure;
  return out;
}

std::vector<Chart> WatchedCharts(std::span<const BenchWatched> watched) {
  std::vector<Chart> charts;
  for (const BenchWatched& one : watched) {
    charts.push_back(Heat(one));
    charts.push_back(Occupancy(one));
  }
  return charts;
}

}  // namespace

StatusOr<std::vector<BenchWatched>> WatchBench(const BenchOptions& options,
                                               std::span<const BenchRow> rows,
                                               const BuiltinKernel& builtin) {
  std::vector<BenchWatched> watched;
  std::set<std::pair<std::string, bool>> seen;
  for (const BenchRow& row : rows) {
    if (!seen.emplace(row.point.Name(), row.point.pae).second) continue;
    StatusOr<BenchPicture> picture = TakeBenchPicture(options, row.point, builtin);
    if (!picture.ok()) return picture.status();
    watched.push_back({row.point, *std::move(picture)});
  }
  return watched;
}

std::string BenchReport::Html() const {
  HtmlPage page("Demand paging", "lgx bench demand-paging");
  if (const HtmlTable pae = PaeTable(rows_); !pae.rows.empty()) {
    page.Section("formats", "What PAE costs",
                 "<p>Shadow entries filled on demand, for each operation. A PAE guest "
                 "announces each new middle entry with SET_PMD; lguest drops every "
                 "shadow table then, <i>drop-one</i> only what came from that "
                 "entry.</p>" +
                     pae.Render());
  }
  page.Section("charts", "Policies", FiguresOf(MatrixCharts(rows_)));
  page.Section("watched", "Where and when", FiguresOf(WatchedCharts(watched_)));
  page.Section("all", "All points", AllPoints(rows_).Render() + ColumnNotes());
  page.Section("repeat", "To repeat",
               "<p>All but host time is the same each time.</p>" + HtmlCommand(command_));
  return page.Render();
}

std::vector<ChartFile> BenchReport::Charts() const {
  std::vector<ChartFile> files;
  for (const auto& charts : {MatrixCharts(rows_), WatchedCharts(watched_)}) {
    for (const Chart& chart : charts) {
      files.push_back({chart.name, StandaloneSvg(chart.figure, chart.caption)});
    }
  }
  return files;
}

}  // namespace lgx
