#include "tools/onlookers.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "machine/guest_core.h"
#include "report/run_report.h"

namespace lgx {
namespace {

u64 HostNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<u64>(std::chrono::nanoseconds(now).count());
}

Status WriteText(const std::string& path, const std::string& text) {
  return WriteFile(path, std::span(reinterpret_cast<const u8*>(text.data()), text.size()),
                   Overwrite::kReplace);
}

std::string Seconds(u64 ns) {
  return absl::StrFormat("%.3f s", static_cast<double>(ns) / 1e9);
}

std::vector<HtmlFact> FactsOf(const RunResult& result) {
  const LaunchResult& launch = result.launch;
  return {{"how it ended", ReasonOf(result)},
          {"exit code", std::to_string(ExitCodeOf(result))},
          {"instructions", GroupedNumber(launch.instructions)},
          {"virtual time", Seconds(launch.virtual_ns)},
          {"state hash", HashText(launch.hash)},
          {"boots", GroupedNumber(launch.boots)}};
}

}  // namespace

std::string ShellWord(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

StatusOr<std::unique_ptr<Onlookers>> Onlookers::Open(const CommandLine& line,
                                                     const MachineConfig& config,
                                                     LaunchObserver& next) {
  std::unique_ptr<Onlookers> watch(new Onlookers(line, config, next));
  std::vector<TraceRequest> requests = line.traces;
  if (!config.outputs.trace.empty()) {
    const StatusOr<u32> mask = ParseTraceCategories(config.outputs.trace_categories);
    if (!mask.ok()) return mask.status();
    requests.push_back({*mask, config.outputs.trace});
  }
  for (const TraceRequest& request : requests) {
    LGX_RETURN_IF_ERROR(watch->AddTrace(request));
  }
  if (!config.outputs.report.empty()) {
    watch->summary_ = std::make_unique<RunSummary>();
    watch->recorder_.AddConsumer(*watch->summary_, Trace::kUsual);
  }
  if (!config.outputs.profile.empty()) {
    watch->profile_ = std::make_unique<Profile>(HostNs);
    watch->recorder_.AddConsumer(*watch->profile_, Profile::kCategories);
  }
  return watch;
}

Status Onlookers::AddTrace(const TraceRequest& request) {
  const StatusOr<TraceFormat> format = TraceFormatOf(request.path);
  if (!format.ok()) return format.status();
  StatusOr<StreamFile> file = StreamFile::Create(request.path);
  if (!file.ok()) return file.status();
  auto trace = std::make_unique<TraceFile>(TraceFile{*std::move(file), nullptr});
  StreamFile& to = trace->file;
  trace->writer =
      MakeTraceWriter(*format, [&to](std::string_view bytes) { to.Write(bytes); });
  recorder_.AddConsumer(*trace->writer, request.mask);
  traces_.push_back(std::move(trace));
  return absl::OkStatus();
}

Status Onlookers::Finish(const RunResult& result) {
  recorder_.Finish();
  LGX_RETURN_IF_ERROR(core_);
  for (const auto& trace : traces_) LGX_RETURN_IF_ERROR(trace->file.Finish());
  if (profile_ != nullptr) {
    LGX_RETURN_IF_ERROR(
        WriteText(config_.outputs.profile,
                  profile_->RenderPage("Profile of " + Title(), CommandText())));
  }
  return summary_ == nullptr ? absl::OkStatus() : WriteReport(result);
}

Status Onlookers::WriteReport(const RunResult& result) const {
  ReportInput input;
  input.title = "Run of " + Title();
  input.subtitle = config_.kernel.cmdline.empty()
                       ? "without kernel arguments"
                       : "kernel arguments: " + config_.kernel.cmdline;
  input.facts = FactsOf(result);
  input.command = CommandText();
  input.events = summary_.get();
  input.stats = &result.launch.stats;
  return WriteText(config_.outputs.report, RenderRunReport(input));
}

std::string Onlookers::Title() const {
  return config_.kernel.path.empty() ? "the built-in guest" : config_.kernel.path;
}

std::string Onlookers::CommandText() const {
  std::string command = "lgx";
  for (const std::string& word : line_.words) command += " " + ShellWord(word);
  if (line_.random_seed) command += absl::StrFormat(" --seed %d", config_.seed);
  return command;
}

void Onlookers::OnBoot(const BootFiles& files, u32 boot) {
  if (profile_ != nullptr) profile_->UseSymbols(files.symbols);
  next_.OnBoot(files, boot);
}

void Onlookers::OnMachine(Machine& machine) {
  recorder_.MachineBegins(machine);
  if (profile_ == nullptr) return;
  profile_->MachineBegins(machine);
  machine.set_sampler(profile_.get());
}

void Onlookers::OnMachineEnd(Machine& machine) {
  recorder_.MachineEnds();
  machine.set_sampler(nullptr);
}

// The last death of a Guest that is booted again is the one that stays.
void Onlookers::OnCrash(const Machine& machine) {
  next_.OnCrash(machine);
  if (config_.outputs.dump_on_crash.empty()) return;
  StatusOr<StreamFile> file = StreamFile::Create(config_.outputs.dump_on_crash);
  core_ = file.status();
  if (!core_.ok()) return;
  WriteGuestCore(machine.guest(), [&](std::string_view bytes) { file->Write(bytes); });
  core_ = file->Finish();
}

}  // namespace lgx
