#include "report/run_report.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_format.h"
#include "report/svg_chart.h"

namespace lgx {
namespace {

constexpr u32 kColours = 8;

std::string Hex(u32 value) { return absl::StrFormat("0x%08x", value); }

std::string Note(const std::string& raw) {
  return "<p class=\"note\">" + HtmlText(raw) + "</p>\n";
}

std::string Percent(u64 part, u64 all) {
  if (all == 0) return "0%";
  return absl::StrFormat("%.1f%%",
                         100.0 * static_cast<double>(part) / static_cast<double>(all));
}

// "crossing.cause.page_fault" becomes "page fault".
std::string Spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::vector<std::pair<double, double>> PointsOf(const RunSummary& run,
                                                const TimeSeries& series) {
  std::vector<std::pair<double, double>> points;
  const double width = static_cast<double>(run.bin_ns());
  for (u32 i = 0; i < run.bins_used(); i++) {
    points.emplace_back((i + 0.5) * width, static_cast<double>(series.bins[i]));
  }
  return points;
}

// ---- causes of crossings, from events or from counters

struct Cause {
  std::string name;
  u64 count;
};

std::vector<Cause> CausesOf(const ReportInput& input) {
  std::vector<Cause> causes;
  if (input.events != nullptr && !input.events->causes().empty()) {
    for (const auto& [name, series] : input.events->causes()) {
      causes.push_back({Spoken(name), series.total});
    }
  } else if (input.stats != nullptr) {
    constexpr std::string_view kPrefix = "crossing.cause.";
    for (const auto& [name, value] : input.stats->counters()) {
      if (!name.starts_with(kPrefix) || value == 0) continue;
      causes.push_back({Spoken(name.substr(kPrefix.size())), value});
    }
  }
  std::sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
    return std::tie(b.count, a.name) < std::tie(a.count, b.name);
  });
  return causes;
}

std::string Crossings(const ReportInput& input) {
  const std::vector<Cause> causes = CausesOf(input);
  u64 all = 0;
  BarChart chart;
  chart.caption = "Why the Guest left";
  for (const Cause& cause : causes) {
    all += cause.count;
    if (chart.bars.size() < 10) {
      chart.bars.push_back({cause.name, static_cast<double>(cause.count), 1});
    }
  }
  HtmlTable table{"causes", {"Cause", "Passages", "Share"}, {}, true};
  for (const Cause& cause : causes) {
    table.rows.push_back(
        {HtmlCell::Text(cause.name), HtmlCell::Number(cause.count),
         HtmlCell::Number(static_cast<double>(cause.count), Percent(cause.count, all))});
  }
  return chart.Render() + table.Render();
}

std::string HistogramOf(const Stats::BucketList& buckets, const std::string& caption) {
  BarChart chart;
  chart.caption = caption;
  for (size_t i = 0; i < buckets.le.size(); i++) {
    const u64 from = i == 0 ? 0 : buckets.le[i - 1] + 1;
    if (buckets.count[i] == 0 && chart.bars.empty()) continue;
    chart.bars.push_back({ShortNumber(static_cast<double>(from)) + " to " +
                              ShortNumber(static_cast<double>(buckets.le[i])),
                          static_cast<double>(buckets.count[i]), 5});
  }
  return chart.Render();
}

std::string Histograms(const Stats& stats) {
  std::string out;
  for (const auto& [name, buckets] : stats.histograms()) {
    if (!buckets.count.empty()) out += HistogramOf(buckets, name);
  }
  return out;
}

// ---- over time

std::string Timeline(const RunSummary& run) {
  std::vector<const std::pair<const std::string, TimeSeries>*> most;
  for (const auto& cause : run.causes()) most.push_back(&cause);
  std::sort(most.begin(), most.end(), [](const auto* a, const auto* b) {
    return std::tie(b->second.total, a->first) < std::tie(a->second.total, b->first);
  });
  LineChart chart;
  chart.caption = "Passages into the Guest in each " +
                  ShortTime(static_cast<double>(run.bin_ns())) + ", by what ended them";
  chart.x_name = "virtual time";
  chart.x_text = ShortTime;
  for (size_t i = 0; i < most.size() && i < 5; i++) {
    chart.series.push_back({Spoken(most[i]->first), PointsOf(run, most[i]->second)});
  }
  std::string out = chart.Render();
  LineChart faults;
  faults.caption = "Page faults: filled by the Host, and the Guest's own";
  faults.x_name = "virtual time";
  faults.x_text = ShortTime;
  faults.series = {{"filled", PointsOf(run, run.fills())},
                   {"reflected to the Guest", PointsOf(run, run.reflected())}};
  out += faults.Render();
  if (run.requests().total != 0) {
    LineChart requests;
    requests.caption = "Requests to devices";
    requests.x_name = "virtual time";
    requests.x_text = ShortTime;
    requests.series = {{"requests", PointsOf(run, run.requests())}};
    requests.height = 180;
    out += requests.Render();
  }
  return out;
}

