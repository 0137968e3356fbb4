// The PCI bus that kernels of 4.0 and later find their devices on (guest-04 section 5.3).
//
//   ports 0xcf8 ... 0xcfb   address: enable, bus, slot, function, register
//   ports 0xcfc ... 0xcff   data: four bytes of the configuration space that it names
//   mem + 1 MiB ...         one page of registers for each device, to begin with
//
// Bus 0 has the host bridge in slot 0, the console in slot 1, where the Guest's early
// output looks for it, and the other devices behind it. There is no other bus.
//
// What a Guest may try, and what comes of it:
//
//   a slot, function or bus where nothing is   reads ones; writing changes nothing
//   an access that leaves the four data ports  likewise
//   a base address moved                       the registers answer there from now on
//   two devices at one address                 the lower slot answers
//   device memory where nobody is              reads ones; writing changes nothing
#ifndef LGX_DEVICES_PCI_BUS_H_
#define LGX_DEVICES_PCI_BUS_H_

#include <memory>
#include <optional>
#include <vector>

#include "devices/device_bus.h"
#include "devices/irq_line.h"
#include "devices/pci_config.h"
#include "devices/virtio_pci.h"

namespace lgx {

class PciBus final : public DeviceBus {
 public:
  static constexpr u16 kAddressPort = 0xcf8;
  static constexpr u16 kDataPort = 0xcfc;
  // The view has one page more than RAM, as a Guest on the lguest bus has its device
  // page there: the Host refuses what ends exactly at the end of memory (Q12).
  static constexpr u32 kExtraPages = 1;
  // Device memory ends below the addresses of a PC's interrupt controllers.
  static constexpr u32 kDeviceLimit = 0xfec00000 >> kPageShift;
  static constexpr u32 kFirstBarAbove = 0x00100000;  // above the end of RAM

  // `memory` and `irqs` must outlive the bus. `mem_bytes` of RAM, whole pages.
  PciBus(GuestView& memory, IrqLine& irqs, u32 mem_bytes);

  // DeviceBus
  [[nodiscard]] Status AddDevice(std::unique_ptr<Device> device) override;
  bool ConsoleFirst() const override { return true; }
  void Finish() override;
  u32 guest_pages() const override { return (mem_bytes_ >> kPageShift) + kExtraPages; }
  u32 device_limit() const override { return kDeviceLimit; }
  std::size_t device_count() const override { return slots_.size(); }
  Device& device(std::size_t index) override { return slots_[index]->device(); }
  void AppendState(ByteWriter* state) const override;
  void VisitStats(StatsVisitor& out) const override;
  void SaveState(ByteWriter* out) const override;
  void LoadState(ByteReader* in) override;

  // IN and OUT of 1, 2 or 4 bytes at one of the eight ports.
  static bool OwnsPort(u16 port) { return port >= kAddressPort && port < kDataPort + 4; }
  u32 ReadPort(u16 port, u32 width);
  [[nodiscard]] MaybeViolation WritePort(u16 port, u32 width, u32 value);

  // Device memory: 1, 2 or 4 bytes, inside one page.
  u32 ReadMemory(Gpa at, u32 width);
  [[nodiscard]] MaybeViolation WriteMemory(Gpa at, u32 width, u32 value);

 private:
  // The slot that the address register names; nothing if there is none.
  std::optional<u32> Target() const;
  VirtioPci* FindClaim(Gpa at);
  u32 ReadSpace(u32 offset, u32 width);
  [[nodiscard]] MaybeViolation WriteSpace(u32 offset, u32 width, u32 value);

  GuestView* memory_;
  IrqLine* irqs_;
  u32 mem_bytes_;
  u32 address_ = 0;
  PciConfig bridge_;
  std::vector<std::unique_ptr<VirtioPci>> slots_;  // slot 1 and up
};

}  // namespace lgx

#endif  // LGX_DEVICES_PCI_BUS_H_
