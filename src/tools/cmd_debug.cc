// lgx debug: the stepping console, on a terminal, from a pipe, or as a full screen.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "devices/backend_signals_posix.h"
#include "tools/commands.h"
#include "tools/debug_screen.h"
#include "tools/debug_session.h"
#include "tools/exit_codes.h"
#include "tools/line_reader.h"

namespace lgx {
namespace {

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

class Talk {
 public:
  Talk(const CommandLine& line, DebugSession& session, bool terminal)
      : line_(line), session_(session), terminal_(terminal) {}

  int Run() {
    DebugConsole& console = session_.console();
    const std::unique_ptr<LineReader> lines =
        MakeLineReader(terminal_, [&](std::string_view text, std::string_view start) {
          return console.Complete(text, start);
        });
    Print(console.DescribeStop());
    for (const std::string& command : line_.debug.commands) Obey(command);
    while (!console.done()) {
      const std::optional<std::string> command = lines->Read("(lgx) ");
      if (!command) break;
      // Where nobody types, an empty line repeats nothing.
      const bool empty = command->find_first_not_of(" \t\r") == std::string::npos;
      if (terminal_ || !empty) Obey(*command);
    }
    const std::string difference = session_.source().Difference();
    if (difference.empty()) return code_;
    std::fprintf(stderr, "lgx: debug: this is not the recorded run any more: %s\n",
                 difference.c_str());
    return kExitDiverged;
  }

 private:
  void Obey(const std::string& command) {
    DebugConsole& console = session_.console();
    if (console.done()) return;
    if (line_.debug.echo) Print("(lgx) " + command + "\n");
    // Only while it runs: at the prompt Ctrl-C does what it always does.
    StopSignals signals;
    session_.control().set_poll([&signals] { return signals.Take() != 0; });
    const Status status = console.Execute(command);
    session_.control().set_poll({});
    session_.guest_text().Flush();
    std::fflush(stdout);
    if (status.ok()) return;
    std::fprintf(stderr, "lgx: debug: %s\n", MessageOf(status).c_str());
    if (!terminal_) code_ = kExitUsage;
  }

  const CommandLine& line_;
  DebugSession& session_;
  bool terminal_;
  int code_ = kExitOk;
};

int RunScreen(const CommandLine& line, bool terminal) {
  if (!terminal) {
    return ReportError(Status(StatusCode::kOutOfRange,
                              "debug: --tui needs a terminal; without it, commands come "
                              "from a pipe"));
  }
  FullScreen* screen = nullptr;
  StatusOr<std::unique_ptr<DebugSession>> session =
      DebugSession::Create(line, [&screen](std::string_view text) {
        if (screen != nullptr) screen->Say(text);
      });
  if (!session.ok()) return ReportError(session.status());
  FullScreen drawn((*session)->console());
  screen = &drawn;
  for (const std::string& command : line.debug.commands) {
    if (const Status status = (*session)->console().Execute(command); !status.ok()) {
      drawn.Say(MessageOf(status));
    }
  }
  return RunFullScreen(**session, drawn);
}

}  // namespace

int CmdDebug(const CommandLine& line) {
  const bool terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  if (line.debug.tui) return RunScreen(line, terminal);
  StatusOr<std::unique_ptr<DebugSession>> session = DebugSession::Create(line, Print);
  if (!session.ok()) return ReportError(session.status());
  return Talk(line, **session, terminal).Run();
}

}  // namespace lgx
