#include "devices/virtio_pci.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"
#include "devices/console.h"
#include "devices/rng.h"
#include "tests/devices/pci_rig.h"

namespace lgx {
namespace {

constexpr u32 kRing = 0x8000;
constexpr u8 kCommonCap = 1, kNotifyCap = 2, kIsrCap = 3, kDeviceCap = 4, kWindowCap = 5;
constexpr u32 kEmergencyWrite = kRegDevice + 8;

// The console in slot 1, the rng in slot 2.
class VirtioPciTest : public testing::Test {
 protected:
  VirtioPciTest() {
    console_ = rig_.Add<Console>(terminal_);
    rig_.Add<Rng>(u64{1});
  }
  void OpenWindow(u32 offset, u32 length, u32 bar = 0) {
    const u32 at = rig_.FindCapability(1, kWindowCap);
    rig_.WriteConfig(1, at + 4, 1, bar);
    rig_.WriteConfig(1, at + 8, 4, offset);
    rig_.WriteConfig(1, at + 12, 4, length);
  }
  u32 Data() { return rig_.FindCapability(1, kWindowCap) + 16; }

  BufferBackend terminal_;
  PciRig rig_;
  Console* console_;
};

TEST_F(VirtioPciTest, Header) {
  EXPECT_EQ(rig_.ReadConfig(1, 0), 0x10431af4u);
  EXPECT_EQ(rig_.ReadConfig(2, 0), 0x10441af4u);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kRevision, 1), 1u);
  EXPECT_EQ(rig_.ReadConfig(1, 0x0e, 1), 0u);  // one function, no bridge
  EXPECT_EQ(rig_.ReadConfig(1, pci::kSubsystemVendor), 0x00401af4u);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kInterruptLine, 2), 0x0101u);
  EXPECT_EQ(rig_.ReadConfig(2, pci::kInterruptLine, 2), 0x0102u);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kStatus, 2), 0x0010u);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kCommand, 2), 0u);
}

TEST_F(VirtioPciTest, CapabilitiesSayWhereTheRegistersAre) {
  struct Row {
    u8 type;
    u32 offset, length, size;
  };
  for (const Row& row : {Row{kCommonCap, 0, 0x38, 16}, Row{kNotifyCap, 0x38, 2, 20},
                         Row{kIsrCap, 0x3a, 1, 16}, Row{kDeviceCap, 0x3c, 12, 16},
                         Row{kWindowCap, 0, 0, 20}}) {
    const u32 at = rig_.FindCapability(1, row.type);
    ASSERT_NE(at, 0u) << row.type;
    EXPECT_EQ(rig_.ReadConfig(1, at + 2, 1), row.size);
    EXPECT_EQ(rig_.ReadConfig(1, at + 4, 1), 0u);
    EXPECT_EQ(rig_.ReadConfig(1, at + 8), row.offset);
    EXPECT_EQ(rig_.ReadConfig(1, at + 12), row.length);
  }
  EXPECT_EQ(rig_.ReadConfig(1, rig_.FindCapability(1, kNotifyCap) + 16), 0u);
  EXPECT_EQ(rig_.FindCapability(2, kDeviceCap), 0u) << "the rng has no configuration";
}

TEST_F(VirtioPciTest, OnlyTheWindowCanBeWrittenAmongTheCapabilities) {
  const u32 window = rig_.FindCapability(1, kWindowCap);
  for (u32 at = 0; at < 256; at += 4) {
    const bool free = at == pci::kCommand || at == pci::kBar0 ||
                      at == pci::kInterruptLine || (at >= window + 4 && at < window + 20);
    if (free) continue;
    const u32 before = rig_.ReadConfig(1, at);
    rig_.WriteConfig(1, at, 4, ~before);
    EXPECT_EQ(rig_.ReadConfig(1, at), before) << at;
  }
}

