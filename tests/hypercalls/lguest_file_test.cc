#include "hypercalls/lguest_file.h"

#include <thread>

#include "host_fixture.h"

namespace lgx {
namespace {

class LguestFileTest : public HostTest {
 protected:
  i32 Write(std::initializer_list<u32> words, u32 cpu = 0) {
    return file_->Write(std::vector<u32>(words), kTask, cpu);
  }
  i32 Read(u32 size = 4, TaskId task = kTask, u32 cpu = 0) {
    buffer_.assign(size, 0xee);
    return file_->Read(buffer_, task, cpu);
  }

  std::vector<u8> buffer_;
};

TEST_F(LguestFileTest, T08_1_AFreshFileKnowsOnlyInitialize) {
  EXPECT_EQ(Read(), -kEinval);
  for (const u32 request : {kLhreqIrq, kLhreqEventfd, 1u, 3u, 99u}) {
    EXPECT_EQ(Write({request, 1, 1}), -kEinval) << request;
  }
  EXPECT_EQ(Write({}), -kEfault);
}

TEST_F(LguestFileTest, T08_2_InitializeWorksOnce) {
  EXPECT_EQ(Initialize(), 12);
  EXPECT_EQ(Initialize(), -kEbusy);
  guest().Kill("because");
  EXPECT_EQ(Initialize(), -kEbusy);
}

TEST_F(LguestFileTest, T08_3_InterruptNumbersEndAt31) {
  ASSERT_EQ(Initialize(), 12);
  EXPECT_EQ(Write({kLhreqIrq, 0}), 0);
  EXPECT_EQ(Write({kLhreqIrq, 31}), 0);
  EXPECT_EQ(Write({kLhreqIrq, 32}), -kEinval);
  EXPECT_EQ(cpu().irqs_pending.load(), 0x80000001u);
  for (const u32 request : {1u, 3u, 5u}) EXPECT_EQ(Write({request, 0}), -kEinval);
}

TEST_F(LguestFileTest, T08_4_OnlyCpu0Exists) {
  ASSERT_EQ(Initialize(), 12);
  EXPECT_EQ(Write({kLhreqIrq, 1}, 1), -kEinval);
  EXPECT_EQ(Read(4, kTask, 1), -kEinval);
}

TEST_F(LguestFileTest, T08_5_OnlyTheInitialisingThreadMayRead) {
  Boot();
  cpu().pending_notify = 0x1234;
  const u32 entries = port_->entries;
  EXPECT_EQ(Read(4, kTask + 1), -kEperm);
  EXPECT_EQ(port_->entries, entries);
  EXPECT_EQ(cpu().pending_notify, 0x1234u);
}

TEST_F(LguestFileTest, T08_6_EventfdsAreChecked) {
  Boot();
  auto event = std::make_shared<EventCounter>();
  const u32 good = files_.Open(event);
  const u32 regular = files_.Open(nullptr);
  EXPECT_EQ(Write({kLhreqEventfd, 0, 99}), -kEinval);
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000, good}), 0);
  EXPECT_EQ(Write({kLhreqEventfd, 0x2000, 99}), -kEbadf);
  EXPECT_EQ(Write({kLhreqEventfd, 0x2000, regular}), -kEinval);
  Hypercall(17, {0x1000});
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(event->Take(), 1u);
}

TEST_F(LguestFileTest, T08_7_TwoEventfdsOnOneAddress) {
  Boot();
  auto first = std::make_shared<EventCounter>();
  auto second = std::make_shared<EventCounter>();
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000, files_.Open(first)}), 0);
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000, files_.Open(second)}), 0);
  Hypercall(17, {0x1000});
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(first->Take(), 1u);
  EXPECT_EQ(second->Take(), 0u);
}

TEST_F(LguestFileTest, T08_8_TheEventOutlivesItsDescriptor) {
  Boot();
  const u32 fd = files_.Open(std::make_shared<EventCounter>());
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000, fd}), 0);
  files_.Close(fd);
  Hypercall(17, {0x1000});
  EXPECT_EQ(Read(), -kEintr);
}

TEST_F(LguestFileTest, T08_10_ANotificationWithoutEventfdIsRead) {
  Boot();
  Hypercall(17, {0x1234});
  EXPECT_EQ(Read(), 4);
  EXPECT_EQ(LoadLe<u32>(buffer_.data()), 0x1234u);
  EXPECT_EQ(Read(), -kEintr);
}

