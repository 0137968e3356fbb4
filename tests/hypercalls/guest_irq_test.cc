#include "hypercalls/guest_irq.h"

#include "host_fixture.h"
#include "hypercalls/guest_idt.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

class GuestIrq : public HostTest {
 protected:
  // Word `index` of the frame that ends at linear `top`; 0 is the one pushed first.
  u32 Pushed(u32 top, u32 index) { return Load<u32>(top - kOffset - 4 * (index + 1)); }

  void EnterUser() {
    regs().set_ss(kGuestUserDs);
    regs().set_esp(0xbfff0000);
    regs().set_eflags(0x10246);
    regs().set_cs(kGuestUserCs);
    regs().set_eip(0x08048000);
    cpu().esp1 = kStackTop;
    cpu().ss1 = kGuestKernelDs;
  }
};

TEST_F(GuestIrq, T05_6_AUserPageFaultPushesSixWords) {
  Boot();
  EnterUser();
  regs().set_errcode(6);
  SetHandler(14);
  EXPECT_TRUE(DeliverTrap(guest(), 14));
  const u32 kFrame[] = {0x7b, 0xbfff0000, 0x10246, 0x73, 0x08048000, 6};
  for (u32 i = 0; i < 6; ++i) EXPECT_EQ(Pushed(kStackTop, i), kFrame[i]) << i;
  EXPECT_EQ(regs().esp(), kStackTop - 24);
  EXPECT_EQ(regs().ss(), 0x69u);
  EXPECT_EQ(regs().cs(), 0x61u);
  EXPECT_EQ(regs().eip(), HandlerOf(14));
  EXPECT_EQ(Data(data().irq_enabled), 0u);
  EXPECT_EQ(regs().eflags(), 0x10246u);
}

TEST_F(GuestIrq, T05_7_TheSavedFlagsShowTheVirtualInterruptFlag) {
  Boot();
  SetData(data().irq_enabled, 0);
  SetHandler(3);
  EXPECT_TRUE(DeliverTrap(guest(), 3));
  EXPECT_EQ(Pushed(kStackTop, 0), 0x002u);
  EXPECT_EQ(regs().esp(), kStackTop - 12);
  EXPECT_EQ(regs().eflags(), 0x202u);
}

TEST_F(GuestIrq, T05_8_ATrapGateLeavesInterruptsAsTheyAre) {
  Boot();
  SetHandler(14, kGateTrap);
  EXPECT_TRUE(DeliverTrap(guest(), 14));
  EXPECT_EQ(Data(data().irq_enabled), kVirtualIf);
}

TEST_F(GuestIrq, ATrapWithoutHandlerIsNotDelivered) {
  Boot();
  EXPECT_FALSE(DeliverTrap(guest(), 14));
  EXPECT_FALSE(DeliverTrap(guest(), 256));
  EXPECT_EQ(regs().esp(), kStackTop);
}

TEST_F(GuestIrq, T05_9_LowNumbersComeFirstAndMaskedOnesNotAtAll) {
  Boot();
  for (const u32 vector : {34u, 37u}) SetHandler(vector);
  guest().SetInterrupt(5);
  guest().SetInterrupt(2);
  Exit(0x20);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(34));

  guest().SetInterrupt(2);
  SetData(data().irq_enabled, kVirtualIf);
  SetData(data().blocked_interrupts, 1 << 2);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(37));
  EXPECT_EQ(cpu().irqs_pending.load(), 1u << 2);
  EXPECT_EQ(guest().stats.irqs_injected[2], 1u);
  EXPECT_EQ(guest().stats.irqs_injected[5], 1u);
}

TEST_F(GuestIrq, T05_10_NothingIsDeliveredInsideTheNoInterruptRange) {
  const struct {
    u32 eip;
    bool delivered;
  } kRows[] = {
      {0xc0150000, false}, {0xc015000f, false}, {0xc0150010, true}, {0xc014ffff, true}};
  for (const auto& row : kRows) {
    file_ = MakeFile();
    Boot();
    SetHandler(33);
    regs().set_eip(row.eip);
    guest().SetInterrupt(1);
    EXPECT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(regs().eip() == HandlerOf(33), row.delivered) << std::hex << row.eip;
    EXPECT_EQ(cpu().irqs_pending.load() == 0, row.delivered);
  }
}

TEST_F(GuestIrq, T05_11_Q1_TheHintStaysSetAfterDelivery) {
  Boot();
  SetHandler(33);
  SetData(data().irq_enabled, 0);
  guest().SetInterrupt(1);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Data(data().irq_pending), kVirtualIf);
  EXPECT_EQ(cpu().irqs_pending.load(), 2u);
  EXPECT_EQ(guest().stats.irqs_injected[1], 0u);

  SetData(data().irq_enabled, kVirtualIf);
  Hypercall(19);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().stats.irqs_injected[1], 1u);
  EXPECT_EQ(Data(data().irq_pending), kVirtualIf);
}

class GuestIrqC : public HostTest {
 protected:
  GuestIrqC() : HostTest(PagingMode::kTwoLevel, 'C') {}
};

