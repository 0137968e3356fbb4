#include "tools/bench_demand.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/str_format.h"
#include "base/version.h"

namespace lgx {
namespace {

constexpr size_t kMostPoints = 10'000;

double PerOperation(const BenchMeasure& m, u64 value) {
  return static_cast<double>(value) / static_cast<double>(m.operations);
}

constexpr BenchColumn kColumns[] = {
    {"faults", "page faults that left the guest",
     [](const BenchMeasure& m) { return m.Per("crossing.cause.page_fault"); }},
    {"guest", "of these, the guest's own",
     [](const BenchMeasure& m) { return m.Per("mmu.fault.guest"); }},
    {"fills", "of these, answered by filling a shadow entry",
     [](const BenchMeasure& m) { return m.Per("mmu.demand.filled"); }},
    {"prefills", "entries filled along with another",
     [](const BenchMeasure& m) { return m.Per("mmu.demand.prefilled"); }},
    {"crossings", "entries into the guest",
     [](const BenchMeasure& m) { return m.Per("crossing.count"); }},
    {"insns", "instructions, those of Switcher and Host included",
     [](const BenchMeasure& m) { return m.Per("cpu.instructions"); }},
    {"virt_us", "microseconds of virtual time",
     [](const BenchMeasure& m) { return PerOperation(m, m.virtual_ns) / 1e3; }},
    {"host_ns", "nanoseconds of host time",
     [](const BenchMeasure& m) { return PerOperation(m, m.host_ns); }},
};

auto KeyOf(const BenchPoint& p) {
  return std::tie(p.workload, p.kernel, p.pae, p.slots, p.replacement, p.set_pmd,
                  p.prefill, p.memory);
}

BenchPoint Normalised(BenchPoint point) {
  // Of a kernel's file nobody knows the format here.
  if (point.kernel.empty() && !point.pae) point.set_pmd = SetPmdPolicy::kDropAll;
  if (point.slots == 1) point.replacement = SlotReplacement::kRandom;
  return point;
}

// The policies and the memory, for one workload in one format.
void AddPolicies(const BenchOptions& options, BenchPoint point,
                 std::vector<BenchPoint>* out) {
  const auto add = [&] {
    const BenchPoint normal = Normalised(point);
    const auto same = [&](const BenchPoint& p) { return KeyOf(p) == KeyOf(normal); };
    if (std::none_of(out->begin(), out->end(), same)) out->push_back(normal);
  };
  for (const u64 memory : options.memory) {
    point.memory = memory;
    for (const u32 slots : options.slots) {
      point.slots = slots;
      for (const SlotReplacement rule : options.replacement) {
        point.replacement = rule;
        for (const SetPmdPolicy policy : options.set_pmd) {
          point.set_pmd = policy;
          for (const u32 prefill : options.prefill) {
            point.prefill = prefill;
            add();
          }
        }
      }
    }
  }
}

std::vector<std::string> WorkloadsOf(const BenchOptions& options) {
  if (!options.workloads.empty()) return options.workloads;
  std::vector<std::string> all;
  for (const BenchWorkload& workload : BenchWorkloads()) {
    if (std::string_view(workload.name) != "compute") all.emplace_back(workload.name);
  }
  return all;
}

// Is the value of `field` another one in some row?
template <typename T>
bool Differs(std::span<const BenchRow> rows, T BenchPoint::* field) {
  return std::any_of(rows.begin(), rows.end(), [&](const BenchRow& row) {
    return row.point.*field != rows.front().point.*field;
  });
}

std::string MemoryText(u64 bytes) { return absl::StrFormat("%dM", bytes >> 20); }

std::string Figure(double value) {
  if (value == 0) return "0";
  if (value >= 10000) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.*f", value >= 100 ? 1 : 2, value);
}

// A text for each policy, in the order of the table's columns.
std::vector<std::string> PointCells(const BenchPoint& p) {
  return {p.Name(),
          p.kernel.empty() ? (p.pae ? "on" : "off") : "-",
          absl::StrFormat("%d", p.slots),
          TextOf(p.replacement),
          TextOf(p.set_pmd),
          absl::StrFormat("%d", p.prefill),
          MemoryText(p.memory)};
}
constexpr const char* kPointHeads[] = {"workload", "pae",     "slots", "replacement",
                                       "pmd",      "prefill", "memory"};

}  // namespace

std::span<const BenchColumn> BenchColumns() { return kColumns; }

StatusOr<std::vector<BenchPoint>> BenchMatrix(const BenchOptions& options) {
  const bool for_kernels = !options.initrd.empty() || !options.append.empty() ||
                           !options.begin.empty() || !options.end.empty();
  if (for_kernels && options.kernels.empty()) {
    return Errorf(StatusCode::kOutOfRange,
                  "bench: --initrd, --append, --begin and --end belong to a kernel of "
                  "yours; name it with --kernel");
  }
  const size_t subjects = options.kernels.empty()
                              ? WorkloadsOf(options).size() * options.pae.size()
                              : options.kernels.size();
  const size_t size = subjects * options.slots.size() * options.replacement.size() *
                      options.set_pmd.size() * options.prefill.size() *
                      options.memory.size();
  if (size > kMostPoints) {
    return Errorf(StatusCode::kOutOfRange,
                  "bench: %d combinations are more than %d; leave some values out", size,
                  kMostPoints);
  }
  std::vector<BenchPoint> points;
  BenchPoint point;
  for (const std::string& kernel : options.kernels) {
    point.kernel = kernel;
    AddPolicies(options, point, &points);
  }
  if (!options.kernels.empty()) return points;
  for (const std::string& workload : WorkloadsOf(options)) {
    point.workload = workload;
    for (const bool pae : options.pae) {
      point.pae = pae;
      AddPolicies(options, point, &points);
    }
  }
  return points;
}

namespace {

struct Marks {
  std::string begin;
  std::string end;
};

Marks MarksOf(const BenchOptions& options) {
  if (options.kernels.empty()) return {"bench: begin", "bench: end"};
  return {options.begin, options.end};
}

}  // namespace

StatusOr<std::vector<BenchRow>> RunBenchMatrix(const BenchOptions& options,
                                               std::span<const BenchPoint> points,
                                               const BuiltinKernel& builtin,
                                               const BenchProgress& progress) {
  const Marks marks = MarksOf(options);
  std::vector<BenchRow> rows;
  for (const BenchPoint& point : points) {
    if (progress) progress(point, rows.size());
    BenchRow row{point, {}};
    for (u32 i = 0; i < std::max(options.repeat, 1u); ++i) {
      StatusOr<BenchMeasure> measure =
          RunBenchPoint(point.Config(options), builtin, marks.begin, marks.end);
      if (!measure.ok()) {
        return Errorf(measure.status().code(), "%s: %s", point.Name(),
                      MessageOf(measure.status()));
      }
      if (i == 0 || measure->host_ns < row.measure.host_ns) {
        row.measure = *std::move(measure);
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

StatusOr<BenchPicture> TakeBenchPicture(const BenchOptions& options,
                                        const BenchPoint& point,
                                        const BuiltinKernel& builtin) {
  const Marks marks = MarksOf(options);
  BenchPicture picture;
  const StatusOr<BenchMeasure> measure =
      RunBenchPoint(point.Config(options), builtin, marks.begin, marks.end, &picture);
  if (!measure.ok()) return measure.status();
  return picture;
}

std::string PolicyText(const BenchPoint& p, std::span<const BenchRow> rows) {
  std::vector<std::string> parts;
  if (p.kernel.empty()) parts.emplace_back(p.pae ? "PAE" : "two-level");
  if (Differs(rows, &BenchPoint::set_pmd) && (p.pae || !p.kernel.empty())) {
    parts.emplace_back(TextOf(p.set_pmd));
  }
  if (Differs(rows, &BenchPoint::slots)) {
    parts.push_back(absl::StrFormat("%d slot%s", p.slots, p.slots == 1 ? "" : "s"));
  }
  if (Differs(rows, &BenchPoint::replacement) && p.slots != 1) {
    parts.emplace_back(TextOf(p.replacement));
  }
  if (Differs(rows, &BenchPoint::prefill)) {
    parts.push_back(absl::StrFormat("prefill %d", p.prefill));
  }
  if (Differs(rows, &BenchPoint::memory)) parts.push_back(MemoryText(p.memory));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? "as lguest" : text;
}

std::string BenchTable(std::span<const BenchRow> rows) {
  std::vector<std::vector<std::string>> lines = {
      {std::begin(kPointHeads), std::end(kPointHeads)}};
  lines[0].emplace_back("operations");
  for (const BenchColumn& column : kColumns) lines[0].emplace_back(column.name);
  for (const BenchRow& row : rows) {
    std::vector<std::string> cells = PointCells(row.point);
    cells.push_back(absl::StrFormat("%d", row.measure.operations));
    for (const BenchColumn& column : kColumns) {
      cells.push_back(Figure(column.value(row.measure)));
    }
    lines.push_back(std::move(cells));
  }
  std::vector<size_t> widths(lines[0].size(), 0);
  for (const auto& cells : lines) {
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], cells[i].size());
    }
  }
  std::string out;
  for (const auto& cells : lines) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const int width = static_cast<int>(widths[i]);
      line += i == 0 ? absl::StrFormat("%-*s", width, cells[i])
                     : absl::StrFormat("  %*s", width, cells[i]);
    }
    out += line + "\n";
  }
  return out;
}

std::string BenchJson(std::span<const BenchRow> rows) {
  nlohmann::json points = nlohmann::json::array();
  for (const auto& [p, m] : rows) {
    nlohmann::json point = {{"slots", p.slots},
                            {"replacement", TextOf(p.replacement)},
                            {"pmd", TextOf(p.set_pmd)},
                            {"prefill", p.prefill},
                            {"memory_bytes", p.memory},
                            {"operations", m.operations},
                            {"virtual_ns", m.virtual_ns},
                            {"host.ns", m.host_ns},
                            {"host.create_ns", m.create_ns},
                            {"host.boot_ns", m.boot_ns},
                            {"counters", m.counters}};
    if (p.kernel.empty()) {
      point["workload"] = p.workload;
      point["pae"] = p.pae;
      point["check"] = m.check;
    } else {
      point["kernel"] = p.kernel;
    }
    points.push_back(std::move(point));
  }
  const nlohmann::json json = {{"version", 1},
                               {"benchmark", "demand-paging"},
                               {"program", std::string(ProgramVersion())},
                               {"points", points}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lgx
