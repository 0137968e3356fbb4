// A Guest that does to its disk whatever a string of bytes says: for the fuzzer, and for
// the worst of its strings as tests.
#ifndef LGX_TESTS_DEVICES_UGLY_DISK_GUEST_H_
#define LGX_TESTS_DEVICES_UGLY_DISK_GUEST_H_

#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "devices/block.h"
#include "tests/devices/fake_disk.h"
#include "tests/devices/ugly_guest.h"

namespace lgx {

class UglyDiskGuest {
 public:
  static constexpr u64 kDiskBytes = 40 * kSectorSize + 100;

  explicit UglyDiskGuest(u8 kind) : disk_(platter_, "disk", kind % 4 == 3), rig_(kMem) {
    platter_.bytes.resize(kDiskBytes, 0x5a);
    platter_.Settle();
    rig_.Add<BlockDevice>(disk_,
                          BlockOptions{0, "an id", static_cast<DiskSync>(kind / 4 % 3)});
    rig_.Finish();
  }

  void Step(UglySteps& in) {
    RingDriver driver(rig_.memory, kRing);
    switch (in.Next<u8>() % 8) {
      case 0: {
        const u32 at = in.Next<u32>() % (rig_.bus.guest_limit().value - 8);
        return rig_.memory.Store<u64>(at, in.Next<u64>());
      }
      case 1: {
        const u32 index = in.Next<u8>();
        const u64 addr = in.Next<u32>();
        const u32 len = in.Next<u32>();
        const u16 flags = in.Next<u16>();
        return driver.Descriptor(index, addr, len, flags, in.Next<u16>());
      }
      case 2:
        return driver.Announce(in.Next<u8>());
      case 3:
        return Notify(kRing.descriptors.value);
      case 4:
        rig_.memory.Store<u8>(kMem + 4, in.Next<u8>());
        return Notify(kMem);
      case 5:
        platter_.fail_reads = in.Next<u8>() % 4;
        platter_.fail_writes = in.Next<u8>() % 4;
        platter_.fail_syncs = in.Next<u8>() % 4;
        return;
      default:
        return Request(in, driver);
    }
  }

  bool alive() const { return violation_.empty(); }
  const std::string& violation() const { return violation_; }

  // What no Guest may do: grow the disk, or write to one that is read-only.
  void CheckDisk() const {
    CHECK(platter_.bytes.size() == kDiskBytes) << "the disk has another size";
    if (!disk_.read_only()) return;
    CHECK(platter_.bytes == std::vector<u8>(kDiskBytes, 0x5a))
        << "a read-only disk was written";
  }

 private:
  static constexpr u32 kMem = 4 * kPageSize;
  static constexpr RingLayout kRing{kRingEntries, Gpa(kMem + kPageSize),
                                    Gpa(kMem + 2 * kPageSize), Gpa(kMem + 3 * kPageSize)};

  // A request as a driver makes it, with numbers that none would choose.
  void Request(UglySteps& in, RingDriver& driver) {
    const u32 header = in.Next<u8>();
    const u32 data = 0x1000 + in.Next<u16>() % 0x2800;
    rig_.memory.Store<u32>(header, in.Next<u8>() | (u32{in.Next<u8>()} << 31));
    rig_.memory.Store<u64>(header + 8, in.Next<u8>());
    const u16 direction = in.Next<u8>() % 4 == 0 ? 0 : kDeviceWrites;
    driver.Descriptor(0, header, 16, kNext, 1);
    driver.Descriptor(1, data, in.Next<u16>(), static_cast<u16>(direction | kNext), 2);
    driver.Descriptor(2, 0x3f00, in.Next<u8>() % 3, kDeviceWrites);
    driver.Announce(0);
    Notify(kRing.descriptors.value);
  }
  void Notify(u32 address) {
    const NotifyResult result = rig_.bus.HandleNotify(address);
    if (result.violation) violation_ = result.violation->ToString();
  }

  FakePlatter platter_;
  FakeDisk disk_;
  DeviceRig rig_;
  std::string violation_;
};

// The first byte chooses the disk (modulo 4 equal 3: read-only) and its syncing; then
// come steps, as for RunUglyGuest:
//   0 store       address u32 (modulo memory), value u64
//   1 descriptor  index u8, address u32, length u32, flags u16, next u16
//   2 announce    head u8
//   3 notify      the ring
//   4 status      u8, and NOTIFY
//   5 failures    of the next reads, writes and syncs: u8 each, modulo 4
//   6 request     header u8, data u16, type u8, barrier u8, sector u8, direction u8,
//                 length u16, bytes for the status u8
// The first violation ends it; so do 64 steps. Gives the violation's text.
inline std::string RunUglyDiskGuest(std::span<const u8> bytes) {
  UglySteps in(bytes);
  UglyDiskGuest guest(in.Next<u8>());
  for (u32 i = 0; i < 64 && !in.empty() && guest.alive(); ++i) guest.Step(in);
  guest.CheckDisk();
  return guest.violation();
}

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_UGLY_DISK_GUEST_H_
