#include "hypercalls/run_loop.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

class RunLoop : public HostTest {
 protected:
  std::shared_ptr<EventCounter> Attach(u32 address) {
    auto event = std::make_shared<EventCounter>();
    guest().notify_map.Add(address, event);
    return event;
  }
};

TEST_F(RunLoop, T03_9_AnInterruptEndsAHaltWithInterruptsOn) {
  Boot();
  SetHandler(33);
  SetData(data().irq_enabled, 0);
  Hypercall(10);
  EXPECT_EQ(Run().kind, Kind::kHalted);
  const u32 eip = regs().eip();
  const u32 words[] = {kLhreqIrq, 1};
  EXPECT_EQ(file_->Write(words, kTask), 0);
  EXPECT_EQ(services_.kicks.load(), 1u);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(33));
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 12), eip);
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 4) & kVirtualIf, kVirtualIf);
  EXPECT_EQ(Data(data().irq_enabled), 0u);  // cleared again by the interrupt gate
}

TEST_F(RunLoop, T03_10_ABlockedInterruptDoesNotEndAHalt) {
  Boot();
  SetHandler(33);
  SetData(data().blocked_interrupts, 1 << 1);
  Hypercall(10);
  EXPECT_EQ(Run().kind, Kind::kHalted);
  guest().SetInterrupt(1);
  const u32 entries = port_->entries;
  EXPECT_EQ(Run().kind, Kind::kHalted);
  EXPECT_EQ(port_->entries, entries);
}

TEST_F(RunLoop, AHaltInsideTheNoInterruptRangeIsNoBusyLoop) {
  Boot();
  SetHandler(33);
  Hypercall(10);
  EXPECT_EQ(Run().kind, Kind::kHalted);
  regs().set_eip(0xc0150004);
  guest().SetInterrupt(1);
  EXPECT_EQ(Run().kind, Kind::kHalted);
}

TEST_F(RunLoop, T03_11_ASignalEndsTheReadAndNothingIsRepeated) {
  Boot();
  auto event = Attach(0x1234);
  Hypercall(17, {0x1234});
  guest().SendSignal();
  u8 buffer[4];
  EXPECT_EQ(file_->Read(buffer, kTask), -kEintr);
  EXPECT_EQ(event->Take(), 0u);
  EXPECT_EQ(file_->Read(buffer, kTask), -kEintr);  // the end of the script
  EXPECT_EQ(event->Take(), 1u);

  Hypercall(17, {0x1234});
  Hypercall(10);
  EXPECT_EQ(file_->Read(buffer, kTask), -kEagain);
  guest().SendSignal();
  EXPECT_EQ(file_->Read(buffer, kTask), -kEintr);
  EXPECT_EQ(file_->Read(buffer, kTask), -kEagain);
  EXPECT_EQ(event->Take(), 1u);
}

TEST_F(RunLoop, T03_12_ANotificationGoesToItsEventOrToTheLauncher) {
  Boot();
  auto event = Attach(0x2000);
  Hypercall(17, {0x1234});
  Hypercall(17, {0x2000});
  u8 buffer[4];
  EXPECT_EQ(file_->Read(buffer, kTask), 4);
  EXPECT_EQ(LoadLe<u32>(buffer), 0x1234u);
  EXPECT_EQ(file_->Read(buffer, kTask), -kEintr);
  EXPECT_EQ(event->Take(), 1u);
}

TEST_F(RunLoop, T03_17_ARestartIsToldAgainAndAgain) {
  Boot();
  Hypercall(2, {0x5000, 2});
  u8 buffer[4];
  EXPECT_EQ(file_->Read(buffer, kTask), -kErestart);
  EXPECT_EQ(file_->Read(buffer, kTask), -kErestart);
  EXPECT_EQ(file_->Read(buffer, kTask), -kErestart);
}

TEST_F(RunLoop, Q13_AfterAnEventTheWaitingCallIsFinishedBeforeTheGuestRuns) {
  Boot();
  auto event = Attach(0x1234);
  Queue(0, 17, {0x1234});
  Queue(1, 18, {20, 1, 0x00008000});
  Hypercall(8, {8});
  bool done_at_entry = false;
  Exit(0x20, 0, [&](GuestRegs&) {
    done_at_entry = cpu().ts == 8 && cpu().gdt[20].a == 1 && !cpu().hcall;
  });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_TRUE(done_at_entry);
  EXPECT_EQ(event->Take(), 1u);
}

TEST_F(RunLoop, SysenterIsOffWhileTheGuestRuns) {
  Boot();
  u32 at_entry = 0xffff;
  Exit(0x20, 0, [&](GuestRegs&) { at_entry = port_->sysenter_cs.back(); });
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(at_entry, 0u);
  EXPECT_EQ(port_->sysenter_cs.back(), kHostKernelCs);
}

TEST_F(RunLoop, TheFirstEntryCopiesEverything) {
  ASSERT_EQ(Initialize(), 12);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(12), (DescriptorWords{0x0000ffff, 0x00cfbb00}));
  EXPECT_EQ(CpuGdt(13), (DescriptorWords{0x0000ffff, 0x00cfb300}));
  EXPECT_EQ(CpuIdt(3), DefaultGate(3, port_->pages.stubs[3], {}));
  EXPECT_EQ(memory_->Load<u32>(port_->pages.state), 0x3000u);  // host_cr3
  EXPECT_EQ(port_->last_entry.regs_page, cpu().regs_page);
  EXPECT_EQ(port_->last_entry.shadow_root, guest().shadow.RootOfCurrent());
}

TEST_F(RunLoop, T02_12_TwoGuestsOnOneCpuNeverSeeEachOthersTables) {
  Boot();
  SetHandler(3, kGateTrap);
  cpu().gdt[20] = {0xaaaa, 0xa100};
  cpu().changed = kChangedAll;
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(20).a, 0xaaaau);

  std::unique_ptr<LguestFile> first = std::move(file_);
  file_ = MakeFile();
  ASSERT_EQ(Initialize(), 12);
  cpu().gdt[20] = {0xbbbb, 0xa100};
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(20).a, 0xbbbbu);
  EXPECT_EQ(CpuIdt(3), DefaultGate(3, port_->pages.stubs[3], {}));

  std::swap(first, file_);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(CpuGdt(20).a, 0xaaaau);
  EXPECT_EQ(CpuIdt(3), cpu().idt[3]);
}

TEST_F(RunLoop, CausesOfExitsAreCounted) {
  Boot();
  const HostStats before = guest().stats;
  SetHandler(5);
  PageFault(kOffset + 0x5000, 0);
  Exit(5);
  Exit(0x20);
  Hypercall(0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  const HostStats& now = guest().stats;
  EXPECT_EQ(now.crossings - before.crossings, 5u);
  EXPECT_EQ(now.causes[14] - before.causes[14], 1u);
  EXPECT_EQ(now.causes[5] - before.causes[5], 1u);
  EXPECT_EQ(now.causes[31] - before.causes[31], 1u);
  EXPECT_EQ(now.causes[kCauseHostIrq] - before.causes[kCauseHostIrq], 2u);
}

}  // namespace
}  // namespace lgx
