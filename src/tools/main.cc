// lgx: the command line.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "devices/backend_raw_mode_posix.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/output_guard.h"

namespace {

// Started as `lguest`, the program takes the original Launcher's command line.
std::vector<std::string> Words(int argc, char** argv) {
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (argc > 0) {
    std::string_view name = argv[0];
    name = name.substr(name.rfind('/') + 1);
    if (name == "lguest") words.insert(words.begin(), "lguest");
  }
  return words;
}

std::FILE* g_log = nullptr;

// Log lines go to a file instead of the screen.
bool LogTo(const std::string& path) {
  g_log = std::fopen(path.c_str(), "w");
  if (g_log == nullptr) {
    std::fprintf(stderr,
                 "lgx: cannot write the log file '%s'; choose another for --log\n",
                 path.c_str());
    return false;
  }
  lgx::SetLogSink([](lgx::LogLevel level, std::string_view text) {
    const std::string_view name = lgx::LogLevelName(level);
    std::fprintf(g_log, "%.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
                 static_cast<int>(text.size()), text.data());
    std::fflush(g_log);
  });
  return true;
}

int Dispatch(const lgx::CommandLine& line) {
  using lgx::Command;
  if (line.help || line.command == Command::kHelp) {
    std::fputs(lgx::HelpText(line.command).c_str(), stdout);
    return lgx::kExitOk;
  }
  switch (line.command) {
    case Command::kRun:
    case Command::kGdb:
    case Command::kLguest:
      return lgx::CmdRun(line);
    case Command::kCheck:
      return lgx::CmdCheck(line);
    case Command::kDisk:
      return lgx::CmdDisk(line.disk);
    case Command::kVersion:
      return lgx::CmdVersion(line);
    case Command::kSchema:
      return lgx::CmdSchema();
    case Command::kStats:
      return lgx::CmdStats(line.stats);
    case Command::kDebug:
      return lgx::CmdDebug(line);
    case Command::kInspect:
      return lgx::CmdInspect(line);
    case Command::kTour:
      return lgx::CmdTour(line);
    case Command::kTrace:
      return lgx::CmdTrace(line.trace);
    case Command::kReport:
      return lgx::CmdReport(line.report);
    case Command::kBench:
      return lgx::CmdBench(line.bench, line.bench_words);
    case Command::kCompletion:
      return lgx::CmdCompletion(line.shell);
    case Command::kReplay:
      return lgx::CmdReplay(line);
    case Command::kDivergence:
      return lgx::CmdDivergence(line.compare);
    case Command::kBisect:
      return lgx::CmdBisect(line.compare);
    case Command::kSnapshot:
      return lgx::CmdSnapshot(line);
    case Command::kMan:
      return lgx::CmdMan(line.man_section);
    case Command::kBare:
      return lgx::CmdBare(line.bare);
    case Command::kExecVectors:
      return lgx::CmdExecVectors(line.vectors);
    case Command::kHelp:
      break;
  }
  return lgx::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  lgx::SetCheckFailureHook([](const char*) { lgx::LeaveRawMode(); });
  std::vector<std::string> words = Words(argc, argv);
  const lgx::StatusOr<lgx::CommandLine> line =
      lgx::ParseCommandLine(words, lgx::SourcesFromEnvironment());
  if (!line.ok()) return lgx::ReportError(line.status());
  if (const lgx::Status outputs = lgx::GuardOutputs(*line); !outputs.ok()) {
    return lgx::ReportError(outputs);
  }
  lgx::SetLogLevel(line->verbose ? lgx::LogLevel::kDebug : line->log_level);
  if (!line->log_file.empty() && !LogTo(line->log_file)) return lgx::kExitHostRefused;
  return Dispatch(*line);
}
