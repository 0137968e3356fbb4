#include "devices/port_map.h"

namespace lgx {

void PortMap::Add(u16 first, u16 count, PortWidth width, PortDevice* device) {
  ranges_.push_back(Range{first, count, width, device});
}

const PortMap::Range* PortMap::Find(u16 port) const {
  for (const Range& range : ranges_) {
    if (static_cast<u16>(port - range.first) < range.count) return &range;
  }
  return nullptr;
}

u32 PortMap::In(u16 port, u32 bytes) {
  const Range* range = Find(port);
  if (range != nullptr && (bytes == 1 || range->width == PortWidth::kWhole)) {
    return range->device->In(port, bytes);
  }
  if (bytes == 1) return 0xff;
  u32 value = 0;
  for (u32 i = 0; i < bytes; ++i) {
    value |= (In(static_cast<u16>(port + i), 1) & 0xff) << (8 * i);
  }
  return value;
}

void PortMap::Out(u16 port, u32 bytes, u32 value) {
  const Range* range = Find(port);
  if (range != nullptr && (bytes == 1 || range->width == PortWidth::kWhole)) {
    range->device->Out(port, bytes, value);
    return;
  }
  if (bytes == 1) return;
  for (u32 i = 0; i < bytes; ++i) {
    Out(static_cast<u16>(port + i), 1, (value >> (8 * i)) & 0xff);
  }
}

}  // namespace lgx
