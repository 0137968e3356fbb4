#include "hypercalls/dispatcher.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;
using Dispatcher = HostTest;
using DispatcherPae = HostTestPae;

TEST_F(Dispatcher, T04_6_UnknownNumbersKillWithANewlineInTheText) {
  const struct {
    u32 number;
    const char* text;
  } kRows[] = {{3, "Bad hypercall 3\n"},
               {11, "Bad hypercall 11\n"},
               {12, "Bad hypercall 12\n"},
               {20, "Bad hypercall 20\n"},
               {0xffffffff, "Bad hypercall -1\n"},
               {13, "Bad hypercall 13\n"}};  // SET_PMD, but this is not PAE
  for (const auto& row : kRows) {
    file_ = MakeFile();
    Boot();
    Hypercall(row.number);
    EXPECT_EQ(Run().kind, Kind::kDead);
    EXPECT_EQ(Reason(), row.text);
  }
}

TEST_F(DispatcherPae, T04_6_SetPmdIsKnownWithPae) {
  Boot();
  const u64 before = guest().shadow.stats().flush_full;
  Hypercall(13, {0, 0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().shadow.stats().flush_full, before + 1);
}

TEST_F(Dispatcher, T04_7_TheRingIsDoneInOrderBeforeTheCall) {
  Boot();
  for (u32 i = 0; i < 3; ++i) Queue(i, 18, {14, 0x0000ffff, 0x00cffa00 + (i << 16)});
  Hypercall(0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().gdt[14], (DescriptorWords{0x0000ffff, 0x00d1fb00}));
  for (u32 i = 0; i < 3; ++i) EXPECT_EQ(RingStatus(i), 0xff);
  EXPECT_EQ(cpu().next_hcall, 3u);
  EXPECT_EQ(guest().stats.hypercalls_async, 3u);
  EXPECT_EQ(guest().stats.hypercalls, 5u);  // INIT, three, FLUSH_ASYNC
}

TEST_F(Dispatcher, T04_8_TheRingWraps) {
  Boot();
  u32 cursor = 0;
  for (u32 done = 0; done < 70; done += 7) {
    for (u32 i = 0; i < 7; ++i) {
      Queue(cursor, 18, {20, done + i, 0x00008000});
      cursor = (cursor + 1) % kRingSize;
    }
    Hypercall(0);
    ASSERT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(cpu().gdt[20].a, done + 6);
  }
  EXPECT_EQ(cpu().next_hcall, 6u);
}

TEST_F(Dispatcher, T04_9_AFullRingAndADirectCallAreSixtyFiveCallsInOrder) {
  Boot();
  for (u32 i = 0; i < kRingSize; ++i) Queue(i, 18, {20, i, 0x00008000});
  Hypercall(18, {20, 0x4711, 0x00008000});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().gdt[20].a, 0x4711u);
  EXPECT_EQ(guest().stats.hypercalls, 66u);
  ASSERT_EQ(guest().log.size(), 32u);
  for (u32 i = 0; i < 31; ++i) EXPECT_EQ(guest().log[i].args.arg[1], 33 + i);
  EXPECT_TRUE(guest().log[30].async);
  EXPECT_FALSE(guest().log[31].async);
}

