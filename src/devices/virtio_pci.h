// One virtio 1.0 device as a PCI function (virtio 1.0 section 4.1, guest-04 section 5.3).
//
// Its registers are one page of device memory behind base address register 0:
//
//   0x00   common configuration (virtio_common.h)
//   0x38   notify: a queue's number, 2 bytes
//   0x3a   ISR: what the last interrupt was for, 1 byte; reading clears it
//   0x3b   unused
//   0x3c   the device's configuration
//
// Capabilities in the configuration space say so. One of them is a window: a Guest that
// cannot map memory yet reaches the same registers by configuration accesses.
//
// An access is `width` 1, 2 or 4 bytes. What hits no register reads as 0, and writing it
// changes nothing.
#ifndef LGX_DEVICES_VIRTIO_PCI_H_
#define LGX_DEVICES_VIRTIO_PCI_H_

#include <memory>

#include "base/byte_writer.h"
#include "base/stats.h"
#include "base/types.h"
#include "devices/device.h"
#include "devices/irq_line.h"
#include "devices/pci_config.h"
#include "devices/violation.h"
#include "devices/virtio_common.h"
#include "mmu/guest_view.h"

namespace lgx {

class VirtioPci final : private IrqLine {
 public:
  static constexpr u32 kBarSize = kPageSize;
  static constexpr u32 kNotify = 0x38;
  static constexpr u32 kIsr = 0x3a;
  static constexpr u32 kDeviceConfig = 0x3c;

  // Puts `device` into modern form and gives it its queues. `bar` is where its registers
  // are at first. `memory` and `irqs` outlive this object.
  VirtioPci(GuestView& memory, IrqLine& irqs, std::unique_ptr<Device> device, u32 irq,
            Gpa bar);

  Device& device() { return *device_; }
  const Device& device() const { return *device_; }

  // Configuration space; `offset` is a multiple of nothing, but the access stays inside
  // one aligned group of four bytes.
  u32 ReadConfig(u32 offset, u32 width);
  [[nodiscard]] MaybeViolation WriteConfig(u32 offset, u32 width, u32 value);

  // Do its registers answer at `at`? Where they are is up to the Guest.
  bool Claims(Gpa at) const;
  // Registers, by their offset in the page; the access stays inside the page.
  u32 ReadRegister(u32 offset, u32 width);
  [[nodiscard]] MaybeViolation WriteRegister(u32 offset, u32 width, u32 value);

  u64 ignored_writes() const { return common_->ignored_writes() + ignored_writes_; }
  void AppendState(ByteWriter* state) const;
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  // An access through the window, if it is a possible one.
  struct Window {
    u32 offset;
    u32 width;
  };

  // IrqLine, for the device's queues.
  void Raise(u32 irq) override;

  void FillHeader(Gpa bar);
  void AddCapabilities();
  u32 AddRegisters(u8 type, u32 offset, u32 length);
  bool FindWindow(Window* window) const;
  u32 ReadDeviceConfig(u32 offset, u32 width) const;

  IrqLine* irqs_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<VirtioCommon> common_;
  u32 irq_;
  PciConfig config_;
  u32 window_at_ = 0;  // the capability
  u8 isr_ = 0;
  u64 ignored_writes_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_VIRTIO_PCI_H_
