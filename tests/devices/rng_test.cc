#include "devices/rng.h"

#include <gtest/gtest.h>

#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kRing = kMem + 0x1000;

TEST(SeededBytes, AreThePublishedNumbersOfXoshiro256StarStar) {
  SeededBytes source(0);
  u8 bytes[24];
  source.Fill(bytes);
  EXPECT_EQ(LoadLe<u64>(bytes), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(LoadLe<u64>(bytes + 8), 0xbf6e1f784956452au);
  EXPECT_EQ(LoadLe<u64>(bytes + 16), 0x1a5f849d4933e6e0u);
}

TEST(SeededBytes, DoNotDependOnHowTheyAreAskedFor) {
  SeededBytes at_once(7);
  SeededBytes in_parts(7);
  std::vector<u8> a(100);
  std::vector<u8> b(100);
  at_once.Fill(a);
  in_parts.Fill(std::span(b).first(3));
  in_parts.Fill(std::span(b).subspan(3, 60));
  in_parts.Fill(std::span(b).subspan(63));
  EXPECT_EQ(a, b);
}

class RngTest : public testing::Test {
 protected:
  explicit RngTest(u64 seed = 1) : rig_(kMem) {
    rng_ = rig_.Add<Rng>(seed);
    rig_.Finish();
  }
  DeviceRig rig_;
  Rng* rng_;
  RingDriver driver_{rig_.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries)};
};

TEST_F(RngTest, WholeChainIsFilledAndNotAByteMore) {
  driver_.Descriptor(0, 0x5000, 10, kDeviceWrites | kNext, 1);
  driver_.Descriptor(1, 0x6000, 6000, kDeviceWrites);
  driver_.Announce(0);
  EXPECT_EQ(rig_.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(driver_.used_len(0), 6010u);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{1});
  std::vector<u8> wanted(6010);
  SeededBytes(1).Fill(wanted);
  EXPECT_EQ(rig_.memory.Get(0x5000, 10),
            std::string(wanted.begin(), wanted.begin() + 10));
  EXPECT_EQ(rig_.memory.Get(0x6000, 6000),
            std::string(wanted.begin() + 10, wanted.end()));
  EXPECT_EQ(rig_.memory.Load<u8>(0x500a), 0);
  EXPECT_EQ(rig_.memory.Load<u64>(0x6000 + 6000), 0u);
  Stats stats;
  rig_.bus.VisitStats(stats);
  EXPECT_EQ(stats.Get("rng.bytes"), 6010u);
}

TEST_F(RngTest, G02_12_SameSeedGivesTheGuestTheSameBytes) {
  const auto run = [](u64 seed) {
    DeviceRig rig(kMem);
    rig.Add<Rng>(seed);
    rig.Finish();
    RingDriver driver(rig.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
    for (u16 i = 0; i < 10; ++i) {
      driver.Offer(i, 0x5000u + 64u * i, 64, kDeviceWrites);
      EXPECT_EQ(rig.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kServed);
    }
    return rig.memory.Get(0x5000, 640);
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST_F(RngTest, G02_5_OutBufferIsAViolation) {
  driver_.Offer(3, 0x5000, 10, 0);
  const NotifyResult result = rig_.bus.HandleNotify(kRing);
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  EXPECT_EQ(result.violation->ToString(),
            "Output buffers in rng? (rng, queue 0, head 3)");
}

TEST_F(RngTest, RingThatCoversItselfWithRandomBytesComesToAnEnd) {
  driver_.Offer(0, kRing, 3 * kPageSize, kDeviceWrites);
  const NotifyResult result = rig_.bus.HandleNotify(kRing);
  EXPECT_NE(result.kind, NotifyResult::Kind::kText);
}

TEST_F(RngTest, StateFollowsTheGenerator) {
  ByteWriter before;
  rng_->AppendState(&before);
  driver_.Offer(0, 0x5000, 1, kDeviceWrites);
  EXPECT_EQ(rig_.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kServed);
  ByteWriter after;
  rng_->AppendState(&after);
  EXPECT_NE(before.bytes(), after.bytes());
}

}  // namespace
}  // namespace lgx