TEST_F(Dispatcher, T04_10_AnyStatusButFFIsReady) {
  Boot();
  Queue(0, 8, {8}, 0x01);
  Hypercall(0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(cpu().ts, 8u);
}

TEST_F(Dispatcher, T04_11_OtherExitsLeaveTheRingAlone) {
  Boot();
  SetHandler(13);
  Queue(0, 8, {8});
  PageFault(0x00003000, 0);
  Exit(13, 0x50);
  Exit(0x20);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(RingStatus(0), 0);
  EXPECT_EQ(cpu().ts, 0u);
}

TEST_F(Dispatcher, T04_12_ANotificationInTheRingStopsItAndNothingIsDoneTwice) {
  Boot();
  cpu().ts = 8;
  Queue(0, 17, {0x1234});
  Queue(1, 18, {20, 1, 0x00008000});
  Hypercall(8, {0});

  u8 buffer[4];
  EXPECT_EQ(file_->Read(buffer, kTask), 4);
  EXPECT_EQ(LoadLe<u32>(buffer), 0x1234u);
  EXPECT_EQ(RingStatus(0), 0xff);
  EXPECT_EQ(RingStatus(1), 0);
  EXPECT_EQ(cpu().ts, 8u);
  EXPECT_EQ(guest().stats.hypercalls, 2u);

  EXPECT_EQ(file_->Read(buffer, kTask), -kEintr);
  EXPECT_EQ(RingStatus(1), 0xff);
  EXPECT_EQ(cpu().gdt[20].a, 1u);
  EXPECT_EQ(cpu().ts, 0u);
  EXPECT_EQ(guest().stats.hypercalls, 4u);
}

TEST_F(Dispatcher, OneRoundDoesEachSlotOnce) {
  Boot();
  for (u32 i = 0; i < kRingSize; ++i) Queue(i, 8, {i});
  Hypercall(0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(guest().stats.hypercalls_async, u64{kRingSize});
  EXPECT_EQ(cpu().next_hcall, 0u);
  EXPECT_EQ(cpu().ts, 63u);
}

TEST_F(Dispatcher, TheRingStopsAtACallThatKills) {
  Boot();
  Queue(0, 3, {});
  Queue(1, 8, {8});
  Hypercall(0);
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "Bad hypercall 3\n");
  EXPECT_EQ(cpu().ts, 0u);
}

TEST_F(Dispatcher, T04_15_NotifyZeroIsNoNotification) {
  Boot();
  Hypercall(17, {0});
  EXPECT_EQ(Run().kind, Kind::kSignal);
}

TEST_F(DispatcherPae, T04_17_SetPteWithLowWordZeroIgnoresTheHighWord) {
  Boot();
  // Touch a page, so that its shadow entry exists.
  PageFault(kOffset + 0x5000, 2);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  ASSERT_TRUE(guest().shadow.PageWritable(Lin(kOffset + 0x5000)));
  Hypercall(14, {guest().shadow.CurrentGpgdir().value, kOffset + 0x5000, 0, 0xffffffff});
  EXPECT_EQ(Run().kind, Kind::kSignal) << Reason();
  EXPECT_FALSE(guest().shadow.Observe(Lin(kOffset + 0x5000)).mpa.has_value());
}

TEST_F(DispatcherPae, SetPteTakesTheHighWordOtherwise) {
  Boot();
  PageFault(kOffset + 0x5000, 2);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  Hypercall(14, {guest().shadow.CurrentGpgdir().value, kOffset + 0x5000, 0x5067, 1});
  EXPECT_EQ(Run().kind, Kind::kDead);  // page 0x100005 is far outside
  EXPECT_EQ(Reason(), "bad page table entry");
}

TEST_F(Dispatcher, NoCallChangesARegister) {
  Boot();
  for (const u32 number : {0u, 4u, 5u, 8u, 9u, 15u, 19u}) {
    const u32 pgd = guest().shadow.CurrentGpgdir().value;
    Hypercall(number, {number == 4 || number == 15 ? pgd : 1, 2, 3, 4});
    EXPECT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(regs().eax(), number);
    EXPECT_EQ(regs().ecx(), 2u);
    EXPECT_EQ(regs().edx(), 3u);
    EXPECT_EQ(regs().esi(), 4u);
  }
}

TEST_F(Dispatcher, EveryCallIsCountedUnderItsName) {
  Boot();
  Queue(0, 14, {guest().shadow.CurrentGpgdir().value, 0x5000, 0});
  Hypercall(19);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  Stats stats;
  guest().VisitStats(stats);
  EXPECT_EQ(stats.Get("hypercall.SET_PTE.count"), 1u);
  EXPECT_EQ(stats.Get("hypercall.SET_PTE.async"), 1u);
  EXPECT_EQ(stats.Get("hypercall.SEND_INTERRUPTS.count"), 1u);
  EXPECT_EQ(stats.Get("hypercall.LGUEST_INIT.count"), 1u);
  EXPECT_EQ(stats.Get("crossing.cause.host_irq"), 2u);
}

// G04-7: the words of registers and ring have the generation's order. LOAD_IDT_ENTRY has
// three arguments, and all of them show.
template <char kLetter>
class DispatcherOf : public HostTest {
 protected:
  DispatcherOf() : HostTest(PagingMode::kTwoLevel, kLetter) {}

  void StoreRingEntry(u32 slot, std::array<u32, 4> words) {
    for (u32 i = 0; i < words.size(); ++i) {
      Store<u32>(kData + data().hcalls + slot * 16 + 4 * i, words[i]);
    }
    Store<u8>(kData + data().hcall_status + slot, 0);
  }
  void ExpectEntriesLoaded() {
    EXPECT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(cpu().idt[0x21], (DescriptorWords{0x00611234, 0xc0158e00}));
    EXPECT_EQ(cpu().idt[0x22], (DescriptorWords{0x00615678, 0xc0168e00}));
    EXPECT_EQ(RingStatus(0), 0xff);
  }
  void IntFromEdx() {
    Exit(kLguestTrapEntry, 0, [](GuestRegs& regs) {
      regs.set_eax(6);
      regs.set_edx(0x22);
      regs.set_ebx(0x00605678);
      regs.set_ecx(0xc0168e00);
    });
  }
};

using DispatcherB = DispatcherOf<'B'>;
using DispatcherC = DispatcherOf<'C'>;
using DispatcherD = DispatcherOf<'D'>;

TEST_F(DispatcherB, G04_7_RegistersFromEdxAndARingInTheirMemoryOrder) {
  Boot();
  StoreRingEntry(0, {6, 0x00601234, 0xc0158e00, 0x21});
  IntFromEdx();
  ExpectEntriesLoaded();
}

TEST_F(DispatcherC, G04_7_RegistersFromEdxAndARingInTheirMemoryOrder) {
  Boot();
  StoreRingEntry(0, {6, 0x00601234, 0xc0158e00, 0x21});
  IntFromEdx();
  ExpectEntriesLoaded();
}

TEST_F(DispatcherD, G04_7_RegistersFromEbxAndARingInTheSameOrder) {
  Boot();
  StoreRingEntry(0, {6, 0x21, 0x00601234, 0xc0158e00});
  Exit(kLguestTrapEntry, 0, [](GuestRegs& regs) {
    regs.set_eax(6);
    regs.set_ebx(0x22);
    regs.set_ecx(0x00605678);
    regs.set_edx(0xc0168e00);
  });
  ExpectEntriesLoaded();
}

TEST_F(DispatcherD, CallsThatCameLaterAreUnknown) {
  for (const u32 number : {3u, 13u, 19u}) {
    file_ = MakeFile();
    Boot();
    Hypercall(number);
    EXPECT_EQ(Run().kind, Kind::kDead);
    EXPECT_EQ(Reason(), "Bad hypercall " + std::to_string(number) + "\n");
  }
}

TEST_F(DispatcherB, ACrashIsATextWithoutReason) {
  Boot();
  StoreBytes(0x6000, {'b', 'y', 'e', 0});
  Hypercall(2, {0x6000, 0, 0});
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "CRASH: bye");
}

}  // namespace
}  // namespace lgx
