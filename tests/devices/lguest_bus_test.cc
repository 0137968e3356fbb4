#include "devices/lguest_bus.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "devices/backend_buffer.h"
#include "devices/console.h"
#include "devices/rng.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;

// The lines of the log while it lives.
class CapturedLog {
 public:
  CapturedLog() {
    lines_.clear();
    SetLogLevel(LogLevel::kDebug);
    SetLogSink([](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~CapturedLog() {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kInfo);
  }
  const std::vector<std::string>& lines() const { return lines_; }
  bool Has(std::string_view line) const {
    return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
  }

 private:
  static inline std::vector<std::string> lines_;
};

DeviceShape NetShape() {
  return DeviceShape{kVirtioNet,
                     "net",
                     {kRingEntries, kRingEntries},
                     {0x83, 0x3b, 0x00, 0x11},
                     {0, 0, 0, 0, 0, 0, 0, 0}};
}

DeviceShape BlockShape() {
  DeviceShape shape{kVirtioBlock, "block 0", {kRingEntries}, {0x05}, {}};
  shape.config.assign(16, 0);
  StoreLe<u64>(shape.config.data(), 0x1234);  // sectors
  StoreLe<u32>(shape.config.data() + 12, 254);
  return shape;
}

DeviceShape PlainShape(std::vector<u16> queue_sizes) {
  return DeviceShape{kVirtioRng, "plain", std::move(queue_sizes), {}, {}};
}

std::string HexOf(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) absl::StrAppendFormat(&text, "%02X ", static_cast<u8>(c));
  if (!text.empty()) text.pop_back();
  return text;
}

// guest-02 section 2.3: lguest 64 vmlinux --tunnet=... --block=rootfile --rng
class WorkedExample : public testing::Test {
 protected:
  WorkedExample() : rig_(0x04000000) {
    rig_.Add<StandIn>(NetShape());
    rig_.Add<StandIn>(BlockShape());
    rig_.Add<Rng>(u64{1});
    rig_.Add<Console>(terminal_);
    rig_.Finish();
  }
  BufferBackend terminal_;
  DeviceRig rig_;
};

TEST_F(WorkedExample, G02_1_PageHoldsExactlyTheseBytes) {
  struct Row {
    u32 offset;
    const char* bytes;
  };
  const Row rows[] = {
      {0x00, "01 02 04 08 00"},
      {0x05, "00 01 01 00 01 40 00 00"},
      {0x0d, "00 01 02 00 04 40 00 00"},
      {0x15, "83 3B 00 11"},
      {0x19, "00 00 00 00"},
      {0x1d, "00 00 00 00 00 00 00 00"},
      {0x25, "02 01 01 10 00"},
      {0x2a, "00 01 03 00 07 40 00 00"},
      {0x32, "05 00"},
      {0x34, "34 12 00 00 00 00 00 00 00 00 00 00 FE 00 00 00"},
      {0x44, "04 01 00 00 00"},
      {0x49, "00 01 04 00 0A 40 00 00"},
      {0x51, "03 02 00 00 00"},
      {0x56, "00 01 05 00 0D 40 00 00"},
      {0x5e, "00 01 06 00 10 40 00 00"},
      {0x66, "00"},
  };
  u32 next = 0;
  for (const Row& row : rows) {
    const std::string wanted = row.bytes;
    const u32 len = static_cast<u32>(wanted.size() + 1) / 3;
    EXPECT_EQ(row.offset, next) << "rows leave no gap";
    EXPECT_EQ(HexOf(rig_.memory.Get(0x04000000 + row.offset, len)), wanted)
        << "offset " << row.offset;
    next = row.offset + len;
  }
  EXPECT_EQ(rig_.memory.Get(0x04000067, 4096 - 0x67), std::string(4096 - 0x67, '\0'));
  EXPECT_EQ(rig_.bus.guest_limit(), Gpa(0x04013000));
  EXPECT_EQ(rig_.bus.PagesNeeded(), 0x13u);
}

TEST_F(WorkedExample, G02_2_GuestScanFindsFourDevices) {
  // The walk of the kernel, and what it prints.
  std::vector<std::string> found;
  for (u32 at = 0; at < kPageSize;) {
    const std::string d = rig_.memory.Get(0x04000000 + at, 5);
    if (d[0] == 0) break;
    const u32 size = 5u + 8u * static_cast<u8>(d[1]) + 2u * static_cast<u8>(d[2]) +
                     static_cast<u8>(d[3]);
    found.push_back(absl::StrFormat("Device at %d has size %d", at, size));
    at += size;
  }
  EXPECT_EQ(found, (std::vector<std::string>{
                       "Device at 0 has size 37", "Device at 37 has size 31",
                       "Device at 68 has size 13", "Device at 81 has size 21"}));
}

TEST_F(WorkedExample, G02_3_VerboseShowsTheStatusOfEachDevice) {
  const CapturedLog log;
  for (const u8 status : {0, 1, 3, 7}) {
    rig_.memory.Store<u8>(0x04000025 + 4, status);
    EXPECT_EQ(rig_.bus.HandleNotify(0x04000025).kind, NotifyResult::Kind::kServed);
  }
  EXPECT_EQ(log.lines(), (std::vector<std::string>{
                             "Notify on address 0x04000025", "Device block 0 status 0x00",
                             "Resetting device block 0", "Notify on address 0x04000025",
                             "Device block 0 status 0x01", "Notify on address 0x04000025",
                             "Device block 0 status 0x03", "Notify on address 0x04000025",
                             "Device block 0 status 0x07",
                             "Device block 0 OK: offered 05, accepted 00"}));
}

TEST(LguestBus, PageAfterTheConsoleAloneIsTheSmallest) {
  BufferBackend terminal;
  DeviceRig rig(kMem);
  rig.Add<Console>(terminal);
  EXPECT_EQ(rig.bus.PagesNeeded(), 7u);
  EXPECT_EQ(rig.bus.guest_pages(), 256u + 7);
  rig.Finish();
  EXPECT_EQ(HexOf(rig.memory.Get(kMem, 22)),
            "03 02 00 00 00 00 01 01 00 01 01 00 00 00 01 02 00 04 01 00 00 00");
}

TEST(LguestBus, FinishClearsWhatLiesInTheDevicePages) {
  DeviceRig rig(kMem);
  rig.Add<Rng>(u64{1});
  rig.memory.Store<u32>(kMem + 100, 0xdeadbeef);
  rig.memory.Store<u32>(kMem + 0x2002, 0xdeadbeef);
  rig.Finish();
  EXPECT_EQ(rig.memory.Load<u32>(kMem + 100), 0u);
  EXPECT_EQ(rig.memory.Load<u32>(kMem + 0x2002), 0u);
}

// --- limits ---

TEST(LguestBus, G02_15_MoreThan31QueuesAreRefused) {
  DeviceRig rig(kMem);
  for (int i = 0; i < 31; ++i) rig.Add<StandIn>(PlainShape({kRingEntries}));
  const Status refused =
      rig.bus.AddDevice(std::make_unique<StandIn>(PlainShape({kRingEntries})));
  EXPECT_EQ(refused.code(), kInvalidArgument);
  EXPECT_EQ(
      MessageOf(refused),
      "Too many devices: plain needs 1 interrupts, and of the 31 that lguest has for "
      "devices 31 are taken. Leave out some devices.");
  EXPECT_EQ(rig.bus.device_count(), 31u);
  rig.Finish();
}

TEST(LguestBus, DeviceThatFitsOnlyHalfIsRefusedWhole) {
  DeviceRig rig(kMem);
  for (int i = 0; i < 30; ++i) rig.Add<StandIn>(PlainShape({kRingEntries}));
  const u32 pages = rig.bus.PagesNeeded();
  EXPECT_FALSE(
      rig.bus
          .AddDevice(std::make_unique<StandIn>(PlainShape({kRingEntries, kRingEntries})))
          .ok());
  EXPECT_EQ(rig.bus.PagesNeeded(), pages);
  EXPECT_TRUE(
      rig.bus.AddDevice(std::make_unique<StandIn>(PlainShape({kRingEntries}))).ok());
}

TEST(LguestBus, FullDevicePageIsTooManyDevices) {
  DeviceRig rig(kMem);
  DeviceShape big{kVirtioRng, "big", {}, {}, {}};
  big.features.assign(255, 0);
  big.config.assign(255, 0);  // 770 bytes
  for (int i = 0; i < 5; ++i) rig.Add<StandIn>(big);
  const Status refused = rig.bus.AddDevice(std::make_unique<StandIn>(big));
  EXPECT_EQ(
      MessageOf(refused),
      "Too many devices: the description of big takes 770 bytes, and the device page "
      "of 4096 bytes has 246 left. Leave out some devices.");
  // A descriptor that ends with the page is legal: the scan stops there, too.
  DeviceShape rest{kVirtioRng, "rest", {}, {}, {}};
  rest.config.assign(241, 0);
  EXPECT_TRUE(rig.bus.AddDevice(std::make_unique<StandIn>(rest)).ok());
  rig.Finish();
}

TEST(LguestBus, RingsThatTakeMoreThan255PagesAreRefused) {
  DeviceRig rig(kMem);
  EXPECT_EQ(RingLayout::ContiguousPages(2048), 15u);
  for (int i = 0; i < 17; ++i) rig.Add<StandIn>(PlainShape({2048}));
  EXPECT_EQ(rig.bus.PagesNeeded(), 256u);
  const Status refused =
      rig.bus.AddDevice(std::make_unique<StandIn>(PlainShape({kRingEntries})));
  EXPECT_EQ(
      MessageOf(refused),
      "Not enough memory for devices: the rings of plain take 3 pages, and of the 256 "
      "pages for devices 0 are left. Leave out some devices.");
  rig.Finish();
}

TEST(LguestBus, InterruptsAbove15AreWarnedAboutOnce) {
  const CapturedLog log;
  DeviceRig rig(kMem);
  for (int i = 0; i < 15; ++i) rig.Add<StandIn>(PlainShape({kRingEntries}));
  DeviceRig larger(kMem);
  for (int i = 0; i < 16; ++i) larger.Add<StandIn>(PlainShape({kRingEntries}));
  const std::string warning =
      "the devices use interrupts up to 16; a guest kernel without I/O APIC support has "
      "none "
      "above 15";
  rig.Finish();
  EXPECT_FALSE(log.Has(warning));
  larger.Finish();
  EXPECT_TRUE(log.Has(warning));
}

// --- NOTIFY, guest-02 section 4 ---

// One device with two queues, one feature byte; then a second device.
class NotifyTest : public testing::Test {
 protected:
  static constexpr u32 kDescriptor = kMem;
  static constexpr u32 kStatus = kMem + 4;
  static constexpr u32 kAccepted = kMem + 5 + 16 + 4;
  static constexpr u32 kRing0 = kMem + 0x1000;
  static constexpr u32 kRing1 = kMem + 0x4000;

