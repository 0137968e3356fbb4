#include "tools/screen.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "base/version.h"
#include "devices/escape_keys.h"
#include "tools/run_outputs.h"

namespace lgx {
namespace {

constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kPlain = "\x1b[0m";

std::string Counted(size_t count, const char* one, const char* more) {
  if (count == 0) return std::string("no ") + one;
  return absl::StrFormat("%d %s", count, count == 1 ? one : more);
}

std::string GuestName(const KernelImage& kernel) {
  const std::string& version = kernel.recognition.version;
  return version.empty() ? kernel.path : "Linux " + version.substr(0, version.find(' '));
}

}  // namespace

bool WantColor(ColorChoice choice, bool terminal) {
  if (choice != ColorChoice::kAuto) return choice == ColorChoice::kAlways;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return terminal && (term == nullptr || std::string_view(term) != "dumb");
}

void Screen::Say(std::string_view text) const {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && options_.raw) out += '\r';
    out += c;
  }
  std::fputs(out.c_str(), stderr);
}

std::string Screen::Painted(bool good, const std::string& text) const {
  if (!options_.color) return text;
  return (good ? kGreen : kRed) + text + kPlain;
}

void Screen::Warn(const std::string& text) const {
  const std::string word =
      options_.color ? std::string(kYellow) + "warning" + kPlain : "warning";
  Say("lgx: " + word + ": " + text + "\n");
}

void Screen::OnBoot(const BootFiles& files, u32 boot) {
  for (const std::string& warning : files.warnings) Warn(warning);
  if (options_.quiet || !options_.terminal || boot != 0) return;
  Say(absl::StrFormat(
      "lgx %s  guest: %s (lguest generation %s, %s)  %d MiB, %s, %s%s\n",
      std::string(ProgramVersion()), GuestName(files.kernel),
      InfoOf(files.generation).letter, files.mode == PagingMode::kPae ? "PAE" : "no PAE",
      config_.memory / kMiB, Counted(config_.block.size(), "disk", "disks"),
      Counted(config_.net.size(), "net", "nets"), config_.rng.present ? ", rng" : ""));
  if (config_.clock.mode == MachineConfig::Clock::Mode::kHost) {
    Say("clock: the host's; this run cannot be repeated\n");
  } else {
    Say(absl::StrFormat(
        "clock: deterministic, %s, %d M instructions per virtual second\n",
        FormatTime(config_.clock.epoch),
        config_.clock.instructions_per_second / 1'000'000));
  }
  if (recorded_) Say("input is being recorded: lgx replay last\n");
  if (options_.raw && config_.console.escape) {
    Say("escape: Ctrl-A x quits, Ctrl-A h for help\n");
  }
}

void Screen::OnConsoleEvent(const ConsoleEvent& event) {
  switch (event.kind) {
    case ConsoleEventKind::kHelp:
      Say("\n" + EscapeKeyHelp());
      break;
    case ConsoleEventKind::kInputEnded:
      if (options_.verbose) Say("lgx: " + event.text + "\n");
      break;
    default:
      Say("\nlgx: this key has no function in this version; Ctrl-A h shows those that "
          "do\n");
      break;
  }
}

void Screen::OnStats(const Stats& stats) {
  const std::string& path = config_.outputs.stats;
  if (path.empty()) {
    std::string text = "\n";
    for (const char* name :
         {"cpu.instructions", "time.virtual_ns", "crossing.count", "hypercall.count",
          "mmu.demand.filled", "console.output_bytes"}) {
      text += absl::StrFormat("%s = %d\n", name, stats.Get(name));
    }
    Say(text + "--stats FILE writes them all\n");
    return;
  }
  const Status status = WriteStats(path, stats);
  if (!status.ok()) {
    Warn(MessageOf(status));
  } else if (!options_.quiet) {
    Say("\nlgx: counters are in " + path + "\n");
  }
}

}  // namespace lgx
