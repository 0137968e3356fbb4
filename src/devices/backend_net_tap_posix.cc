#include "devices/backend_net_tap_posix.h"

#if defined(__linux__)

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "devices/backend_net_fd_posix.h"

namespace lgx {
namespace {

constexpr const char* kTunDevice = "/dev/net/tun";

Status Failed(const char* what, const std::string& which, const char* next) {
  return Errorf(StatusCode::kUnavailable, "%s '%s' failed: %s. %s", what, which,
                std::strerror(errno), next);
}

constexpr const char* kNeedsRights =
    "Setting up an interface needs the right to administer the network; --net user needs "
    "none";

// A socket to talk about interfaces with.
class ControlSocket {
 public:
  ControlSocket() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {}
  ~ControlSocket() {
    if (fd_ >= 0) close(fd_);
  }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  bool Ask(unsigned long what, ifreq* about) const {
    return ioctl(fd_, what, about) == 0;
  }

 private:
  int fd_;
};

ifreq RequestFor(const std::string& interface) {
  ifreq request;
  std::memset(&request, 0, sizeof request);
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  return request;
}

Status JoinBridge(const ControlSocket& control, const std::string& interface,
                  const std::string& bridge) {
  const unsigned index = if_nametoindex(interface.c_str());
  ifreq request = RequestFor(bridge);
  request.ifr_ifindex = static_cast<int>(index);
  if (index == 0 || !control.Ask(SIOCBRADDIF, &request)) {
    return Failed("adding the tap to bridge", bridge, kNeedsRights);
  }
  return absl::OkStatus();
}

Status SetAddress(const ControlSocket& control, const std::string& interface,
                  u32 address) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(address);
  ifreq request = RequestFor(interface);
  std::memcpy(&request.ifr_addr, &to, sizeof to);
  if (!control.Ask(SIOCSIFADDR, &request)) {
    return Failed("setting the address of interface", interface, kNeedsRights);
  }
  return absl::OkStatus();
}

Status BringUp(const ControlSocket& control, const std::string& interface) {
  ifreq request = RequestFor(interface);
  request.ifr_flags = IFF_UP;
  if (!control.Ask(SIOCSIFFLAGS, &request)) {
    return Failed("bringing up interface", interface, kNeedsRights);
  }
  return absl::OkStatus();
}

Status Configure(const TapOptions& options, const std::string& interface) {
  if (!options.address && options.bridge.empty()) return absl::OkStatus();
  const ControlSocket control;
  if (!options.bridge.empty()) {
    LGX_RETURN_IF_ERROR(JoinBridge(control, interface, options.bridge));
  }
  LGX_RETURN_IF_ERROR(SetAddress(control, interface, options.address.value_or(0)));
  return BringUp(control, interface);
}

}  // namespace

StatusOr<std::unique_ptr<NetBackend>> OpenTap(const TapOptions& options) {
  const std::string wanted = options.interface.empty() ? "tap%d" : options.interface;
  for (const std::string* name : {&wanted, &options.bridge}) {
    if (name->size() < IFNAMSIZ) continue;
    return Errorf(StatusCode::kOutOfRange,
                  "interface name '%s' is longer than the %d characters that an "
                  "interface of Linux can have",
                  *name, IFNAMSIZ - 1);
  }
  const int fd = open(kTunDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return Failed("opening", kTunDevice,
                  "Is the tun module loaded? --net user needs neither it nor any right");
  }
  ifreq request = RequestFor(wanted);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (ioctl(fd, TUNSETIFF, &request) != 0) {
    const Status status =
        Failed("attaching to tap", wanted,
               "An administrator can make one for you: ip tuntap add NAME mode tap user "
               "YOU");
    close(fd);
    return status;
  }
  const std::string interface = request.ifr_name;
  auto net = std::make_unique<FdNet>(fd, FdNet::Form::kHeaders, true, "tap " + interface);
  if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) !=
      0) {
    return Failed("agreeing on unfinished frames with tap", interface,
                  "This needs Linux 2.6.27 or newer");
  }
  ioctl(fd, TUNSETNOCSUM, 1);  // a favour; not every kernel does it
  LGX_RETURN_IF_ERROR(Configure(options, interface));
  return std::unique_ptr<NetBackend>(std::move(net));
}

}  // namespace lgx

#else

namespace lgx {

StatusOr<std::unique_ptr<NetBackend>> OpenTap(const TapOptions&) {
  return Errorf(StatusCode::kFailedPrecondition,
                "this system has no taps; --net user works everywhere");
}

}  // namespace lgx

#endif
