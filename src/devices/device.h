// What all virtio devices share. A device knows its queues and what it offers; which bus
// shows it to the Guest, and where, it does not know.
//
// Life of a device: made with its Shape, given its queues by a bus (AttachQueue), then
// started and reset by the Guest as often as it likes. Serve() is called only while it
// runs.
//
// Everything a device needs to trust is its own copy: the Guest can overwrite the device
// page.
#ifndef LGX_DEVICES_DEVICE_H_
#define LGX_DEVICES_DEVICE_H_

#include <span>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/stats.h"
#include "base/types.h"
#include "devices/virtqueue.h"

namespace lgx {

// Virtio device types (guest-02 section 2.1).
inline constexpr u8 kVirtioNet = 1;
inline constexpr u8 kVirtioBlock = 2;
inline constexpr u8 kVirtioConsole = 3;
inline constexpr u8 kVirtioRng = 4;

// Transport feature: the driver speaks virtio 1.0. Offered on a bus of that kind only.
inline constexpr u32 kFeatureVersion1 = 32;
// Transport feature: interrupt when the ring runs empty, even if interrupts are unwanted.
inline constexpr u32 kFeatureNotifyOnEmpty = 24;

// One value of the configuration as generation B has it: a type, and bytes.
struct DeviceField {
  u8 type = 0;
  std::vector<u8> bytes;
};

// What a device shows. Feature n is bit n % 8 of byte n / 8.
struct DeviceShape {
  u8 type = 0;
  std::string name;              // for messages: "console", "block 0 (root.img)"
  std::vector<u16> queue_sizes;  // entries, a power of two each
  std::vector<u8> features;      // offered, at most 255 bytes
  std::vector<u8> config;        // at most 255 bytes
  // In place of features and config, for kernels that read fields (device_page.h).
  std::vector<DeviceField> fields = {};
};

class Device {
 public:
  explicit Device(DeviceShape shape);
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceShape& shape() const { return shape_; }
  const std::string& name() const { return shape_.name; }
  bool running() const { return running_; }
  std::span<const Virtqueue> queues() const { return queues_; }

  // For the bus, before the Guest runs: queues in order, one for each of queue_sizes.
  void AttachQueue(Virtqueue queue) { queues_.push_back(std::move(queue)); }

  // After the queues are attached.
  void set_trace(const Trace* trace) {
    for (Virtqueue& each : queues_) each.set_trace(trace);
  }

  // For a bus of virtio 1.0, before AttachQueue: offers kFeatureVersion1, withdraws what
  // that version does not have, and lets the device add to its shape.
  void TurnModern();

  // For a bus where the driver chooses its rings; `index` below the number of queues.
  [[nodiscard]] MaybeViolation ConnectQueue(u32 index, const RingRequest& wanted) {
    return queues_[index].Connect(wanted);
  }
  void DisconnectQueue(u32 index) { queues_[index].Disconnect(); }

  // For a bus that sees it happen: the driver wrote `width` bytes at `offset` of the
  // configuration, all of them inside. Most devices have nothing to be written.
  virtual void WriteConfig(u32 offset, u32 width, u32 value);

  // The driver is ready. `accepted` is its feature array; bits never offered are dropped.
  void Start(std::span<const u8> accepted);
  // The driver wants a fresh device. When this returns nothing more is written to Guest
  // memory for buffers taken earlier. The bus has cleared the rings.
  void Reset();

  // Serves what it can of one queue: the Guest announced buffers, or the outside world
  // has something for it. Synchronous: console output is complete when this returns.
  [[nodiscard]] virtual MaybeViolation Serve(u32 queue) = 0;

  // Everything about the device that can ever reach the Guest and is not in its memory.
  void AppendState(ByteWriter* state) const;
  virtual void VisitStats(StatsVisitor& out) const = 0;

  // That, the places of the rings and the counters, for snapshots. Who loads has the same
  // shape.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 protected:
  Virtqueue& queue(u32 index) { return queues_[index]; }
  // Both sides agreed on feature `bit`. False while not running.
  bool Accepted(u32 bit) const;

  // What a device adds to the functions above.
  virtual void OnReset() {}
  virtual void OnTurnModern(DeviceShape*) {}
  virtual void AppendOwnState(ByteWriter*) const {}
  virtual void SaveOwnState(ByteWriter*) const {}
  virtual void LoadOwnState(ByteReader*) {}

 private:
  DeviceShape shape_;
  std::vector<Virtqueue> queues_;
  std::vector<u8> accepted_;
  bool running_ = false;
};

}  // namespace lgx

#endif  // LGX_DEVICES_DEVICE_H_
