// The stepping console: commands as text in, text out (user-interface section 8).
//
// It reads no terminal and writes to none: `lgx debug`, the full screen, gdb's `monitor`
// and the tests give it lines and take what it says. One table gives parsing, help and
// completion.
#ifndef LGX_DEBUG_CONSOLE_H_
#define LGX_DEBUG_CONSOLE_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "debug/address_words.h"
#include "debug/event_log.h"
#include "debug/reverse.h"
#include "debug/run_control.h"
#include "debug/stage_view.h"
#include "debug/symbols.h"

namespace lgx {

class DebugConsole;

struct DebugCommand {
  const char* name;
  const char* letter;     // short name, or null
  const char* arguments;  // for help
  const char* help;       // one line
  const char* details;    // more lines, or null
  const char* section;    // where help lists it
  Status (DebugConsole::*run)(std::span<const std::string> words);
};
std::span<const DebugCommand> DebugCommands();
// By its name or its short name; null: there is none.
const DebugCommand* FindDebugCommand(std::string_view name);
// Does it let the machine run, or go back?
bool Runs(const DebugCommand& command);

class DebugConsole {
 public:
  struct Parts {
    RunControl& control;
    const Symbols& symbols;
    EventLog* events = nullptr;           // null: nobody notes them
    ReverseExecution* reverse = nullptr;  // null: it cannot go back ...
    std::string why_not_back = {};        // ... because
    // Types at the Guest's console. Empty: that is not possible.
    std::function<void(std::string_view)> type = {};
  };
  // All of the parts outlive it. `say` takes what it has to say, in whole lines.
  DebugConsole(const Parts& parts, std::function<void(std::string_view)> say);

  // One command line. An error names the command and the next step; the console goes on
  // all the same. An empty line repeats the last stepping command.
  Status Execute(std::string_view line);
  // `quit` was given.
  bool done() const { return done_; }

  // The place where the machine stands: why it stopped, when, and the next instruction.
  std::string DescribeStop() const;

  // What `start`, the last word of `line`, can become: commands, subcommands, symbols.
  std::vector<std::string> Complete(std::string_view line, std::string_view start) const;

  RunControl& control() { return parts_.control; }
  const Symbols& symbols() const { return parts_.symbols; }
  // Null: nobody notes them.
  const EventLog* events() const { return parts_.events; }
  // The commands so far, for the full screen: what a stage has changed, and so on.
  StageWorld stage_world() const;

  // --- the commands, for the table
  using Words = std::span<const std::string>;
  // console_run.cc
  Status DoStep(Words words);
  Status DoNext(Words words);
  Status DoContinue(Words words);
  Status DoUntil(Words words);
  Status DoCrossing(Words words);
  Status DoStage(Words words);
  Status DoBack(Words words);
  Status DoReverseContinue(Words words);
  // console_places.cc
  Status DoBreak(Words words);
  Status DoWatch(Words words);
  Status DoDelete(Words words);
  Status DoEnable(Words words);
  // console_look.cc
  Status DoRegs(Words words);
  Status DoExamine(Words words);
  Status DoDisassemble(Words words);
  Status DoBacktrace(Words words);
  Status DoSymbol(Words words);
  Status DoInspect(Words words);
  Status DoInfo(Words words);
  Status DoExplain(Words words);
  Status DoTrace(Words words);
  Status DoHash(Words words);
  Status DoType(Words words);
  Status DoHelp(Words words);
  Status DoQuit(Words words);

 private:
  Status Dispatch(Words words);
  void Say(std::string_view text) { say_(text); }
  StatusOr<TypedAddress> Address(std::string_view text) const;
  StatusOr<u64> Count(Words words, size_t index, u64 otherwise) const;
  Status NoMore(Words words, size_t allowed) const;
  Status StillRuns() const;

  // console_run.cc
  void NoteDirectTrap(u32 old_cpl);
  Status WentBack(const StatusOr<bool>& found);
  Status CanGoBack() const;
  void Stopped();
  const StopReport& OverCall();
  const StopReport& ContinueWith(const StopKinds& kinds);
  std::string DescribeWhy(const StopReport& stop) const;
  void DescribeStage(const StageSnapshot& before, std::optional<StageRange> at,
                     const StopReport& start);
  std::optional<StageRange> CurrentStage() const;

  // console_look.cc
  Status NotesEvents() const;
  std::string ViewEvents(size_t most) const;
  std::string ViewCounters(std::span<const std::string_view> prefixes) const;
  std::string ViewIrqs() const;
  std::string ViewTimer() const;

  Parts parts_;
  std::function<void(std::string_view)> say_;
  bool done_ = false;
  std::string repeat_;  // the last stepping command
};

}  // namespace lgx

#endif  // LGX_DEBUG_CONSOLE_H_
