// A machine under a debugger's control, with all that looks at it: for debug, inspect and
// tour.
#ifndef LGX_TOOLS_DEBUG_SESSION_H_
#define LGX_TOOLS_DEBUG_SESSION_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "debug/console.h"
#include "debug/event_log.h"
#include "debug/run_control.h"
#include "debug/symbols.h"
#include "devices/console_backend.h"
#include "machine/launcher.h"
#include "machine/networks.h"
#include "tools/debug_source.h"
#include "tools/time_travel.h"

namespace lgx {

// The Guest's console where nobody sits at it: what it writes is shown line by line,
// apart from everything else, and it reads what was typed for it.
class GuestText final : public ConsoleBackend {
 public:
  explicit GuestText(std::function<void(std::string_view)> say) : say_(std::move(say)) {}

  void Type(std::string_view text) {
    typed_.insert(typed_.end(), text.begin(), text.end());
  }
  // Shows a line that is not complete yet.
  void Flush();

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return typed_.empty(); }
  // Nothing can come while the machine runs, so all the time passes at once.
  u64 Wait(u64 timeout_ns, bool, std::span<const WaitFd>) override { return timeout_ns; }
  std::optional<ConsoleEvent> NextEvent() override { return std::nullopt; }

 private:
  std::function<void(std::string_view)> say_;
  std::string line_;
  std::deque<char> typed_;
};

class DebugSession final : private LaunchObserver {
 public:
  // Stands before the first instruction, or where the snapshot does. `say` takes all that
  // is to be shown.
  static StatusOr<std::unique_ptr<DebugSession>> Create(
      const CommandLine& line, std::function<void(std::string_view)> say);

  DebugConsole& console() { return *console_; }
  RunControl& control() { return *control_; }
  Machine& machine() { return run_.machine(); }
  GuestText& guest_text() { return text_; }
  const DebugSource& source() const { return *source_; }

 private:
  DebugSession(std::unique_ptr<DebugSource> source,
               std::function<void(std::string_view)> say);
  Status Boot();

  // LaunchObserver
  void OnBoot(const BootFiles& files, u32 boot) override;
  void OnWarning(const std::string& text) override;
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}

  std::unique_ptr<DebugSource> source_;
  std::function<void(std::string_view)> say_;
  BuiltinKernel builtin_;
  GuestText text_;
  Networks networks_;
  GuestRun run_;
  SymbolTable kernel_symbols_;
  Symbols symbols_;
  std::unique_ptr<RunControl> control_;
  std::unique_ptr<EventLog> events_;
  std::unique_ptr<TimeTravel> time_;  // null: it cannot go back
  std::unique_ptr<DebugConsole> console_;
};

}  // namespace lgx

#endif  // LGX_TOOLS_DEBUG_SESSION_H_
