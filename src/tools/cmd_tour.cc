// lgx tour: the journey at a running machine.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "debug/guide.h"
#include "debug/journey.h"
#include "devices/backend_buffer.h"
#include "guests/builtin_kernel.h"
#include "machine/launcher.h"
#include "machine/networks.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/journey_text.h"

namespace lgx {
namespace {

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void List(const Journey& journey) {
  std::string chapter;
  for (const JourneyStop& stop : journey.stops()) {
    const std::string now = stop.name.substr(0, stop.name.find('.'));
    if (now != chapter) Print((chapter.empty() ? "" : "\n") + now + "\n");
    chapter = now;
    std::string title = stop.title;
    if (!MomentOf(stop.name)) title += "  (text alone)";
    if (!stop.compare.empty()) title += "  (compare " + stop.compare + ")";
    Print(absl::StrFormat("  %-16s %s\n", stop.name, title));
  }
  Print("\nlives: several stops, one after the other\n");
  for (const JourneyLife& life : JourneyLives()) {
    std::string stops;
    for (const std::string_view stop : life.stops) stops += " " + std::string(stop);
    Print(absl::StrFormat("  %-16s %s:%s\n", std::string(life.name),
                          std::string(life.title), stops));
  }
}

// Keeps the names of the kernel that was booted.
class Visitor final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles& files, u32) override { symbols = files.symbols; }
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
  SymbolTable symbols;
};

Status Visit(const MachineConfig& given, const Moment& moment) {
  MachineConfig config = given;
  config.kernel.cmdline = "demo";
  const BuiltinKernel builtin = BuiltinGuest();
  BufferBackend console;
  console.EndInput();
  Visitor visitor;
  Networks networks;
  GuestRun run(config, builtin, console, visitor);
  LGX_RETURN_IF_ERROR(run.Boot(networks));
  Machine& machine = run.machine();
  const Symbols symbols(visitor.symbols, &machine.switcher_text());
  Guide guide(machine, symbols, moment);
  if (guide.Run()) {
    Print(guide.text());
  } else {
    Print("(this never happens in the built-in guest: it belongs to other kernels)\n");
  }
  return absl::OkStatus();
}

Status Show(const JourneyStop& stop, const MachineConfig& config) {
  Print(absl::StrFormat("%s  %s\n\n%s\n\nsource: %s, %s\n", stop.name, stop.title,
                        stop.text, stop.file, stop.symbol));
  if (!stop.compare.empty()) Print(absl::StrFormat("compare: %s\n", stop.compare));
  const std::optional<Moment> moment = MomentOf(stop.name);
  if (!moment) return absl::OkStatus();
  Print("\n");
  return Visit(config, *moment);
}

Status UnknownStop(const Journey& journey, const std::string& name) {
  const std::string near = DidYouMean(name, journey.Names());
  const std::string hint =
      near.empty() ? "lgx tour --list shows them all" : "did you mean " + near + "?";
  return Errorf(StatusCode::kOutOfRange, "tour: there is no stop \"%s\"; %s", name, hint);
}

Status Live(const JourneyLife& life, const Journey& journey,
            const MachineConfig& config) {
  Print(std::string(life.title) + "\n");
  for (const std::string_view name : life.stops) {
    const JourneyStop* const stop = journey.Find(name);
    if (stop == nullptr) return UnknownStop(journey, std::string(name));
    Print("\n------------------------------------------------------------\n\n");
    LGX_RETURN_IF_ERROR(Show(*stop, config));
  }
  return absl::OkStatus();
}

Status Tour(const CommandLine& line) {
  const StatusOr<Journey> journey = Journey::Parse(JourneyMarkdown());
  if (!journey.ok()) return journey.status();
  std::string name = line.tour.stop;
  if (!line.tour.from.empty()) {
    const JourneyStop* const stop = journey->FindTag(line.tour.from);
    if (stop == nullptr) {
      return Errorf(StatusCode::kOutOfRange,
                    "tour: no stop names \"%s\"; lgx tour --list shows those that name a "
                    "place of lguest",
                    line.tour.from);
    }
    name = stop->name;
  }
  if (line.tour.list || name.empty()) {
    List(*journey);
    return absl::OkStatus();
  }
  if (const JourneyLife* const life = FindJourneyLife(name)) {
    return Live(*life, *journey, line.config);
  }
  const JourneyStop* const stop = journey->Find(name);
  if (stop == nullptr) return UnknownStop(*journey, name);
  return Show(*stop, line.config);
}

}  // namespace

int CmdTour(const CommandLine& line) {
  const Status status = Tour(line);
  std::fflush(stdout);
  return status.ok() ? int{kExitOk} : ReportError(status);
}

}  // namespace lgx
