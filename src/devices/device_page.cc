#include "devices/device_page.h"

#include <algorithm>

#include "base/byte_writer.h"

namespace lgx {

namespace {

void PutQueue(ByteWriter& out, const QueuePlace& queue) {
  out.U16(queue.entries);
  out.U16(queue.irq);
  out.U32(queue.ring.value);
}

std::vector<u8> EncodeFields(const DeviceShape& shape,
                             const std::vector<QueuePlace>& queues) {
  const DescriptorLayout layout(shape, DescriptorForm::kFields);
  ByteWriter out;
  out.U8(shape.type);
  out.U8(static_cast<u8>(layout.size - layout.queues));
  out.U8(0);  // status
  for (const QueuePlace& queue : queues) {
    out.U8(DescriptorLayout::kQueueField);
    out.U8(DescriptorLayout::kQueueBytes);
    PutQueue(out, queue);
  }
  for (const DeviceField& field : shape.fields) {
    out.U8(field.type);
    out.U8(static_cast<u8>(field.bytes.size()));
    out.Bytes(field.bytes);
  }
  return out.Take();
}

u32 FieldBytes(const DeviceShape& shape) {
  std::size_t bytes = 0;
  for (const DeviceField& field : shape.fields) {
    bytes += DescriptorLayout::kFieldHeader + field.bytes.size();
  }
  return static_cast<u32>(bytes);
}

}  // namespace

DescriptorLayout::DescriptorLayout(const DeviceShape& shape, DescriptorForm form) {
  const bool fields = form == DescriptorForm::kFields;
  const u32 count = static_cast<u32>(shape.queue_sizes.size());
  status = fields ? 2 : 4;
  queues = status + 1;
  offered = queues + (kQueueBytes + (fields ? kFieldHeader : 0)) * count;
  accepted_bytes = fields ? 0 : static_cast<u32>(shape.features.size());
  accepted = offered + accepted_bytes;
  config = accepted + accepted_bytes;
  size = config + (fields ? FieldBytes(shape) : static_cast<u32>(shape.config.size()));
}

bool CanDescribe(const DeviceShape& shape, DescriptorForm form) {
  if (form == DescriptorForm::kArrays) return true;
  const DescriptorLayout layout(shape, form);
  constexpr u32 kLongest = 255;  // the length of all fields is one byte
  return layout.size - layout.queues <= kLongest;
}

//: devices.010 A page that lists the devices
// A PC is asked for its hardware at a thousand ports. Here the Launcher writes a list and
// puts it where memory ends. One short record per device: its kind, its queues and their
// interrupts, what it offers, what the driver accepted, a few bytes of its own, and one
// status byte that the driver writes. A record of kind 0 ends the list.
//:
std::vector<u8> EncodeDescriptor(const DeviceShape& shape,
                                 const std::vector<QueuePlace>& queues,
                                 DescriptorForm form) {
  if (form == DescriptorForm::kFields) return EncodeFields(shape, queues);
  ByteWriter out;
  out.U8(shape.type);
  out.U8(static_cast<u8>(queues.size()));
  out.U8(static_cast<u8>(shape.features.size()));
  out.U8(static_cast<u8>(shape.config.size()));
  out.U8(0);  // status
  for (const QueuePlace& queue : queues) PutQueue(out, queue);
  out.Bytes(shape.features);
  out.Bytes(std::vector<u8>(shape.features.size(), 0));  // accepted
  out.Bytes(shape.config);
  return out.Take();
}

bool DescriptorIntact(const DeviceShape& shape, DescriptorForm form,
                      const std::vector<u8>& written, const std::vector<u8>& now) {
  const DescriptorLayout layout(shape, form);
  const auto same = [&](u32 begin, u32 end) {
    return std::equal(written.begin() + begin, written.begin() + end,
                      now.begin() + begin);
  };
  if (form == DescriptorForm::kArrays) {
    return same(0, layout.status) && same(layout.queues, layout.accepted);
  }
  if (!same(0, layout.status)) return false;
  constexpr u32 kField = DescriptorLayout::kFieldHeader + DescriptorLayout::kQueueBytes;
  for (u32 at = layout.queues; at < layout.config; at += kField) {
    if ((now[at] & ~DescriptorLayout::kFieldSeen) != written[at]) return false;
    if (!same(at + 1, at + kField)) return false;
  }
  return true;
}

}  // namespace lgx
