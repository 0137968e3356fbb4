// The common configuration of a virtio 1.0 device: 56 bytes of registers by which a
// driver negotiates features, chooses its rings and starts the device (virtio 1.0 section
// 4.1.4.3).
//
// A driver cannot be trusted to keep the order. What each register answers to a driver
// that does not:
//
//   a field of another width, or a read-only one, written   nothing changes
//   FEATURES_OK without VERSION_1, or with bits never offered   the bit stays 0
//   DRIVER_OK without FEATURES_OK                            the bit stays 0
//   features written after FEATURES_OK                       nothing changes
//   a status bit cleared, other than by writing 0            it stays
//   queue_select beyond the last queue                       size 0; nothing to be
//   written a queue changed, or enabled again, while enabled         nothing changes a
//   queue enabled with a bad size, address or alignment    the Guest is stopped a
//   notification for a queue that does not exist           the Guest is stopped one
//   before DRIVER_OK, or for a queue not enabled         ignored
#ifndef LGX_DEVICES_VIRTIO_COMMON_H_
#define LGX_DEVICES_VIRTIO_COMMON_H_

#include <vector>

#include "base/byte_writer.h"
#include "base/types.h"
#include "devices/device.h"
#include "devices/violation.h"

namespace lgx {

class VirtioCommon {
 public:
  static constexpr u32 kSize = 0x38;

  // `device` outlives this object and has its queues. It is in modern form.
  explicit VirtioCommon(Device& device);

  // `width` 1, 2 or 4, inside the registers. Reading has no effect.
  u32 Read(u32 offset, u32 width) const;
  [[nodiscard]] MaybeViolation Write(u32 offset, u32 width, u32 value);
  // The driver wrote a queue's number into the notify register.
  [[nodiscard]] MaybeViolation Notify(u16 queue);

  u8 status() const { return status_; }
  u64 ignored_writes() const { return ignored_writes_; }
  void AppendState(ByteWriter* state) const;
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  struct Queue {
    RingRequest ring;
    bool enabled = false;
  };

  u64 Offered() const;
  Queue* Selected();
  const Queue* Selected() const;
  void Ignore() { ++ignored_writes_; }
  void WriteFeatures(u32 value);
  [[nodiscard]] MaybeViolation WriteStatus(u8 value);
  void WriteAddress(u32 offset, u32 value);
  [[nodiscard]] MaybeViolation Enable(u16 value);
  [[nodiscard]] MaybeViolation Start();
  void Reset();
  void ClearQueues();

  Device* device_;
  std::vector<Queue> queues_;
  u32 offered_select_ = 0;
  u32 accepted_select_ = 0;
  u64 accepted_ = 0;
  u16 queue_select_ = 0;
  u8 status_ = 0;
  u64 ignored_writes_ = 0;
  bool failure_shown_ = false;
};

}  // namespace lgx

#endif  // LGX_DEVICES_VIRTIO_COMMON_H_
