// The Guest's side of the PCI bus, for tests without a Guest: ports, device memory, and
// what a driver of virtio 1.0 does with them.
#ifndef LGX_TESTS_DEVICES_PCI_RIG_H_
#define LGX_TESTS_DEVICES_PCI_RIG_H_

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "devices/pci_bus.h"
#include "tests/devices/ring_harness.h"

namespace lgx {

// Registers behind BAR 0, as virtio 1.0 section 4.1.4.3 has them, and the layout of
// virtio_pci.h.
inline constexpr u32 kRegOfferedSelect = 0x00;
inline constexpr u32 kRegOffered = 0x04;
inline constexpr u32 kRegAcceptedSelect = 0x08;
inline constexpr u32 kRegAccepted = 0x0c;
inline constexpr u32 kRegMsixConfig = 0x10;
inline constexpr u32 kRegNumQueues = 0x12;
inline constexpr u32 kRegStatus = 0x14;
inline constexpr u32 kRegGeneration = 0x15;
inline constexpr u32 kRegQueueSelect = 0x16;
inline constexpr u32 kRegQueueSize = 0x18;
inline constexpr u32 kRegQueueMsix = 0x1a;
inline constexpr u32 kRegQueueEnable = 0x1c;
inline constexpr u32 kRegNotifyOff = 0x1e;
inline constexpr u32 kRegDescriptors = 0x20;
inline constexpr u32 kRegAvailable = 0x28;
inline constexpr u32 kRegUsed = 0x30;
inline constexpr u32 kRegNotify = 0x38;
inline constexpr u32 kRegIsr = 0x3a;
inline constexpr u32 kRegDevice = 0x3c;

// Where a test's ring of up to 256 entries lies, part by part in no usual order.
inline RingLayout ScatteredRing(u32 at, u16 size) {
  return RingLayout{size, Gpa(at + 0x1000), Gpa(at + 0x0c02), Gpa(at + 0x0004)};
}

class PciRig {
 public:
  static constexpr u32 kMem = 0x00020000;

  PciRig()
      : memory(kMem / kPageSize + PciBus::kExtraPages), bus(memory.view, irqs, kMem) {}

  template <typename T, typename... Args>
  T* Add(Args&&... args) {
    auto device = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = device.get();
    CHECK(bus.AddDevice(std::move(device)).ok());
    return raw;
  }

  // ---- configuration space
  u32 ReadConfig(u32 slot, u32 offset, u32 width = 4) {
    Note(bus.WritePort(PciBus::kAddressPort, 4,
                       0x80000000 | slot << 11 | (offset & 0xfc)));
    return bus.ReadPort(static_cast<u16>(PciBus::kDataPort + (offset & 3)), width);
  }
  void WriteConfig(u32 slot, u32 offset, u32 width, u32 value) {
    Note(bus.WritePort(PciBus::kAddressPort, 4,
                       0x80000000 | slot << 11 | (offset & 0xfc)));
    Note(bus.WritePort(static_cast<u16>(PciBus::kDataPort + (offset & 3)), width, value));
  }
  // The capability of a cfg_type, found by walking the list; 0 if there is none.
  u32 FindCapability(u32 slot, u8 type) {
    u32 at = ReadConfig(slot, pci::kCapabilities, 1);
    for (u32 left = 48; at != 0 && left != 0; --left) {
      if (ReadConfig(slot, at, 1) == 0x09 && ReadConfig(slot, at + 3, 1) == type)
        return at;
      at = ReadConfig(slot, at + 1, 1);
    }
    return 0;
  }
  void Enable(u32 slot) { WriteConfig(slot, pci::kCommand, 2, 0x0006); }

  // ---- registers, of an enabled device
  Gpa Register(u32 slot, u32 offset) {
    return Gpa(ReadConfig(slot, pci::kBar0) + offset);
  }
  u32 Read(u32 slot, u32 offset, u32 width) {
    return bus.ReadMemory(Register(slot, offset), width);
  }
  void Write(u32 slot, u32 offset, u32 width, u32 value) {
    Note(bus.WriteMemory(Register(slot, offset), width, value));
  }

  // ---- what a driver does
  u64 Offered(u32 slot) {
    Write(slot, kRegOfferedSelect, 4, 1);
    const u64 high = Read(slot, kRegOffered, 4);
    Write(slot, kRegOfferedSelect, 4, 0);
    return high << 32 | Read(slot, kRegOffered, 4);
  }
  void Accept(u32 slot, u64 features) {
    for (const u32 half : {0u, 1u}) {
      Write(slot, kRegAcceptedSelect, 4, half);
      Write(slot, kRegAccepted, 4, static_cast<u32>(features >> (32 * half)));
    }
  }
  // Up to the moment before the queues.
  void Negotiate(u32 slot) {
    Enable(slot);
    for (const u32 status : {0u, 1u, 3u}) Write(slot, kRegStatus, 1, status);
    Accept(slot, Offered(slot));
    Write(slot, kRegStatus, 1, 11);
  }
  void PlaceQueue(u32 slot, u32 queue, u32 size, u64 descriptors, u64 available,
                  u64 used) {
    Write(slot, kRegQueueSelect, 2, queue);
    Write(slot, kRegQueueSize, 2, size);
    const u64 addresses[] = {descriptors, available, used};
    for (u32 i = 0; i < 3; ++i) {
      Write(slot, kRegDescriptors + 8 * i, 4, static_cast<u32>(addresses[i]));
      Write(slot, kRegDescriptors + 8 * i + 4, 4, static_cast<u32>(addresses[i] >> 32));
    }
  }
  void SetQueue(u32 slot, u32 queue, const RingLayout& ring) {
    PlaceQueue(slot, queue, ring.size, ring.descriptors.value, ring.available.value,
               ring.used.value);
    Write(slot, kRegQueueEnable, 2, 1);
  }
  void Go(u32 slot) { Write(slot, kRegStatus, 1, 15); }
  void Notify(u32 slot, u32 queue) { Write(slot, kRegNotify, 2, queue); }

  // The first violation, or "".
  std::string violation;
  void Note(const MaybeViolation& bad) {
    if (bad && violation.empty()) violation = bad->ToString();
  }

  TestMemory memory;
  RecordedIrqs irqs;
  PciBus bus;
};

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_PCI_RIG_H_
