// Overlay files that somebody damaged: opened or refused, and what was opened can be
// read, written and synced. The input is laid over a good overlay: offset u16, length u8,
// bytes, and so on; the first byte says how much of the file is cut off.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/check.h"
#include "base/log.h"
#include "devices/overlay.h"
#include "tests/devices/fake_disk.h"

namespace lgx {
namespace {

constexpr u64 kDiskBytes = 5 * kOverlayBlock + 512;

// An overlay with settled and tentative blocks.
FakePlatter MakeOverlay(FakePlatter& base) {
  FakePlatter platter;
  FakeDisk plain(base, "base", true);
  {
    FakeDisk file(platter, "overlay");
    CHECK(FormatOverlay(plain, file).ok());
  }
  auto disk = OverlayDisk::Open(std::make_unique<FakeDisk>(base, "base", true),
                                std::make_unique<FakeDisk>(platter, "overlay"));
  CHECK(disk.ok());
  const std::vector<u8> bytes(kOverlayBlock, 7);
  CHECK(WriteDisk(**disk, 0, bytes).ok() && (*disk)->Sync().ok());
  CHECK(WriteDisk(**disk, 2 * kOverlayBlock + 100, bytes).ok());
  platter.Settle();
  return platter;
}

void Damage(std::span<const u8> data, FakePlatter* platter) {
  if (data.empty()) return;
  platter->bytes.resize(platter->bytes.size() -
                        platter->bytes.size() * (data[0] % 16) / 16);
  data = data.subspan(1);
  while (data.size() >= 3) {
    const std::size_t at = data[0] | data[1] << 8;
    const std::size_t len = std::min<std::size_t>(data[2], data.size() - 3);
    for (std::size_t i = 0; i < len && at + i < platter->bytes.size(); ++i) {
      platter->bytes[at + i] = data[3 + i];
    }
    data = data.subspan(3 + len);
  }
  platter->Settle();
}

void Use(OverlayDisk& disk) {
  std::vector<u8> all(kDiskBytes);
  CHECK(ReadDisk(disk, 0, all).ok());
  const std::vector<u8> bytes(700, 9);
  CHECK(WriteDisk(disk, 3 * kOverlayBlock + 4000, bytes).ok());
  CHECK(disk.Sync().ok());
  std::vector<u8> again(700);
  CHECK(ReadDisk(disk, 3 * kOverlayBlock + 4000, again).ok() && again == bytes);
}

}  // namespace
}  // namespace lgx

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lgx;
  SetLogLevel(LogLevel::kError);
  FakePlatter base;
  base.bytes.resize(kDiskBytes, 0x33);
  static const FakePlatter* const good = new FakePlatter(MakeOverlay(base));
  FakePlatter platter = *good;
  Damage(std::span(data, size), &platter);
  auto disk = OverlayDisk::Open(std::make_unique<FakeDisk>(base, "base", true),
                                std::make_unique<FakeDisk>(platter, "overlay"));
  if (disk.ok()) Use(**disk);
  return 0;
}
