#include "devices/pci_bus.h"

#include <gtest/gtest.h>

#include "devices/rng.h"
#include "tests/devices/pci_rig.h"

namespace lgx {
namespace {

TEST(PciBus, AddressPortKeepsTheBitsThatMeanSomething) {
  PciRig rig;
  rig.Note(rig.bus.WritePort(0xcf8, 4, 0xffffffff));
  EXPECT_EQ(rig.bus.ReadPort(0xcf8, 4), 0x80fffffcu);
  rig.Note(rig.bus.WritePort(0xcf8, 4, 0x80000000));
  EXPECT_EQ(rig.bus.ReadPort(0xcf8, 4), 0x80000000u)
      << "how a kernel finds the mechanism";
  rig.Note(rig.bus.WritePort(0xcfb, 1, 0x01));
  EXPECT_EQ(rig.bus.ReadPort(0xcf8, 4), 0u);
  rig.Note(rig.bus.WritePort(0xcf9, 1, 0x12));
  EXPECT_EQ(rig.bus.ReadPort(0xcf9, 2), 0x12u);
}

TEST(PciBus, TheBridgeIsInSlot0AndCannotBeWritten) {
  PciRig rig;
  EXPECT_EQ(rig.ReadConfig(0, pci::kClass, 2), 0x0600u);
  EXPECT_NE(rig.ReadConfig(0, pci::kVendor, 2), 0x1af4u) << "virtio drivers would try it";
  EXPECT_EQ(rig.ReadConfig(0, pci::kCapabilities, 1), 0u);
  for (u32 at = 0; at < 256; at += 4) {
    const u32 before = rig.ReadConfig(0, at);
    rig.WriteConfig(0, at, 4, ~before);
    EXPECT_EQ(rig.ReadConfig(0, at), before);
  }
}

TEST(PciBus, WhereNobodyIs) {
  PciRig rig;
  rig.Add<Rng>(u64{1});
  for (const u32 address : {0x80001000u,               // slot 2
                            0x8000f800u,               // slot 31
                            0x80000900u, 0x80000f00u,  // functions of slot 1
                            0x80010800u, 0x80ff0800u,  // other buses
                            0x00000800u}) {            // not enabled
    rig.Note(rig.bus.WritePort(0xcf8, 4, address));
    EXPECT_EQ(rig.bus.ReadPort(0xcfc, 4), 0xffffffffu) << address;
    EXPECT_EQ(rig.bus.ReadPort(0xcfd, 1), 0xffu);
    EXPECT_EQ(rig.bus.ReadPort(0xcfe, 2), 0xffffu);
    rig.Note(rig.bus.WritePort(0xcfc, 4, 0));
  }
  EXPECT_EQ(rig.ReadConfig(1, 0), 0x10441af4u);
}

TEST(PciBus, AccessesThatLeaveThePorts) {
  PciRig rig;
  rig.Add<Rng>(u64{1});
  rig.ReadConfig(1, pci::kCommand);
  for (const u16 port : {0xcfd, 0xcfe, 0xcff}) {
    EXPECT_EQ(rig.bus.ReadPort(port, 4), 0xffffffffu);
    rig.Note(rig.bus.WritePort(port, 4, 0xffffffff));
  }
  EXPECT_EQ(rig.bus.ReadPort(0xcff, 2), 0xffffu);
  EXPECT_EQ(rig.bus.ReadPort(0xcfb, 2), 0xffffu);
  rig.Note(rig.bus.WritePort(0xcfb, 2, 0xffff));
  EXPECT_EQ(rig.ReadConfig(1, pci::kCommand, 2), 0u);
  EXPECT_FALSE(PciBus::OwnsPort(0xcf7));
  EXPECT_TRUE(PciBus::OwnsPort(0xcf8));
  EXPECT_TRUE(PciBus::OwnsPort(0xcff));
  EXPECT_FALSE(PciBus::OwnsPort(0xd00));
}

TEST(PciBus, DeviceMemoryWhereNobodyIs) {
  PciRig rig;
  rig.Add<Rng>(u64{1});
  EXPECT_EQ(rig.bus.ReadMemory(Gpa(0x40000000), 4), 0xffffffffu);
  EXPECT_EQ(rig.bus.ReadMemory(Gpa(0x40000001), 1), 0xffu);
  EXPECT_FALSE(rig.bus.WriteMemory(Gpa(0x40000000), 4, 1));
}

TEST(PciBus, OfTwoDevicesAtOneAddressTheLowerSlotAnswers) {
  PciRig rig;
  rig.Add<StandIn>(DeviceShape{kVirtioNet, "two queues", {16, 16}, {}, {}});
  rig.Add<StandIn>(DeviceShape{kVirtioNet, "three queues", {16, 16, 16}, {}, {}});
  for (const u32 slot : {2u, 1u}) {
    rig.Enable(slot);
    rig.WriteConfig(slot, pci::kBar0, 4, 0x40000000);
  }
  EXPECT_EQ(rig.bus.ReadMemory(Gpa(0x40000000 + kRegNumQueues), 2), 2u);
  rig.WriteConfig(1, pci::kCommand, 2, 0);
  EXPECT_EQ(rig.bus.ReadMemory(Gpa(0x40000000 + kRegNumQueues), 2), 3u);
}

TEST(PciBus, Has31SlotsWithAPageAndAnInterruptEach) {
  PciRig rig;
  for (u32 i = 1; i <= 31; ++i) {
    rig.Add<Rng>(u64{i});
    EXPECT_EQ(rig.ReadConfig(i, pci::kInterruptLine, 1), i);
    EXPECT_EQ(rig.ReadConfig(i, pci::kBar0), PciRig::kMem + 0x100000 + i * kPageSize);
  }
  const Status full = rig.bus.AddDevice(std::make_unique<Rng>(u64{32}));
  EXPECT_FALSE(full.ok());
  EXPECT_NE(full.message().find("Too many devices"), std::string::npos) << full;
  EXPECT_EQ(rig.bus.device_count(), 31u);
}

TEST(PciBus, GuestMemoryHasASparePageAboveRam) {
  PciRig rig;
  EXPECT_EQ(rig.bus.guest_pages(), PciRig::kMem / kPageSize + 1);
  EXPECT_GT(rig.bus.device_limit(), rig.bus.guest_pages());
  EXPECT_TRUE(rig.bus.ConsoleFirst());
  rig.memory.Store<u32>(PciRig::kMem, 7);
  rig.bus.Finish();
  EXPECT_EQ(rig.memory.Load<u32>(PciRig::kMem), 0u);
}

}  // namespace
}  // namespace lgx
