// lgx run, lgx lguest: boots a Guest with the terminal as its console.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "devices/backend_prefix.h"
#include "devices/backend_signals_posix.h"
#include "devices/backend_socket_posix.h"
#include "devices/backend_terminal_posix.h"
#include "guests/builtin_kernel.h"
#include "machine/console_script.h"
#include "machine/fleet.h"
#include "machine/launcher.h"
#include "replay/recorder.h"
#include "replay/resume.h"
#include "replay/snapshot_writer.h"
#include "replay/time_machine.h"
#include "tools/commands.h"
#include "tools/debug_source.h"
#include "tools/exit_codes.h"
#include "tools/onlookers.h"
#include "tools/replay_run.h"
#include "tools/run_console.h"
#include "tools/run_debug.h"
#include "tools/run_outputs.h"
#include "tools/run_store.h"
#include "tools/sandbox.h"
#include "tools/screen.h"

namespace lgx {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Backend = MachineConfig::Console::Backend;

u64 NsSince(SteadyClock::time_point start) {
  return static_cast<u64>(std::chrono::nanoseconds(SteadyClock::now() - start).count());
}

// The console's far end, as --console says, and what belongs to it.
struct FarEnd {
  std::unique_ptr<ConsoleBackend> backend;
  SocketBackend* socket = nullptr;
  bool raw = false;
  int file = -1;

