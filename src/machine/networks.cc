#include "machine/networks.h"

#include <utility>

#include "devices/backend_net_fd_posix.h"
#include "devices/backend_net_tap_posix.h"
#include "devices/backend_net_user.h"

namespace lgx {
namespace {

// A card that nothing is plugged into.
class NoCable final : public NetBackend {
 public:
  const char* name() const override { return "none"; }
  bool TakesUnfinished() const override { return false; }
  void Send(NetFrame) override {}
  bool Receive(NetFrame*) override { return false; }
  bool MayReceive() override { return false; }
  void PrepareWait(std::vector<WaitFd>*, u64*) override {}
};

// A rule as the config has it, already checked: tcp:[ADDRESS:]2222:22.
PortForward ParseForward(std::string_view text) {
  PortForward forward;
  forward.udp = text.starts_with("udp");
  text.remove_prefix(4);
  const size_t last = text.rfind(':');
  const auto port = [](std::string_view number) {
    return static_cast<u16>(ParseNumber(number).value_or(0));
  };
  forward.guest_port = port(text.substr(last + 1));
  text = text.substr(0, last);
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    forward.host_address = ParseIpv4(text.substr(0, colon)).value_or(0);
    text.remove_prefix(colon + 1);
  }
  forward.host_port = port(text);
  return forward;
}

StatusOr<std::unique_ptr<NetBackend>> OpenBackend(const MachineConfig::Net& net) {
  using Backend = MachineConfig::Net::Backend;
  switch (net.backend) {
    case Backend::kUser: {
      UserNetOptions options;
      for (const std::string& rule : net.forward) {
        options.forwards.push_back(ParseForward(rule));
      }
      options.hostname = net.hostname;
      options.restricted = net.restricted;
      return MakeUserNet(options);
    }
    case Backend::kTap:
      return OpenTap({net.interface, net.address, net.bridge});
    case Backend::kFd:
      return FdNet::ForDescriptor(net.fd);
    default:
      return std::unique_ptr<NetBackend>(std::make_unique<NoCable>());
  }
}

}  // namespace

NetHub& Networks::HubOf(const std::string& group) {
  return hubs_.try_emplace(group, group).first->second;
}

bool Networks::Deliver() {
  bool any = false;
  for (auto& [group, hub] : hubs_) any = hub.Deliver() || any;
  return any;
}

void Networks::AppendState(ByteWriter* state) const {
  for (const auto& [group, hub] : hubs_) {
    state->String(group);
    hub.AppendState(state);
  }
}

u64 Networks::lost() const {
  u64 lost = 0;
  for (const auto& [group, hub] : hubs_) lost += hub.lost();
  return lost;
}

GuestCables::~GuestCables() {
  for (const Plug& plug : plugs_) plug.hub->Unplug(plug.port);
}

Status GuestCables::Open(const std::vector<MachineConfig::Net>& nets,
                         Networks& networks) {
  using Backend = MachineConfig::Net::Backend;
  for (const MachineConfig::Net& net : nets) {
    captures_.emplace_back();
    if (!net.capture.empty()) {
      StatusOr<std::unique_ptr<PcapFile>> file = PcapFile::Create(net.capture);
      if (!file.ok()) return file.status();
      captures_.back() = *std::move(file);
    }
    if (net.backend == Backend::kVirtual) {
      NetHub& hub = networks.HubOf(net.group);
      plugs_.push_back({&hub, hub.AddPort()});
      backends_.push_back(plugs_.back().port);
      continue;
    }
    StatusOr<std::unique_ptr<NetBackend>> opened = OpenBackend(net);
    if (!opened.ok()) return opened.status();
    backends_.push_back(opened->get());
    owned_.push_back(*std::move(opened));
  }
  return absl::OkStatus();
}

std::vector<PcapFile*> GuestCables::captures() const {
  std::vector<PcapFile*> files;
  for (const std::unique_ptr<PcapFile>& file : captures_) files.push_back(file.get());
  return files;
}

}  // namespace lgx
