// A network card between a Guest that writes anything into its rings and a cable that
// brings anything: no crash, no endless loop, no growth. One byte says what happens next,
// the following ones how.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log.h"
#include "devices/net.h"
#include "tests/devices/fake_net.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x12000;
constexpr u32 kReceiveRing = kMem + 0x1000;
constexpr u32 kTransmitRing = kMem + 0x4000;

class Input {
 public:
  explicit Input(std::span<const u8> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  template <typename T>
  T Next() {
    u8 value[sizeof(T)] = {};
    const std::size_t count = std::min(bytes_.size(), sizeof value);
    std::copy_n(bytes_.begin(), count, value);
    bytes_ = bytes_.subspan(count);
    return LoadLe<T>(value);
  }
  std::span<const u8> Take(std::size_t count) {
    const auto part = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(part.size());
    return part;
  }

 private:
  std::span<const u8> bytes_;
};

class CardRun {
 public:
  CardRun(bool unfinished, NetHeaderFormat format) : fake_(unfinished), rig_(kMem) {
    Net::Options options;
    options.format = format;
    net_ = rig_.Add<Net>(fake_, options);
    rig_.Finish();
  }

  // What waits for the Guest is bounded, whatever arrives.
  void CheckState() const {
    ByteWriter state;
    net_->AppendState(&state);
    CHECK(state.size() < Net::kWaitingBytes + kMaxSegments * kMaxFrame) << "it grows";
  }

  // False: the Guest broke the rules, and the run is over.
  bool Step(Input& in) {
    RingDriver& ring = in.Next<u8>() % 2 != 0 ? transmit_ : receive_;
    switch (in.Next<u8>() % 8) {
      case 0:
        return Start(in);
      case 1:
        ring.Descriptor(in.Next<u8>(), in.Next<u32>() % (kMem + 0x8000), in.Next<u16>(),
                        in.Next<u8>() % 8, in.Next<u16>());
        return true;
      case 2:
        ring.Announce(in.Next<u8>());
        return true;
      case 3:
        return Serve(kReceiveRing) && Serve(kTransmitRing);
      case 4:
        return Arrive(in);
      case 5:
        ring.set_available_index(in.Next<u16>());
        return true;
      case 6: {
        const auto bytes = in.Take(in.Next<u8>());
        rig_.memory.Put(0x1000 + in.Next<u16>(),
                        {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        return true;
      }
      default:
        fake_.sent.clear();
        return true;
    }
  }

 private:
  bool Serve(u32 ring) {
    return rig_.bus.HandleNotify(ring).kind != NotifyResult::Kind::kViolation;
  }
  bool Start(Input& in) {
    rig_.memory.Store<u8>(kMem + 4, 0);
    if (!Serve(kMem)) return false;
    rig_.memory.Store<u32>(kMem + 5 + 16 + 4, in.Next<u32>());
    rig_.memory.Store<u8>(kMem + 4, 7);
    return Serve(kMem);
  }
  bool Arrive(Input& in) {
    NetFrame frame;
    frame.header = {in.Next<u8>(),  in.Next<u8>(),  in.Next<u16>(),
                    in.Next<u16>(), in.Next<u16>(), in.Next<u16>()};
    const std::size_t size = in.Next<u16>() + in.Next<u8>();
    const auto bytes = in.Take(in.Next<u8>());
    frame.bytes.assign(bytes.begin(), bytes.end());
    if (size % 2 != 0) frame.bytes.resize(size);
    const bool room = net_->HasInputRoom();
    if (room) net_->QueueInput(std::move(frame));
    return !net_->DeliverInput().has_value();
  }

  FakeNet fake_;
  DeviceRig rig_;
  Net* net_;
  RingDriver receive_{rig_.memory, RingLayout::Contiguous(Gpa(kReceiveRing), 256)};
  RingDriver transmit_{rig_.memory, RingLayout::Contiguous(Gpa(kTransmitRing), 256)};
};

}  // namespace
}  // namespace lgx

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::SetLogLevel(lgx::LogLevel::kError);
  lgx::Input in(std::span(data, size));
  const lgx::u8 kind = in.Next<lgx::u8>();
  lgx::CardRun run(kind % 2 != 0, static_cast<lgx::NetHeaderFormat>(kind / 2 % 3));
  for (int i = 0; i < 64 && !in.empty() && run.Step(in); ++i) {
  }
  run.CheckState();
  return 0;
}
