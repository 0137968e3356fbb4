#include "tools/run_console.h"

#include <algorithm>
#include <utility>

namespace lgx {
namespace {

constexpr u64 kPauseNs = 1'000'000'000;  // a paused run looks up this often

// Events that are answered and change nothing. All others end the run.
bool GoesOnPausing(ConsoleEventKind kind) {
  switch (kind) {
    case ConsoleEventKind::kHelp:
    case ConsoleEventKind::kDebugger:
    case ConsoleEventKind::kStats:
    case ConsoleEventKind::kSnapshot:
    case ConsoleEventKind::kToggleTrace:
    case ConsoleEventKind::kInputEnded:
      return true;
    default:
      return false;
  }
}

}  // namespace

RunConsole::RunConsole(ConsoleBackend& real, const MachineConfig::Limits& limits,
                       std::function<void(std::string_view)> say)
    : real_(real),
      timeout_ns_(limits.timeout_ns),
      bytes_left_(limits.console_bytes),
      say_(std::move(say)) {}

// What goes beyond the limit is not written, so that a file cannot grow further.
void RunConsole::Write(std::span<const u8> bytes) {
  if (!bytes_left_) return real_.Write(bytes);
  const std::size_t count = std::min<u64>(bytes.size(), *bytes_left_);
  *bytes_left_ -= count;
  if (count != 0) real_.Write(bytes.first(count));
  if (count < bytes.size() && !said_limit_) said_limit_ = too_much_ = true;
}

u64 RunConsole::TimeLeft() const {
  const auto used = std::chrono::steady_clock::now() - start_;
  const u64 ns = static_cast<u64>(std::chrono::nanoseconds(used).count());
  return *timeout_ns_ > ns ? *timeout_ns_ - ns : 0;
}

u64 RunConsole::Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) {
  if (timeout_ns_) timeout_ns = std::min(timeout_ns, TimeLeft());
  return real_.Wait(timeout_ns, want_input, others);
}

std::optional<ConsoleEvent> RunConsole::NextEvent() {
  if (timeout_ns_ && !said_timeout_ && TimeLeft() == 0) {
    said_timeout_ = true;
    return ConsoleEvent{ConsoleEventKind::kTimeout, 0, ""};
  }
  if (std::exchange(too_much_, false)) {
    return ConsoleEvent{ConsoleEventKind::kOutputLimit, 0,
                        "the limit of console output is reached"};
  }
  if (paused_) return Pause();
  std::optional<ConsoleEvent> event = real_.NextEvent();
  if (!event || event->kind != ConsoleEventKind::kPause) return event;
  say_("\nlgx: paused; Ctrl-A p goes on\n");
  paused_ = true;
  return Pause();
}

// Virtual time stands still: only the machine moves it, and the machine waits for us.
std::optional<ConsoleEvent> RunConsole::Pause() {
  while (!timeout_ns_ || TimeLeft() != 0) {
    std::optional<ConsoleEvent> event = real_.NextEvent();
    if (!event) {
      Wait(kPauseNs, false, {});
      continue;
    }
    if (event->kind == ConsoleEventKind::kPause) {
      say_("lgx: goes on\n");
      break;
    }
    paused_ = GoesOnPausing(event->kind);
    return event;
  }
  paused_ = false;
  return NextEvent();
}

}  // namespace lgx
