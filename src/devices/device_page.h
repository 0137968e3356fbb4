// The device page: how lguest tells a Guest which devices it has (guest-02 section 2).
//
// One page at the end of Guest RAM holds one descriptor after the other, without gaps or
// alignment; a type of 0 ends the list. There are two forms:
//
//   kArrays   2.6.25 to 3.19: type, number of queues, lengths, status; then arrays
//   kFields   2.6.24: type, length, status; then fields, each with a type and a length
//             (guest-04 section 5.1): one for each queue, then those of the device's
//             kind. The Launcher of that time offered no features, and nothing is
//             accepted.
#ifndef LGX_DEVICES_DEVICE_PAGE_H_
#define LGX_DEVICES_DEVICE_PAGE_H_

#include <vector>

#include "base/types.h"
#include "devices/device.h"

namespace lgx {

enum class DescriptorForm : u8 { kArrays, kFields };

// Offsets inside one descriptor, from its shape. With kArrays: 5 bytes, 8 for each queue,
// the offered features, the accepted features, the configuration. With kFields: 3 bytes,
// 10 for each queue, and the device's fields as `config`.
struct DescriptorLayout {
  static constexpr u32 kQueueBytes = 8;
  static constexpr u32 kFieldHeader = 2;  // type and length
  static constexpr u8 kQueueField = 2;    // the type of a queue's field
  static constexpr u8 kFieldSeen = 0x80;  // the Guest marks the types it has read

  DescriptorLayout(const DeviceShape& shape, DescriptorForm form);

  u32 status;
  u32 queues;
  u32 offered;
  u32 accepted;
  u32 accepted_bytes;
  u32 config;
  u32 size;
};

// With kFields the length of all fields is one byte, so that much is not every shape.
bool CanDescribe(const DeviceShape& shape, DescriptorForm form);

// Where one queue lies, as the descriptor says it.
struct QueuePlace {
  u16 entries = 0;
  u16 irq = 0;
  Gfn ring;
};

// The descriptor as the device side writes it: status 0, nothing accepted.
std::vector<u8> EncodeDescriptor(const DeviceShape& shape,
                                 const std::vector<QueuePlace>& queues,
                                 DescriptorForm form);

// Does `now` still hold what EncodeDescriptor wrote, apart from what belongs to the
// Guest: status, accepted features, configuration, marks on fields?
bool DescriptorIntact(const DeviceShape& shape, DescriptorForm form,
                      const std::vector<u8>& written, const std::vector<u8>& now);

}  // namespace lgx

#endif  // LGX_DEVICES_DEVICE_PAGE_H_
