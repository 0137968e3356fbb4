// Devices: what a request costs behind the Guest's notification. Rings lie in Guest
// memory, as a driver lays them out; the disk and the cable are memory, too.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "devices/backend_buffer.h"
#include "devices/block.h"
#include "devices/console.h"
#include "devices/net.h"
#include "devices/net_hub.h"
#include "devices/rng.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kRing = kMem + 0x1000;  // the first queue of a device
constexpr u32 kSecondRing = kMem + 0x4000;
constexpr u32 kHeader = 0x4000;
constexpr u32 kStatus = 0x4f00;
constexpr u32 kData = 0x5000;
constexpr u64 kDiskBytes = 64 << 20;

class MemoryDisk final : public DiskFile {
 public:
  MemoryDisk() : bytes_(kDiskBytes, 0x5a) {}
  const std::string& name() const override { return name_; }
  u64 size() const override { return bytes_.size(); }
  bool read_only() const override { return false; }
  Status Read(u64 offset, ReadPieces to) override {
    for (const std::span<u8>& piece : to) {
      std::memcpy(piece.data(), bytes_.data() + offset, piece.size());
      offset += piece.size();
    }
    return absl::OkStatus();
  }
  Status Write(u64 offset, WritePieces from) override {
    for (const std::span<const u8>& piece : from) {
      std::memcpy(bytes_.data() + offset, piece.data(), piece.size());
      offset += piece.size();
    }
    return absl::OkStatus();
  }
  Status Sync() override { return absl::OkStatus(); }
  Status SetSize(u64) override { return absl::OkStatus(); }

 private:
  std::string name_ = "memory";
  std::vector<u8> bytes_;
};

bool Notify(DeviceRig& rig, u32 ring) {
  return rig.bus.HandleNotify(ring).kind == NotifyResult::Kind::kServed;
}

// A read of state.range(0) bytes in pages, each a descriptor of its own.
void BlockRead(benchmark::State& state) {
  const u32 bytes = static_cast<u32>(state.range(0));
  const u32 pages = bytes / kPageSize;
  MemoryDisk disk;
  DeviceRig rig(kMem);
  rig.Add<BlockDevice>(disk, BlockOptions{0, "serial", DiskSync::kFlush});
  rig.Finish();
  RingDriver driver(rig.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  driver.Descriptor(0, kHeader, 16, kNext, 1);
  for (u32 i = 0; i < pages; ++i) {
    driver.Descriptor(1 + i, kData + i * kPageSize, kPageSize, kDeviceWrites | kNext,
                      static_cast<u16>(2 + i));
  }
  driver.Descriptor(1 + pages, kStatus, 1, kDeviceWrites);
  u64 sector = 0;
  for (auto _ : state) {
    rig.memory.Store<u32>(kHeader, 0);
    rig.memory.Store<u64>(kHeader + 8, sector);
    sector = (sector + bytes / kSectorSize) % (kDiskBytes / kSectorSize);
    driver.Announce(0);
    if (!Notify(rig, kRing) || rig.memory.Load<u8>(kStatus) != 0) {
      state.SkipWithError("the disk did not answer");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<i64>(state.iterations()) * bytes);
}
BENCHMARK(BlockRead)->ArgName("bytes")->Arg(4096)->Arg(65536)->Arg(262144);

void ConsoleOutput(benchmark::State& state) {
  const u32 bytes = static_cast<u32>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    BufferBackend terminal;
    DeviceRig one(kMem);
    one.Add<Console>(terminal);
    one.Finish();
    RingDriver output(one.memory, RingLayout::Contiguous(Gpa(kSecondRing), kRingEntries));
    one.memory.Store<u8>(kMem + 4, 7);
    Notify(one, kMem);
    output.Descriptor(0, kData, bytes, 0);
    state.ResumeTiming();
    for (u32 i = 0; i < kRingEntries; ++i) {
      output.Announce(0);
      if (!Notify(one, kSecondRing)) state.SkipWithError("the console did not answer");
    }
  }
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * kRingEntries);
}
BENCHMARK(ConsoleOutput)->ArgName("bytes")->Arg(1)->Arg(80);

void RngRead(benchmark::State& state) {
  DeviceRig rig(kMem);
  rig.Add<Rng>(1);
  rig.Finish();
  RingDriver driver(rig.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  driver.Descriptor(0, kData, 64, kDeviceWrites);
  for (auto _ : state) {
    driver.Announce(0);
    if (!Notify(rig, kRing)) state.SkipWithError("the device did not answer");
  }
  state.SetBytesProcessed(static_cast<i64>(state.iterations()) * 64);
}
BENCHMARK(RngRead);

// A frame from one card to another over the hub, into a buffer of the receiver.
void HubFrame(benchmark::State& state) {
  const u32 bytes = static_cast<u32>(state.range(0));
  constexpr u32 kHeaderBytes = 10;
  NetHub hub("bench");
  DeviceRig sender(kMem), receiver(kMem);
  sender.Add<Net>(*hub.AddPort(), Net::Options{});
  NetBackend* const port = hub.AddPort();
  Net* const card = receiver.Add<Net>(*port, Net::Options{});
  for (DeviceRig* rig : {&sender, &receiver}) {
    rig->Finish();
    rig->memory.Store<u8>(kMem + 4, 7);
    Notify(*rig, kMem);
  }
  RingDriver out(sender.memory, RingLayout::Contiguous(Gpa(kSecondRing), kRingEntries));
  RingDriver in(receiver.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  out.Descriptor(0, kData, kHeaderBytes, kNext, 1);
  out.Descriptor(1, kData + 16, bytes, 0);
  in.Descriptor(0, kData, kHeaderBytes, kDeviceWrites | kNext, 1);
  in.Descriptor(1, kData + 16, bytes, kDeviceWrites);
  NetFrame frame;
  for (auto _ : state) {
    in.Announce(0);
    out.Announce(0);
    bool good = Notify(sender, kSecondRing) && hub.Deliver() && port->Receive(&frame);
    if (good) {
      card->QueueInput(std::move(frame));
      good = !card->DeliverInput().has_value();
    }
    if (!good || in.used_index() != in.available_index()) {
      state.SkipWithError("the frame did not arrive");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<i64>(state.iterations()) * bytes);
}
BENCHMARK(HubFrame)->ArgName("bytes")->Arg(60)->Arg(1514);

}  // namespace
}  // namespace lgx
