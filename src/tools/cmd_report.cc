// lgx report: one HTML page about a run, from the files that it has written.
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "report/run_report.h"
#include "report/stats_json.h"
#include "report/trace_jsonl.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

// What the files have told so far.
struct Gathered {
  std::optional<Stats> stats;
  RunSummary events;
  bool has_events = false;
  std::vector<HtmlFact> facts;
};

std::string TextOf(const nlohmann::json& value) {
  return value.is_string()
             ? value.get<std::string>()
             : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A file of --json-result.
void TakeResult(const nlohmann::json& json, std::vector<HtmlFact>* facts) {
  constexpr std::pair<const char*, const char*> kKeys[] = {
      {"reason", "how it ended"},       {"code", "exit code"},
      {"instructions", "instructions"}, {"virtual_ns", "virtual time"},
      {"hash", "state hash"},           {"boots", "boots"},
  };
  for (const auto& [key, name] : kKeys) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    std::string value = TextOf(*found);
    if (found->is_number_unsigned()) {
      const u64 number = found->get<u64>();
      value = std::string_view(key) == "virtual_ns"
                  ? ShortTime(static_cast<double>(number))
                  : GroupedNumber(number);
    }
    facts->push_back({name, value});
  }
}

Status TakeFile(const std::string& path, Gathered* all) {
  const StatusOr<std::vector<u8>> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()),
                              bytes->size());
  if (text.substr(0, text.find('\n')).find("\"lgx_trace\"") != std::string_view::npos) {
    if (all->has_events) {
      return Errorf(StatusCode::kInvalidArgument,
                    "%s: a second trace; a report is about one run", path);
    }
    all->has_events = true;
    return ReadJsonTrace(text, path, all->events);
  }
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_object() && json.contains("ending") && json.contains("hash")) {
    TakeResult(json, &all->facts);
    return absl::OkStatus();
  }
  if (json.is_object() && json.contains("version")) {
    StatusOr<Stats> stats = StatsFromJson(text, path);
    if (!stats.ok()) return stats.status();
    all->stats = *std::move(stats);
    return absl::OkStatus();
  }
  return Errorf(StatusCode::kInvalidArgument,
                "%s: neither counters (--stats) nor a trace in JSON lines (--trace "
                "CATS=FILE.jsonl) nor an ending (--json-result)",
                path);
}

Status MakeReport(const ReportOptions& options) {
  Gathered all;
  ReportInput input;
  for (const std::string& path : options.files) {
    LGX_RETURN_IF_ERROR(TakeFile(path, &all));
    input.subtitle += (input.subtitle.empty() ? "from " : ", ") + path;
  }
  input.facts = all.facts;
  input.events = all.has_events ? &all.events : nullptr;
  input.stats = all.stats ? &*all.stats : nullptr;
  const std::string page = RenderRunReport(input);
  return WriteFile(options.output,
                   std::span(reinterpret_cast<const u8*>(page.data()), page.size()),
                   Overwrite::kReplace);
}

}  // namespace

int CmdReport(const ReportOptions& options) {
  const Status status = MakeReport(options);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace lgx
