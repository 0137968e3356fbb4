#include "devices/backend_net_user.h"

#if LGX_HAVE_SLIRP

#include <poll.h>
#include <slirp/libslirp.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <limits>
#include <utility>

#include "base/log.h"

namespace lgx {
namespace {

constexpr u64 kNsPerMs = 1'000'000;
constexpr u32 kNoTimeout = std::numeric_limits<u32>::max();
// Frames for a Guest that takes none; TCP sends again what does not fit.
constexpr std::size_t kWaitingFrames = 512;
// What libslirp names as its timeout when it has nothing to do.
constexpr u32 kIdleTimeoutMs = 1000;
constexpr u32 kConfigVersion = 1;

in_addr Address(u8 a, u8 b, u8 c, u8 d) {
  in_addr address;
  address.s_addr = htonl(u32{a} << 24 | u32{b} << 16 | u32{c} << 8 | d);
  return address;
}

class UserNet final : public NetBackend {
 public:
  explicit UserNet(const UserNetOptions& options);
  ~UserNet() override { slirp_cleanup(slirp_); }
  UserNet(const UserNet&) = delete;
  UserNet& operator=(const UserNet&) = delete;
  Status Forward(const PortForward& forward);

  const char* name() const override { return "user"; }
  bool TakesUnfinished() const override { return false; }
  void Send(NetFrame frame) override {
    slirp_input(slirp_, frame.bytes.data(), static_cast<int>(frame.bytes.size()));
  }
  bool Receive(NetFrame* frame) override;
  bool MayReceive() override;
  void PrepareWait(std::vector<WaitFd>* fds, u64* timeout_ns) override;

 private:
  // What libslirp calls.
  static ssize_t TakeFrame(const void* bytes, size_t size, void* self);
  static void GuestError(const char* text, void* self);
  static int64_t ClockNs(void* self);
  static void* NewTimer(SlirpTimerCb, void*, void* self) { return self; }
  static void FreeTimer(void*, void*) {}
  static void SetTimer(void*, int64_t, void*) {}
  static void PollFd(int, void*) {}
  static void Notify(void*) {}
  static int AddPoll(int fd, int events, void* self);
  static int ReadyEvents(int index, void* self);

  u32 Collect();
  void Pump();

