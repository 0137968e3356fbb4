#include "devices/device_page.h"

#include <algorithm>

#include "base/byte_writer.h"

namespace lgx {

DescriptorLayout::DescriptorLayout(const DeviceShape& shape) {
  const u32 feature_bytes = static_cast<u32>(shape.features.size());
  offered = kQueues + kQueueBytes * static_cast<u32>(shape.queue_sizes.size());
  accepted = offered + feature_bytes;
  config = accepted + feature_bytes;
  size = config + static_cast<u32>(shape.config.size());
}

//: devices.010 A page that lists the devices
// A PC is asked for its hardware at a thousand ports. Here the Launcher writes a list and
// puts it where memory ends. One short record per device: its kind, its queues and their
// interrupts, what it offers, what the driver accepted, a few bytes of its own, and one
// status byte that the driver writes. A record of kind 0 ends the list.
//:
std::vector<u8> EncodeDescriptor(const DeviceShape& shape,
                                 const std::vector<QueuePlace>& queues) {
  ByteWriter out;
  out.U8(shape.type);
  out.U8(static_cast<u8>(queues.size()));
  out.U8(static_cast<u8>(shape.features.size()));
  out.U8(static_cast<u8>(shape.config.size()));
  out.U8(0);  // status
  for (const QueuePlace& queue : queues) {
    out.U16(queue.entries);
    out.U16(queue.irq);
    out.U32(queue.ring.value);
  }
  out.Bytes(shape.features);
  out.Bytes(std::vector<u8>(shape.features.size(), 0));  // accepted
  out.Bytes(shape.config);
  return out.Take();
}

bool DescriptorIntact(const DeviceShape& shape, const std::vector<u8>& written,
                      const std::vector<u8>& now) {
  const DescriptorLayout layout(shape);
  const auto same = [&](u32 begin, u32 end) {
    return std::equal(written.begin() + begin, written.begin() + end,
                      now.begin() + begin);
  };
  return same(0, DescriptorLayout::kStatus) &&
         same(DescriptorLayout::kQueues, layout.accepted);
}

}  // namespace lgx
