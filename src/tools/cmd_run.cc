// lgx run, lgx lguest: boots a Guest with the terminal as its console.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "devices/backend_signals_posix.h"
#include "devices/backend_terminal_posix.h"
#include "guests/builtin_guest.h"
#include "machine/launcher.h"
#include "report/stats_json.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

using SteadyClock = std::chrono::steady_clock;

BuiltinKernel Builtin() { return {BuiltinGuestImage(false), BuiltinGuestImage(true)}; }

u64 NsSince(SteadyClock::time_point start) {
  return static_cast<u64>(std::chrono::nanoseconds(SteadyClock::now() - start).count());
}

// A console whose run must be over in time.
class TimedConsole final : public ConsoleBackend {
 public:
  TimedConsole(ConsoleBackend& real, std::optional<u64> timeout_ns)
      : real_(real), timeout_ns_(timeout_ns) {}

  void Write(std::span<const u8> bytes) override { real_.Write(bytes); }
  std::size_t Read(std::span<u8> to) override { return real_.Read(to); }
  bool InputEnded() const override { return real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input) override {
    if (!timeout_ns_) return real_.Wait(timeout_ns, want_input);
    const u64 used = NsSince(start_);
    const u64 left = *timeout_ns_ > used ? *timeout_ns_ - used : 0;
    return real_.Wait(std::min(timeout_ns, left), want_input);
  }
  std::optional<ConsoleEvent> NextEvent() override {
    if (timeout_ns_ && !said_ && NsSince(start_) >= *timeout_ns_) {
      said_ = true;
      return ConsoleEvent{ConsoleEventKind::kTimeout, 0, ""};
    }
    return real_.NextEvent();
  }

 private:
  ConsoleBackend& real_;
  std::optional<u64> timeout_ns_;
  SteadyClock::time_point start_ = SteadyClock::now();
  bool said_ = false;
};

// Lines of ours on stderr; a raw terminal needs a carriage return before each newline.
class Screen final : public LaunchObserver {
 public:
  Screen(const CommandLine& line, bool raw, bool terminal)
      : line_(line), raw_(raw), terminal_(terminal) {}

  void Say(const std::string& text) const {
    std::string out;
    for (const char c : text) {
      if (c == '\n' && raw_) out += '\r';
      out += c;
    }
    std::fputs(out.c_str(), stderr);
  }

  void OnBoot(const BootFiles& files, u32 boot) override {
    for (const std::string& warning : files.warnings) OnWarning(warning);
    if (line_.quiet || !terminal_ || boot != 0) return;
    const MachineConfig& config = line_.config;
    const std::string version =
        files.kernel.recognition.version.empty()
            ? files.kernel.path
            : "Linux " + files.kernel.recognition.version.substr(
                             0, files.kernel.recognition.version.find(' '));
    Say(absl::StrFormat(
        "lgx %s  guest: %s (lguest generation %s, %s)  %d MiB, %s\n",
        std::string(ProgramVersion()), version, InfoOf(files.generation).letter,
        files.mode == PagingMode::kPae ? "PAE" : "no PAE", config.memory / kMiB,
        config.rng.present ? "rng" : "no disk, no net"));
    Say(absl::StrFormat(
        "clock: deterministic, %s, %d M instructions per virtual second\n",
        FormatTime(config.clock.epoch),
        config.clock.instructions_per_second / 1'000'000));
    if (raw_ && config.console.escape) Say("escape: Ctrl-A x quits, Ctrl-A h for help\n");
  }

  void OnWarning(const std::string& text) override {
    Say("lgx: warning: " + text + "\n");
  }

  void OnConsoleEvent(const ConsoleEvent& event) override {
    switch (event.kind) {
      case ConsoleEventKind::kHelp:
        Say("\nCtrl-A x  quit          Ctrl-A h  this help\n"
            "Ctrl-A Ctrl-A  a Ctrl-A for the guest\n");
        break;
      case ConsoleEventKind::kInputEnded:
        if (line_.verbose) Say("lgx: " + event.text + "\n");
        break;
      default:
        Say("\nlgx: this key has no function in this version; Ctrl-A h shows those that "
            "do\n");
        break;
    }
  }

 private:
  const CommandLine& line_;
  bool raw_;
  bool terminal_;
};

int ExitCodeOf(const Ending& ending) {
  switch (ending.kind) {
    case Ending::Kind::kPowerOff:
    case Ending::Kind::kReached:
    case Ending::Kind::kRestart:
    case Ending::Kind::kQuit:
      return kExitOk;
    case Ending::Kind::kCrash:
      return kExitGuestPanic;
    case Ending::Kind::kKilled:
      return kExitGuestKilled;
    case Ending::Kind::kLimit:
      return kExitLimit;
    case Ending::Kind::kSignal:
      return kExitSignalBase + ending.value;
    case Ending::Kind::kThreeCtrlC:
      return kExitSignalBase + 2;
    case Ending::Kind::kOutputClosed:
      return kExitSignalBase + 13;
    case Ending::Kind::kHostRefused:
      return kExitHostRefused;
    case Ending::Kind::kTimeout:
      return kExitTimeout;
  }
  return kExitOurBug;
}

