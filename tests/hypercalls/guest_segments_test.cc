#include "hypercalls/guest_segments.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using GuestSegments = HostTest;

TEST_F(GuestSegments, T06_1_AnEntryReachesTheCpuAtTheNextEntry) {
  Boot();
  Hypercall(18, {14, 0x0000ffff, 0x00cffa00});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(14), (DescriptorWords{0x0000ffff, 0x00cffb00}));
}

TEST_F(GuestSegments, T06_2_Dpl0Becomes1AndTheAccessedBitIsSet) {
  Boot();
  Hypercall(18, {12, 0x0000ffff, 0x00cf9a00});
  Hypercall(18, {27, 0x0000ffff, 0x00cf9200});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(12).b, 0x00cfbb00u);
  EXPECT_EQ(CpuGdt(27).b, 0x00cfb300u);
}

TEST_F(GuestSegments, T06_3_TheHostsEntriesNeverChange) {
  Boot();
  const Mpa gdt = port_->pages.state + offsetof(LguestRoState, guest_gdt);
  memory_->Store<u32>(gdt + 8 * kGdtLguestCs + 4, kFullCode.b);
  memory_->Store<u32>(gdt + 8 * kGdtTss + 4, 0xff0089c0);
  for (const u32 num : {10u, 11u, 16u, 31u}) Hypercall(18, {num, 1, 0x2000});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(10).b, kFullCode.b);
  EXPECT_EQ(CpuGdt(11).b, 0u);
  EXPECT_EQ(CpuGdt(16).b, 0xff0089c0u);
  EXPECT_EQ(CpuGdt(31), DescriptorWords{});
  EXPECT_EQ(cpu().gdt[10], (DescriptorWords{1, 0x2000}));  // stored, without fix-up
}

TEST_F(GuestSegments, T06_4_Q14_AnEntryNumberOutOfRangeKillsAndStoresNothing) {
  Boot();
  const auto gdt = cpu().gdt;
  const auto idt = cpu().idt;
  Hypercall(18, {32, 1, 2});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "too many gdt entries 32");
  EXPECT_EQ(cpu().gdt, gdt);
  EXPECT_EQ(cpu().idt, idt);
  EXPECT_EQ(cpu().changed, 0u);

  file_ = MakeFile();
  Boot();
  Hypercall(18, {0xffffffff, 1, 2});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "too many gdt entries -1");
}

class Tls : public HostTest {
 protected:
  void StoreTls(u32 at) {
    for (u32 i = 0; i < 3; ++i) {
      Store<u32>(at + 8 * i, 0x1111 * (i + 1));
      Store<u32>(at + 8 * i + 4, 0x00cff200 + (i << 24));
    }
  }
};

TEST_F(Tls, T06_5_OnlyThreeEntriesAreCopied) {
  Boot();
  StoreTls(0x5000);
  const Mpa marker = port_->pages.state + offsetof(LguestRoState, guest_gdt) + 8 * 14;
  memory_->Store<u32>(marker, 0x12345678);
  Hypercall(16, {0x5000, 0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  for (u32 i = 0; i < 3; ++i) {
    EXPECT_EQ(CpuGdt(6 + i), (DescriptorWords{0x1111 * (i + 1), 0x00cff300 + (i << 24)}));
  }
  EXPECT_EQ(CpuGdt(14).a, 0x12345678u);
}

TEST_F(Tls, T06_6_WithAnotherEntryTheWholeTableIsCopied) {
  Boot();
  StoreTls(0x5000);
  const Mpa marker = port_->pages.state + offsetof(LguestRoState, guest_gdt) + 8 * 14;
  memory_->Store<u32>(marker, 0x12345678);
  Queue(0, 16, {0x5000, 0});
  Hypercall(18, {20, 0, 0x8000});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(14), cpu().gdt[14]);
  EXPECT_EQ(CpuGdt(6).a, 0x1111u);
}

TEST_F(Tls, T06_7_AnEmptyEntryStaysNotPresent) {
  Boot();
  Hypercall(16, {0x5000, 0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(6), (DescriptorWords{0, 0x2100}));
}

TEST_F(Tls, T06_8_AnAddressOutsideMemoryKills) {
  Boot();
  Hypercall(16, {kPfnLimit * kPageSize, 0});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad read address 0x410000 len 24");
}

class GuestSegmentsC : public HostTest {
 protected:
  GuestSegmentsC() : HostTest(PagingMode::kTwoLevel, 'C') {}
};

TEST_F(GuestSegmentsC, LoadGdtTakesTheWholeTable) {
  Boot();
  for (u32 i = 0; i < kGdtEntries; ++i) {
    Store<u32>(0x5000 + 8 * i, 0x0000ffff);
    Store<u32>(0x5000 + 8 * i + 4, 0x00cf9200 + (i << 24));
  }
  Hypercall(3, {0x5000, kGdtEntries});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(12), (DescriptorWords{0x0000ffff, 0x0ccfb300}));
  EXPECT_EQ(CpuGdt(30), (DescriptorWords{0x0000ffff, 0x1ecfb300}));
  EXPECT_EQ(CpuGdt(kGdtTss), DescriptorWords{});  // the Host's own
}

TEST_F(GuestSegmentsC, LoadGdtOfAFewEntriesLeavesTheOthers) {
  Boot();
  const DescriptorWords data = cpu().gdt[kGdtKernelDs];
  Store<u32>(0x5000 + 8 * 6 + 4, 0x00cff300);
  Hypercall(3, {0x5000, 7});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().gdt[6].b, 0x00cff300u);
  EXPECT_EQ(cpu().gdt[kGdtKernelDs], data);
}

TEST_F(GuestSegmentsC, LoadGdtOfTooManyEntriesOrFromNowhereKills) {
  Boot();
  const auto gdt = cpu().gdt;
  Hypercall(3, {0x5000, kGdtEntries + 1});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "too many gdt entries 33");
  EXPECT_EQ(cpu().gdt, gdt);

  file_ = MakeFile();
  Boot();
  Hypercall(3, {kPfnLimit * kPageSize, kGdtEntries});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "bad read address 0x410000 len 256");
  EXPECT_EQ(cpu().gdt, gdt);
}

TEST_F(GuestSegmentsC, ThereAreNoSingleEntriesYet) {
  Boot();
  Hypercall(18, {14, 0x0000ffff, 0x00cffa00});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "Bad hypercall 18\n");
}

TEST_F(GuestSegments, Q18_SystemDescriptorsKeepTheReferencesFixUp) {
  Boot();
  Hypercall(18, {17, 0x1000ffff, 0x00008200});  // an LDT becomes a busy 16-bit TSS
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(17).b, 0x0000a300u);
}

TEST_F(GuestSegments, Q18_MendedTheyBecomeEmpty) {
  options_.quirks.q18_mended = true;
  file_ = MakeFile();
  Boot();
  Hypercall(18, {17, 0x1000ffff, 0x00008200});
  Hypercall(18, {14, 0x0000ffff, 0x00cffa00});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(17), (DescriptorWords{0, 0x2100}));
  EXPECT_EQ(CpuGdt(14).b, 0x00cffb00u);
}

}  // namespace
}  // namespace lgx