  FarEnd() = default;
  FarEnd(FarEnd&& other) noexcept
      : backend(std::move(other.backend)),
        socket(other.socket),
        raw(other.raw),
        file(std::exchange(other.file, -1)) {}
  FarEnd& operator=(FarEnd&&) = delete;
  ~FarEnd() {
    backend.reset();
    if (file >= 0) close(file);
  }
};

StatusOr<FarEnd> OpenConsole(const CommandLine& line, StopSignals* signals) {
  const MachineConfig::Console& console = line.config.console;
  FarEnd end;
  TerminalBackend::Options options;
  options.signals = signals;
  options.keys.ctrl_a = console.escape;
  options.keys.three_ctrl_c = line.command == Command::kLguest;
  switch (console.backend) {
    case Backend::kNone:
      options.in_fd = options.out_fd = -1;
      break;
    case Backend::kFile:
      end.file = open(console.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
      if (end.file < 0) {
        return Errorf(kUnavailable, "cannot write the console's text to '%s': %s",
                      console.file, std::strerror(errno));
      }
      options.in_fd = -1;
      options.out_fd = end.file;
      break;
    case Backend::kSocket: {
      auto socket = SocketBackend::Listen(console.file, signals);
      if (!socket.ok()) return socket.status();
      end.socket = socket->get();
      end.backend = *std::move(socket);
      return end;
    }
    case Backend::kTty:
      if (isatty(0) == 0) {
        return Errorf(StatusCode::kFailedPrecondition,
                      "--console tty needs a terminal as standard input; use --console "
                      "stdio for pipes and files");
      }
      break;
    default:
      break;
  }
  auto terminal = std::make_unique<TerminalBackend>(options);
  end.raw = terminal->is_terminal();
  end.backend = std::move(terminal);
  return end;
}

// Nothing of the Guest's text shall be lost: it starts when somebody is there.
void WaitForClient(const MachineConfig& config, const Screen& screen, FarEnd* end) {
  if (end->socket == nullptr) return;
  if (!screen.quiet()) {
    screen.Say("lgx: waiting for a connection to " + config.console.file + "\n");
  }
  (void)end->socket->WaitForClient(config.limits.timeout_ns.value_or(~u64{0}));
}

// `who` begins each line of ours: "lgx: ", perhaps with the Guest's number.
void Summarise(const Screen& screen, const std::string& who, const RunResult& result,
               int code) {
  const LaunchResult& launch = result.launch;
  if (!launch.ending.detail.empty()) screen.Say(who + launch.ending.detail + "\n");
  if (!launch.post_mortem.empty()) screen.Say(launch.post_mortem);
  screen.Say(absl::StrFormat(
      "%s%s; %.3f s virtual, %.3f s real, %d instructions, hash %s, exit code %d\n", who,
      screen.Painted(code == kExitOk, ReasonOf(result)),
      static_cast<double>(launch.virtual_ns) / 1e9,
      static_cast<double>(result.real_ns) / 1e9, launch.instructions,
      HashText(launch.hash), code));
}

MachineConfig ConfigOf(const CommandLine& line) {
  MachineConfig config = line.config;
  if (line.until.kind == Point::Kind::kInstruction) {
    config.limits.until_instructions = line.until.count;
  } else if (line.until.kind == Point::Kind::kTime) {
    config.limits.until_ns = line.until.count;
  }
  // Where nobody would type at the built-in guest's shell, it shows all it has.
  const bool typed_at = config.number == 0 && isatty(0) != 0;
  if (config.kernel.path.empty() && config.kernel.cmdline.empty() &&
      config.expect.empty() && config.console.backend != Backend::kSocket && !typed_at) {
    config.kernel.cmdline = "demo";
  }
  return config;
}

// The one who records the run, as --record says; null where nobody does. A run is not
// refused because the folder for logs cannot be used.
StatusOr<std::unique_ptr<Recorder>> MakeRecorder(const CommandLine& line,
                                                 const MachineConfig& config) {
  std::unique_ptr<Recorder> none;
  if (config.clock.mode == MachineConfig::Clock::Mode::kHost) {
    if (line.record == "off" || line.record == "last") return none;
    return Errorf(kNotFound,
                  "--record: a run with --clock host cannot be repeated, so it cannot be "
                  "recorded; leave one of them out");
  }
  if (line.record == "off" || !line.from.empty() || IsFoundOutside(line.until)) {
    return none;
  }
  if (line.record != "last") return std::make_unique<Recorder>(line.record, config);
  const StatusOr<std::string> path = NewRunLog();
  if (path.ok()) return std::make_unique<Recorder>(*path, config);
  Logf(LogLevel::kDebug, "this run is not recorded: %s", MessageOf(path.status()));
  return none;
}

// What a person has to know of the log afterwards.
Status CheckLog(const CommandLine& line, const Screen& screen, Recorder* recorder) {
  if (recorder == nullptr) return absl::OkStatus();
  recorder->Finish();
  if (recorder->status().ok()) return absl::OkStatus();
  if (line.record != "last") return recorder->status();
  screen.Warn(MessageOf(recorder->status()));
  return absl::OkStatus();
}

SnapshotRequests SnapshotsOf(const CommandLine& line) {
  SnapshotRequests requests;
  for (const auto& [point, path] : line.snapshot_at) {
    requests.at.push_back({GoalOf(point), path});
  }
  requests.every = line.snapshot_every;
  requests.prefix = "lgx";
  return requests;
}

// The machine of the snapshot, with what the person says about this run.
MachineConfig ResumedConfig(const SnapshotFile& file, const MachineConfig& said) {
  MachineConfig config = file.config;
  config.console = said.console;
  config.limits = said.limits;
  config.outputs = said.outputs;
  config.expect = said.expect;
  config.clock.realtime = said.clock.realtime;
  config.on_panic = said.on_panic;
  config.on_restart = said.on_restart;
  return config;
}

// What runs a machine, with the sandbox closed before its first instruction.
MachineRunner Enclosed(Sandbox& sandbox, MachineRunner runner) {
  return [&sandbox, runner = std::move(runner)](Machine& machine,
                                                const BootFiles& files) -> Status {
    LGX_RETURN_IF_ERROR(sandbox.Enter());
    return runner == nullptr ? absl::OkStatus() : runner(machine, files);
  };
}

// The run itself. The console is open while this runs, and closed afterwards.
StatusOr<RunResult> Run(const CommandLine& line, const MachineConfig& config,
                        std::vector<Pattern> patterns, Screen::Options screen_options,
                        std::unique_ptr<SnapshotFile> from, RunDebug& debug,
                        Sandbox& sandbox) {
  const SteadyClock::time_point start = SteadyClock::now();
  StopSignals signals;
  StatusOr<FarEnd> end = OpenConsole(line, &signals);
  if (!end.ok()) return end.status();
  screen_options.raw = end->raw;
  Screen screen(config, screen_options);
  RunConsole console(*end->backend, config.limits,
                     [&](std::string_view text) { screen.Say(text); });
  ConsoleScript script(console, config.expect, std::move(patterns));
  StatusOr<std::unique_ptr<Onlookers>> watch = Onlookers::Open(line, config, screen);
  if (!watch.ok()) return watch.status();
  debug.set_recorder((*watch)->recorder());
  WaitForClient(config, screen, &*end);
  StatusOr<std::unique_ptr<Recorder>> recorder = MakeRecorder(line, config);
  if (!recorder.ok()) return recorder.status();
  screen.set_recorded(*recorder != nullptr);
  std::optional<ResumedRun> resumed;
  if (from != nullptr) resumed.emplace(*std::move(from), line.from, config);
  RunHooks* const inner = resumed ? static_cast<RunHooks*>(&*resumed) : recorder->get();
  SnapshotWriter hooks(config, SnapshotsOf(line), inner);
  StatusOr<LaunchResult> launch =
      Launch(config, BuiltinGuest(), debug.ConsoleFor(script), **watch, &hooks,
             Enclosed(sandbox, debug.Runner()));
  if (!launch.ok()) return launch.status();
  LGX_RETURN_IF_ERROR(CheckLog(line, screen, recorder->get()));
  RunResult result;
  result.launch = *std::move(launch);
  result.script = {script.done(), script.size(), script.waits_for()};
  result.real_ns = NsSince(start);
  LGX_RETURN_IF_ERROR((*watch)->Finish(result));
  return result;
}

Screen::Options ScreenOptionsOf(const CommandLine& line) {
  Screen::Options options;
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  options.terminal = isatty(2) != 0;
  options.color = WantColor(line.color, options.terminal);
  return options;
}

// ---- several Guests

// A Guest behind --and: its console, and who hears of it.
struct FurtherGuest {
  FarEnd end;
  std::unique_ptr<Screen> screen;
  std::unique_ptr<Onlookers> watch;
};

// Its console is a file, nothing, or its lines among those of the first Guest.
StatusOr<FarEnd> OpenFurther(const CommandLine& line, SharedConsole& first) {
  const std::string name = absl::StrFormat("guest %d", line.config.number + 1);
  if (!line.config.expect.empty()) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "%s: only the first guest can have a script (--expect)", name);
  }
  switch (line.config.console.backend) {
    case Backend::kAuto: {
      FarEnd end;
      end.backend = std::make_unique<PrefixConsole>(first, name + ": ");
      return end;
    }
    case Backend::kNone:
    case Backend::kFile:
      return OpenConsole(line, nullptr);
    default:
      return Errorf(StatusCode::kFailedPrecondition,
                    "%s: only the first guest can have the terminal or a socket; use "
                    "--console file=F or none, or leave the option out to see its lines "
                    "among those of the first",
                    name);
  }
}

