#include "devices/pci_config.h"

#include <algorithm>

#include "base/bits.h"
#include "base/check.h"

namespace lgx {

u32 PciConfig::Read(u32 offset, u32 width) const {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  u32 value = 0;
  for (u32 i = 0; i < width; ++i) value |= u32{bytes_[offset + i]} << (8 * i);
  return value;
}

void PciConfig::Write(u32 offset, u32 width, u32 value) {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  for (u32 i = 0; i < width; ++i) {
    u8& byte = bytes_[offset + i];
    const u8 mask = writable_[offset + i];
    byte = static_cast<u8>((byte & ~mask) | ((value >> (8 * i)) & mask));
  }
}

void PciConfig::Set(u32 offset, u32 width, u32 value) {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  for (u32 i = 0; i < width; ++i) bytes_[offset + i] = static_cast<u8>(value >> (8 * i));
}

void PciConfig::Allow(u32 offset, u32 width, u32 mask) {
  CHECK(width <= 4 && offset <= kSize - width) << offset << ", " << width << " bytes";
  for (u32 i = 0; i < width; ++i) {
    writable_[offset + i] = static_cast<u8>(mask >> (8 * i));
  }
}

u32 PciConfig::AddCapability(u8 id, std::span<const u8> body) {
  const u32 at = free_;
  const u32 size = AlignUp<u32>(static_cast<u32>(body.size()) + 2, 4);
  CHECK(size <= kSize - at) << "no room for a capability of " << body.size() << " bytes";
  bytes_[at] = id;
  bytes_[at + 1] = bytes_[pci::kCapabilities];
  std::copy(body.begin(), body.end(), bytes_.begin() + at + 2);
  bytes_[pci::kCapabilities] = static_cast<u8>(at);
  free_ = at + size;
  return at;
}

void PciConfig::Restore(std::span<const u8> bytes) {
  CHECK(bytes.size() == kSize) << bytes.size() << " bytes";
  for (u32 i = 0; i < kSize; ++i) {
    const u8 mask = i == pci::kStatus ? u8{pci::kStatusInterrupt} : writable_[i];
    bytes_[i] = static_cast<u8>((bytes_[i] & ~mask) | (bytes[i] & mask));
  }
}

}  // namespace lgx