TEST_F(LguestFileTest, T08_11_ADeadGuestTellsWhyAnyNumberOfTimes) {
  Boot();
  Hypercall(3);
  EXPECT_EQ(Read(), -kEnoent);
  EXPECT_EQ(Read(1024), 17);
  EXPECT_STREQ(reinterpret_cast<const char*>(buffer_.data()), "Bad hypercall 3\n");
  EXPECT_EQ(Read(5), 5);
  EXPECT_EQ(std::string(buffer_.begin(), buffer_.end()), "Bad h");
  EXPECT_EQ(Read(0), 0);
  EXPECT_EQ(Write({kLhreqIrq, 1}), -kEnoent);
}

TEST_F(LguestFileTest, T08_12_ARestartIsReadTwice) {
  Boot();
  Hypercall(2, {0x5000, 2});
  EXPECT_EQ(Read(), -kErestart);
  EXPECT_EQ(Read(), -kErestart);
}

TEST_F(LguestFileTest, T08_13_TheInitialStateIsThatOfTheDocument) {
  ASSERT_EQ(Initialize(), 12);
  EXPECT_EQ(regs().cs(), 0x61u);
  for (const u32 selector : {regs().ds(), regs().es(), regs().ss()}) {
    EXPECT_EQ(selector, 0x69u);
  }
  EXPECT_EQ(regs().eip(), kStart);
  EXPECT_EQ(regs().eflags(), 0x202u);
  for (const u32 zero : {regs().eax(), regs().ebx(), regs().ecx(), regs().edx(),
                         regs().esi(), regs().edi(), regs().ebp(), regs().esp(),
                         regs().fs(), regs().gs(), regs().trapnum(), regs().errcode()}) {
    EXPECT_EQ(zero, 0u);
  }
  for (u32 i = 0; i < kGdtEntries; ++i) {
    const DescriptorWords expected = i == 12   ? DescriptorWords{0x0000ffff, 0x00cfbb00}
                                     : i == 13 ? DescriptorWords{0x0000ffff, 0x00cfb300}
                                               : DescriptorWords{};
    EXPECT_EQ(cpu().gdt[i], expected) << i;
  }
  EXPECT_EQ(guest().shadow.CurrentGpgdir(), Gpa(kMem - kPageSize));
}

TEST_F(LguestFileTest, T08_14_Q12_TheLastByteIsOutOfReach) {
  WriteBootParameters(0x10000);
  const u32 words[] = {kLhreqInitialize, kBase, 16, 0};
  ASSERT_EQ(file_->Write(words, kTask), 12);
  const LgAccess& lg = guest().lg;
  EXPECT_TRUE(lg.Ok(Gpa(0xfffc), 3));
  EXPECT_FALSE(lg.Ok(Gpa(0xfffc), 4));
  EXPECT_FALSE(lg.Ok(Gpa(0xffffffff), 2));
  EXPECT_TRUE(lg.Ok(Gpa(0), 0xffff));
  EXPECT_FALSE(lg.Ok(Gpa(0), 0x10000));
}

TEST_F(LguestFileTest, T08_15_ARefusedReadGivesZerosAndKills) {
  WriteBootParameters(0x10000);
  const u32 words[] = {kLhreqInitialize, kBase, 16, 0};
  ASSERT_EQ(file_->Write(words, kTask), 12);
  EXPECT_EQ(guest().lg.Load<u32>(Gpa(0xfffc)), 0u);
  EXPECT_EQ(Reason(), "bad read address 0xfffc len 4");
}

TEST_F(LguestFileTest, T08_16_AfterABadBaseACorrectOneWorks) {
  const u32 used = pool_->used();
  EXPECT_EQ(Write({kLhreqInitialize, 0x00001000, kPfnLimit, kStart}), -kEfault);
  EXPECT_EQ(Write({kLhreqInitialize, kBase + 1, 16, kStart}), -kEfault);
  EXPECT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit + 1, kStart}), -kEfault);
  EXPECT_EQ(Write({kLhreqInitialize, kBase + kPageSize, kPfnLimit, kStart}), -kEfault);
  EXPECT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit, kStart}), -kEfault);  // mem is 0
  EXPECT_EQ(pool_->used(), used);
  EXPECT_EQ(Initialize(), 12);
}