StatusOr<FleetResult> LaunchSeveral(const CommandLine& line,
                                    std::span<const MachineConfig> configs,
                                    std::vector<Pattern> patterns, Sandbox& sandbox,
                                    ScriptResult* script_result) {
  StopSignals signals;
  StatusOr<FarEnd> end = OpenConsole(line, &signals);
  if (!end.ok()) return end.status();
  Screen::Options options = ScreenOptionsOf(line);
  options.raw = end->raw;
  Screen screen(configs[0], options);
  RunConsole console(*end->backend, configs[0].limits,
                     [&](std::string_view text) { screen.Say(text); });
  ConsoleScript script(console, configs[0].expect, std::move(patterns));
  SharedConsole first(script);
  WaitForClient(configs[0], screen, &*end);
  StatusOr<std::unique_ptr<Onlookers>> watch = Onlookers::Open(line, configs[0], screen);
  if (!watch.ok()) return watch.status();
  std::vector<FurtherGuest> others;
  std::vector<FleetMember> members = {{configs[0], first, **watch}};
  for (const CommandLine& more : line.more) {
    StatusOr<FarEnd> further = OpenFurther(more, first);
    if (!further.ok()) return further.status();
    const MachineConfig& config = configs[members.size()];
    auto its_screen = std::make_unique<Screen>(config, options);
    StatusOr<std::unique_ptr<Onlookers>> its_watch =
        Onlookers::Open(more, config, *its_screen);
    if (!its_watch.ok()) return its_watch.status();
    others.push_back({*std::move(further), std::move(its_screen), *std::move(its_watch)});
    members.push_back({config, *others.back().end.backend, *others.back().watch});
  }
  StatusOr<FleetResult> result =
      LaunchFleet(members, BuiltinGuest(), [&] { return sandbox.Enter(); });
  if (!result.ok()) return result.status();
  LGX_RETURN_IF_ERROR((*watch)->Finish({result->guests[0], {}, 0}));
  for (size_t i = 0; i < others.size(); ++i) {
    LGX_RETURN_IF_ERROR(others[i].watch->Finish({result->guests[i + 1], {}, 0}));
  }
  *script_result = {script.done(), script.size(), script.waits_for()};
  return result;
}

// A line for each Guest and one for all, and the files.
int Report(const CommandLine& line, std::span<const MachineConfig> configs,
           std::span<const RunResult> guests, u64 hash) {
  const Screen screen(configs[0], ScreenOptionsOf(line));
  const int code = ExitCodeOf(guests);
  for (size_t i = 0; i < guests.size() && !line.quiet; ++i) {
    Summarise(screen, absl::StrFormat("lgx: guest %d: ", i + 1), guests[i],
              ExitCodeOf(guests[i]));
  }
  if (!line.quiet) {
    screen.Say(absl::StrFormat("lgx: %d guests; hash %s, exit code %d\n", guests.size(),
                               HashText(hash), code));
  }
  const Status status = WriteFleetOutputs(configs, guests, hash);
  return status.ok() ? code : ReportError(status);
}

