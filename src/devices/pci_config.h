// The configuration space of one PCI function: 256 bytes, some bits of which the Guest
// may write (PCI Local Bus Specification 2.3, chapter 6).
//
// Nothing has an effect here. That a base address register answers a write of all ones
// with the size of its range follows from the bits that cannot be written.
#ifndef LGX_DEVICES_PCI_CONFIG_H_
#define LGX_DEVICES_PCI_CONFIG_H_

#include <array>
#include <span>

#include "base/types.h"

namespace lgx {

// Offsets in the header of a function that is no bridge.
namespace pci {
inline constexpr u32 kVendor = 0x00;
inline constexpr u32 kDevice = 0x02;
inline constexpr u32 kCommand = 0x04;
inline constexpr u32 kStatus = 0x06;
inline constexpr u32 kRevision = 0x08;
inline constexpr u32 kClass = 0x0a;  // the upper two of the three bytes of the class
inline constexpr u32 kBar0 = 0x10;
inline constexpr u32 kSubsystemVendor = 0x2c;
inline constexpr u32 kSubsystem = 0x2e;
inline constexpr u32 kCapabilities = 0x34;
inline constexpr u32 kInterruptLine = 0x3c;
inline constexpr u32 kInterruptPin = 0x3d;

inline constexpr u16 kCommandMemory = 0x0002;
inline constexpr u16 kCommandMaster = 0x0004;
inline constexpr u16 kCommandNoInterrupt = 0x0400;
inline constexpr u16 kStatusInterrupt = 0x0008;
inline constexpr u16 kStatusCapabilities = 0x0010;
}  // namespace pci

class PciConfig {
 public:
  static constexpr u32 kSize = 256;
  static constexpr u32 kHeader = 64;

  // All of it zero and read-only.
  PciConfig() = default;

  // The Guest's accesses: `width` 1, 2 or 4, inside the space. A write changes the bits
  // that may be written and leaves the others.
  u32 Read(u32 offset, u32 width) const;
  void Write(u32 offset, u32 width, u32 value);

  // The device's side: any value, and which bits the Guest may write.
  void Set(u32 offset, u32 width, u32 value);
  void Allow(u32 offset, u32 width, u32 mask);
  // Puts a capability at the front of the list: its id, the link, and `body`. Its offset.
  u32 AddCapability(u8 id, std::span<const u8> body);

  std::span<const u8> bytes() const { return bytes_; }
  // Takes over the bits that may be written, and the status register.
  void Restore(std::span<const u8> bytes);

 private:
  std::array<u8, kSize> bytes_{};
  std::array<u8, kSize> writable_{};
  u32 free_ = kHeader;
};

}  // namespace lgx

#endif  // LGX_DEVICES_PCI_CONFIG_H_
