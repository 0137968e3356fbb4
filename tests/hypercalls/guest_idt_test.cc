#include "hypercalls/guest_idt.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using GuestIdt = HostTest;

TEST_F(GuestIdt, T05_1_AGateIsStoredWithoutSelectorAndReservedBits) {
  Boot();
  Hypercall(6, {3, 0x00601234, 0xc010fe0f});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().idt[3], (DescriptorWords{0x00611234, 0xc010ee00}));
}

TEST_F(GuestIdt, T05_2_FourVectorsAreIgnoredSilently) {
  Boot();
  for (const u32 num : {2u, 8u, 15u, 31u}) {
    LoadIdtEntry(guest(), num, 0x00601234, 0xc0108500);  // a task gate
    EXPECT_EQ(cpu().idt[num], DescriptorWords{}) << num;
  }
  EXPECT_EQ(cpu().changed, 0u);
  EXPECT_FALSE(guest().dead());
  LoadIdtEntry(guest(), 256, 0, 0);
  EXPECT_EQ(Reason(), "Setting idt entry 256");
}

TEST_F(GuestIdt, T05_3_Q17_ABadTypeKillsAndStoresNothing) {
  Boot();
  LoadIdtEntry(guest(), 9, 0x00601234, 0xc0100500);  // not present: any type
  EXPECT_FALSE(guest().dead());
  EXPECT_EQ(cpu().idt[9], DescriptorWords{});
  EXPECT_EQ(cpu().changed, kChangedIdt);
  LoadIdtEntry(guest(), 9, 0x00601234, 0xc0108500);
  EXPECT_EQ(Reason(), "bad IDT type 5");
  EXPECT_EQ(cpu().idt[9], DescriptorWords{});
}

TEST_F(GuestIdt, T05_4_AnInterruptGateGetsTheStubWithTheGuestsDpl) {
  Boot();
  port_->pages.stubs[3] = 0xffc00123;
  Hypercall(6, {3, 0x00601234, 0xc010ee00});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuIdt(3), (DescriptorWords{0x00500123, 0xffc0ee00}));
}

TEST_F(GuestIdt, T05_5_OnlySomeTrapGatesGoDirect) {
  Boot();
  const DescriptorWords kMarker{0x11111111, 0x22222222};
  const Mpa idt = port_->pages.state + offsetof(LguestRoState, guest_idt);
  for (u32 i = 0; i < kIdtEntries; ++i) {
    memory_->Store<u32>(idt + 8 * i, kMarker.a);
    memory_->Store<u32>(idt + 8 * i + 4, kMarker.b);
    Hypercall(6, {i, 0x00601000 + i, 0xc010ef00});
  }
  EXPECT_EQ(Run().kind, Kind::kSignal);
  for (u32 i = 0; i < kIdtEntries; ++i) {
    const DescriptorWords direct{0x00611000 + i, 0xc010ef00};
    const bool goes_direct = i == 0 || i == 1 || (i >= 3 && i <= 5) ||
                             (i >= 9 && i <= 12) || (i >= 16 && i <= 30) || i == 128;
    if (goes_direct) {
      EXPECT_EQ(CpuIdt(i), direct) << i;
    } else if (i == 2 || i == 8 || i == 15) {
      EXPECT_EQ(CpuIdt(i), DefaultGate(i, port_->pages.stubs[i], {})) << i;
    } else {
      EXPECT_EQ(CpuIdt(i), kMarker) << i;  // never touched after module start
    }
  }
}

TEST_F(GuestIdt, TheModuleOptionAddsOneDirectVector) {
  EXPECT_TRUE(IsDirectCapable(0x40, 0x40));
  EXPECT_TRUE(IsDirectCapable(0x80, 0x40));
  EXPECT_FALSE(IsDirectCapable(0x40, 0x80));
  EXPECT_FALSE(IsDirectCapable(0x1f, 0x80));
}

TEST_F(GuestIdt, AnUnchangedTableIsNotCopiedAgain) {
  Boot();
  const Mpa idt = port_->pages.state + offsetof(LguestRoState, guest_idt);
  memory_->Store<u32>(idt, 0x12345678);
  Hypercall(8, {0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuIdt(0).a, 0x12345678u);
}

}  // namespace
}  // namespace lgx