// What works with a single Guest only.
Status CheckSeveral(const CommandLine& line) {
  if (!line.gdb.empty() || IsFoundOutside(line.until)) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "--gdb, and --until with another point than insn:N or time:T, need a "
                  "single guest; leave out --and");
  }
  return absl::OkStatus();
}

int RunSeveral(const CommandLine& line) {
  if (const Status possible = CheckSeveral(line); !possible.ok()) {
    return ReportError(possible);
  }
  const SteadyClock::time_point start = SteadyClock::now();
  std::vector<MachineConfig> configs = {ConfigOf(line)};
  for (const CommandLine& more : line.more) configs.push_back(ConfigOf(more));
  for (const MachineConfig& config : configs) {
    if (config.clock.mode == MachineConfig::Clock::Mode::kHost) {
      return ReportError(Errorf(kNotFound,
                                "--clock host is for one guest alone: several share a "
                                "virtual time. Leave it out"));
    }
    const auto files = ReadBootFiles(config, BuiltinGuest());
    if (!files.ok()) return ReportError(files.status());
  }
  StatusOr<std::vector<Pattern>> patterns = ConsoleScript::Compile(configs[0].expect);
  if (!patterns.ok()) return ReportError(patterns.status());
  StatusOr<Sandbox> sandbox = Sandbox::Plan(line, configs);
  if (!sandbox.ok()) return ReportError(sandbox.status());
  ScriptResult script;
  StatusOr<FleetResult> fleet =
      LaunchSeveral(line, configs, *std::move(patterns), *sandbox, &script);
  if (!fleet.ok()) return ReportError(fleet.status());
  std::vector<RunResult> guests;
  for (LaunchResult& launch : fleet->guests) {
    guests.push_back({std::move(launch), {}, NsSince(start)});
  }
  guests[0].script = script;
  return Report(line, configs, guests, fleet->hash);
}

}  // namespace

int ReportError(const Status& status) {
  std::fprintf(stderr, "lgx: %s\n", MessageOf(status).c_str());
  return ExitCodeFor(status.code());
}

int CmdRun(const CommandLine& line) {
  if (!line.more.empty()) return RunSeveral(line);
  if (line.command == Command::kGdb) {
    const StatusOr<std::string> log = LogInKernelsPlace(line);
    if (!log.ok()) return ReportError(log.status());
    if (!log->empty()) return ReplayLog(line, *log, nullptr);
  }
  MachineConfig config = ConfigOf(line);
  // What can be refused is refused before the terminal changes.
  std::unique_ptr<SnapshotFile> from;
  std::optional<BootFiles> files;
  if (!line.from.empty()) {
    StatusOr<SnapshotFile> file = ReadSnapshot(line.from);
    if (!file.ok()) return ReportError(file.status());
    config = ResumedConfig(*file, config);
    from = std::make_unique<SnapshotFile>(*std::move(file));
  } else {
    StatusOr<BootFiles> read = ReadBootFiles(config, BuiltinGuest());
    if (!read.ok()) return ReportError(read.status());
    files = *std::move(read);
  }
  if (const Status disks = CheckDisks(config); !disks.ok()) return ReportError(disks);
  StatusOr<std::vector<Pattern>> patterns = ConsoleScript::Compile(config.expect);
  if (!patterns.ok()) return ReportError(patterns.status());
  StatusOr<Sandbox> sandbox = Sandbox::Plan(line, {&config, 1});
  if (!sandbox.ok()) return ReportError(sandbox.status());
  const Screen::Options options = ScreenOptionsOf(line);
  const Screen screen(config, options);
  for (const std::string& warning : line.warnings) screen.Warn(warning);
  if (line.random_seed) {
    screen.Say(absl::StrFormat("lgx: --seed %d repeats this run\n", config.seed));
  }
  RunDebug debug(line, config);
  if (TimeMachine::CanGoBack(config, false).ok()) {
    debug.AllowBack([] { return std::vector<ReplayDisk*>(); });
  }
  const auto say = [&screen](std::string_view text) { screen.Say(text); };
  if (const Status ready = debug.Prepare(files ? &*files : nullptr, say); !ready.ok()) {
    return ReportError(ready);
  }
  const StatusOr<RunResult> result =
      Run(line, config, *std::move(patterns), options, std::move(from), debug, *sandbox);
  if (!result.ok()) return ReportError(result.status());
  const int code = ExitCodeOf(*result);
  if (line.command == Command::kLguest && line.verbose &&
      result->launch.ending.kind == Ending::Kind::kPowerOff) {
    screen.Say("lguest: CRASH: Power down\n");  // the original's last words
  }
  if (!line.quiet) Summarise(screen, "lgx: ", *result, code);
  if (const Status status = WriteOutputs(config, *result); !status.ok()) {
    return ReportError(status);
  }
  return code;
}

}  // namespace lgx