  NotifyTest() : rig_(kMem) {
    device_ = rig_.Add<StandIn>(NetShape());
    other_ = rig_.Add<StandIn>(PlainShape({kRingEntries}));
    rig_.Finish();
  }
  NotifyResult SetStatus(u8 status) {
    rig_.memory.Store<u8>(kStatus, status);
    return rig_.bus.HandleNotify(kDescriptor);
  }
  void ExpectServed(const NotifyResult& result) {
    EXPECT_EQ(result.kind, NotifyResult::Kind::kServed);
    EXPECT_FALSE(result.violation);
  }
  RingDriver Driver(u32 ring) {
    return RingDriver(rig_.memory, RingLayout::Contiguous(Gpa(ring), kRingEntries));
  }

  DeviceRig rig_;
  StandIn* device_;
  StandIn* other_;
};

TEST_F(NotifyTest, AddressZeroMeansNothing) {
  rig_.memory.Put(0, "text at zero");
  ExpectServed(rig_.bus.HandleNotify(0));
  EXPECT_TRUE(device_->served.empty());
}

TEST_F(NotifyTest, NormalSequenceStartsTheDeviceAtDriverOk) {
  for (const u8 status : {0, 1, 3}) {
    ExpectServed(SetStatus(status));
    EXPECT_FALSE(device_->running());
  }
  rig_.memory.Store<u32>(kAccepted, 0x10003b83);
  ExpectServed(SetStatus(7));
  EXPECT_TRUE(device_->running());
  EXPECT_TRUE(device_->Accepted(28));
  EXPECT_FALSE(device_->Accepted(24));
  EXPECT_EQ(device_->served, (std::vector<u32>{StandIn::kReset, 0, 1}));
  EXPECT_FALSE(other_->running());
}

TEST_F(NotifyTest, G02_4_AcceptedFeaturesAreShownAndNeverExceedTheOffer) {
  const CapturedLog log;
  rig_.memory.Store<u32>(kAccepted, 0xff003b83);
  ExpectServed(SetStatus(7));
  EXPECT_TRUE(log.Has("Device net OK: offered 83 3b 00 11, accepted 83 3b 00 ff"));
  EXPECT_TRUE(device_->Accepted(24));
  EXPECT_FALSE(device_->Accepted(29));
  EXPECT_FALSE(device_->Accepted(4000));
}

TEST_F(NotifyTest, RingOfARunningDeviceIsServedAtOnce) {
  ExpectServed(SetStatus(7));
  device_->served.clear();
  RingDriver driver = Driver(kRing1);
  driver.Offer(3, 0x1000, 10, 0);
  ExpectServed(rig_.bus.HandleNotify(kRing1));
  EXPECT_EQ(device_->served, std::vector<u32>{1});
  EXPECT_EQ(driver.used_index(), 1);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{2});
}