std::string Faults(const RunSummary& run) {
  constexpr size_t kMostRows = 28;
  std::vector<std::pair<u32, const TimeSeries*>> regions;
  for (const auto& [region, series] : run.fault_regions()) {
    regions.emplace_back(region, &series);
  }
  const size_t all = regions.size();
  std::sort(regions.begin(), regions.end(), [](const auto& a, const auto& b) {
    return std::tie(b.second->total, a.first) < std::tie(a.second->total, b.first);
  });
  if (regions.size() > kMostRows) regions.resize(kMostRows);
  std::sort(regions.begin(), regions.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  HeatMap map;
  map.caption = "Page faults by address (4 MiB to a row) and time, darker where more";
  map.x_name = "virtual time";
  const u64 width = run.bin_ns();
  map.x_text = [width](u32 bin) {
    return ShortTime(static_cast<double>(bin) * static_cast<double>(width));
  };
  map.column_width = static_cast<double>(width);
  map.x_value = ShortTime;
  map.colour = 7;
  for (const auto& [region, series] : regions) {
    map.rows.push_back(Hex(region << 22));
    map.cells.emplace_back(series->bins.begin(), series->bins.begin() + run.bins_used());
  }
  std::string out = map.Render();
  if (all > kMostRows) {
    out +=
        Note(absl::StrFormat("The %d rows with the most faults of %d.", kMostRows, all));
  }
  HtmlTable table{"pages", {"Page", "Faults"}, {}, true};
  for (const RunSummary::PageCount& page : run.MostFaultedPages(200)) {
    table.rows.push_back({HtmlCell::Code(Hex(page.page)), HtmlCell::Number(page.count)});
  }
  return out + "<h3>Pages with the most faults</h3>\n" + table.Render();
}

std::string Shadow(const RunSummary& run) {
  LineChart pool;
  pool.caption = "Pages that shadow tables take";
  pool.x_name = "virtual time";
  pool.x_text = ShortTime;
  pool.steps = true;
  LineSeries pages{"pages", {}};
  u64 last = 0;
  for (u32 i = 0; i < run.bins_used(); i++) {
    if (run.pool_pages().bins[i] != 0) last = run.pool_pages().bins[i];
    pages.points.emplace_back(static_cast<double>(i) * static_cast<double>(run.bin_ns()),
                              static_cast<double>(last));
  }
  pool.series = {pages};
  pool.height = 200;
  LaneChart slots;
  slots.caption = "Which page table each slot shadows";
  slots.x_name = "virtual time";
  slots.x_text = ShortTime;
  for (const RunSummary::Tenancy& tenancy : run.Tenancies()) {
    while (slots.lanes.size() <= tenancy.slot && slots.lanes.size() < 64) {
      slots.lanes.push_back(absl::StrFormat("slot %d", slots.lanes.size()));
    }
    if (tenancy.slot >= slots.lanes.size()) continue;
    const u32 colour = (tenancy.gpgdir >> 12) * 2654435761u >> 16;
    slots.spans.push_back({tenancy.slot, static_cast<double>(tenancy.from_ns),
                           static_cast<double>(tenancy.to_ns), Hex(tenancy.gpgdir),
                           colour % kColours + 1});
  }
  std::string out = HtmlFacts({{"changes of page table", GroupedNumber(run.switches())},
                               {"flushes", GroupedNumber(run.flushes())}});
  out += pool.Render() + slots.Render();
  if (run.tenancies_cut()) out += Note("Only the first changes are drawn.");
  return out;
}

// ---- tables

std::string Hypercalls(const ReportInput& input) {
  HtmlTable table{"calls", {"Hypercall", "Calls", "Through the ring", "Share"}, {}, true};
  std::map<std::string, RunSummary::Call> calls;
  if (input.events != nullptr) calls = input.events->calls();
  if (calls.empty() && input.stats != nullptr) {
    constexpr std::string_view kPrefix = "hypercall.";
    constexpr std::string_view kSuffix = ".count";
    for (const auto& [name, value] : input.stats->counters()) {
      if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
      if (value == 0 || name.size() <= kPrefix.size() + kSuffix.size()) continue;
      const std::string call =
          name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
      calls[call] = {value, input.stats->Get("hypercall." + call + ".async")};
    }
  }
  u64 all = 0;
  for (const auto& [name, call] : calls) all += call.count;
  std::vector<std::pair<std::string, RunSummary::Call>> sorted(calls.begin(),
                                                               calls.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::tie(b.second.count, a.first) < std::tie(a.second.count, b.first);
  });
  for (const auto& [name, call] : sorted) {
    table.rows.push_back(
        {HtmlCell::Code(name), HtmlCell::Number(call.count), HtmlCell::Number(call.async),
         HtmlCell::Number(static_cast<double>(call.count), Percent(call.count, all))});
  }
  return table.Render();
}