TEST_F(VirtioPciTest, SizingAndMovingTheBaseAddress) {
  const u32 first = rig_.ReadConfig(1, pci::kBar0);
  EXPECT_EQ(first, PciRig::kMem + 0x00101000);
  rig_.WriteConfig(1, pci::kBar0, 4, 0xffffffff);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kBar0), 0xfffff000u);
  rig_.WriteConfig(1, pci::kBar0, 4, 0x80000000);
  EXPECT_EQ(rig_.bus.ReadMemory(Gpa(0x80000000 + kRegNumQueues), 2), 0xffffu)
      << "memory decoding is off";
  rig_.Enable(1);
  EXPECT_EQ(rig_.bus.ReadMemory(Gpa(0x80000000 + kRegNumQueues), 2), 2u);
  EXPECT_EQ(rig_.bus.ReadMemory(Gpa(first + kRegNumQueues), 2), 0xffffu);
  rig_.WriteConfig(1, pci::kBar0 + 4, 4, 0xffffffff);
  EXPECT_EQ(rig_.ReadConfig(1, pci::kBar0 + 4), 0u) << "there is no second one";
}

TEST_F(VirtioPciTest, OutputThroughScatteredRings) {
  rig_.Negotiate(1);
  const RingLayout ring = ScatteredRing(kRing, 256);
  rig_.SetQueue(1, Console::kOutputQueue, ring);
  rig_.Go(1);
  rig_.memory.Put(0x100, "hello");
  RingDriver driver(rig_.memory, ring);
  driver.Offer(7, 0x100, 5, 0);
  rig_.Notify(1, Console::kOutputQueue);
  EXPECT_EQ(terminal_.TakeOutput(), "hello");
  EXPECT_EQ(driver.used_index(), 1u);
  EXPECT_EQ(driver.used_id(0), 7u);
}

TEST_F(VirtioPciTest, InputWaitsUntilThereIsARing) {
  const u8 text[] = {'a', 'b'};
  console_->QueueInput(text);
  EXPECT_FALSE(console_->DeliverInput());
  rig_.Negotiate(1);
  rig_.Go(1);
  EXPECT_FALSE(console_->DeliverInput());
  const RingLayout ring = ScatteredRing(kRing, 16);
  RingDriver(rig_.memory, ring).Offer(0, 0x200, 16, kDeviceWrites);
  rig_.SetQueue(1, Console::kInputQueue, ring);
  EXPECT_FALSE(console_->DeliverInput());
  EXPECT_EQ(rig_.memory.Get(0x200, 2), "ab");
}

TEST_F(VirtioPciTest, AnInterruptSaysWhatItWasForOnce) {
  rig_.Negotiate(2);
  const RingLayout ring = ScatteredRing(kRing, 16);
  rig_.SetQueue(2, 0, ring);
  rig_.Go(2);
  RingDriver(rig_.memory, ring).Offer(0, 0x200, 16, kDeviceWrites);
  rig_.Notify(2, 0);
  EXPECT_EQ(rig_.irqs.raised, (std::vector<u32>{2}));
  EXPECT_EQ(rig_.ReadConfig(2, pci::kStatus, 2), 0x0018u);
  EXPECT_EQ(rig_.Read(2, kRegIsr, 1), 1u);
  EXPECT_EQ(rig_.Read(2, kRegIsr, 1), 0u);
  EXPECT_EQ(rig_.ReadConfig(2, pci::kStatus, 2), 0x0010u);
}

TEST_F(VirtioPciTest, InterruptsCanBeTurnedOff) {
  rig_.Negotiate(2);
  rig_.WriteConfig(2, pci::kCommand, 2, 0x0406);
  const RingLayout ring = ScatteredRing(kRing, 16);
  rig_.SetQueue(2, 0, ring);
  rig_.Go(2);
  RingDriver(rig_.memory, ring).Offer(0, 0x200, 16, kDeviceWrites);
  rig_.Notify(2, 0);
  EXPECT_TRUE(rig_.irqs.raised.empty());
  EXPECT_EQ(rig_.Read(2, kRegIsr, 1), 1u);
}

TEST_F(VirtioPciTest, ResetForgetsTheInterrupt) {
  rig_.Negotiate(2);
  const RingLayout ring = ScatteredRing(kRing, 16);
  rig_.SetQueue(2, 0, ring);
  rig_.Go(2);
  RingDriver(rig_.memory, ring).Offer(0, 0x200, 16, kDeviceWrites);
  rig_.Notify(2, 0);
  rig_.Write(2, kRegStatus, 1, 0);
  EXPECT_EQ(rig_.Read(2, kRegIsr, 1), 0u);
}

