#include "devices/net_hub.h"

#include <utility>

namespace lgx {

class NetHub::Port final : public NetBackend {
 public:
  explicit Port(NetHub& hub) : hub_(hub) {}

  const char* name() const override { return hub_.name_.c_str(); }
  bool TakesUnfinished() const override { return true; }
  void Send(NetFrame frame) override { hub_.Put(std::move(frame), &sent); }
  bool Receive(NetFrame* frame) override {
    if (arrived.frames.empty()) return false;
    *frame = std::move(arrived.frames.front());
    arrived.frames.pop_front();
    arrived.bytes -= frame->bytes.size();
    return true;
  }
  // Others on the hub send in virtual time; nobody outside does.
  bool MayReceive() override { return false; }
  void PrepareWait(std::vector<WaitFd>*, u64*) override {}

  Line sent;
  Line arrived;
  bool plugged = true;

 private:
  NetHub& hub_;
};

NetHub::NetHub(const std::string& group) : name_("virtual " + group) {}
NetHub::~NetHub() = default;

NetBackend* NetHub::AddPort() {
  ports_.push_back(std::make_unique<Port>(*this));
  return ports_.back().get();
}

void NetHub::Unplug(NetBackend* port) {
  for (const auto& candidate : ports_) {
    if (candidate.get() != port) continue;
    candidate->plugged = false;
    candidate->arrived = Line();
  }
}

void NetHub::Put(NetFrame frame, Line* line) {
  if (frame.bytes.size() > kPortBytes - line->bytes) {
    ++lost_;
    return;
  }
  line->bytes += frame.bytes.size();
  line->frames.push_back(std::move(frame));
}

//: devices.090 Frames between Guests
// Two Guests in one process run one after the other, a short piece of virtual time each.
// If a frame went over at once, the Guest that runs second would get it early and the
// first one late, and the order of running would be something a Guest could measure. So
// frames wait until everybody has reached the end of the piece, and then all of them
// arrive together.
//:
bool NetHub::Deliver() {
  bool any = false;
  for (const auto& from : ports_) {
    Line sent = std::exchange(from->sent, Line());
    any = any || !sent.frames.empty();
    for (NetFrame& frame : sent.frames) {
      Port* last = nullptr;  // gets the original, the others get copies
      for (const auto& to : ports_) {
        if (to == from || !to->plugged) continue;
        if (last != nullptr) Put(frame, &last->arrived);
        last = to.get();
      }
      if (last != nullptr) Put(std::move(frame), &last->arrived);
    }
  }
  return any;
}

void NetHub::AppendState(ByteWriter* state) const {
  for (const auto& port : ports_) {
    for (const Line* line : {&port->sent, &port->arrived}) {
      state->U32(static_cast<u32>(line->frames.size()));
      for (const NetFrame& frame : line->frames) {
        u8 header[kMaxNetHeader];
        EncodeNetHeader(frame.header, NetHeaderFormat::kMerged, header);
        state->Bytes(header);
        state->U32(static_cast<u32>(frame.bytes.size()));
        state->Bytes(frame.bytes);
      }
    }
  }
}

}  // namespace lgx
