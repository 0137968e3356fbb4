#include "devices/block_transfer.h"

#include <gtest/gtest.h>

#include "tests/devices/fake_disk.h"

namespace lgx {
namespace {

// Who watches a page hears of a store before it happens, with the new bytes.
class Watch : public StoreWatch {
 public:
  void WillStore(Mpa at, const u8* bytes, u32 len) override {
    stores.emplace_back(at.value, std::string(bytes, bytes + len));
  }
  std::vector<std::pair<u32, std::string>> stores;
};

TEST(BlockTransfer, AnnouncesStoresToWatchedPagesAndOnlyThose) {
  const auto memory = std::move(PhysMemory::Create(64 * kPageSize).value());
  GuestView view(*memory, Mfn(8), 32);
  Watch watch;
  memory->set_watch(&watch);
  memory->AddMark(Mfn(8 + 2), kHoldsTables);
  FakePlatter platter;
  platter.bytes.resize(4 * kPageSize);
  for (std::size_t i = 0; i < platter.bytes.size(); ++i) {
    platter.bytes[i] = static_cast<u8>(i * 7 + i / 256);
  }
  FakeDisk disk(platter, "d");
  const ChainBuffer buffers[] = {{Gpa(0x1100), 0}, {Gpa(0x1100), 3 * kPageSize}};
  ASSERT_TRUE(BlockTransfer(view, buffers, 0x100, 0x2000).Read(disk, 0x200).ok());
  std::string got(0x2000, 0);
  ASSERT_TRUE(view.Read(Gpa(0x1200), got.data(), 0x2000));
  EXPECT_EQ(got,
            std::string(platter.bytes.begin() + 0x200, platter.bytes.begin() + 0x2200));
  ASSERT_EQ(watch.stores.size(), 1u);
  EXPECT_EQ(watch.stores[0].first, 0xa000u);
  EXPECT_EQ(watch.stores[0].second, got.substr(0xe00, 0x1000));
  EXPECT_EQ(platter.log, "R");
}

// Buffers of every kind of border, through a disk and back.
TEST(BlockTransfer, MovesMoreThanOneCallHolds) {
  const auto memory = std::move(PhysMemory::Create(1200 * kPageSize).value());
  GuestView view(*memory, Mfn(8), 1100);
  for (u32 frame = 8; frame < 1108; frame += 3) memory->AddMark(Mfn(frame), kHoldsCode);
  FakePlatter platter;
  platter.bytes.resize(600 * kPageSize);
  for (std::size_t i = 0; i < platter.bytes.size(); ++i) {
    platter.bytes[i] = static_cast<u8>(i * 13 + i / 4096);
  }
  const std::vector<u8> before = platter.bytes;
  FakeDisk disk(platter, "d");
  std::vector<ChainBuffer> buffers;
  for (u32 i = 0; i < 550; ++i)
    buffers.push_back({Gpa(i * 2 * kPageSize + 7), kPageSize});
  ASSERT_TRUE(BlockTransfer(view, buffers, 5, 540 * kPageSize).Read(disk, 512).ok());
  std::fill(platter.bytes.begin() + 512, platter.bytes.begin() + 512 + 540 * kPageSize,
            0);
  ASSERT_TRUE(BlockTransfer(view, buffers, 5, 540 * kPageSize).Write(disk, 512).ok());
  EXPECT_EQ(platter.bytes, before);
}

TEST(BlockTransfer, ErrorsAreHandedOn) {
  const auto memory = std::move(PhysMemory::Create(16 * kPageSize).value());
  GuestView view(*memory, Mfn(1), 8);
  FakePlatter platter;
  platter.bytes.resize(kPageSize);
  FakeDisk disk(platter, "d");
  const ChainBuffer buffers[] = {{Gpa(0), 100}};
  platter.fail_reads = 1;
  EXPECT_FALSE(BlockTransfer(view, buffers, 0, 100).Read(disk, 0).ok());
  platter.fail_writes = 1;
  EXPECT_FALSE(BlockTransfer(view, buffers, 0, 100).Write(disk, 0).ok());
  EXPECT_TRUE(BlockTransfer(view, {}, 0, 0).Read(disk, 0).ok());
}

}  // namespace
}  // namespace lgx