TEST_F(NotifyTest, RingOfADeviceThatDoesNotRunStartsItFirst) {
  ExpectServed(SetStatus(3));
  RingDriver driver = Driver(kRing0);
  driver.Offer(3, 0x1000, 10, 0);
  ExpectServed(rig_.bus.HandleNotify(kRing0));
  EXPECT_TRUE(device_->running());
  EXPECT_EQ(driver.used_index(), 1);
  // "Driver OK" follows and starts nothing a second time.
  device_->served.clear();
  ExpectServed(SetStatus(7));
  EXPECT_TRUE(device_->served.empty());
}

TEST_F(NotifyTest, BuffersOfferedBeforeDriverOkAreServedByTheStart) {
  RingDriver driver = Driver(kRing1);
  driver.Offer(3, 0x1000, 10, 0);
  ExpectServed(SetStatus(7));
  EXPECT_EQ(driver.used_index(), 1);
}

TEST_F(NotifyTest, StatusBitFourTwiceStartsOnce) {
  ExpectServed(SetStatus(7));
  device_->served.clear();
  ExpectServed(SetStatus(7));
  EXPECT_TRUE(device_->served.empty());
}

TEST_F(NotifyTest, ResetClearsFeaturesAndRingsAndKeepsTheRest) {
  rig_.memory.Store<u32>(kAccepted, 0x10003b83);
  ExpectServed(SetStatus(7));
  RingDriver driver = Driver(kRing0);
  driver.Offer(3, 0x1000, 10, 0);
  rig_.memory.Store<u8>(kRing1 + 0x2fff, 0x55);  // the last byte of the three pages
  const std::string before = rig_.memory.Get(kDescriptor, 0x15 + 4);
  ExpectServed(SetStatus(0));
  EXPECT_FALSE(device_->running());
  EXPECT_EQ(rig_.memory.Get(kAccepted, 4), std::string(4, '\0'));
  EXPECT_EQ(rig_.memory.Get(kRing0, 0x6000), std::string(0x6000, '\0'));
  std::string expected = before;
  expected[4] = 0;  // the status byte is the guest's
  EXPECT_EQ(rig_.memory.Get(kDescriptor, 0x15 + 4), expected);
}

