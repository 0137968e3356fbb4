#include "devices/overlay_format.h"

#include <gtest/gtest.h>

#include "tests/devices/fake_disk.h"

namespace lgx {
namespace {

TEST(OverlayFormat, HeaderIsReadBack) {
  OverlayHeader header;
  header.state = OverlayHeader::State::kCommitting;
  header.disk_size = 12345 * 512;
  header.base_identity = 0x0123456789abcdef;
  header.base_name = "folder/disk.img";
  const auto bytes = EncodeOverlayHeader(header);
  const auto parsed = ParseOverlayHeader(bytes, "x");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, header);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    OverlayHeaderBytes bad = bytes;
    bad[i] ^= 0x40;
    EXPECT_FALSE(ParseOverlayHeader(bad, "x").ok()) << i;
    EXPECT_FALSE(ParseOverlayHeader(std::span(bytes).first(i), "x").ok()) << i;
  }
}

TEST(OverlayFormat, IdentityOfALargeDiskSeesStartAndEnd) {
  FakePlatter platter;
  platter.bytes.resize(20 << 20);
  FakeDisk disk(platter, "d");
  const u64 before = *IdentityOf(disk);
  EXPECT_EQ(*IdentityOf(disk), before);
  for (const std::size_t at :
       {std::size_t{1024}, std::size_t{(4 << 20) - 1}, std::size_t{(20 << 20) - 1}}) {
    platter.bytes[at] ^= 1;
    EXPECT_NE(*IdentityOf(disk), before) << at;
    platter.bytes[at] ^= 1;
  }
}

TEST(OverlayFormat, SealsDependOnEverything) {
  using State = OverlayEntry::State;
  const std::vector<u8> a(kOverlayBlock, 1);
  const std::vector<u8> b(kOverlayBlock, 2);
  const u64 seal = SealOf(1, 8192, State::kTentative, a);
  EXPECT_EQ(SealOf(1, 8192, State::kTentative, a), seal);
  EXPECT_NE(SealOf(2, 8192, State::kTentative, a), seal);
  EXPECT_NE(SealOf(1, 12288, State::kTentative, a), seal);
  EXPECT_NE(SealOf(1, 8192, State::kTentative, b), seal);
  EXPECT_EQ(SealOf(1, 8192, State::kSettled, a), SealOf(1, 8192, State::kSettled, b));
}

TEST(OverlayFormat, EntriesAreReadBack) {
  u8 bytes[kOverlayEntryBytes];
  EncodeOverlayEntry({OverlayEntry::State::kSettled, 0x123456789000, 77}, bytes);
  const OverlayEntry entry = DecodeOverlayEntry(bytes);
  EXPECT_EQ(entry.state, OverlayEntry::State::kSettled);
  EXPECT_EQ(entry.slot, 0x123456789000u);
  EXPECT_EQ(entry.seal, 77u);
}

}  // namespace
}  // namespace lgx