TEST_F(LguestFileTest, AnEmptyPoolIsEnomemAndLeavesTheFileAsItWas) {
  for (const u32 frames : {0u, 1u}) {
    MakeHost(frames);
    EXPECT_EQ(Initialize(), -kEnomem) << frames;
    EXPECT_EQ(pool_->used(), 0u);
  }
  MakeHost(2);
  EXPECT_EQ(Initialize(), 12);
}

TEST_F(LguestFileTest, T08_17_CloseWithAnArmedTimerLeavesNothingBehind) {
  EXPECT_EQ(file_->Close(), 0);
  Boot();
  Hypercall(9, {1'000'000});
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(file_->Close(), 0);
  EXPECT_EQ(pool_->used(), 0u);
  clock_.now_ns += 1'000'000'000;
  EXPECT_EQ(Read(), -kEinval);
}

class IrqFromAnotherThread : public LguestFileTest {
 protected:
  void BootAndHalt() {
    Boot();
    services_.on_kick = [this] { kicked_.store(true); };
    SetHandler(33);
    Halt();
  }
  // What the Guest's handler ends with: back to the idle loop, and the next halt.
  void Halt() {
    regs().set_esp(kStackTop);
    regs().set_eip(kOffset + 0x5000);
    cpu().halted = true;
  }
  // Sleeps as the machine's owner would. True if it was kicked.
  bool Sleep(const std::function<bool()>& give_up) {
    while (!kicked_.exchange(false)) {
      if (give_up()) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::atomic<bool> kicked_{false};
};

TEST_F(IrqFromAnotherThread, T08_18_EachInterruptWakesTheGuestThatHalts) {
  BootAndHalt();
  constexpr u32 kInterrupts = 1000;
  std::atomic<u32> taken{0};
  // One at a time: were a kick lost, both threads would wait for ever.
  std::thread device([&] {
    for (u32 i = 0; i < kInterrupts; ++i) {
      EXPECT_EQ(Write({kLhreqIrq, 1}), 0);
      while (taken.load() <= i) std::this_thread::yield();
    }
  });
  while (taken.load() < kInterrupts) {
    const RunGuestResult result = Run();
    if (result.kind == RunGuestResult::Kind::kHalted) {
      Sleep([] { return false; });
      continue;
    }
    EXPECT_EQ(regs().eip(), HandlerOf(33));
    Halt();
    taken.fetch_add(1);
  }
  device.join();
  EXPECT_EQ(guest().stats.irqs_injected[1], kInterrupts);
}

TEST_F(IrqFromAnotherThread, T08_18_ManyAtRandomMomentsLeaveNonePending) {
  BootAndHalt();
  std::atomic<bool> done{false};
  std::thread device([&] {
    for (u32 i = 0; i < 100'000; ++i) {
      EXPECT_EQ(Write({kLhreqIrq, 1}), 0);
      if (i * 2654435761u < 1u << 26) std::this_thread::yield();
    }
    done = true;
  });
  for (;;) {
    if (Run().kind != RunGuestResult::Kind::kHalted) {
      EXPECT_EQ(regs().eip(), HandlerOf(33));
      Halt();
    } else if (!Sleep([&] { return done.load(); }) && !kicked_.load()) {
      break;
    }
  }
  device.join();
  EXPECT_EQ(cpu().irqs_pending.load(), 0u);
  EXPECT_GE(guest().stats.irqs_injected[1], 1u);
}

TEST_F(LguestFileTest, T08_19_ASignalEndsAReadAtOnce) {
  Boot();
  guest().SendSignal();
  const u32 entries = port_->entries;
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(port_->entries, entries);
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(port_->entries, entries + 1);
}

TEST_F(LguestFileTest, Q19_ShortBuffersAreRefused) {
  EXPECT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit}), -kEfault);
  Boot();
  EXPECT_EQ(Write({kLhreqIrq}), -kEfault);
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000}), -kEfault);
  Hypercall(17, {0x1234});
  EXPECT_EQ(Read(3), -kEfault);
  EXPECT_EQ(cpu().pending_notify, 0x1234u);  // kept, and dropped by the next read
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(cpu().pending_notify, 0u);
}

}  // namespace
}  // namespace lgx
