// The device page: how lguest tells a Guest which devices it has (guest-02 section 2).
//
// One page at the end of Guest RAM holds one descriptor after the other, without gaps or
// alignment; a type of 0 ends the list. Kernels 2.6.25 to 3.19 read this form.
#ifndef LGX_DEVICES_DEVICE_PAGE_H_
#define LGX_DEVICES_DEVICE_PAGE_H_

#include <vector>

#include "base/types.h"
#include "devices/device.h"

namespace lgx {

// Offsets inside one descriptor, from its shape: 5 bytes, 8 for each queue, the offered
// features, the accepted features, the configuration.
struct DescriptorLayout {
  static constexpr u32 kStatus = 4;
  static constexpr u32 kQueues = 5;
  static constexpr u32 kQueueBytes = 8;

  explicit DescriptorLayout(const DeviceShape& shape);

  u32 offered;
  u32 accepted;
  u32 config;
  u32 size;
};

// Where one queue lies, as the descriptor says it.
struct QueuePlace {
  u16 entries = 0;
  u16 irq = 0;
  Gfn ring;
};

// The descriptor as the device side writes it: status 0, nothing accepted.
std::vector<u8> EncodeDescriptor(const DeviceShape& shape,
                                 const std::vector<QueuePlace>& queues);

// Does `now` still hold what EncodeDescriptor wrote, apart from the fields that belong to
// the Guest: status, accepted features, configuration?
bool DescriptorIntact(const DeviceShape& shape, const std::vector<u8>& written,
                      const std::vector<u8>& now);

}  // namespace lgx

#endif  // LGX_DEVICES_DEVICE_PAGE_H_