std::string Reason(const Ending& ending) {
  switch (ending.kind) {
    case Ending::Kind::kPowerOff:
      return "guest powered down";
    case Ending::Kind::kCrash:
      return "guest crashed: " + ending.reason;
    case Ending::Kind::kKilled:
      return "guest killed: " + ending.reason;
    default:
      return ending.reason;
  }
}

Status WriteOutputs(const MachineConfig& config, const LaunchResult& result, int code,
                    u64 real_ns) {
  const auto write = [](const std::string& path, const std::string& text) {
    return WriteFile(path,
                     std::span(reinterpret_cast<const u8*>(text.data()), text.size()),
                     Overwrite::kReplace);
  };
  if (!config.outputs.stats.empty()) {
    Stats stats = result.stats;
    stats.Counter("host.real_ns", real_ns);
    LGX_RETURN_IF_ERROR(write(config.outputs.stats, StatsToJson(stats)));
  }
  if (!config.outputs.json_result.empty()) {
    const nlohmann::json json = {{"code", code},
                                 {"reason", Reason(result.ending)},
                                 {"instructions", result.instructions},
                                 {"virtual_ns", result.virtual_ns},
                                 {"hash", HashText(result.hash)}};
    LGX_RETURN_IF_ERROR(
        write(config.outputs.json_result,
              json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
  }
  return absl::OkStatus();
}

struct Descriptors {
  int in = 0;
  int out = 1;
};

// The console's two ends, as --console says.
StatusOr<Descriptors> OpenConsole(const MachineConfig::Console& console) {
  using Backend = MachineConfig::Console::Backend;
  switch (console.backend) {
    case Backend::kNone:
      return Descriptors{-1, -1};
    case Backend::kFile: {
      const int fd = open(console.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
      if (fd < 0) {
        return Errorf(kUnavailable, "cannot write the console's text to '%s': %s",
                      console.file, std::strerror(errno));
      }
      return Descriptors{-1, fd};
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
  return Descriptors{};
}

void Summarise(const Screen& screen, const LaunchResult& result, int code, u64 real_ns) {
  if (!result.ending.detail.empty()) {
    screen.Say("lgx: " + result.ending.detail + "\n");
  }
  if (!result.post_mortem.empty()) screen.Say(result.post_mortem);
  screen.Say(absl::StrFormat(
      "lgx: %s; %.3f s virtual, %.3f s real, %d instructions, hash %s, exit code %d\n",
      Reason(result.ending), static_cast<double>(result.virtual_ns) / 1e9,
      static_cast<double>(real_ns) / 1e9, result.instructions, HashText(result.hash),
      code));
}

}  // namespace

int ReportError(const Status& status) {
  std::fprintf(stderr, "lgx: %s\n", MessageOf(status).c_str());
  return ExitCodeFor(status.code());
}

int CmdRun(const CommandLine& line) {
  MachineConfig config = line.config;
  if (line.until.kind == StopPoint::Kind::kInstruction) {
    config.limits.until_instructions = line.until.value;
  } else if (line.until.kind == StopPoint::Kind::kTime) {
    config.limits.until_ns = line.until.value;
  }
  // Without a terminal nobody would type at the built-in guest's shell: it shows all it
  // has.
  if (config.kernel.path.empty() && config.kernel.cmdline.empty() && isatty(0) == 0) {
    config.kernel.cmdline = "demo";
  }
  const SteadyClock::time_point start = SteadyClock::now();
  const StatusOr<Descriptors> ends = OpenConsole(config.console);
  if (!ends.ok()) return ReportError(ends.status());
  // What can be refused is refused before the terminal changes.
  if (const auto files = ReadBootFiles(config, Builtin()); !files.ok()) {
    return ReportError(files.status());
  }
  StopSignals signals;
  TerminalBackend::Options options;
  options.in_fd = ends->in;
  options.out_fd = ends->out;
  options.signals = &signals;
  options.keys.ctrl_a = config.console.escape;
  options.keys.three_ctrl_c = line.command == Command::kLguest;
  StatusOr<LaunchResult> result = Errorf(kInternal, "not run");
  {
    TerminalBackend terminal(options);
    TimedConsole console(terminal, config.limits.timeout_ns);
    Screen screen(line, terminal.is_terminal(), isatty(2) != 0);
    result = Launch(config, Builtin(), console, screen);
  }
  if (!result.ok()) return ReportError(result.status());
  const u64 real_ns = NsSince(start);
  const int code = ExitCodeOf(result->ending);
  const Screen screen(line, false, isatty(2) != 0);
  if (!line.quiet) Summarise(screen, *result, code, real_ns);
  if (const Status status = WriteOutputs(config, *result, code, real_ns); !status.ok()) {
    return ReportError(status);
  }
  return code;
}

}  // namespace lgx
