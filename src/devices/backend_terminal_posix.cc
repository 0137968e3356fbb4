#include "devices/backend_terminal_posix.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/strings/str_format.h"
#include "devices/backend_raw_mode_posix.h"

namespace lgx {
namespace {

constexpr std::size_t kTypeAhead = 4096;  // what a terminal of the host keeps, too
// A pipe that is ready takes this much at once (PIPE_BUF of Linux).
constexpr std::size_t kWritePiece = 4096;
constexpr u64 kNsPerSecond = 1'000'000'000;

u64 SteadySeconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<u64>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace

TerminalBackend::TerminalBackend(const Options& options)
    : options_(options),
      raw_(options.in_fd >= 0 && EnterRawMode(options.in_fd)),
      ended_(options.in_fd < 0),
      keys_(options.keys) {}

TerminalBackend::~TerminalBackend() {
  if (raw_) LeaveRawMode();
}

void TerminalBackend::Write(std::span<const u8> bytes) {
  while (!bytes.empty() && !output_dead_ && options_.out_fd >= 0 && WaitToWrite()) {
    const std::size_t piece = std::min(bytes.size(), kWritePiece);
    const ssize_t count = write(options_.out_fd, bytes.data(), piece);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      OutputFailed(errno);
    }
  }
}

// Until one piece can be written without waiting. False: a signal to stop came first. A
// reader that does not read must not keep us from stopping.
bool TerminalBackend::WaitToWrite() const {
  pollfd fds[2] = {{options_.out_fd, POLLOUT, 0}, {-1, POLLIN, 0}};
  if (options_.signals != nullptr) fds[1].fd = options_.signals->wake_fd();
  for (;;) {
    poll(fds, 2, -1);
    if (fds[0].revents != 0) return true;
    if (options_.signals == nullptr) continue;
    if (options_.signals->Pending()) return false;
    options_.signals->Drain();
  }
}

void TerminalBackend::OutputFailed(int error) {
  output_dead_ = true;
  if (error == EPIPE) {
    events_.push_back(ConsoleEvent{ConsoleEventKind::kOutputClosed, 0, ""});
    return;
  }
  events_.push_back(
      ConsoleEvent{ConsoleEventKind::kOutputFailed, error,
                   absl::StrFormat("Write to stdout gave an error: %s. Is there room for "
                                   "the guest's output?",
                                   std::strerror(error))});
}

std::size_t TerminalBackend::Read(std::span<u8> to) {
  if (!raw_) return to.empty() || !ReadyToRead() ? 0 : ReadOnce(to);
  const std::size_t count = TakeWaiting(to);
  if (count == to.size() && count != 0) return count;
  ReadTerminal();
  return count + TakeWaiting(to.subspan(count));
}

std::size_t TerminalBackend::TakeWaiting(std::span<u8> to) {
  const std::size_t count = std::min(to.size(), waiting_.size());
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(waiting_.begin(), end, to.begin());
  waiting_.erase(waiting_.begin(), end);
  return count;
}

// A terminal is read even if the Guest takes nothing, because the escape keys must work
// then; what exceeds the type-ahead is lost, as it is in any terminal.
void TerminalBackend::ReadTerminal() {
  if (!ReadyToRead()) return;
  const std::size_t room = kTypeAhead - std::min(kTypeAhead, waiting_.size());
  u8 typed[kTypeAhead];
  const std::size_t count =
      ReadOnce(std::span(typed).first(room != 0 ? room : kTypeAhead));
  std::vector<u8> guest;
  keys_.Filter(std::span<const u8>(typed, count), SteadySeconds(), &guest, &events_);
  if (room != 0) waiting_.insert(waiting_.end(), guest.begin(), guest.end());
}

bool TerminalBackend::ReadyToRead() const {
  if (ended_) return false;
  pollfd fd = {options_.in_fd, POLLIN, 0};
  return poll(&fd, 1, 0) == 1;
}

// One read, when poll() promised that it will not wait.
std::size_t TerminalBackend::ReadOnce(std::span<u8> to) {
  const ssize_t count = read(options_.in_fd, to.data(), to.size());
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == 0) {
    EndInput("end of console input");
  } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
    EndInput(absl::StrFormat("Failed to get console input, ignoring console: %s",
                             std::strerror(errno)));
  }
  return 0;
}

void TerminalBackend::EndInput(std::string why) {
  ended_ = true;
  events_.push_back(ConsoleEvent{ConsoleEventKind::kInputEnded, 0, std::move(why)});
}

u64 TerminalBackend::Wait(u64 timeout_ns, bool want_input,
                          std::span<const WaitFd> others) {
  if (!events_.empty() || (want_input && !waiting_.empty())) return 0;
  std::vector<pollfd> fds;
  // The way out of a terminal must work when there is no room for input, too.
  if (!ended_ && (want_input || raw_)) fds.push_back({options_.in_fd, POLLIN, 0});
  if (options_.signals != nullptr) {
    fds.push_back({options_.signals->wake_fd(), POLLIN, 0});
  }
  for (const WaitFd& other : others) {
    const int events = (other.read ? POLLIN | POLLPRI : 0) | (other.write ? POLLOUT : 0);
    fds.push_back({other.fd, static_cast<short>(events), 0});
  }
  const auto start = std::chrono::steady_clock::now();
  const timespec timeout = {static_cast<time_t>(timeout_ns / kNsPerSecond),
                            static_cast<long>(timeout_ns % kNsPerSecond)};
  const int ready = ppoll(fds.data(), fds.size(), &timeout, nullptr);
  if (options_.signals != nullptr) options_.signals->Drain();
  if (raw_) ReadTerminal();
  // A wait that ended by itself took what was asked for, not a little more each time.
  if (ready == 0) return timeout_ns;
  const auto elapsed = std::chrono::steady_clock::now() - start;
  const u64 ns = static_cast<u64>(std::chrono::nanoseconds(elapsed).count());
  return std::min(ns, timeout_ns);
}

std::optional<ConsoleEvent> TerminalBackend::NextEvent() {
  if (options_.signals != nullptr) {
    if (const int number = options_.signals->Take(); number != 0) {
      return ConsoleEvent{ConsoleEventKind::kSignal, number, ""};
    }
    if (options_.signals->TakeStatsRequest()) {
      return ConsoleEvent{ConsoleEventKind::kStats, 0, ""};
    }
  }
  if (events_.empty()) return std::nullopt;
  ConsoleEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace lgx
