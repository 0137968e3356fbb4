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
#include "devices/backend_signals_posix.h"
#include "devices/backend_socket_posix.h"
#include "devices/backend_terminal_posix.h"
#include "guests/builtin_guest.h"
#include "machine/console_script.h"
#include "machine/launcher.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/run_console.h"
#include "tools/run_outputs.h"
#include "tools/screen.h"

namespace lgx {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Backend = MachineConfig::Console::Backend;

BuiltinKernel Builtin() { return {BuiltinGuestImage(false), BuiltinGuestImage(true)}; }

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

void Summarise(const Screen& screen, const RunResult& result, int code) {
  const LaunchResult& launch = result.launch;
  if (!launch.ending.detail.empty()) screen.Say("lgx: " + launch.ending.detail + "\n");
  if (!launch.post_mortem.empty()) screen.Say(launch.post_mortem);
  screen.Say(absl::StrFormat(
      "lgx: %s; %.3f s virtual, %.3f s real, %d instructions, hash %s, exit code %d\n",
      screen.Painted(code == kExitOk, ReasonOf(result)),
      static_cast<double>(launch.virtual_ns) / 1e9,
      static_cast<double>(result.real_ns) / 1e9, launch.instructions,
      HashText(launch.hash), code));
}

MachineConfig ConfigOf(const CommandLine& line) {
  MachineConfig config = line.config;
  if (line.until.kind == StopPoint::Kind::kInstruction) {
    config.limits.until_instructions = line.until.value;
  } else if (line.until.kind == StopPoint::Kind::kTime) {
    config.limits.until_ns = line.until.value;
  }
  // Without a terminal nobody would type at the built-in guest's shell: it shows all it
  // has.
  if (config.kernel.path.empty() && config.kernel.cmdline.empty() &&
      config.expect.empty() && config.console.backend != Backend::kSocket &&
      isatty(0) == 0) {
    config.kernel.cmdline = "demo";
  }
  return config;
}

// The run itself. The console is open while this runs, and closed afterwards.
StatusOr<RunResult> Run(const CommandLine& line, const MachineConfig& config,
                        std::vector<Pattern> patterns, Screen::Options screen_options) {
  const SteadyClock::time_point start = SteadyClock::now();
  StopSignals signals;
  StatusOr<FarEnd> end = OpenConsole(line, &signals);
  if (!end.ok()) return end.status();
  screen_options.raw = end->raw;
  Screen screen(config, screen_options);
  RunConsole console(*end->backend, config.limits,
                     [&](std::string_view text) { screen.Say(text); });
  ConsoleScript script(console, config.expect, std::move(patterns));
  WaitForClient(config, screen, &*end);
  StatusOr<LaunchResult> launch = Launch(config, Builtin(), script, screen);
  if (!launch.ok()) return launch.status();
  RunResult result;
  result.launch = *std::move(launch);
  result.script = {script.done(), script.size(), script.waits_for()};
  result.real_ns =
      static_cast<u64>(std::chrono::nanoseconds(SteadyClock::now() - start).count());
  return result;
}

}  // namespace

int ReportError(const Status& status) {
  std::fprintf(stderr, "lgx: %s\n", MessageOf(status).c_str());
  return ExitCodeFor(status.code());
}

int CmdRun(const CommandLine& line) {
  const MachineConfig config = ConfigOf(line);
  // What can be refused is refused before the terminal changes.
  if (const auto files = ReadBootFiles(config, Builtin()); !files.ok()) {
    return ReportError(files.status());
  }
  if (const Status disks = CheckDisks(config); !disks.ok()) return ReportError(disks);
  StatusOr<std::vector<Pattern>> patterns = ConsoleScript::Compile(config.expect);
  if (!patterns.ok()) return ReportError(patterns.status());
  Screen::Options options;
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  options.terminal = isatty(2) != 0;
  options.color = WantColor(line.color, options.terminal);
  const Screen screen(config, options);
  if (line.random_seed) {
    screen.Say(absl::StrFormat("lgx: --seed %d repeats this run\n", config.seed));
  }
  const StatusOr<RunResult> result = Run(line, config, *std::move(patterns), options);
  if (!result.ok()) return ReportError(result.status());
  const int code = ExitCodeOf(*result);
  if (!line.quiet) Summarise(screen, *result, code);
  if (const Status status = WriteOutputs(config, *result); !status.ok()) {
    return ReportError(status);
  }
  return code;
}

}  // namespace lgx