  static const SlirpCb kCallbacks;
  std::string hostname_;
  Slirp* slirp_;
  std::vector<pollfd> fds_;  // as of the last Collect()
  std::deque<std::vector<u8>> frames_;
};

// Timers are asked for by IPv6 alone, which is off.
const SlirpCb UserNet::kCallbacks = {
    .send_packet = TakeFrame,
    .guest_error = GuestError,
    .clock_get_ns = ClockNs,
    .timer_new = NewTimer,
    .timer_free = FreeTimer,
    .timer_mod = SetTimer,
    .register_poll_fd = PollFd,
    .unregister_poll_fd = PollFd,
    .notify = Notify,
    .init_completed = nullptr,
    .timer_new_opaque = nullptr,
};

UserNet::UserNet(const UserNetOptions& options) : hostname_(options.hostname) {
  SlirpConfig config;
  std::memset(&config, 0, sizeof config);
  config.version = kConfigVersion;
  config.restricted = options.restricted ? 1 : 0;
  config.in_enabled = true;
  config.vnetwork = Address(10, 0, 2, 0);
  config.vnetmask = Address(255, 255, 255, 0);
  config.vhost = Address(10, 0, 2, 2);
  config.vdhcp_start = Address(10, 0, 2, 15);
  config.vnameserver = Address(10, 0, 2, 3);
  config.vhostname = hostname_.empty() ? nullptr : hostname_.c_str();
  slirp_ = slirp_new(&config, &kCallbacks, this);
}

Status UserNet::Forward(const PortForward& forward) {
  in_addr host;
  host.s_addr = htonl(forward.host_address);
  const int result =
      slirp_add_hostfwd(slirp_, forward.udp ? 1 : 0, host, forward.host_port,
                        Address(10, 0, 2, 15), forward.guest_port);
  if (result == 0) return absl::OkStatus();
  return Errorf(StatusCode::kUnavailable,
                "cannot listen on %s port %d for --net user,fwd: %s. Choose another port",
                forward.udp ? "UDP" : "TCP", forward.host_port, std::strerror(errno));
}

ssize_t UserNet::TakeFrame(const void* bytes, size_t size, void* self) {
  auto& frames = static_cast<UserNet*>(self)->frames_;
  if (frames.size() < kWaitingFrames) {
    const u8* const first = static_cast<const u8*>(bytes);
    frames.emplace_back(first, first + size);
  }
  return static_cast<ssize_t>(size);
}

void UserNet::GuestError(const char* text, void*) {
  Logf(LogLevel::kDebug, "user network: %s", text);
}

int64_t UserNet::ClockNs(void*) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(now).count();
}

int UserNet::AddPoll(int fd, int events, void* self) {
  short wanted = 0;
  if ((events & SLIRP_POLL_IN) != 0) wanted |= POLLIN;
  if ((events & SLIRP_POLL_OUT) != 0) wanted |= POLLOUT;
  if ((events & SLIRP_POLL_PRI) != 0) wanted |= POLLPRI;
  auto& fds = static_cast<UserNet*>(self)->fds_;
  fds.push_back({fd, wanted, 0});
  return static_cast<int>(fds.size()) - 1;
}

int UserNet::ReadyEvents(int index, void* self) {
  const short ready =
      static_cast<UserNet*>(self)->fds_[static_cast<size_t>(index)].revents;
  int events = 0;
  if ((ready & POLLIN) != 0) events |= SLIRP_POLL_IN;
  if ((ready & POLLOUT) != 0) events |= SLIRP_POLL_OUT;
  if ((ready & POLLPRI) != 0) events |= SLIRP_POLL_PRI;
  if ((ready & POLLERR) != 0) events |= SLIRP_POLL_ERR;
  if ((ready & POLLHUP) != 0) events |= SLIRP_POLL_HUP;
  return events;
}

// Asks for the descriptors that matter now; in how many milliseconds something is due.
u32 UserNet::Collect() {
  fds_.clear();
  u32 timeout_ms = kNoTimeout;
  slirp_pollfds_fill(slirp_, &timeout_ms, AddPoll, this);
  return timeout_ms;
}

// Lets libslirp do what the host's sockets allow at this moment.
void UserNet::Pump() {
  Collect();
  const int result = poll(fds_.data(), fds_.size(), 0);
  slirp_pollfds_poll(slirp_, result < 0 ? 1 : 0, ReadyEvents, this);
}

bool UserNet::Receive(NetFrame* frame) {
  if (frames_.empty()) Pump();
  if (frames_.empty()) return false;
  frame->header = NetHeader();
  frame->bytes = std::move(frames_.front());
  frames_.pop_front();
  return true;
}

// A connection, a forward, or a timer of one of them.
bool UserNet::MayReceive() { return Collect() < kIdleTimeoutMs || !fds_.empty(); }

void UserNet::PrepareWait(std::vector<WaitFd>* fds, u64* timeout_ns) {
  const u32 timeout_ms = Collect();
  if (timeout_ms != kNoTimeout) {
    *timeout_ns = std::min(*timeout_ns, timeout_ms * kNsPerMs);
  }
  for (const pollfd& entry : fds_) {
    fds->push_back({entry.fd, (entry.events & (POLLIN | POLLPRI)) != 0,
                    (entry.events & POLLOUT) != 0});
  }
}

}  // namespace

StatusOr<std::unique_ptr<NetBackend>> MakeUserNet(const UserNetOptions& options) {
  auto net = std::make_unique<UserNet>(options);
  for (const PortForward& forward : options.forwards) {
    LGX_RETURN_IF_ERROR(net->Forward(forward));
  }
  return std::unique_ptr<NetBackend>(std::move(net));
}

bool HasUserNet() { return true; }

}  // namespace lgx

#else

namespace lgx {

StatusOr<std::unique_ptr<NetBackend>> MakeUserNet(const UserNetOptions&) {
  return Errorf(StatusCode::kFailedPrecondition,
                "this lgx was built without libslirp, which --net user needs; install "
                "libslirp-dev and build it again");
}

bool HasUserNet() { return false; }

}  // namespace lgx

#endif
