// A Guest that does to the PCI bus whatever a string of bytes says: for the fuzzer, and
// for the worst of its strings as tests.
#ifndef LGX_TESTS_DEVICES_UGLY_PCI_GUEST_H_
#define LGX_TESTS_DEVICES_UGLY_PCI_GUEST_H_

#include <array>
#include <span>
#include <string>
#include <vector>

#include "devices/backend_buffer.h"
#include "devices/console.h"
#include "devices/rng.h"
#include "tests/devices/pci_rig.h"
#include "tests/devices/ugly_guest.h"

namespace lgx {

class UglyPciGuest {
 public:
  UglyPciGuest() {
    console_ = rig_.Add<Console>(terminal_);
    rig_.Add<Rng>(u64{1});
    rig_.Add<StandIn>(DeviceShape{kVirtioNet, "stand-in", {16}, {0, 0, 0, 0x11}, {1, 2}});
    rig_.bus.Finish();
  }

  void Step(UglySteps& in) {
    switch (in.Next<u8>() % 8) {
      case 0: {  // OUT
        const u16 port = static_cast<u16>(PciBus::kAddressPort + in.Next<u8>() % 8);
        const u32 width = Width(in);
        return rig_.Note(rig_.bus.WritePort(port, width, in.Next<u32>()));
      }
      case 1: {  // IN
        const u16 port = static_cast<u16>(PciBus::kAddressPort + in.Next<u8>() % 8);
        return Saw(rig_.bus.ReadPort(port, Width(in)));
      }
      case 2: {  // configuration write
        const u32 slot = in.Next<u8>() % 4;
        const u32 offset = in.Next<u8>();
        const u32 width = Width(in);
        return rig_.WriteConfig(slot, offset & ~(width - 1), width, in.Next<u32>());
      }
      case 3: {  // register write
        const u32 slot = 1 + in.Next<u8>() % 3;
        const u32 width = Width(in);
        const u32 offset = in.Next<u16>() % (kPageSize - 3);
        return rig_.Write(slot, offset, width, in.Next<u32>());
      }
      case 4: {  // register read
        const u32 slot = 1 + in.Next<u8>() % 3;
        const u32 width = Width(in);
        return Saw(rig_.Read(slot, in.Next<u16>() % (kPageSize - 3), width));
      }
      case 5: {  // memory
        const u32 at = in.Next<u32>() % (PciRig::kMem - 8);
        return rig_.memory.Store<u64>(at, in.Next<u64>());
      }
      case 6: {  // everything up to a running device whose queue 0 is anywhere
        const u32 slot = 1 + in.Next<u8>() % 3;
        const u32 queue = in.Next<u8>() % 3;
        const u32 size = in.Next<u16>();
        const u64 at = in.Next<u32>();
        rig_.Negotiate(slot);
        rig_.PlaceQueue(slot, queue, size, at, at + 0x1000, at + 0x2000);
        rig_.Write(slot, kRegQueueEnable, 2, 1);
        if (alive()) rig_.Go(slot);
        return;
      }
      default: {  // input
        std::vector<u8> bytes(in.Next<u8>());
        for (u8& byte : bytes) byte = in.Next<u8>();
        console_->QueueInput(bytes);
        return rig_.Note(console_->DeliverInput());
      }
    }
  }

  bool alive() const { return rig_.violation.empty(); }

  // What the devices hold; it has to stay small, whatever the Guest does.
  std::vector<u8> State() const {
    ByteWriter state;
    rig_.bus.AppendState(&state);
    state.U32(seen_);
    return state.Take();
  }
  // The console's text so far is no longer of interest.
  void ForgetOutput() { terminal_.TakeOutput(); }

  UglyEnd End() {
    UglyEnd end;
    end.violation = rig_.violation;
    end.state = State();
    end.output = terminal_.TakeOutput();
    end.irqs = rig_.irqs.raised;
    end.memory = rig_.memory.Get(0, PciRig::kMem + kPageSize);
    return end;
  }

 private:
  static u32 Width(UglySteps& in) { return 1u << in.Next<u8>() % 3; }
  void Saw(u32 value) { seen_ = seen_ * 31 + value; }

  BufferBackend terminal_;
  PciRig rig_;
  Console* console_;
  u32 seen_ = 0;  // of all that was read
};

// Each step is one byte, modulo 8, and its operands, little-endian; missing bytes are
// zeros. A width is one byte, modulo 3: 1, 2 or 4 bytes.
//   0 out         port u8 (modulo 8, from 0xcf8), width, value u32
//   1 in          port u8, width
//   2 config      slot u8 (modulo 4), offset u8 (aligned down), width, value u32
//   3 write       device u8 (modulo 3), width, register u16, value u32
//   4 read        device u8, width, register u16
//   5 store       address u32 (modulo memory), value u64
//   6 start       device u8, queue u8, size u16, ring u32
//   7 input       length u8, bytes            arrive at the console
// The first violation ends it, as it ends a Guest; so do 64 steps.
inline UglyEnd RunUglyPciGuest(std::span<const u8> steps) {
  UglyPciGuest guest;
  UglySteps in(steps);
  for (u32 i = 0; i < 64 && !in.empty() && guest.alive(); ++i) guest.Step(in);
  return guest.End();
}

// For the fuzzer, the same steps, and nothing kept.
inline void FuzzUglyPciGuest(std::span<const u8> steps) {
  constexpr std::size_t kMostState = 80 * 1024;  // the console keeps 64 KiB of input
  UglyPciGuest guest;
  UglySteps in(steps);
  for (u32 i = 0; i < 64 && !in.empty() && guest.alive(); ++i) {
    guest.Step(in);
    guest.ForgetOutput();
  }
  CHECK(guest.State().size() < kMostState) << "the devices grow";
}

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_UGLY_PCI_GUEST_H_
