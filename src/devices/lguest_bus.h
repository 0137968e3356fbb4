// The device bus of lguest: the device page, the rings above Guest RAM, interrupt
// numbers, and what NOTIFY means to the Launcher (guest-02 sections 1 to 4).
//
//   mem                the device page: one descriptor per device
//   mem + 0x1000 ...   the rings, in the order the queues were made
//   guest_limit()      the first address that is not the Guest's
//
// How to use it: how many pages the devices need is known only when all are there, so the
// view has room for the most at first and is narrowed before the Guest can run:
//
//   GuestView view(memory, first, mem / kPageSize + LguestBus::kMaxPages);
//   LguestBus bus(view, irqs, mem);
//   ... bus.AddDevice(...) in the order of the options, the console last ...
//   view = GuestView(memory, first, bus.guest_pages());
//   bus.Finish();
//
// What the bus knows about a device (rings, interrupts, lengths) are its own copies. From
// Finish() on it reads from the page only what is the Guest's to write.
#ifndef LGX_DEVICES_LGUEST_BUS_H_
#define LGX_DEVICES_LGUEST_BUS_H_

#include <memory>
#include <string>
#include <vector>

#include "base/byte_writer.h"
#include "base/stats.h"
#include "base/status.h"
#include "base/types.h"
#include "devices/device.h"
#include "devices/device_bus.h"
#include "devices/device_page.h"
#include "devices/irq_line.h"
#include "devices/violation.h"
#include "mmu/guest_view.h"

namespace lgx {

// What one NOTIFY came to.
struct NotifyResult {
  enum class Kind : u8 {
    kServed,     // a queue or a status change, all done; or an address that means nothing
    kText,       // early console output: `text` is to be written and flushed now
    kViolation,  // the Guest has to be stopped: `violation` says why
  };
  Kind kind = Kind::kServed;
  std::string text;
  MaybeViolation violation;
};

class LguestBus final : public DeviceBus {
 public:
  static constexpr u32 kMaxPages = 256;  // device page and rings together

  // `memory` and `irqs` must outlive the bus. `mem_bytes` of RAM, whole pages.
  LguestBus(GuestView& memory, IrqLine& irqs, u32 mem_bytes,
            DescriptorForm form = DescriptorForm::kArrays);

  // Gives the device its place in the page, rings and interrupts. After an error the bus
  // is as it was before.
  [[nodiscard]] Status AddDevice(std::unique_ptr<Device> device) override;
  bool ConsoleFirst() const override { return false; }

  // Pages above RAM that the devices take, the device page among them.
  u32 PagesNeeded() const { return pages_; }
  // RAM and device pages: the page_limit of the view that Finish() expects.
  u32 guest_pages() const override { return (mem_bytes_ >> kPageShift) + pages_; }
  u32 device_limit() const override { return 0; }
  Gpa guest_limit() const { return GpaOf(Gfn(guest_pages())); }

  // Writes the device page and connects the rings; no device can be added afterwards.
  void Finish() override;

  // The Guest said NOTIFY, directly or through the asynchronous ring of hypercalls.
  [[nodiscard]] NotifyResult HandleNotify(u32 address);

  std::size_t device_count() const override { return slots_.size(); }
  Device& device(std::size_t index) override { return *slots_[index].device; }

  void AppendState(ByteWriter* state) const override;
  void VisitStats(StatsVisitor& out) const override;
  void SaveState(ByteWriter* out) const override;
  void LoadState(ByteReader* in) override;

 private:
  struct Slot {
    std::unique_ptr<Device> device;
    Gpa descriptor;
    std::vector<QueuePlace> queues;
    std::vector<u8> written;     // the descriptor as we wrote it
    bool failure_shown = false;  // a Guest that fails in a loop must not fill the log
  };
  struct Ring {
    Gpa at;
    u32 slot;
    u32 queue;
  };

  [[nodiscard]] Status CheckRoom(const DeviceShape& shape) const;
  const Ring* FindRing(Gpa address) const;
  Slot* FindDescriptor(Gpa address);

  [[nodiscard]] MaybeViolation ServeRing(const Ring& ring);
  [[nodiscard]] MaybeViolation HandleStatus(Slot& slot);
  [[nodiscard]] MaybeViolation CheckIntact(const Slot& slot) const;
  [[nodiscard]] MaybeViolation Start(Slot& slot);
  void Reset(Slot& slot);
  std::string EarlyText(Gpa from) const;

  GuestView* memory_;
  IrqLine* irqs_;
  u32 mem_bytes_;
  DescriptorForm form_;
  u32 pages_ = 1;  // the device page
  u32 next_irq_ = 1;
  u32 descriptor_bytes_ = 0;
  bool finished_ = false;
  std::vector<Slot> slots_;
  std::vector<Ring> rings_;  // of all devices, by address
};

}  // namespace lgx

#endif  // LGX_DEVICES_LGUEST_BUS_H_
