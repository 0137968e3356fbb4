// The form of the device page that 2.6.24 reads (guest-04 section 5.1). The other form is
// tested where the whole page is, in lguest_bus_test.cc.
#include "devices/device_page.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"
#include "devices/block.h"
#include "devices/console.h"
#include "devices/net.h"
#include "devices/rng.h"
#include "tests/devices/fake_disk.h"
#include "tests/devices/fake_net.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kOutputRing = kMem + 0x4000;

std::string_view Text(const char* bytes, std::size_t size) { return {bytes, size}; }

class FieldsPage : public testing::Test {
 protected:
  FieldsPage() : rig_(kMem, DescriptorForm::kFields) {
    rig_.Add<Console>(terminal_);
    rig_.Finish();
  }
  BufferBackend terminal_;
  DeviceRig rig_;
};

TEST_F(FieldsPage, TheConsoleIsTwoFields) {
  const char wanted[] =
      "\x03\x14\x00"                              // console, 20 bytes of fields, status
      "\x02\x08\x00\x01\x01\x00\x01\x01\x00\x00"  // 256 entries, interrupt 1, page 0x101
      "\x02\x08\x00\x01\x02\x00\x04\x01\x00\x00"
      "\x00";  // the list ends
  EXPECT_EQ(rig_.memory.Get(kMem, sizeof wanted - 1), Text(wanted, sizeof wanted - 1));
}

// The driver marks a field, reads its place, and uses the ring. It never says NOTIFY for
// the status byte.
TEST_F(FieldsPage, AMarkedFieldIsTheGuestsRight) {
  rig_.memory.Store<u8>(kMem + 3, 0x82);
  rig_.memory.Store<u8>(kMem + 13, 0x82);
  rig_.memory.Store<u8>(kMem + 2, 7);
  rig_.memory.Put(0x5000, "hello");
  RingDriver out(rig_.memory, RingLayout::Contiguous(Gpa(kOutputRing), kRingEntries));
  out.Offer(0, 0x5000, 5, 0);
  EXPECT_EQ(rig_.bus.HandleNotify(kOutputRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(terminal_.output(), "hello");
  EXPECT_EQ(out.used_index(), 1);
  EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
}

TEST_F(FieldsPage, AResetIsAStatusOfZero) {
  rig_.memory.Store<u8>(kMem + 2, 4);
  EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
  EXPECT_TRUE(rig_.bus.device(0).running());
  rig_.memory.Store<u8>(kMem + 2, 0);
  EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
  EXPECT_FALSE(rig_.bus.device(0).running());
}

TEST_F(FieldsPage, AnythingElseThatChangesIsAViolation) {
  for (const u32 at : {0u, 1u, 3u, 4u, 5u, 12u, 14u, 22u}) {
    const u8 before = rig_.memory.Load<u8>(kMem + at);
    rig_.memory.Store<u8>(kMem + at, before ^ 0x41);
    EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kViolation) << at;
    rig_.memory.Store<u8>(kMem + at, before);
  }
  EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
}

// A disk has its capacity and how many pieces a request may have; a card its address.
TEST(FieldsForm, ADiskAndACardHaveFieldsOfTheirOwn) {
  FakePlatter platter;
  platter.bytes.resize(3 * kSectorSize);
  FakeDisk disk(platter, "disk");
  FakeNet cable;
  DeviceRig rig(kMem, DescriptorForm::kFields);
  rig.Add<BlockDevice>(disk, BlockOptions{0, "id", DiskSync::kFlush, true});
  Net::Options options;
  options.mac = MacAddress{0x52, 0x54, 0, 1, 2, 3};
  options.format = NetHeaderFormat::kOld;
  rig.Add<Net>(cable, options);
  rig.Finish();
  const char wanted[] =
      "\x02\x1a\x00"                              // block, 26 bytes of fields
      "\x02\x08\x00\x01\x01\x00\x01\x01\x00\x00"  // its queue
      "\x41\x08\x03\x00\x00\x00\x00\x00\x00\x00"  // 3 sectors
      "\x43\x04\xfe\x00\x00\x00"                  // 254 pieces
      "\x01\x1c\x00"                              // net, 28 bytes of fields
      "\x02\x08\x00\x01\x02\x00\x04\x01\x00\x00"
      "\x02\x08\x00\x01\x03\x00\x07\x01\x00\x00"
      "\x41\x06\x52\x54\x00\x01\x02\x03"
      "\x00";
  EXPECT_EQ(rig.memory.Get(kMem, sizeof wanted - 1), Text(wanted, sizeof wanted - 1));
  // What stands in these fields is the driver's to read, and to write.
  rig.memory.Store<u8>(kMem + 13, 0xc1);
  rig.memory.Store<u8>(kMem + 15, 0xff);
  EXPECT_EQ(rig.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
}

TEST(FieldsForm, ADiskRequestHasAHeaderOf24Bytes) {
  FakePlatter platter;
  platter.bytes.resize(3 * kSectorSize, 'x');
  FakeDisk disk(platter, "disk");
  DeviceRig rig(kMem, DescriptorForm::kFields);
  rig.Add<BlockDevice>(disk, BlockOptions{0, "id", DiskSync::kFlush, true});
  rig.Finish();
  constexpr u32 kRing = kMem + 0x1000;
  RingDriver driver(rig.memory, RingLayout::Contiguous(Gpa(kRing), kRingEntries));
  rig.memory.Store<u32>(0x2000, 1);  // a write
  rig.memory.Store<u64>(0x2008, 2);  // to the last sector
  rig.memory.Store<u64>(0x2010, 0x1122334455667788);
  rig.memory.Put(0x3000, std::string(kSectorSize, 'y'));
  rig.memory.Store<u8>(0x2100, 0xff);
  driver.Descriptor(0, 0x2000, 24, kNext, 1);
  driver.Descriptor(1, 0x3000, kSectorSize, kNext, 2);
  driver.Descriptor(2, 0x2100, 1, kDeviceWrites);
  driver.Announce(0);
  EXPECT_EQ(rig.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(rig.memory.Load<u8>(0x2100), 0);
  EXPECT_EQ(platter.bytes[2 * kSectorSize - 1], 'x');
  EXPECT_EQ(platter.bytes[2 * kSectorSize], 'y');
  EXPECT_EQ(platter.bytes.back(), 'y');
  // 16 bytes are no header here.
  driver.Descriptor(0, 0x2000, 16, kNext, 2);
  driver.Announce(0);
  EXPECT_EQ(rig.bus.HandleNotify(kRing).kind, NotifyResult::Kind::kViolation);
}

TEST(FieldsForm, AtMost25QueuesFitIntoOneLength) {
  DeviceShape shape{kVirtioRng, "plain", std::vector<u16>(25, 2), {}, {}};
  EXPECT_TRUE(CanDescribe(shape, DescriptorForm::kFields));
  shape.queue_sizes.push_back(2);
  EXPECT_FALSE(CanDescribe(shape, DescriptorForm::kFields));
  EXPECT_TRUE(CanDescribe(shape, DescriptorForm::kArrays));
  DeviceRig rig(kMem, DescriptorForm::kFields);
  const Status status = rig.bus.AddDevice(std::make_unique<StandIn>(shape));
  EXPECT_EQ(status.code(), kInvalidArgument);
  EXPECT_NE(MessageOf(status).find("2.6.25"), std::string::npos);
}

}  // namespace
}  // namespace lgx