TEST_F(VirtioPciTest, RegistersThatAreNotThere) {
  rig_.Enable(1);
  rig_.Enable(2);
  EXPECT_EQ(rig_.Read(1, 0x36, 4), 0u);  // leaves the common configuration
  EXPECT_EQ(rig_.Read(1, kRegNotify, 2), 0u);
  EXPECT_EQ(rig_.Read(1, 0x3b, 1), 0u);
  EXPECT_EQ(rig_.Read(1, kRegIsr, 2), 0u);
  EXPECT_EQ(rig_.Read(1, 0xffc, 4), 0u);
  EXPECT_EQ(rig_.Read(2, kRegDevice, 4), 0u);
  rig_.Write(1, kRegIsr, 1, 0xff);
  rig_.Write(1, kRegNotify, 1, 9);
  rig_.Write(1, kRegNotify, 4, 9);
  rig_.Write(1, 0xffc, 4, 9);
  rig_.Write(1, kRegDevice + 10, 4, 9);  // leaves the configuration
  EXPECT_EQ(rig_.violation, "");
  EXPECT_EQ(terminal_.TakeOutput(), "");
  Stats stats;
  rig_.bus.VisitStats(stats);
  EXPECT_EQ(stats.Get("pci.ignored_writes"), 5u);
}

// ---- the window

TEST_F(VirtioPciTest, EarlyTextGoesThroughTheWindow) {
  OpenWindow(kEmergencyWrite, 4);
  for (const char c : {'h', 'i', '\n'})
    rig_.WriteConfig(1, Data(), 4, static_cast<u8>(c));
  EXPECT_EQ(terminal_.TakeOutput(), "hi\n");
  OpenWindow(kEmergencyWrite, 1);
  rig_.WriteConfig(1, Data(), 1, 'x');
  EXPECT_EQ(terminal_.TakeOutput(), "x");
  EXPECT_EQ(console_->shape().config.size(), 12u);
}

TEST_F(VirtioPciTest, TheWindowReadsToo) {
  OpenWindow(kRegNumQueues, 2);
  EXPECT_EQ(rig_.ReadConfig(1, Data()), 2u);
  EXPECT_EQ(rig_.ReadConfig(1, Data(), 1), 2u);
  EXPECT_EQ(rig_.ReadConfig(1, Data() + 2, 2), 0u);
}

TEST_F(VirtioPciTest, WindowsThatStayShut) {
  struct Row {
    u32 offset, length, bar;
  };
  for (const Row& row : {Row{kEmergencyWrite, 4, 1}, Row{kEmergencyWrite, 0, 0},
                         Row{kEmergencyWrite, 3, 0}, Row{kEmergencyWrite, 8, 0},
                         Row{kEmergencyWrite + 1, 4, 0}, Row{0x1000, 4, 0},
                         Row{0xfffffffc, 4, 0}, Row{kEmergencyWrite, 0xffffffff, 0}}) {
    OpenWindow(row.offset, row.length, row.bar);
    EXPECT_EQ(rig_.ReadConfig(1, Data()), 0xffffffffu);
    rig_.WriteConfig(1, Data(), 4, 'x');
  }
  EXPECT_EQ(terminal_.TakeOutput(), "");
  EXPECT_EQ(rig_.violation, "");
}

TEST_F(VirtioPciTest, OnlyTheFirstByteOfTheDataActs) {
  OpenWindow(kEmergencyWrite, 4);
  rig_.WriteConfig(1, Data() + 1, 1, 'x');
  rig_.WriteConfig(1, Data() + 2, 2, 'x');
  EXPECT_EQ(terminal_.TakeOutput(), "");
}

TEST_F(VirtioPciTest, AViolationThroughTheWindowIsOne) {
  OpenWindow(kRegNotify, 2);
  rig_.WriteConfig(1, Data(), 2, 5);
  EXPECT_EQ(rig_.violation, "Guest notified queue 5 of 2 (console)");
}

}  // namespace
}  // namespace lgx
