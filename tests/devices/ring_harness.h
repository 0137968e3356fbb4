// The driver's side of a ring, for tests without a Guest: it writes into Guest memory
// what a kernel would write, and what none would.
#ifndef LGX_TESTS_DEVICES_RING_HARNESS_H_
#define LGX_TESTS_DEVICES_RING_HARNESS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "devices/device.h"
#include "devices/irq_line.h"
#include "devices/lguest_bus.h"
#include "devices/virtqueue.h"
#include "mmu/guest_view.h"
#include "mmu/phys_memory.h"

namespace lgx {

inline constexpr u16 kNext = 1;
inline constexpr u16 kDeviceWrites = 2;
inline constexpr u16 kIndirect = 4;

// Keeps the interrupts that were raised.
class RecordedIrqs : public IrqLine {
 public:
  void Raise(u32 irq) override { raised.push_back(irq); }
  std::vector<u32> raised;
};

// Guest memory that does not start at machine address 0. The next one of the same size
// gets the same pages, cleared: fuzz targets make one for each input.
class TestMemory {
 public:
  explicit TestMemory(u32 pages)
      : memory_(TakeSpare(u64{pages + 16} << kPageShift)),
        view(*memory_, kFirst, pages) {}
  ~TestMemory() {
    memory_->Fill(MpaOf(kFirst), 0, view.size());
    spare() = std::move(memory_);
  }
  TestMemory(const TestMemory&) = delete;
  TestMemory& operator=(const TestMemory&) = delete;

  // Before anything is stored.
  void Resize(u32 pages) { view = GuestView(*memory_, kFirst, pages); }
  void Put(u32 at, std::string_view text) {
    CHECK(view.Write(Gpa(at), text.data(), static_cast<u32>(text.size())));
  }
  std::string Get(u32 at, u32 len) const {
    std::string text(len, '\0');
    CHECK(view.Read(Gpa(at), text.data(), len));
    return text;
  }
  template <typename T>
  void Store(u32 at, T value) {
    CHECK(view.StoreValue<T>(Gpa(at), value));
  }
  template <typename T>
  T Load(u32 at) const {
    T value;
    CHECK(view.LoadValue(Gpa(at), &value));
    return value;
  }

 private:
  static constexpr Mfn kFirst = Mfn(7);

  static std::unique_ptr<PhysMemory>& spare() {
    static thread_local std::unique_ptr<PhysMemory> one;
    return one;
  }
  static std::unique_ptr<PhysMemory> TakeSpare(u64 bytes) {
    if (spare() != nullptr && spare()->size() == bytes) return std::move(spare());
    return std::move(PhysMemory::Create(bytes).value());
  }

  std::unique_ptr<PhysMemory> memory_;

 public:
  GuestView view;
};

// Writes descriptors and announces them, as a driver does.
class RingDriver {
 public:
  RingDriver(TestMemory& memory, const RingLayout& ring) : memory_(memory), ring_(ring) {}

  void Descriptor(u32 index, u64 addr, u32 len, u16 flags, u16 next = 0) {
    DescriptorAt(ring_.descriptors.value + 16 * index, addr, len, flags, next);
  }
  void DescriptorAt(u32 at, u64 addr, u32 len, u16 flags, u16 next = 0) {
    memory_.Store<u64>(at, addr);
    memory_.Store<u32>(at + 8, len);
    memory_.Store<u16>(at + 12, flags);
    memory_.Store<u16>(at + 14, next);
  }
  void Announce(u16 head) {
    const u16 index = available_index();
    memory_.Store<u16>(ring_.available.value + 4 + 2 * (index % ring_.size), head);
    set_available_index(static_cast<u16>(index + 1));
  }
  // One buffer in descriptor `index`, announced.
  void Offer(u16 index, u64 addr, u32 len, u16 flags) {
    Descriptor(index, addr, len, flags);
    Announce(index);
  }

  u16 available_index() const { return memory_.Load<u16>(ring_.available.value + 2); }
  void set_available_index(u16 index) {
    memory_.Store<u16>(ring_.available.value + 2, index);
  }
  void set_no_interrupt(bool on) {
    memory_.Store<u16>(ring_.available.value, on ? 1 : 0);
  }

  u16 used_index() const { return memory_.Load<u16>(ring_.used.value + 2); }
  u32 used_id(u32 slot) const {
    return memory_.Load<u32>(ring_.used.value + 4 + 8 * slot);
  }
  u32 used_len(u32 slot) const {
    return memory_.Load<u32>(ring_.used.value + 8 + 8 * slot);
  }

 private:
  TestMemory& memory_;
  RingLayout ring_;
};

// A device of any shape that takes every buffer and writes nothing.
class StandIn : public Device {
 public:
  explicit StandIn(DeviceShape shape) : Device(std::move(shape)) {}
  MaybeViolation Serve(u32 index) override {
    served.push_back(index);
    return queue(index).ServeEach(
        [](const Chain&, u32*) -> MaybeViolation { return std::nullopt; });
  }
  void VisitStats(StatsVisitor&) const override {}
  using Device::Accepted;

  std::vector<u32> served;

 protected:
  void OnReset() override { served.push_back(kReset); }

 public:
  static constexpr u32 kReset = 1000;  // stands for a reset in `served`
};

// A machine that has only memory and devices.
class DeviceRig {
 public:
  explicit DeviceRig(u32 mem_bytes, DescriptorForm form = DescriptorForm::kArrays)
      : memory((mem_bytes >> kPageShift) + LguestBus::kMaxPages),
        bus(memory.view, irqs, mem_bytes, form) {}

  // Adds a device and returns it.
  template <typename T, typename... Args>
  T* Add(Args&&... args) {
    auto device = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = device.get();
    CHECK(bus.AddDevice(std::move(device)).ok());
    return raw;
  }
  void Finish() {
    memory.Resize(bus.guest_pages());
    bus.Finish();
  }

  TestMemory memory;
  RecordedIrqs irqs;
  LguestBus bus;
};

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_RING_HARNESS_H_