std::string Devices(const RunSummary& run) {
  HtmlTable table{
      "queues", {"Device", "Queue", "Requests", "Bytes out", "Bytes in"}, {}, true};
  for (const auto& [key, queue] : run.queues()) {
    table.rows.push_back({HtmlCell::Text(key.first), HtmlCell::Number(u64{key.second}),
                          HtmlCell::Number(queue.requests),
                          HtmlCell::Number(queue.out_bytes),
                          HtmlCell::Number(queue.written)});
  }
  HtmlTable irqs{"irqs", {"Interrupt", "Raised by a device", "Injected"}, {}, true};
  for (const auto& [number, irq] : run.irqs()) {
    irqs.rows.push_back({HtmlCell::Number(u64{number}), HtmlCell::Number(irq.raised),
                         HtmlCell::Number(irq.injected)});
  }
  std::string out = run.queues().empty() ? Note("No requests.") : table.Render();
  if (!run.irqs().empty()) out += "<h3>Interrupts</h3>\n" + irqs.Render();
  return out;
}

std::string Counters(const Stats& stats) {
  HtmlTable table{"every-counter", {"Counter", "Value"}, {}, true};
  for (const auto& [name, value] : stats.counters()) {
    table.rows.push_back({HtmlCell::Code(name), HtmlCell::Number(value)});
  }
  return table.Render();
}

std::string Summary(const ReportInput& input) {
  std::vector<HtmlFact> facts = input.facts;
  if (const RunSummary* run = input.events; run != nullptr && !run->empty()) {
    u64 crossings = 0;
    for (const auto& [name, series] : run->causes()) crossings += series.total;
    facts.push_back({"passages into the Guest", GroupedNumber(crossings)});
    facts.push_back({"page faults filled", GroupedNumber(run->fills().total)});
    facts.push_back(
        {"of all instructions are the Guest's",
         Percent(run->guest_instructions(), std::max<u64>(1, run->last_insn()))});
    facts.push_back(
        {"of all instructions are the Switcher's",
         Percent(run->switcher_instructions(), std::max<u64>(1, run->last_insn()))});
    facts.push_back(
        {"virtual time asleep", ShortTime(static_cast<double>(run->sleep_ns()))});
    facts.push_back({"events seen", GroupedNumber(run->events())});
  }
  return HtmlFacts(facts);
}

}  // namespace

std::string RenderRunReport(const ReportInput& input) {
  HtmlPage page(input.title, input.subtitle);
  page.Section("summary", "Summary", Summary(input));
  const RunSummary* const run =
      input.events != nullptr && !input.events->empty() ? input.events : nullptr;
  if (run != nullptr) page.Section("timeline", "Timeline", Timeline(*run));
  page.Section("crossings", "Crossings", Crossings(input));
  if (run != nullptr) {
    page.Section("faults", "Page faults", Faults(*run));
    page.Section("shadow", "Shadow tables", Shadow(*run));
  }
  page.Section("hypercalls", "Hypercalls", Hypercalls(input));
  if (run != nullptr) {
    page.Section("devices", "Devices", Devices(*run));
    std::string console = HtmlConsole("console-text", run->console());
    if (run->console_lost() != 0) {
      console += Note(absl::StrFormat("%s more bytes are not shown.",
                                      GroupedNumber(run->console_lost())));
    }
    page.Section("console", "Console", console);
  }
  if (input.stats != nullptr) {
    if (const std::string charts = Histograms(*input.stats); !charts.empty()) {
      page.Section("histograms", "Histograms", charts);
    }
    page.Section("counters", "Counters", Counters(*input.stats));
  }
  if (!input.command.empty()) {
    page.Section("again", "The same run again",
                 HtmlCommand(input.command) +
                     Note("The same version, files and input give the same run, to the "
                          "instruction; the hash above says so."));
  }
  return page.Render();
}

}  // namespace lgx
