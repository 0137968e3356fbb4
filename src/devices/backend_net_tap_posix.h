// A tap of the host (`--net tap=IF`, `lguest --tunnet=...`): frames go to the host's own
// network, and from there to whatever it is routed or bridged to. Linux only.
#ifndef LGX_DEVICES_BACKEND_NET_TAP_POSIX_H_
#define LGX_DEVICES_BACKEND_NET_TAP_POSIX_H_

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "devices/net_backend.h"

namespace lgx {

struct TapOptions {
  std::string interface;  // empty: the next free tapN is made
  // The host's end, as the original Launcher set it up. Without either the interface is
  // used as somebody else has prepared it, and no privilege is needed beyond owning it.
  std::optional<u32> address;  // IPv4, most significant byte first in the number
  std::string bridge;          // is added to this bridge
};

StatusOr<std::unique_ptr<NetBackend>> OpenTap(const TapOptions& options);

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_NET_TAP_POSIX_H_
