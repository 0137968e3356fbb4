#include "tools/run_debug.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "debug/gdb_monitor.h"
#include "debug/run_control.h"
#include "tools/run_outputs.h"
#include "tools/time_travel.h"

namespace lgx {
namespace {

constexpr const char* kUsualPlace = "1234";

int CodeOfEnding(const Ending& ending) {
  RunResult result;
  result.launch.ending = ending;
  return ExitCodeOf(result);
}

// For gdb: what `monitor` shows, and the way back.
struct Equipment {
  // `recorder` takes the machine's events already, or is null.
  Equipment(RunControl& control, const SymbolTable& kernel, TraceRecorder* recorder)
      : monitor(control, kernel, recorder, recorder == nullptr ? 0 : recorder->mask()) {}

  void AllowBack(RunControl& control, std::vector<ReplayDisk*> disks,
                 TraceRecorder* recorder) {
    time.emplace(control, &monitor.events(), std::move(disks));
    if (recorder == nullptr) return;
    recorder->MayGoBack();
    time->set_before_back([recorder] { recorder->GoesBack(); });
  }

  GdbMonitor monitor;
  std::optional<TimeTravel> time;
};

// The file that has the symbols, as a person would type it.
std::string FileForGdb(const CommandLine& line, const MachineConfig& config) {
  return line.write_kernel.empty() ? config.kernel.path : line.write_kernel;
}

}  // namespace

Status RunDebug::Prepare(const BootFiles* files,
                         const std::function<void(std::string_view)>& say) {
  if (!line_.write_kernel.empty()) {
    if (files == nullptr) {
      return Errorf(StatusCode::kFailedPrecondition,
                    "--write-kernel: neither a snapshot nor a log has the kernel's file");
    }
    LGX_RETURN_IF_ERROR(
        WriteFile(line_.write_kernel, files->kernel_file, Overwrite::kReplace));
  }
  if (IsFoundOutside(line_.until) && line_.record != "last" && line_.record != "off") {
    return Errorf(StatusCode::kFailedPrecondition,
                  "--record FILE: a log cannot end at %s; use insn:N or time:T with "
                  "--until, or go to that point with lgx replay",
                  PointText(line_.until));
  }
  const bool command = line_.command == Command::kGdb;
  if (line_.gdb.empty() && !command) {
    if (!line_.gdb_wait) return absl::OkStatus();
    return Errorf(StatusCode::kFailedPrecondition,
                  "--wait waits for gdb; say where it comes to with --gdb PORT");
  }
  if (line_.until.kind != Point::Kind::kEnd) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "--until and --gdb exclude each other; set a breakpoint in gdb");
  }
  if (!line_.more.empty()) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "gdb can look at a single guest only; leave out --and or --gdb");
  }
  StatusOr<std::unique_ptr<GdbServer>> server =
      GdbServer::Listen(line_.gdb.empty() ? kUsualPlace : line_.gdb);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  const std::string file = FileForGdb(line_, config_);
  say(absl::StrFormat("lgx: gdb %s%s-ex \"%s\"\n", file, file.empty() ? "" : " ",
                      server_->TargetLine()));
  return absl::OkStatus();
}

ConsoleBackend& RunDebug::ConsoleFor(ConsoleBackend& console) {
  console_ = &console;
  if (server_ == nullptr) return console;
  waking_ = server_->Wake(console);
  return *waking_;
}

MachineRunner RunDebug::Runner() {
  if (server_ != nullptr) {
    return [this](Machine& machine, const BootFiles& files) {
      RunWithGdb(machine, files);
      return absl::OkStatus();
    };
  }
  if (!IsFoundOutside(line_.until)) return nullptr;
  return [this](Machine& machine, const BootFiles& files) {
    return RunToPoint(machine, files);
  };
}

Status RunDebug::RunToPoint(Machine& machine, const BootFiles& files) const {
  RunControl control(machine);
  control.set_symbols(&files.symbols);
  const StatusOr<StopReport> stop = control.RunTo(line_.until);
  if (!stop.ok())
    return Errorf(stop.status().code(), "--until: %s", MessageOf(stop.status()));
  if (stop->why != StopReport::Why::kEnded) {
    machine.End({Ending::Kind::kReached, "the point of --until is reached", "", 0});
  }
  return absl::OkStatus();
}

void RunDebug::RunWithGdb(Machine& machine, const BootFiles& files) {
  GdbServer::Options options;
  options.wait = line_.gdb_wait || line_.command == Command::kGdb;
  options.symbols = &files.symbols;
  options.machine.exit_code = CodeOfEnding;
  options.equip = [&](RunControl& control, GdbMachine::Options* target) {
    auto equipment = std::make_shared<Equipment>(control, files.symbols, recorder_);
    if (disks_) {
      equipment->AllowBack(control, disks_(), recorder_);
      target->reverse = &*equipment->time;
    }
    target->commands = [&monitor = equipment->monitor](std::string_view line) {
      return monitor.Obey(line);
    };
    return equipment;
  };
  server_->Run(machine, *console_, options);
}

}  // namespace lgx
