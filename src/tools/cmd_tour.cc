// lgx tour: the journey at a running machine.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "debug/guide.h"
#include "debug/journey.h"
#include "devices/backend_buffer.h"
#include "guests/builtin_kernel.h"
#include "machine/launcher.h"
#include "machine/networks.h"
#include "report/html.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/journey_text.h"
#include "tools/stream_file.h"

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

// What is to be seen there.
StatusOr<std::string> Visit(const MachineConfig& given, const Moment& moment) {
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
  if (guide.Run()) return std::string(guide.text());
  return std::string(
      "(this never happens in the built-in guest: it belongs to other kernels)\n");
}

Status Show(const JourneyStop& stop, const MachineConfig& config) {
  Print(absl::StrFormat("%s  %s\n\n%s\n\nsource: %s, %s\n", stop.name, stop.title,
                        stop.text, stop.file, stop.symbol));
  if (!stop.compare.empty()) Print(absl::StrFormat("compare: %s\n", stop.compare));
  const std::optional<Moment> moment = MomentOf(stop.name);
  if (!moment) return absl::OkStatus();
  const StatusOr<std::string> seen = Visit(config, *moment);
  if (!seen.ok()) return seen.status();
  Print("\n" + *seen);
  return absl::OkStatus();
}

Status UnknownStop(const Journey& journey, const std::string& name) {
  const std::string near = DidYouMean(name, journey.Names());
  const std::string hint =
      near.empty() ? "lgx tour --list shows them all" : "did you mean " + near + "?";
  return Errorf(StatusCode::kOutOfRange, "tour: there is no stop \"%s\"; %s", name, hint);
}

// One of `stops` after the other.
Status PrintAll(const std::string& title, std::span<const JourneyStop* const> stops,
                const MachineConfig& config) {
  if (!title.empty()) Print(title + "\n");
  for (const JourneyStop* const stop : stops) {
    if (!title.empty()) {
      Print("\n------------------------------------------------------------\n\n");
    }
    LGX_RETURN_IF_ERROR(Show(*stop, config));
  }
  return absl::OkStatus();
}

std::string Paragraph(std::string_view text) { return "<p>" + HtmlText(text) + "</p>\n"; }

StatusOr<std::string> Slide(const JourneyStop& stop, const MachineConfig& config) {
  std::string body = Paragraph(stop.text);
  std::string source = "source: " + stop.file + ", " + stop.symbol;
  if (!stop.compare.empty()) source += "; compare " + stop.compare;
  body += Paragraph(source);
  const std::optional<Moment> moment = MomentOf(stop.name);
  if (!moment) return body;
  const StatusOr<std::string> seen = Visit(config, *moment);
  if (!seen.ok()) return seen.status();
  return body + "<pre>" + HtmlText(*seen) + "</pre>\n";
}

// The same as a page to show others: a slide for each stop.
Status Export(const std::string& title, std::span<const JourneyStop* const> stops,
              const MachineConfig& config, const std::string& path) {
  StatusOr<StreamFile> file = StreamFile::Create(path);
  if (!file.ok()) return file.status();
  HtmlPage page(title.empty() ? "A stop of the journey" : title,
                "lgx tour: the text of the source, and the machine at that moment");
  for (const JourneyStop* const stop : stops) {
    const StatusOr<std::string> slide = Slide(*stop, config);
    if (!slide.ok()) return slide.status();
    std::string id = stop->name;
    std::replace(id.begin(), id.end(), '.', '-');
    page.Section(id, stop->name + " " + stop->title, *slide);
  }
  file->Write(page.Render());
  return file->Finish();
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
  const bool exports = !line.tour.export_to.empty();
  if (line.tour.list || (name.empty() && !exports)) {
    List(*journey);
    return absl::OkStatus();
  }
  std::string title;
  std::vector<const JourneyStop*> stops;
  if (name.empty()) {
    title = "The journey";
    for (const JourneyStop& stop : journey->stops()) stops.push_back(&stop);
  } else if (const JourneyLife* const life = FindJourneyLife(name)) {
    title = life->title;
    for (const std::string_view each : life->stops) stops.push_back(journey->Find(each));
  } else {
    stops.push_back(journey->Find(name));
  }
  if (std::count(stops.begin(), stops.end(), nullptr) != 0) {
    return UnknownStop(*journey, name);
  }
  return exports ? Export(title, stops, line.config, line.tour.export_to)
                 : PrintAll(title, stops, line.config);
}

}  // namespace

int CmdTour(const CommandLine& line) {
  const Status status = Tour(line);
  std::fflush(stdout);
  return status.ok() ? int{kExitOk} : ReportError(status);
}

}  // namespace lgx