TEST_F(NotifyTest, G02_13_DeviceWorksAgainAfterResetAsOftenAsOneLikes) {
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    for (const u8 status : {0, 1, 3, 7}) ExpectServed(SetStatus(status));
    RingDriver driver = Driver(kRing1);
    rig_.irqs.raised.clear();
    for (u16 i = 0; i < 5; ++i) {
      driver.Offer(i, 0x1000, 10, 0);
      ExpectServed(rig_.bus.HandleNotify(kRing1));
      EXPECT_EQ(driver.used_index(), i + 1);
    }
    EXPECT_EQ(rig_.irqs.raised.size(), 5u);
  }
}

TEST_F(NotifyTest, NothingIsServedAfterReset) {
  ExpectServed(SetStatus(7));
  ExpectServed(SetStatus(0));
  EXPECT_FALSE(device_->Accepted(0));
  EXPECT_EQ(device_->served.back(), StandIn::kReset);
}

TEST_F(NotifyTest, FailedDriverIsAWarningAndAReset) {
  const CapturedLog log;
  ExpectServed(SetStatus(7));
  ExpectServed(SetStatus(0x87));
  EXPECT_TRUE(log.Has("Device net configuration FAILED"));
  SetLogLevel(LogLevel::kWarning);
  ExpectServed(SetStatus(0x87));
  EXPECT_EQ(std::count(log.lines().begin(), log.lines().end(),
                       "Device net configuration FAILED"),
            1);
  EXPECT_FALSE(device_->running());
}

TEST_F(NotifyTest, FailedDriverOfADeviceThatNeverRanIsAWarningOnly) {
  rig_.memory.Store<u32>(kRing0, 0x12345678);
  ExpectServed(SetStatus(0x83));
  EXPECT_EQ(rig_.memory.Load<u32>(kRing0), 0x12345678u);
  EXPECT_TRUE(device_->served.empty());
}

TEST_F(NotifyTest, NotifyOnEmptyIsObeyedWhenBothSidesAgree) {
  rig_.memory.Store<u32>(kAccepted, 0x01000000);
  ExpectServed(SetStatus(7));
  RingDriver driver = Driver(kRing1);
  driver.set_no_interrupt(true);
  driver.Offer(0, 0x1000, 1, 0);
  ExpectServed(rig_.bus.HandleNotify(kRing1));
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{2});
}

