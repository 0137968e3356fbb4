// A cable between Guests of one process (`--net virtual=GROUP`).
//
// What a Guest sends lies in the hub until somebody who knows that all Guests have
// reached the same virtual time calls Deliver(). Then it goes to every other port, in the
// order of the ports and of sending. So which frame arrives when does not depend on which
// Guest ran first.
#ifndef LGX_DEVICES_NET_HUB_H_
#define LGX_DEVICES_NET_HUB_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_writer.h"
#include "base/types.h"
#include "devices/net_backend.h"

namespace lgx {

class NetHub {
 public:
  // What a port may have on its way in one direction; more is lost.
  static constexpr std::size_t kPortBytes = 16 << 20;

  explicit NetHub(const std::string& group);
  ~NetHub();

  // One more place to plug a card in. The hub owns it.
  NetBackend* AddPort();
  // Nobody is there any more: frames for this port are dropped.
  void Unplug(NetBackend* port);

  // Moves all frames sent since the last call. True if there were any.
  bool Deliver();

  void AppendState(ByteWriter* state) const;
  u64 lost() const { return lost_; }

 private:
  class Port;
  // Frames in order, of bounded size together.
  struct Line {
    std::deque<NetFrame> frames;
    std::size_t bytes = 0;
  };
  void Put(NetFrame frame, Line* line);

  std::string name_;
  std::vector<std::unique_ptr<Port>> ports_;
  u64 lost_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_NET_HUB_H_
