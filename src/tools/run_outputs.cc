#include "tools/run_outputs.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/version.h"
#include "report/stats_json.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

Status WriteText(const std::string& path, const std::string& text) {
  return WriteFile(path, std::span(reinterpret_cast<const u8*>(text.data()), text.size()),
                   Overwrite::kReplace);
}

nlohmann::json JsonOf(const MachineConfig& config, const RunResult& result) {
  const LaunchResult& launch = result.launch;
  nlohmann::json files = nlohmann::json::array();
  using Backend = MachineConfig::Console::Backend;
  if (config.console.backend == Backend::kFile) files.push_back(config.console.file);
  for (const std::string* path : {&config.outputs.stats, &config.outputs.json_result}) {
    if (!path->empty()) files.push_back(*path);
  }
  return {{"version", 1},
          {"program", std::string(ProgramVersion())},
          {"code", ExitCodeOf(result)},
          {"ending", NameOf(launch.ending.kind)},
          {"reason", ReasonOf(result)},
          {"detail", launch.ending.detail},
          {"instructions", launch.instructions},
          {"virtual_ns", launch.virtual_ns},
          {"hash", HashText(launch.hash)},
          {"boots", launch.boots},
          {"seed", config.seed},
          {"expect", {{"done", result.script.done}, {"rules", result.script.size}}},
          {"files", files}};
}

std::string TextOf(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Status WriteStats(const std::string& path, const Stats& stats) {
  return WriteText(path, StatsToJson(stats));
}

Status WriteOutputs(const MachineConfig& config, const RunResult& result) {
  if (!config.outputs.stats.empty()) {
    Stats stats = result.launch.stats;
    stats.Counter("host.real_ns", result.real_ns);
    LGX_RETURN_IF_ERROR(WriteStats(config.outputs.stats, stats));
  }
  if (!config.outputs.json_result.empty()) {
    LGX_RETURN_IF_ERROR(
        WriteText(config.outputs.json_result, TextOf(JsonOf(config, result))));
  }
  return absl::OkStatus();
}

int ExitCodeOf(std::span<const RunResult> guests) {
  for (const RunResult& guest : guests) {
    if (const int code = ExitCodeOf(guest); code != kExitOk) return code;
  }
  return kExitOk;
}

Status WriteFleetOutputs(std::span<const MachineConfig> configs,
                         std::span<const RunResult> guests, u64 hash) {
  nlohmann::json list = nlohmann::json::array();
  for (size_t i = 0; i < guests.size(); ++i) {
    MachineConfig config = configs[i];
    list.push_back(JsonOf(config, guests[i]));
    config.outputs.json_result.clear();  // all of them write one
    LGX_RETURN_IF_ERROR(WriteOutputs(config, guests[i]));
  }
  if (configs[0].outputs.json_result.empty()) return absl::OkStatus();
  const nlohmann::json json = {
      {"code", ExitCodeOf(guests)}, {"hash", HashText(hash)}, {"guests", list}};
  return WriteText(configs[0].outputs.json_result, TextOf(json));
}

}  // namespace lgx
