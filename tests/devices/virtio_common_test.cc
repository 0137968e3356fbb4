#include "devices/virtio_common.h"

#include <gtest/gtest.h>

#include "tests/devices/pci_rig.h"

namespace lgx {
namespace {

constexpr u32 kRing = 0x8000;

class VirtioCommonTest : public testing::Test {
 protected:
  VirtioCommonTest() {
    device_ = rig_.Add<StandIn>(
        DeviceShape{kVirtioNet, "net", {256, 64}, {0x21, 0, 0, 0x11}, {1, 2, 3}});
    rig_.Enable(1);
  }
  u32 Status() { return rig_.Read(1, kRegStatus, 1); }
  u32 Read(u32 offset, u32 width) { return rig_.Read(1, offset, width); }
  void Write(u32 offset, u32 width, u32 value) { rig_.Write(1, offset, width, value); }
  void Select(u32 queue) { Write(kRegQueueSelect, 2, queue); }

  PciRig rig_;
  StandIn* device_;
};

TEST_F(VirtioCommonTest, AFreshDevice) {
  EXPECT_EQ(Status(), 0u);
  EXPECT_EQ(Read(kRegNumQueues, 2), 2u);
  EXPECT_EQ(Read(kRegGeneration, 1), 0u);
  EXPECT_EQ(Read(kRegMsixConfig, 2), 0xffffu);
  EXPECT_EQ(Read(kRegQueueSize, 2), 256u);
  EXPECT_EQ(Read(kRegQueueMsix, 2), 0xffffu);
  EXPECT_EQ(Read(kRegQueueEnable, 2), 0u);
  EXPECT_EQ(Read(kRegNotifyOff, 2), 0u);
  Select(1);
  EXPECT_EQ(Read(kRegQueueSize, 2), 64u);
}

TEST_F(VirtioCommonTest, OffersVersion1AndNotNotifyOnEmpty) {
  EXPECT_EQ(rig_.Offered(1), 0x1'10000021u);
  Write(kRegOfferedSelect, 4, 2);
  EXPECT_EQ(Read(kRegOffered, 4), 0u);
  Write(kRegOfferedSelect, 4, 0xffffffff);
  EXPECT_EQ(Read(kRegOffered, 4), 0u);
}

TEST_F(VirtioCommonTest, TheUsualWayToRunning) {
  rig_.Negotiate(1);
  EXPECT_EQ(Status(), 11u);
  rig_.SetQueue(1, 0, ScatteredRing(kRing, 256));
  EXPECT_EQ(Read(kRegQueueEnable, 2), 1u);
  EXPECT_FALSE(device_->running());
  rig_.Go(1);
  EXPECT_EQ(Status(), 15u);
  EXPECT_TRUE(device_->running());
  EXPECT_TRUE(device_->Accepted(kFeatureVersion1));
  EXPECT_TRUE(device_->Accepted(28));
  EXPECT_FALSE(device_->Accepted(kFeatureNotifyOnEmpty));
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, FeaturesAreRefusedWithoutVersion1) {
  for (const u32 status : {1u, 3u}) Write(kRegStatus, 1, status);
  rig_.Accept(1, 0x21);
  Write(kRegStatus, 1, 11);
  EXPECT_EQ(Status(), 3u);
}

TEST_F(VirtioCommonTest, FeaturesAreRefusedIfNeverOffered) {
  for (const u64 more : {u64{2}, u64{1} << 24, u64{1} << 63}) {
    Write(kRegStatus, 1, 0);
    rig_.Accept(1, (u64{1} << 32) | more);
    Write(kRegStatus, 1, 8);
    EXPECT_EQ(Status(), 0u) << more;
  }
}

TEST_F(VirtioCommonTest, FeaturesStandStillOnceAgreed) {
  rig_.Negotiate(1);
  rig_.Accept(1, 0);
  Write(kRegAcceptedSelect, 4, 1);
  EXPECT_EQ(Read(kRegAccepted, 4), 1u);
  Write(kRegAcceptedSelect, 4, 7);
  Write(kRegAccepted, 4, 0xffffffff);
  EXPECT_EQ(Read(kRegAccepted, 4), 0u);
}

TEST_F(VirtioCommonTest, DriverOkNeedsFeaturesOk) {
  Write(kRegStatus, 1, 7);
  EXPECT_EQ(Status(), 3u);
  EXPECT_FALSE(device_->running());
}

TEST_F(VirtioCommonTest, StatusBitsOnlyGrow) {
  rig_.Negotiate(1);
  Write(kRegStatus, 1, 1);
  EXPECT_EQ(Status(), 11u);
  Write(kRegStatus, 1, 0x70);  // no bits of the driver's
  EXPECT_EQ(Status(), 11u);
}

TEST_F(VirtioCommonTest, ResetForgetsEverything) {
  rig_.Negotiate(1);
  rig_.SetQueue(1, 0, ScatteredRing(kRing, 16));
  rig_.Go(1);
  RingDriver driver(rig_.memory, ScatteredRing(kRing, 16));
  driver.Offer(0, 0x100, 8, 0);
  Write(kRegStatus, 1, 0);
  EXPECT_EQ(device_->served.back(), StandIn::kReset);
  rig_.Notify(1, 0);
  EXPECT_EQ(driver.used_index(), 0u);
  EXPECT_EQ(Status(), 0u);
  Select(0);
  EXPECT_EQ(Read(kRegQueueSize, 2), 256u);
  EXPECT_EQ(Read(kRegQueueEnable, 2), 0u);
  EXPECT_EQ(Read(kRegUsed, 4), 0u);
  // And it can be used again.
  rig_.Negotiate(1);
  rig_.SetQueue(1, 0, ScatteredRing(kRing, 16));
  rig_.Go(1);
  EXPECT_EQ(driver.used_index(), 1u);
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, ADriverThatFailsStopsItsDevice) {
  rig_.Negotiate(1);
  rig_.Go(1);
  Write(kRegStatus, 1, 0x8f);
  EXPECT_FALSE(device_->running());
  EXPECT_EQ(Status(), 0x83u);
  Write(kRegStatus, 1, 0x8f);
  EXPECT_FALSE(device_->running());
  Write(kRegStatus, 1, 0);
  EXPECT_EQ(Status(), 0u);
}

TEST_F(VirtioCommonTest, ARingMayBeSmallerThanOffered) {
  rig_.Negotiate(1);
  const RingLayout ring = ScatteredRing(kRing, 1);
  rig_.SetQueue(1, 1, ring);
  rig_.Go(1);
  RingDriver driver(rig_.memory, ring);
  for (u16 i = 0; i < 3; ++i) {
    driver.Offer(0, 0x100, 8, 0);
    rig_.Notify(1, 1);
    EXPECT_EQ(driver.used_index(), i + 1);
  }
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, WhatWasAnnouncedBeforeDriverOkIsServedThen) {
  rig_.Negotiate(1);
  const RingLayout ring = ScatteredRing(kRing, 16);
  rig_.SetQueue(1, 0, ring);
  RingDriver driver(rig_.memory, ring);
  driver.Offer(0, 0x100, 8, 0);
  rig_.Notify(1, 0);
  EXPECT_EQ(driver.used_index(), 0u);
  rig_.Go(1);
  EXPECT_EQ(driver.used_index(), 1u);
  EXPECT_EQ(device_->served, (std::vector<u32>{StandIn::kReset, 0}));
}

// ---- bad rings stop the Guest

struct BadRing {
  u32 size;
  u64 descriptors, available, used;
  const char* text;
};

TEST_F(VirtioCommonTest, BadRings) {
  constexpr u32 kEnd = PciRig::kMem + kPageSize;  // with the bus's spare page
  const BadRing rows[] = {
      {0, 0x8000, 0x9000, 0xa000, "a ring of 0 entries"},
      {3, 0x8000, 0x9000, 0xa000, "a ring of 3 entries"},
      {0xffff, 0x8000, 0x9000, 0xa000, "65535 entries, more than 256"},
      {512, 0x8000, 0x9000, 0xa000, "512 entries, more than 256"},
      {256, 0x8008, 0x9000, 0xa000, "descriptor table at 0x00008008"},
      {256, 0x8000, 0x9001, 0xa000, "available ring at 0x00009001"},
      {256, 0x8000, 0x9000, 0xa002, "used ring at 0x0000a002"},
      {256, kEnd, 0x9000, 0xa000, "descriptor table"},
      {256, kEnd - 4080, 0x9000, 0xa000, "descriptor table"},
      {256, 0x8000, kEnd - 514, 0xa000, "available ring"},
      {256, 0x8000, 0x9000, kEnd - 2048, "used ring"},
      {256, u64{1} << 32, 0x9000, 0xa000, "descriptor table at 0x100000000"},
      {256, 0x8000, u64{1} << 63, 0xa000, "available ring"},
      {256, 0x8000, 0x9000, 0xfffffffffffffffc, "used ring"},
  };
  for (const BadRing& row : rows) {
    rig_.violation.clear();
    rig_.Negotiate(1);
    rig_.PlaceQueue(1, 0, row.size, row.descriptors, row.available, row.used);
    EXPECT_EQ(rig_.violation, "") << "nothing is checked before it is enabled";
    Write(kRegQueueEnable, 2, 1);
    EXPECT_NE(rig_.violation.find(row.text), std::string::npos) << rig_.violation;
    EXPECT_NE(rig_.violation.find("(net, queue 0)"), std::string::npos);
    EXPECT_EQ(Read(kRegQueueEnable, 2), 0u);
  }
}

TEST_F(VirtioCommonTest, ARingThatEndsWithMemoryIsGood) {
  constexpr u32 kEnd = PciRig::kMem + kPageSize;
  rig_.Negotiate(1);
  rig_.PlaceQueue(1, 0, 256, kEnd - 4096, 0x9000, 0xa000);
  Write(kRegQueueEnable, 2, 1);
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, AnEnabledQueueStandsStill) {
  rig_.Negotiate(1);
  rig_.SetQueue(1, 0, ScatteredRing(kRing, 16));
  rig_.PlaceQueue(1, 0, 3, 1, 1, 1);
  Write(kRegQueueEnable, 2, 1);
  EXPECT_EQ(rig_.violation, "");
  EXPECT_EQ(Read(kRegQueueSize, 2), 16u);
  EXPECT_EQ(Read(kRegDescriptors, 4), kRing + 0x1000);
  Write(kRegQueueEnable, 2, 0);
  EXPECT_EQ(Read(kRegQueueEnable, 2), 1u);
}

TEST_F(VirtioCommonTest, OnlyAOneEnables) {
  rig_.Negotiate(1);
  rig_.PlaceQueue(1, 0, 3, 1, 1, 1);
  for (const u32 value : {0u, 2u, 0xffffu}) Write(kRegQueueEnable, 2, value);
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, AQueueThatIsNotThere) {
  rig_.Negotiate(1);
  for (const u32 queue : {2u, 0xffffu}) {
    rig_.PlaceQueue(1, queue, 3, 1, 1, 1);
    Write(kRegQueueEnable, 2, 1);
    EXPECT_EQ(Read(kRegQueueSize, 2), 0u);
    EXPECT_EQ(Read(kRegDescriptors, 4), 0u);
    EXPECT_EQ(Read(kRegQueueEnable, 2), 0u);
  }
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, Notifications) {
  rig_.Negotiate(1);
  rig_.SetQueue(1, 0, ScatteredRing(kRing, 16));
  rig_.Go(1);
  device_->served.clear();
  rig_.Notify(1, 1);  // not enabled
  EXPECT_TRUE(device_->served.empty());
  rig_.Notify(1, 0);
  EXPECT_EQ(device_->served, (std::vector<u32>{0}));
  EXPECT_EQ(rig_.violation, "");
  rig_.Notify(1, 2);
  EXPECT_EQ(rig_.violation, "Guest notified queue 2 of 2 (net)");
}

TEST_F(VirtioCommonTest, ReadOnlyFieldsAndOddWidthsChangeNothing) {
  const u32 bar = rig_.ReadConfig(1, pci::kBar0);
  const auto image = [&] {
    std::vector<u32> words;
    for (u32 i = 0; i < VirtioCommon::kSize; i += 4) words.push_back(Read(i, 4));
    return words;
  };
  const std::vector<u32> before = image();
  struct Access {
    u32 offset, width;
  };
  for (const Access& a :
       {Access{kRegOffered, 4},   {kRegNumQueues, 2},       {kRegGeneration, 1},
        {kRegNotifyOff, 2},       {kRegMsixConfig, 2},      {kRegQueueMsix, 2},
        {kRegStatus, 2},          {kRegStatus, 4},          {kRegQueueSelect, 1},
        {kRegQueueSelect, 4},     {kRegQueueSize, 1},       {kRegQueueSize, 4},
        {kRegQueueEnable, 1},     {kRegQueueEnable, 4},     {kRegDescriptors, 2},
        {kRegDescriptors + 2, 4}, {kRegDescriptors + 1, 1}, {kRegUsed + 6, 2},
        {kRegOfferedSelect, 1},   {kRegAccepted, 2},        {0x36, 4}}) {
    rig_.Note(rig_.bus.WriteMemory(Gpa(bar + a.offset), a.width, 0x01010101));
    EXPECT_EQ(image(), before) << a.offset << ", " << a.width;
  }
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioCommonTest, StateHoldsWhatTheDriverWrote) {
  const auto state = [&] {
    ByteWriter out;
    rig_.bus.AppendState(&out);
    return out.Take();
  };
  std::vector<u8> last = state();
  const auto changes = [&](u32 offset, u32 width, u32 value) {
    Write(offset, width, value);
    const std::vector<u8> now = state();
    EXPECT_NE(now, last) << offset;
    last = now;
  };
  changes(kRegOfferedSelect, 4, 1);
  changes(kRegAcceptedSelect, 4, 1);
  changes(kRegAccepted, 4, 1);
  changes(kRegStatus, 1, 1);
  changes(kRegQueueSize, 2, 16);
  changes(kRegDescriptors, 4, 0x100);
  changes(kRegUsed + 4, 4, 1);
  changes(kRegQueueSelect, 2, 1);
}

}  // namespace
}  // namespace lgx