// Before 2.6.31 nothing tells the Guest that an interrupt waits.
TEST_F(GuestIrqC, WithoutAHintTheInterruptComesWithTheNextExit) {
  for (const bool mended : {false, true}) {
    options_.quirks.q1_mended = mended;
    file_ = MakeFile();
    Boot();
    SetHandler(33);
    SetData(data().irq_enabled, 0);
    guest().SetInterrupt(1);
    std::vector<u32> before, after;
    for (u16 i = 0; i < data().size + 64; i += 4) before.push_back(Data(i));
    EXPECT_EQ(Run().kind, Kind::kSignal);
    for (u16 i = 0; i < data().size + 64; i += 4) after.push_back(Data(i));
    EXPECT_EQ(before, after);
    EXPECT_EQ(guest().stats.irqs_injected[1], 0u);

    SetData(data().irq_enabled, kVirtualIf);
    EXPECT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(guest().stats.irqs_injected[1], 1u);
    EXPECT_EQ(Data(data().hcall_status), 0xffffffffu);  // where R has its hint
  }
}

TEST_F(GuestIrq, Q1_MendedTheHintIsClearedWithTheLastInterrupt) {
  options_.quirks.q1_mended = true;
  file_ = MakeFile();
  Boot();
  SetHandler(33);
  SetHandler(34);
  guest().SetInterrupt(1);
  guest().SetInterrupt(2);
  SetData(data().irq_pending, kVirtualIf);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Data(data().irq_pending), kVirtualIf);  // 2 still waits
  SetData(data().irq_enabled, kVirtualIf);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Data(data().irq_pending), 0u);
}

TEST_F(GuestIrq, T05_12_WithoutHandlerTheInterruptStaysPendingButAHaltEnds) {
  Boot();
  clock_.now_ns = 77;
  guest().SetInterrupt(1);
  cpu().halted = true;
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().irqs_pending.load(), 2u);
  EXPECT_EQ(Data(data().tv_nsec), 77u);
  EXPECT_FALSE(cpu().halted);
  EXPECT_EQ(guest().stats.irqs_injected[1], 0u);
}

TEST_F(GuestIrq, T05_15_AnUnmappedTopOfStackKillsAtTheFirstUserTrap) {
  Boot();
  EnterUser();
  cpu().esp1 = kOffset + kMem;  // the boot tables end here
  SetHandler(13);
  Exit(13, 0x50);
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "Bad address 0xc0400000");
}

TEST_F(GuestIrq, T05_17_Int3OfAUserProgramIsReflected) {
  Boot();
  EnterUser();
  SetHandler(3, kGateInterrupt, 3);
  Exit(3, 0, [](GuestRegs& r) { r.set_eip(0x08048001); });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(3));
  EXPECT_EQ(Pushed(kStackTop, 4), 0x08048001u);
  EXPECT_EQ(regs().esp(), kStackTop - 20);  // no error code
}

TEST_F(GuestIrq, T05_18_Q21_OnlyBit9EnablesInterrupts) {
  Boot();
  SetHandler(33);
  SetData(data().irq_enabled, 0x46);
  guest().SetInterrupt(1);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Data(data().irq_pending), kVirtualIf);
  EXPECT_EQ(cpu().irqs_pending.load(), 2u);
  EXPECT_NE(regs().eip(), HandlerOf(33));
}

TEST_F(GuestIrq, Q2_TheHandlerStartsWithTheInterruptedFlags) {
  Boot();
  SetHandler(1);
  regs().set_eflags(0x00014302);
  EXPECT_TRUE(DeliverTrap(guest(), 1));
  EXPECT_EQ(regs().eflags(), 0x00014302u);
  EXPECT_EQ(Pushed(kStackTop, 0), 0x00014302u);
}

TEST_F(GuestIrq, Q2_MendedTfNtAndRfAreClear) {
  options_.quirks.q2_mended = true;
  file_ = MakeFile();
  Boot();
  SetHandler(1);
  regs().set_eflags(0x00014302);
  EXPECT_TRUE(DeliverTrap(guest(), 1));
  EXPECT_EQ(regs().eflags(), 0x00000202u);
  EXPECT_EQ(Pushed(kStackTop, 0), 0x00014302u);
}

TEST_F(GuestIrq, Q3_TheStackIsTranslatedOnceAtItsTop) {
  Boot();
  // The stack pointer is at the start of a page. The pushes go below it in guest-physical
  // memory, wherever the page below is mapped.
  const u32 pte_of_top = Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4);
  const u32 pte_at = (pte_of_top & ~kPageMask) + 4 * ((kStackTop >> 12) & 1023);
  Store<u32>(pte_at, 0x00340067);  // the page at kStackTop is now 0x340
  SetHandler(3);
  EXPECT_TRUE(DeliverTrap(guest(), 3));
  EXPECT_EQ(Load<u32>(0x00340000 - 4), 0x202u);
  EXPECT_EQ(regs().esp(), kStackTop - 12);
}

TEST_F(GuestIrq, AStackPointerAtTheBottomOfMemoryKillsOnly) {
  Boot();
  regs().set_esp(4);  // identity-mapped; the second push would be at -4
  SetHandler(3);
  EXPECT_TRUE(DeliverTrap(guest(), 3));
  EXPECT_EQ(Reason(), "bad write address 0xfffffffc len 4");
}

}  // namespace
}  // namespace lgx
