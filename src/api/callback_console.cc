#include "api/callback_console.h"

#include <algorithm>
#include <utility>

#include "devices/backend_terminal_posix.h"

namespace lgx {
namespace {

// Somebody may want to interrupt a machine that waits in real time.
constexpr u64 kLongestWaitNs = 50'000'000;

// A console without ends, which still can wait.
std::unique_ptr<ConsoleBackend> MakeWaiter() {
  TerminalBackend::Options options;
  options.in_fd = options.out_fd = -1;
  return std::make_unique<TerminalBackend>(options);
}

}  // namespace

CallbackConsole::CallbackConsole(const MachineConfig& config)
    : real_time_(config.clock.realtime.value_or(false)),
      bytes_left_(config.limits.console_bytes) {}

CallbackConsole::~CallbackConsole() = default;

void CallbackConsole::Write(std::span<const u8> bytes) {
  if (bytes_left_) {
    const std::size_t count = std::min<u64>(bytes.size(), *bytes_left_);
    if (count < bytes.size()) too_much_ = true;
    *bytes_left_ -= count;
    bytes = bytes.first(count);
  }
  const Output output = output_;  // it may set another one
  if (output && !bytes.empty()) output(bytes);
}

std::size_t CallbackConsole::Read(std::span<u8> to) {
  if (InputEnded()) return 0;
  input_ended_ = false;
  const Input input = input_;  // it may set another one
  const std::optional<std::size_t> count = input(to);
  if (!count) input_ended_ = true;
  return std::min(count.value_or(0), to.size());
}

u64 CallbackConsole::Wait(u64 timeout_ns, bool, std::span<const WaitFd> others) {
  if (const Waiting waiting = waiting_) {
    return std::min(timeout_ns, waiting(timeout_ns));
  }
  if (real_time_ || !others.empty()) {
    if (real_waiter_ == nullptr) real_waiter_ = MakeWaiter();
    return real_waiter_->Wait(std::min(timeout_ns, kLongestWaitNs), false, others);
  }
  return dry_ && dry_() ? 0 : timeout_ns;
}

std::optional<ConsoleEvent> CallbackConsole::NextEvent() {
  if (look_) look_();
  if (!std::exchange(too_much_, false)) return std::nullopt;
  return ConsoleEvent{ConsoleEventKind::kOutputLimit, 0,
                      "the limit of console output is reached"};
}

}  // namespace lgx
