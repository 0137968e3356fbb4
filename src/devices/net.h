// The network card, eth0 in the Guest (type 1, guest-02 section 8).
#ifndef LGX_DEVICES_NET_H_
#define LGX_DEVICES_NET_H_

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/types.h"
#include "devices/device.h"
#include "devices/net_backend.h"

namespace lgx {

using MacAddress = std::array<u8, 6>;

// Feature bits of a network card.
inline constexpr u32 kNetCsum = 0;
inline constexpr u32 kNetGuestCsum = 1;
inline constexpr u32 kNetMac = 5;
inline constexpr u32 kNetGuestTso4 = 7;
inline constexpr u32 kNetGuestTso6 = 8;
inline constexpr u32 kNetGuestEcn = 9;
inline constexpr u32 kNetHostTso4 = 11;
inline constexpr u32 kNetHostTso6 = 12;
inline constexpr u32 kNetHostEcn = 13;
inline constexpr u32 kNetMergedBuffers = 15;
inline constexpr u32 kVirtioVersion1 = 32;

class Net : public Device {
 public:
  static constexpr u32 kReceiveQueue = 0;   // the Guest offers empty buffers
  static constexpr u32 kTransmitQueue = 1;  // the Guest offers frames
  // What waits for buffers of the Guest; more is not taken from the backend.
  static constexpr std::size_t kWaitingFrames = 256;
  static constexpr std::size_t kWaitingBytes = 4 << 20;

  struct Options {
    u32 index = 0;                  // for counters and messages
    std::optional<MacAddress> mac;  // nothing: the driver makes one up
    bool offload = true;            // unfinished frames, if the backend takes them
    // With them: a frame may fill several buffers. The original Launcher had no such
    // thing, but kernels without it have only buffers of 70 KiB, and 3.11.10 breaks
    // there.
    bool merge = true;
    NetHeaderFormat format = NetHeaderFormat::kLegacy;
  };

  // `backend` must outlive the device.
  Net(NetBackend& backend, const Options& options);

  // Hears of every frame that goes through the card, in either direction, as it is: a
  // checksum may be unfinished.
  void set_observer(std::function<void(const NetFrame&)> observer) {
    observer_ = std::move(observer);
  }

  [[nodiscard]] MaybeViolation Serve(u32 queue) override;

  // Frames for the Guest wait here until it has buffers. Who brings one asks for room
  // first. A card that is not running has room and loses them, as one without a driver
  // does.
  bool HasInputRoom() const {
    return waiting_.size() < kWaitingFrames && waiting_bytes_ < kWaitingBytes;
  }
  void QueueInput(NetFrame frame);
  // Hands waiting frames to the Guest, as far as it has buffers. Call after QueueInput.
  [[nodiscard]] MaybeViolation DeliverInput();

  void VisitStats(StatsVisitor& out) const override;

 protected:
  void OnReset() override;
  void AppendOwnState(ByteWriter* state) const override;
  void SaveOwnState(ByteWriter* out) const override;
  void LoadOwnState(ByteReader* in) override;

 private:
  [[nodiscard]] MaybeViolation ServeTransmit();
  [[nodiscard]] MaybeViolation TakeBuffers(std::size_t size);
  std::size_t BufferRoom() const;
  bool MayTakeMore() const;
  NetHeaderFormat Format() const;
  bool SendChain(const Chain& chain);
  bool Believes(const NetHeader& header, const NetFrame& frame) const;
  bool TakesSegments(u8 gso_type) const;
  void Wait(NetFrame frame);
  void LoadFrames(ByteReader* in);
  void LoadBuffers(ByteReader* in);
  void Fill(const NetFrame& frame);

  std::function<void(const NetFrame&)> observer_;
  NetBackend* backend_;
  u32 index_;
  NetHeaderFormat format_;
  std::deque<NetFrame> waiting_;
  std::size_t waiting_bytes_ = 0;
  // Buffers that were taken, and not filled because a frame did not fit.
  std::vector<Chain> buffers_;
  u64 sent_frames_ = 0, sent_bytes_ = 0, sent_dropped_ = 0;
  u64 received_frames_ = 0, received_bytes_ = 0, received_dropped_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_NET_H_
