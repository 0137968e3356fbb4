#include "devices/backend_socket_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

namespace lgx {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;  // StopSignals ignores SIGPIPE
#endif

void MakeQuick(int fd) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
}

bool MayComeAgain(int error) {
  return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

// Is there a socket at `path` that nobody listens at?
bool IsLeftOver(const std::string& path, const sockaddr_un& address) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return false;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  close(fd);
  return refused;
}

}  // namespace

StatusOr<std::unique_ptr<SocketBackend>> SocketBackend::Listen(const std::string& path,
                                                               StopSignals* signals) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Errorf(StatusCode::kOutOfRange,
                  "'%s': the name of a socket has 1 to %d bytes; choose a shorter path",
                  path, sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (IsLeftOver(path, address)) unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 1) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return Errorf(kUnavailable, "cannot listen at '%s': %s; choose another name", path,
                  std::strerror(error));
  }
  MakeQuick(fd);
  return std::unique_ptr<SocketBackend>(new SocketBackend(path, fd, signals));
}

SocketBackend::~SocketBackend() {
  Hangup();
  close(listener_);
  unlink(path_.c_str());
}

void SocketBackend::Hangup() {
  if (client_ >= 0) close(client_);
  client_ = -1;
}

void SocketBackend::Accept() {
  if (client_ >= 0) return;
  client_ = accept(listener_, nullptr, nullptr);
  if (client_ >= 0) MakeQuick(client_);
}

bool SocketBackend::WaitForClient(u64 timeout_ns) {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    Accept();
    if (connected()) return true;
    const auto used = std::chrono::steady_clock::now() - start;
    const u64 ns = static_cast<u64>(std::chrono::nanoseconds(used).count());
    if (ns >= timeout_ns || (signals_ != nullptr && signals_->Pending())) return false;
    Wait(std::min(timeout_ns - ns, kNsPerSecond), true, {});
  }
}

void SocketBackend::Write(std::span<const u8> bytes) {
  Accept();
  while (!bytes.empty() && connected()) {
    const ssize_t count = send(client_, bytes.data(), bytes.size(), kNoSignal);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (!MayComeAgain(errno)) {
      Hangup();
    } else if (!WaitToWrite()) {
      return;
    }
  }
}

// False: a signal to stop came first.
bool SocketBackend::WaitToWrite() {
  pollfd fds[2] = {{client_, POLLOUT, 0}, {-1, POLLIN, 0}};
  if (signals_ != nullptr) fds[1].fd = signals_->wake_fd();
  poll(fds, 2, -1);
  if (fds[0].revents != 0 || signals_ == nullptr) return true;
  if (signals_->Pending()) return false;
  signals_->Drain();
  return true;
}

std::size_t SocketBackend::Read(std::span<u8> to) {
  Accept();
  if (!connected() || to.empty()) return 0;
  const ssize_t count = recv(client_, to.data(), to.size(), 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == 0 || !MayComeAgain(errno)) Hangup();
  return 0;
}

u64 SocketBackend::Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) {
  std::vector<pollfd> fds;
  if (!connected()) {
    fds.push_back({listener_, POLLIN, 0});
  } else if (want_input) {
    fds.push_back({client_, POLLIN, 0});
  }
  if (signals_ != nullptr) fds.push_back({signals_->wake_fd(), POLLIN, 0});
  for (const WaitFd& other : others) {
    const int events = (other.read ? POLLIN | POLLPRI : 0) | (other.write ? POLLOUT : 0);
    fds.push_back({other.fd, static_cast<short>(events), 0});
  }
  const auto start = std::chrono::steady_clock::now();
  const timespec timeout = {static_cast<time_t>(timeout_ns / kNsPerSecond),
                            static_cast<long>(timeout_ns % kNsPerSecond)};
  const int ready = ppoll(fds.data(), fds.size(), &timeout, nullptr);
  if (signals_ != nullptr) signals_->Drain();
  Accept();
  if (ready == 0) return timeout_ns;
  const auto used = std::chrono::steady_clock::now() - start;
  return std::min(static_cast<u64>(std::chrono::nanoseconds(used).count()), timeout_ns);
}

std::optional<ConsoleEvent> SocketBackend::NextEvent() {
  if (signals_ == nullptr) return std::nullopt;
  if (const int number = signals_->Take(); number != 0) {
    return ConsoleEvent{ConsoleEventKind::kSignal, number, ""};
  }
  if (signals_->TakeStatsRequest()) return ConsoleEvent{ConsoleEventKind::kStats, 0, ""};
  return std::nullopt;
}

}  // namespace lgx
