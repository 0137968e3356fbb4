#include "debug/gdb_server_posix.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

constexpr u64 kLookUpNs = 1'000'000'000;
constexpr int kSendTimeoutMs = 10'000;

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;  // StopSignals ignores SIGPIPE
#endif

struct Listener {
  int fd = -1;
  std::string path;    // of a Unix socket
  std::string target;  // for gdb
};

Status CannotListen(std::string_view where, const char* why) {
  return Errorf(kUnavailable, "cannot listen for gdb at '%s': %s; choose another place",
                std::string(where), why);
}

// Is there a socket at the path that nobody listens at?
bool IsLeftOver(const sockaddr_un& address) {
  struct stat info = {};
  if (lstat(address.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return false;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  close(fd);
  return refused;
}

StatusOr<Listener> ListenAtPath(std::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Errorf(
        StatusCode::kOutOfRange,
        "'%s': the name of a socket has at most %d bytes; choose a shorter path",
        std::string(path), sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (IsLeftOver(address)) unlink(address.sun_path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 1) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return CannotListen(path, std::strerror(error));
  }
  return Listener{fd, std::string(path), "target remote " + std::string(path)};
}

// The port that was really taken.
u32 PortOf(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

StatusOr<Listener> ListenAtPort(std::string_view where) {
  const std::size_t colon = where.rfind(':');
  std::string host = "127.0.0.1";
  std::string port(where);
  if (colon != std::string_view::npos) {
    host = where.substr(0, colon);
    port = where.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
  }
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoul(port) > 65535 || host.empty()) {
    return Errorf(
        StatusCode::kOutOfRange,
        "\"%s\" is no place for gdb; write a port from 0 to 65535, HOST:PORT, or "
        "the path of a socket with a slash in it, for example ./gdb.sock",
        std::string(where));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return CannotListen(where, gai_strerror(error));
  }
  const int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens =
      fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = errno;
  freeaddrinfo(found);
  if (!listens) {
    if (fd >= 0) close(fd);
    return CannotListen(where, std::strerror(error));
  }
  if (host == "127.0.0.1") host = "localhost";
  return Listener{fd, "", absl::StrFormat("target remote %s:%d", host, PortOf(fd))};
}

bool Readable(int fd) {
  if (fd < 0) return false;
  pollfd wanted = {fd, POLLIN, 0};
  return poll(&wanted, 1, 0) == 1;
}

}  // namespace

// Wakes the machine up where it sleeps.
class GdbServer::WakingConsole final : public ConsoleBackend {
 public:
  WakingConsole(GdbServer& server, ConsoleBackend& real) : server_(server), real_(real) {}
  void Write(std::span<const u8> bytes) override { real_.Write(bytes); }
  std::size_t Read(std::span<u8> to) override { return real_.Read(to); }
  bool InputEnded() const override { return real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override {
    std::vector<WaitFd> all(others.begin(), others.end());
    all.push_back(server_.Wanted());
    const u64 waited = real_.Wait(timeout_ns, want_input, all);
    if (server_.running_ != nullptr && server_.Ready()) server_.running_->RequestStop();
    return waited;
  }
  std::optional<ConsoleEvent> NextEvent() override { return real_.NextEvent(); }

 private:
  GdbServer& server_;
  ConsoleBackend& real_;
};

StatusOr<std::unique_ptr<GdbServer>> GdbServer::Listen(std::string_view where) {
  const bool path = where.find('/') != std::string_view::npos;
  StatusOr<Listener> listener = path ? ListenAtPath(where) : ListenAtPort(where);
  if (!listener.ok()) return listener.status();
  fcntl(listener->fd, F_SETFL, O_NONBLOCK);
  fcntl(listener->fd, F_SETFD, FD_CLOEXEC);
  return std::unique_ptr<GdbServer>(
      new GdbServer(listener->fd, listener->path, listener->target));
}

GdbServer::~GdbServer() {
  Hangup();
  close(listener_);
  if (!path_.empty()) unlink(path_.c_str());
}

std::string GdbServer::TargetLine() const { return target_; }

std::unique_ptr<ConsoleBackend> GdbServer::Wake(ConsoleBackend& console) {
  return std::make_unique<WakingConsole>(*this, console);
}

// ---- the socket

WaitFd GdbServer::Wanted() const {
  return {client_ >= 0 ? client_ : listener_, true, false};
}

bool GdbServer::Ready() const { return Readable(Wanted().fd); }

void GdbServer::Accept() {
  client_ = accept(listener_, nullptr, nullptr);
  if (client_ < 0) return;
  fcntl(client_, F_SETFL, O_NONBLOCK);
  fcntl(client_, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on Unix sockets
}

void GdbServer::Hangup() {
  if (client_ >= 0) close(client_);
  client_ = -1;
}

// A gdb that does not read for long is taken for gone.
void GdbServer::Send(std::string_view bytes) {
  while (!bytes.empty() && client_ >= 0) {
    const ssize_t count = send(client_, bytes.data(), bytes.size(), kNoSignal);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    pollfd room = {client_, POLLOUT, 0};
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (!later || poll(&room, 1, kSendTimeoutMs) != 1) Hangup();
  }
}

// While the machine runs: does gdb, or somebody new, want it?
bool GdbServer::Poll() {
  if (client_ < 0) {
    if (Readable(listener_)) Accept();
    return client_ >= 0;
  }
  bool wanted = false;
  while (session_ != nullptr && !session_->full() && Readable(client_)) {
    u8 bytes[1024];
    const ssize_t count = recv(client_, bytes, sizeof bytes, 0);
    if (count <= 0) {
      Hangup();
      return true;
    }
    wanted |= session_->TakeWhileRunning({bytes, static_cast<std::size_t>(count)});
  }
  return wanted;
}

// Until gdb has said something or is there. False: the run is to end first.
bool GdbServer::WaitFor(Machine& machine, ConsoleBackend& console) {
  while (!Ready()) {
    while (std::optional<ConsoleEvent> event = console.NextEvent()) {
      if (std::optional<Ending> ending = EndingFor(*event)) {
        machine.End(*std::move(ending));
        return false;
      }
    }
    const WaitFd fd = Wanted();
    (void)console.Wait(kLookUpNs, false, {&fd, 1});
  }
  return true;
}

// ---- the conversation

void GdbServer::Talk(GdbMachine& target, Machine& machine, ConsoleBackend& console) {
  GdbSession session(target, [this](std::string_view bytes) { Send(bytes); });
  session_ = &session;
  while (session.state() == GdbSession::State::kOpen && client_ >= 0) {
    if (!WaitFor(machine, console)) break;
    u8 bytes[4096];
    const ssize_t count = recv(client_, bytes, sizeof bytes, 0);
    if (count > 0) {
      session.Take({bytes, static_cast<std::size_t>(count)});
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      break;  // gone without a word: the Guest runs on
    }
  }
  session_ = nullptr;
  if (session.state() == GdbSession::State::kKilled) {
    machine.End({Ending::Kind::kQuit, "killed from gdb", "", 0});
  }
  Hangup();
}

void GdbServer::Serve(RunControl& control, ConsoleBackend& console,
                      const GdbMachine::Options& options) {
  GdbMachine target(control, options);
  target.Attach();
  Talk(target, control.machine(), console);
}

void GdbServer::Run(Machine& machine, ConsoleBackend& console, const Options& options) {
  running_ = &machine;
  {
    RunControl control(machine);
    control.set_symbols(options.symbols);
    control.set_poll([this] { return Poll(); });
    GdbMachine::Options target = options.machine;
    std::shared_ptr<void> equipment;
    if (options.wait && WaitFor(machine, console)) Accept();
    while (!control.ended()) {
      if (client_ < 0) {
        control.Continue();
        continue;
      }
      if (equipment == nullptr && options.equip) {
        equipment = options.equip(control, &target);
      }
      Serve(control, console, target);
    }
  }
  running_ = nullptr;
  machine.Run();  // what has ended it may have come in the middle of a crossing
}

}  // namespace lgx
