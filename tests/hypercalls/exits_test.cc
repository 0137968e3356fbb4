#include "hypercalls/exits.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

class Exits : public HostTest {
 protected:
  void StoreVmcall(u32 at) { StoreBytes(at, {0x0f, 0x01, 0xc1}); }
  // An exit whose number only looks like a Host interrupt.
  void Impostor(u32 trap, u32 errcode, u32 eip) {
    port_->script.push_back([this, trap, errcode, eip](GuestRegs& r) {
      r.set_eip(eip);
      r.set_trapnum(trap);
      r.set_errcode(errcode);
      port_->host_interrupt = false;
    });
  }
  bool IsPatched(u32 at) {
    return Load<u8>(at) == 0xcd && Load<u8>(at + 1) == 0x1f && Load<u8>(at + 2) == 0x90;
  }
};

TEST_F(Exits, T03_4_VmcallIsRewrittenAndAllTablesAreDropped) {
  Boot();
  StoreVmcall(0x5000);
  PageFault(kOffset + 0x5000, 0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  const u64 before = guest().shadow.stats().flush_full;
  const u64 calls = guest().stats.hypercalls;

  regs().set_eip(kOffset + 0x5000);
  Exit(6);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_TRUE(IsPatched(0x5000));
  EXPECT_EQ(regs().eip(), kOffset + 0x5000);
  EXPECT_EQ(guest().shadow.stats().flush_full, before + 1);
  EXPECT_FALSE(guest().shadow.Observe(Lin(kOffset + 0x5000)).mpa.has_value());
  EXPECT_EQ(guest().stats.hypercalls, calls);
  EXPECT_EQ(guest().stats.rewritten, 1u);
}

TEST_F(Exits, T03_4_VmcallMayComeAsGeneralProtectionToo) {
  Boot();
  StoreVmcall(0x5000);
  StoreVmcall(0x5100);
  regs().set_eip(kOffset + 0x5000);
  Exit(13, 0);
  Exit(13, 0x50, [](GuestRegs& r) { r.set_eip(kOffset + 0x5100); });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_TRUE(IsPatched(0x5000));
  EXPECT_TRUE(IsPatched(0x5100));
}

TEST_F(Exits, T03_5_VmcallInRing3IsAnInvalidOpcode) {
  Boot();
  StoreVmcall(0x5000);
  SetHandler(6);
  cpu().esp1 = kStackTop;
  cpu().ss1 = kGuestKernelDs;
  regs().set_eip(0x5000);
  regs().set_cs(kGuestUserCs);
  regs().set_ss(kGuestUserDs);
  Exit(6);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_FALSE(IsPatched(0x5000));
  EXPECT_EQ(regs().eip(), HandlerOf(6));
}

TEST_F(Exits, Q5_VmcallAcrossAPageBoundaryIsPatchedWhereItIsMapped) {
  Boot();
  const u32 pte_page =
      Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4) & ~kPageMask;
  Store<u32>(pte_page + 4 * 6, 0x00340067);
  StoreBytes(0x5ffe, {0x0f, 0x01});
  StoreBytes(0x00340000, {0xc1});
  regs().set_eip(kOffset + 0x5ffe);
  Exit(6);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Load<u8>(0x5ffe), 0xcd);
  EXPECT_EQ(Load<u8>(0x00340000), 0x90);
  EXPECT_EQ(Load<u8>(0x6000), 0x00);
}

TEST_F(Exits, T03_6_HypercallFromRing3IsGeneralProtection) {
  Boot();
  StoreBytes(0x5000, {0xcd, 0x1f});
  SetHandler(13);
  cpu().esp1 = kStackTop;
  cpu().ss1 = kGuestKernelDs;
  regs().set_eip(0x5000);
  regs().set_cs(kGuestUserCs);
  regs().set_ss(kGuestUserDs);
  const u64 calls = guest().stats.hypercalls;
  Exit(13, 0xfa);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(13));
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 24), 0xfau);
  EXPECT_EQ(guest().stats.hypercalls, calls);
}

TEST_F(Exits, T03_7_TheTsFlagDecidesWhoseTrap7Is) {
  Boot();
  SetHandler(7);
  Hypercall(8, {8});
  Exit(7);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(7));
  EXPECT_TRUE(port_->ts);  // set again at the entry after

  Hypercall(8, {0});
  Exit(7, 0, [](GuestRegs& r) { r.set_eip(kOffset + 0x5000); });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), kOffset + 0x5000);
  EXPECT_FALSE(port_->ts);
}

TEST_F(Exits, T03_13_AnExceptionWithoutHandlerKills) {
  const struct {
    u32 trap;
    u32 errcode;
    const char* text;
  } kRows[] = {{0, 0, "unhandled trap 0 at 0x100000 (0)"},
               {6, 0, "unhandled trap 6 at 0x100000 (0)"},
               {13, 0x50, "unhandled trap 13 at 0x100000 (0x50)"},
               {256, 3, "unhandled trap 256 at 0x100000 (0x3)"}};
  for (const auto& row : kRows) {
    file_ = MakeFile();
    ASSERT_EQ(Initialize(), 12);
    Exit(row.trap, row.errcode);
    EXPECT_EQ(Run().kind, Kind::kDead);
    EXPECT_EQ(Reason(), row.text);
  }
  file_ = MakeFile();
  ASSERT_EQ(Initialize(), 12);
  PageFault(0x40000000, 2);
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "unhandled trap 14 at 0x100000 (0x40000000)");
}

TEST_F(Exits, T03_14_AReflectedPageFaultTellsAddressAndErrorCode) {
  Boot();
  SetHandler(14);
  PageFault(0x40000000, 6);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Data(data().cr2), 0x40000000u);
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 16), 6u);
  EXPECT_EQ(regs().eip(), HandlerOf(14));
  EXPECT_EQ(guest().shadow.stats().fault_guest, 1u);
}

TEST_F(Exits, APageFaultThatTheHostMendsIsNoNews) {
  Boot();
  const u32 eip = regs().eip();
  PageFault(kOffset + 0x5000, 2);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), eip);
  EXPECT_EQ(Data(data().cr2), 0u);
  EXPECT_TRUE(guest().shadow.PageWritable(Lin(kOffset + 0x5000)));
}

TEST_F(Exits, T03_16_Q10_Vector128AsInterruptGateIsSwallowed) {
  Boot();
  SetHandler(128, kGateInterrupt, 3);
  Exit(128, 0, [](GuestRegs& r) { r.set_eip(0x08048002); });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), 0x08048002u);
  EXPECT_EQ(guest().stats.causes[kCauseVector128], 1u);
}

TEST_F(Exits, HostInterruptsLetOtherTasksRun) {
  Boot();
  services_.vectors.clear();
  Exit(0x21);
  Exit(80);  // a real one
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(services_.vectors, (std::vector<u32>{0x21, 80, 0xef}));
}

TEST_F(Exits, Q11_AFaultOnTheSwitchersIretKillsAtOnce) {
  Boot();
  Impostor(80, 0x10246, 0xc0105000);
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "unhandled trap 256 at 0xc0105000 (0x10246)");
}

TEST_F(Exits, Q24_AShiftedFrameIsTakenForAHostInterrupt) {
  Boot();
  Impostor(0x7b, 10, 0xc0105000);
  EXPECT_EQ(Run().kind, Kind::kSignal);
}

}  // namespace
}  // namespace lgx
