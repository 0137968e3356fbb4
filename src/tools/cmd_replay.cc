// lgx replay: runs a recorded run again, and says whether it went as before.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "devices/backend_terminal_posix.h"
#include "guests/builtin_kernel.h"
#include "machine/launcher.h"
#include "replay/player.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/onlookers.h"
#include "tools/replay_run.h"
#include "tools/run_debug.h"
#include "tools/run_outputs.h"
#include "tools/run_store.h"
#include "tools/screen.h"

namespace lgx {
namespace {

// What the recorded run has shown is shown again; nothing is read.
std::unique_ptr<ConsoleBackend> OpenOutput() {
  TerminalBackend::Options options;
  options.in_fd = -1;
  return std::make_unique<TerminalBackend>(options);
}

void Apply(const CommandLine& line, MachineConfig* config) {
  if (line.command == Command::kReplay) {
    const Machine::Goal goal = GoalOf(line.until);
    if (goal.instructions != EventSource::kNever) {
      config->limits.until_instructions = goal.instructions;
    }
    if (goal.ns != EventSource::kNever) config->limits.until_ns = goal.ns;
  }
  config->outputs = line.config.outputs;
}

int Report(const CommandLine& line, const Screen& screen, const std::string& path,
           const Player& player, const LaunchResult& result) {
  const Player::Verdict verdict = player.verdict();
  if (!verdict.files.ok()) return ReportError(verdict.files);
  if (!verdict.difference.empty()) {
    screen.Say(absl::StrFormat("lgx: %s: the repetition differs %s\n", path,
                               verdict.difference));
    return kExitDiverged;
  }
  if (line.quiet) return kExitOk;
  RunResult run;
  run.launch = result;
  const std::string end = verdict.log_ended
                              ? "the log ends here, as the recorded run was broken off"
                          : verdict.whole ? ReasonOf(run) + ", as before"
                                          : ReasonOf(run);
  screen.Say(absl::StrFormat(
      "lgx: replayed %s: %s; %.3f s virtual, %d instructions, %d hashes compared, hash "
      "%s\n",
      path, screen.Painted(true, end), static_cast<double>(result.virtual_ns) / 1e9,
      result.instructions, verdict.hashes, HashText(result.hash)));
  return kExitOk;
}

}  // namespace

Machine::Goal GoalOf(const Point& point) {
  Machine::Goal goal;
  if (point.kind == Point::Kind::kInstruction) goal.instructions = point.count;
  if (point.kind == Point::Kind::kTime) goal.ns = point.count;
  return goal;
}

int CmdReplay(const CommandLine& line) {
  const StatusOr<std::string> path = FindRunLog(line.replay_log);
  return path.ok() ? ReplayLog(line, *path, nullptr) : ReportError(path.status());
}

int ReplayLog(const CommandLine& line, const std::string& path,
              const SnapshotRequests* snapshots) {
  StatusOr<InputLog> log = ReadInputLog(path);
  if (!log.ok()) return ReportError(log.status());
  StatusOr<std::unique_ptr<Player>> player = Player::Create(*std::move(log));
  if (!player.ok()) return ReportError(player.status());
  MachineConfig& config = (*player)->config();
  Apply(line, &config);
  Screen::Options options;
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  options.color = WantColor(line.color, isatty(2) != 0);
  Screen screen(config, options);
  const std::unique_ptr<ConsoleBackend> output = OpenOutput();
  const BuiltinKernel builtin = BuiltinGuest();
  SnapshotWriter writer(config, snapshots == nullptr ? SnapshotRequests() : *snapshots,
                        player->get());
  StatusOr<std::unique_ptr<Onlookers>> onlookers = Onlookers::Open(line, config, screen);
  if (!onlookers.ok()) return ReportError(onlookers.status());
  RunDebug debug(line, config);
  debug.set_recorder((*onlookers)->recorder());
  debug.AllowBack([&player] { return (*player)->disks(); });
  const auto say = [&screen](std::string_view text) { screen.Say(text); };
  if (const Status ready = debug.Prepare(nullptr, say); !ready.ok()) {
    return ReportError(ready);
  }
  StatusOr<LaunchResult> result = Launch(config, builtin, debug.ConsoleFor(*output),
                                         **onlookers, &writer, debug.Runner());
  if (!result.ok()) return ReportError(result.status());
  if (const Status seen = (*onlookers)->Finish({*result, {}, 0}); !seen.ok()) {
    return ReportError(seen);
  }
  const int code = Report(line, screen, path, **player, *result);
  if (code == kExitOk && snapshots != nullptr && writer.written().empty()) {
    return ReportError(Errorf(StatusCode::kOutOfRange,
                              "%s: the run ended before the point of the snapshot",
                              path));
  }
  if (code == kExitOk && !config.outputs.stats.empty()) {
    const Status status = WriteStats(config.outputs.stats, result->stats);
    if (!status.ok()) return ReportError(status);
  }
  return code;
}

}  // namespace lgx