TEST_F(NotifyTest, G02_14_AnyOtherAddressIsEarlyText) {
  rig_.memory.Put(0x2345, std::string_view("Hello, world\n\0junk", 18));
  const NotifyResult result = rig_.bus.HandleNotify(0x2345);
  EXPECT_EQ(result.kind, NotifyResult::Kind::kText);
  EXPECT_EQ(result.text, "Hello, world\n");
}

TEST_F(NotifyTest, EarlyTextMayBeEmptyLongAndInTheDevicePages) {
  EXPECT_EQ(rig_.bus.HandleNotify(0x3000).text, "");
  const std::string longer(100000, 'x');
  rig_.memory.Put(0x3000, longer);
  EXPECT_EQ(rig_.bus.HandleNotify(0x3000).text, longer);
  // One byte into a descriptor is no descriptor.
  EXPECT_EQ(rig_.bus.HandleNotify(kMem + 1).text, "\x02\x04\x08");
}

TEST_F(NotifyTest, EarlyTextWithoutAnEndStopsAtTheLimit) {
  const u32 limit = rig_.bus.guest_limit().value;
  rig_.memory.Put(limit - 300, std::string(300, 'z'));
  EXPECT_EQ(rig_.bus.HandleNotify(limit - 300).text, std::string(300, 'z'));
  EXPECT_EQ(rig_.bus.HandleNotify(limit - 1).text, "z");
}

TEST_F(NotifyTest, G02_5_AddressOutsideMemoryIsAViolation) {
  for (const u32 address : {rig_.bus.guest_limit().value, 0xffffffffu}) {
    const NotifyResult result = rig_.bus.HandleNotify(address);
    ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
    EXPECT_EQ(result.violation->kind, ViolationKind::kBadNotify);
    EXPECT_EQ(result.violation->ToString(),
              absl::StrFormat("Bad NOTIFY 0x%08x", address));
  }
}

TEST_F(NotifyTest, G02_5_GuestThatChangesTheDevicePageIsStopped) {
  // num_vq, feature_len, config_len, ring size, irq, pfn, offered features.
  for (const u32 offset : {0u, 1u, 2u, 3u, 5u, 7u, 9u, 13u, 0x15u, 0x18u}) {
    SCOPED_TRACE(offset);
    const u8 before = rig_.memory.Load<u8>(kDescriptor + offset);
    rig_.memory.Store<u8>(kDescriptor + offset, before ^ 0xff);
    const NotifyResult result = SetStatus(7);
    ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
    EXPECT_EQ(result.violation->ToString(),
              "Guest changed its device page at 0x00100000 (net)");
    EXPECT_FALSE(device_->running());
    rig_.memory.Store<u8>(kDescriptor + offset, before);
  }
}

TEST_F(NotifyTest, GuestMayWriteStatusAcceptedFeaturesAndConfiguration) {
  rig_.memory.Put(kAccepted, "\xff\xff\xff\xff");
  rig_.memory.Put(kAccepted + 4, "\x02guest");  // its MAC address
  ExpectServed(SetStatus(7));
}

TEST_F(NotifyTest, RingsStayWhereTheyWereWhateverThePageSays) {
  ExpectServed(SetStatus(7));
  rig_.memory.Store<u32>(kDescriptor + 5 + 8 + 4, 0x00000001);  // pfn of queue 1
  RingDriver driver = Driver(kRing1);
  driver.Offer(3, 0x1000, 10, 0);
  ExpectServed(rig_.bus.HandleNotify(kRing1));
  EXPECT_EQ(driver.used_index(), 1);
}

TEST_F(NotifyTest, BrokenRingIsAViolationOfItsQueue) {
  ExpectServed(SetStatus(7));
  Driver(kRing1).set_available_index(300);
  const NotifyResult result = rig_.bus.HandleNotify(kRing1);
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  EXPECT_EQ(result.violation->ToString(),
            "Guest moved used index from 0 to 300 (net, queue 1)");
}

TEST_F(NotifyTest, StateCoversWhetherADeviceRunsAndWhatItAccepted) {
  const auto state = [&] {
    ByteWriter writer;
    rig_.bus.AppendState(&writer);
    return writer.Take();
  };
  const std::vector<u8> fresh = state();
  ExpectServed(SetStatus(7));
  const std::vector<u8> running = state();
  ExpectServed(SetStatus(0));
  EXPECT_EQ(state(), fresh);
  rig_.memory.Put(kAccepted, "\x03");
  ExpectServed(SetStatus(7));
  EXPECT_NE(running, fresh);
  EXPECT_NE(state(), running);
}

}  // namespace
}  // namespace lgx
