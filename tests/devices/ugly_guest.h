// A Guest that does to its devices whatever a string of bytes says: for the fuzzer, and
// for the worst of its strings as tests.
#ifndef LGX_TESTS_DEVICES_UGLY_GUEST_H_
#define LGX_TESTS_DEVICES_UGLY_GUEST_H_

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"
#include "devices/backend_buffer.h"
#include "devices/console.h"
#include "devices/rng.h"
#include "tests/devices/ring_harness.h"

namespace lgx {

struct UglyEnd {
  std::string violation;  // empty if the Guest lived to the end
  std::string early_text;
  std::string output;  // of the console
  std::vector<u32> irqs;
  std::vector<u8> state;  // of all devices
  std::string memory;
};

// Bytes of a step; zeros after the end.
class UglySteps {
 public:
  explicit UglySteps(std::span<const u8> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  template <typename T>
  T Next() {
    u8 value[sizeof(T)] = {};
    const std::size_t count = std::min(bytes_.size(), sizeof value);
    std::copy_n(bytes_.begin(), count, value);
    bytes_ = bytes_.subspan(count);
    return LoadLe<T>(value);
  }

 private:
  std::span<const u8> bytes_;
};

class UglyGuest {
 public:
  static constexpr u32 kRings = 4;  // console input and output, rng, stand-in

  // Steps name a ring modulo `count`, counted from `first`.
  explicit UglyGuest(u32 first = 0, u32 count = kRings)
      : rig_(kMem), first_(first), count_(count) {
    console_ = rig_.Add<Console>(terminal_);
    rig_.Add<Rng>(u64{1});
    rig_.Add<StandIn>(DeviceShape{kVirtioNet, "stand-in", {16}, {0, 0, 0, 0x11}, {1, 2}});
    rig_.Finish();
    descriptors_ = {kMem, kMem + 21, kMem + 21 + 13};
    for (u32 i = 0; i < kRings; ++i) {
      const u16 size = i == 3 ? 16 : kRingEntries;
      rings_[i] = RingLayout::Contiguous(Gpa(kMem + kPageSize + 3 * kPageSize * i), size);
    }
  }

  void Step(UglySteps& in) {
    switch (in.Next<u8>() % 8) {
      case 0:
        return Store(in);
      case 1:
        return Descriptor(in);
      case 2: {
        RingDriver driver = NextDriver(in);
        return driver.Announce(in.Next<u16>());
      }
      case 3: {
        RingDriver driver = NextDriver(in);
        return driver.set_available_index(in.Next<u16>());
      }
      case 4:
        return Notify(NextRing(in).descriptors.value);
      case 5:
        return Notify(in.Next<u32>());
      case 6:
        return Status(in);
      default:
        return Input(in);
    }
  }

  bool alive() const { return end_.violation.empty(); }

  // What the devices hold; it has to stay small, whatever the Guest does.
  std::vector<u8> State() const {
    ByteWriter state;
    rig_.bus.AppendState(&state);
    return state.Take();
  }
  // The console's text so far is no longer of interest.
  void ForgetOutput() {
    terminal_.TakeOutput();
    end_.early_text.clear();
  }

  UglyEnd End() {
    end_.state = State();
    end_.output = terminal_.TakeOutput();
    end_.irqs = rig_.irqs.raised;
    end_.memory = rig_.memory.Get(0, rig_.bus.guest_limit().value);
    return std::move(end_);
  }

 private:
  static constexpr u32 kMem = 4 * kPageSize;
  static constexpr u32 kDevices = 3;

  const RingLayout& NextRing(UglySteps& in) const {
    return rings_[first_ + in.Next<u8>() % count_];
  }
  RingDriver NextDriver(UglySteps& in) { return RingDriver(rig_.memory, NextRing(in)); }
  void Store(UglySteps& in) {
    const u32 at = in.Next<u32>() % (rig_.bus.guest_limit().value - 8);
    rig_.memory.Store<u64>(at, in.Next<u64>());
  }
  void Descriptor(UglySteps& in) {
    const RingLayout& ring = NextRing(in);
    const u32 index = in.Next<u8>() % ring.size;
    const u64 addr = in.Next<u64>();
    const u32 len = in.Next<u32>();
    const u16 flags = in.Next<u16>();
    RingDriver(rig_.memory, ring).Descriptor(index, addr, len, flags, in.Next<u16>());
  }
  void Status(UglySteps& in) {
    const u32 descriptor = descriptors_[in.Next<u8>() % kDevices];
    rig_.memory.Store<u8>(descriptor + 4, in.Next<u8>());
    Notify(descriptor);
  }
  void Input(UglySteps& in) {
    std::vector<u8> bytes(in.Next<u8>());
    for (u8& byte : bytes) byte = in.Next<u8>();
    console_->QueueInput(bytes);
    Note(console_->DeliverInput());
  }
  void Notify(u32 address) {
    const NotifyResult result = rig_.bus.HandleNotify(address);
    end_.early_text += result.text;
    Note(result.violation);
  }
  void Note(const MaybeViolation& violation) {
    if (violation) end_.violation = violation->ToString();
  }

  BufferBackend terminal_;
  DeviceRig rig_;
  u32 first_;
  u32 count_;
  Console* console_;
  std::array<u32, kDevices> descriptors_;
  std::array<RingLayout, kRings> rings_;
  UglyEnd end_;
};

// Each step is one byte, modulo 8, and its operands, little-endian; missing bytes are
// zeros.
//   0 store       address u32 (modulo memory), value u64
//   1 descriptor  ring u8, index u8, address u64, length u32, flags u16, next u16
//   2 announce    ring u8, head u16
//   3 index       ring u8, available index u16
//   4 ring        ring u8                     NOTIFY its address
//   5 notify      address u32
//   6 status      device u8, status u8        write it and NOTIFY
//   7 input       length u8, bytes            arrive at the console
// The first violation ends it, as it ends a Guest; so do 64 steps.
inline UglyEnd RunUglyGuest(std::span<const u8> steps) {
  UglyGuest guest;
  UglySteps in(steps);
  for (u32 i = 0; i < 64 && !in.empty() && guest.alive(); ++i) guest.Step(in);
  return guest.End();
}

// For the fuzzer, the same steps with `count` rings from `first` on, and nothing kept.
inline void FuzzUglyGuest(std::span<const u8> steps, u32 first, u32 count) {
  constexpr std::size_t kMostState = 80 * 1024;  // the console keeps 64 KiB of input
  UglyGuest guest(first, count);
  UglySteps in(steps);
  for (u32 i = 0; i < 64 && !in.empty() && guest.alive(); ++i) {
    guest.Step(in);
    guest.ForgetOutput();
  }
  CHECK(guest.State().size() < kMostState) << "the devices grow";
}

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_UGLY_GUEST_H_
