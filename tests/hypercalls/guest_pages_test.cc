#include "hypercalls/guest_pages.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using GuestPages = HostTest;

TEST_F(GuestPages, T05_14_ABadStackKillsAndIsNotStored) {
  Boot();
  SetStack(guest(), 0x68, kStackTop, 1);
  EXPECT_EQ(Reason(), "bad stack segment 104");

  file_ = MakeFile();
  Boot();
  SetStack(guest(), 0x69, kStackTop, 3);
  EXPECT_EQ(Reason(), "bad stack pages 3");
  EXPECT_EQ(cpu().esp1, 0u);  // Q17: the reference stores all the same
  EXPECT_EQ(cpu().ss1, 0u);

  file_ = MakeFile();
  Boot();
  SetStack(guest(), 0x69, 0xd0000000, 1);
  EXPECT_EQ(Reason(), "bad stack page 0xcfffffff");
}

TEST_F(GuestPages, SetStackPinsItsPagesAndReachesTheTss) {
  Boot();
  Hypercall(7, {0xabcd0069, kStackTop, 2});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_TRUE(guest().shadow.PageWritable(Lin(kStackTop - 1)));
  EXPECT_TRUE(guest().shadow.PageWritable(Lin(kStackTop - 4097)));
  EXPECT_FALSE(guest().shadow.PageWritable(Lin(kStackTop)));
  const Mpa tss = port_->pages.state + offsetof(LguestRoState, guest_tss);
  EXPECT_EQ(memory_->Load<u32>(tss + offsetof(LguestTss, sp1)), kStackTop);
  EXPECT_EQ(memory_->Load<u32>(tss + offsetof(LguestTss, ss1)), 0x69u);
}

TEST_F(GuestPages, FlushTlbOfTheUserPartKeepsKernelMappings) {
  Boot();
  PageFault(kOffset + 0x5000, 0);
  PageFault(0x6000, 0);
  Hypercall(5, {0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_TRUE(guest().shadow.Observe(Lin(kOffset + 0x5000)).mpa.has_value());
  EXPECT_FALSE(guest().shadow.Observe(Lin(0x6000)).mpa.has_value());
  Hypercall(5, {1});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_FALSE(guest().shadow.Observe(Lin(kOffset + 0x5000)).mpa.has_value());
}

TEST_F(GuestPages, NewPgtableMakesAnotherSlotCurrent) {
  Boot();
  const Mpa before = guest().shadow.RootOfCurrent();
  Hypercall(4, {0x00200000});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().shadow.CurrentGpgdir(), Gpa(0x00200000));
  EXPECT_NE(guest().shadow.RootOfCurrent(), before);
  EXPECT_EQ(port_->last_entry.shadow_root, guest().shadow.RootOfCurrent());
}

TEST_F(GuestPages, SetPgdForgetsOneEntry) {
  Boot();
  PageFault(0x6000, 0);
  Hypercall(15, {guest().shadow.CurrentGpgdir().value, 0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_FALSE(guest().shadow.Observe(Lin(0x6000)).mpa.has_value());
}

}  // namespace
}  // namespace lgx
