// A network of the Guest's own, without any privilege: the Guest's packets become
// connections that this process makes (`--net user`). libslirp does the work.
//
//   10.0.2.2    the gateway; connections to it lead to the loopback of the host
//   10.0.2.3    name server: asks those of the host
//   10.0.2.15   the Guest, by DHCP
//
// Nothing reaches the Guest unless it asked, or a port is forwarded to it.
#ifndef LGX_DEVICES_BACKEND_NET_USER_H_
#define LGX_DEVICES_BACKEND_NET_USER_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "devices/net_backend.h"

namespace lgx {

// A port of the host whose connections (packets, for UDP) go to the Guest.
struct PortForward {
  bool udp = false;
  u32 host_address = 0x7f000001;  // where it listens: 127.0.0.1
  u16 host_port = 0;
  u16 guest_port = 0;
};

struct UserNetOptions {
  std::vector<PortForward> forwards;
  std::string hostname;     // what DHCP tells the Guest; empty: nothing
  bool restricted = false;  // the Guest reaches nobody, forwards still work
};

// kFailedPrecondition if the program was built without libslirp.
StatusOr<std::unique_ptr<NetBackend>> MakeUserNet(const UserNetOptions& options);

// Was it?
bool HasUserNet();

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_NET_USER_H_
