// How devices are shown to a Guest. Two buses exist: LguestBus for kernels up to 3.19,
// PciBus from 4.0. The devices are the same on both.
#ifndef LGX_DEVICES_DEVICE_BUS_H_
#define LGX_DEVICES_DEVICE_BUS_H_

#include <cstddef>
#include <memory>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/stats.h"
#include "base/status.h"
#include "base/types.h"
#include "devices/device.h"

namespace lgx {

class DeviceBus {
 public:
  static constexpr u32 kMaxIrq = 31;      // 0 is the timer; lguest has 32 interrupts
  static constexpr u32 kMaxSafeIrq = 15;  // a kernel without I/O APIC support has 16

  virtual ~DeviceBus() = default;

  // Gives the device its place and its interrupts. After an error the bus is as it was
  // before.
  [[nodiscard]] virtual Status AddDevice(std::unique_ptr<Device> device) = 0;
  // Does the person's first device come first on this bus, or the console?
  virtual bool ConsoleFirst() const = 0;
  // All devices are there and the view has guest_pages() pages: connects them. None can
  // be added afterwards.
  virtual void Finish() = 0;

  // Pages of memory that the Guest can reach: RAM and what the bus puts above it.
  virtual u32 guest_pages() const = 0;
  // Page numbers from guest_pages() up to here belong to registers of devices: the
  // Guest's accesses are forwarded to the bus. Not above guest_pages(): there are none.
  virtual u32 device_limit() const = 0;

  virtual std::size_t device_count() const = 0;
  virtual Device& device(std::size_t index) = 0;

  // Everything that can ever reach the Guest and is not in its memory.
  virtual void AppendState(ByteWriter* state) const = 0;
  virtual void VisitStats(StatsVisitor& out) const = 0;
  // That and the counters, for snapshots. Who loads has the same devices.
  virtual void SaveState(ByteWriter* out) const = 0;
  virtual void LoadState(ByteReader* in) = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_DEVICE_BUS_H_
