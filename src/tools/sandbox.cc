#include "tools/sandbox.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "tools/run_store.h"

namespace lgx {
namespace {

// A file that appears at the end: the right to make it, in its folder.
void AddOutput(const std::string& path, SandboxRights* rights) {
  if (path.empty()) return;
  std::error_code error;
  std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  if (error || real.empty()) real = path;
  if (std::filesystem::exists(real, error) &&
      !std::filesystem::is_regular_file(real, error)) {
    rights->write.push_back(path);
    return;
  }
  const std::string folder = real.parent_path().string();
  rights->create.push_back(folder.empty() ? "." : folder);
}

void AddConfig(const MachineConfig& config, SandboxRights* rights) {
  for (const std::string* path :
       {&config.kernel.path, &config.kernel.initrd, &config.kernel.symbols}) {
    if (!path->empty()) rights->read.push_back(*path);
  }
  for (const std::string* path :
       {&config.outputs.stats, &config.outputs.json_result, &config.outputs.trace,
        &config.outputs.report, &config.outputs.profile, &config.outputs.dump_on_crash}) {
    AddOutput(*path, rights);
  }
  for (const MachineConfig::Net& net : config.net) {
    if (net.backend != MachineConfig::Net::Backend::kUser) continue;
    rights->network = true;
    rights->read.emplace_back("/etc/resolv.conf");  // libslirp, when the Guest asks
  }
  if (config.console.backend == MachineConfig::Console::Backend::kSocket) {
    const std::string folder =
        std::filesystem::path(config.console.file).parent_path().string();
    rights->remove.push_back(folder.empty() ? "." : folder);
  }
}

void AddLine(const CommandLine& line, SandboxRights* rights) {
  for (const TraceRequest& request : line.traces) AddOutput(request.path, rights);
  for (const auto& [point, path] : line.snapshot_at) AddOutput(path, rights);
  if (line.snapshot_every != 0) rights->create.emplace_back(".");
  if (line.record == "last") {
    if (const std::string runs = RunsFolder(); !runs.empty()) {
      rights->create.push_back(runs);
    }
  } else if (line.record != "off") {
    AddOutput(line.record, rights);
  }
}

}  // namespace

SandboxRights RightsOf(const CommandLine& line, std::span<const MachineConfig> configs) {
  SandboxRights rights;
  for (const MachineConfig& config : configs) AddConfig(config, &rights);
  AddLine(line, &rights);
  for (const CommandLine& more : line.more) AddLine(more, &rights);
  return rights;
}

StatusOr<Sandbox> Sandbox::Plan(const CommandLine& line,
                                std::span<const MachineConfig> configs) {
  Sandbox sandbox;
  const bool forced = line.sandbox == SandboxChoice::kOn;
  if (line.sandbox == SandboxChoice::kOff) return sandbox;
  // Who debugs opens what he likes while the machine stands.
  if (!line.gdb.empty() || line.command == Command::kGdb) {
    if (!forced) return sandbox;
    return Errorf(StatusCode::kFailedPrecondition,
                  "--sandbox on and gdb do not go together: a debugger may open files "
                  "at any time; leave one of them out");
  }
  const Status possible = CheckSandbox();
  if (!possible.ok()) {
    if (forced) return possible;
    Logf(LogLevel::kDebug, "no sandbox: %s", MessageOf(possible));
    return sandbox;
  }
  sandbox.wanted_ = true;
  sandbox.forced_ = forced;
  sandbox.rights_ = RightsOf(line, configs);
  return sandbox;
}

Status Sandbox::Enter() {
  if (!std::exchange(wanted_, false)) return absl::OkStatus();
  Status entered = EnterSandbox(rights_);
  if (entered.ok() || forced_) return entered;
  // A host that has the calls may still refuse them, inside of a container for example.
  Logf(LogLevel::kDebug, "no sandbox: %s", MessageOf(entered));
  return absl::OkStatus();
}

}  // namespace lgx
