// The networks of the Guests in this process: the hubs between them, and the far ends of
// one Guest's cards.
#ifndef LGX_MACHINE_NETWORKS_H_
#define LGX_MACHINE_NETWORKS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_writer.h"
#include "base/status.h"
#include "devices/backend_pcap.h"
#include "devices/net_hub.h"
#include "machine/config.h"

namespace lgx {

// The hubs of one process, by the name of their group.
class Networks {
 public:
  NetHub& HubOf(const std::string& group);
  // NetHub::Deliver() of all. True if there was anything.
  bool Deliver();
  void AppendState(ByteWriter* state) const;
  u64 lost() const;

 private:
  std::map<std::string, NetHub> hubs_;
};

// What the cards of one Guest are plugged into, from its first boot to its last.
class GuestCables {
 public:
  GuestCables() = default;
  ~GuestCables();
  GuestCables(const GuestCables&) = delete;
  GuestCables& operator=(const GuestCables&) = delete;

  // `networks` outlives the object.
  Status Open(const std::vector<MachineConfig::Net>& nets, Networks& networks);
  // In the order of the cards.
  const std::vector<NetBackend*>& backends() const { return backends_; }
  // Where the frames of each card are written to; null: nowhere.
  std::vector<PcapFile*> captures() const;

 private:
  struct Plug {
    NetHub* hub;
    NetBackend* port;
  };
  std::vector<std::unique_ptr<NetBackend>> owned_;
  std::vector<Plug> plugs_;
  std::vector<NetBackend*> backends_;
  std::vector<std::unique_ptr<PcapFile>> captures_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_NETWORKS_H_
