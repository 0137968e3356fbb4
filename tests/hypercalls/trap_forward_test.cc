#include "hypercalls/trap_forward.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

constexpr u32 kDeviceLimit = 0x2000;  // pages
constexpr u32 kDevicePage = 0x1800;

class TrapForward : public HostTest {
 protected:
  TrapForward() : HostTest(PagingMode::kTwoLevel, 'G') {}

  i32 Write(std::initializer_list<u32> words) {
    return file_->Write(std::vector<u32>(words), kTask);
  }
  i32 Read(u32 size = 12) {
    buffer_.assign(size, 0xee);
    return file_->Read(buffer_, kTask);
  }
  void BootG() {
    WriteBootParameters();
    ASSERT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit, kStart, kDeviceLimit}), 16);
    PrepareData();
    Store<u32>(kData + data().noirq_iret, 0xc0150000);
    Hypercall(1, {kData});
    ASSERT_EQ(Run().kind, Kind::kSignal);
    ASSERT_FALSE(guest().dead()) << guest().reason();
    SetData(data().blocked_interrupts, 0);
    SetData(data().irq_enabled, kVirtualIf);
    regs().set_esp(kStackTop);
    StoreBytes(0x5000, {0x8b, 0x03, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95});
    regs().set_eip(kOffset + 0x5000);
  }
  // The Guest's entry for its page 6, which no test uses otherwise.
  u32 EntryAt() {
    const u32 pte_page =
        Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4) & ~kPageMask;
    return pte_page + 4 * 6;
  }
  void MapDevice(u32 flags, u32 page = kDevicePage) {
    Store<u32>(EntryAt(), page << kPageShift | flags);
  }

  std::vector<u8> buffer_;
};

TEST_F(TrapForward, InitializeHasOneWordMore) {
  WriteBootParameters();
  EXPECT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit, kStart}), -kEfault);
  EXPECT_EQ(Write({kLhreqInitialize, kBase, kPfnLimit, kStart, kDeviceLimit}), 16);
}

TEST_F(TrapForward, APortTrapIsReadAsTwelveBytes) {
  BootG();
  Exit(13, 0);
  EXPECT_EQ(Read(), 12);
  EXPECT_EQ(buffer_,
            (std::vector<u8>{13, 0x8b, 0x03, 0x90, 0x91, 0x92, 0x93, 0x94, 0, 0, 0, 0}));
  EXPECT_EQ(guest().stats.forwarded, 1u);
  EXPECT_EQ(regs().eip(), kOffset + 0x5000) << "whoever emulates it moves EIP";
  EXPECT_EQ(Read(), -kEintr) << "the next read goes on";
}

TEST_F(TrapForward, ABufferThatIsTooSmallKeepsTheTrap) {
  BootG();
  Exit(13, 0);
  EXPECT_EQ(Read(11), -kEfault);
}

TEST_F(TrapForward, BytesEndWhereTheMappingDoes) {
  BootG();
  Store<u32>(EntryAt(), 0);
  StoreBytes(0x5ffe, {0xe4, 0x64});
  regs().set_eip(kOffset + 0x5ffe);
  Exit(13, 0);
  EXPECT_EQ(Read(), 12);
  EXPECT_EQ(buffer_, (std::vector<u8>{13, 0xe4, 0x64, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(guest().dead());
}

TEST_F(TrapForward, AnEipThatIsMappedNowhereKillsNobody) {
  BootG();
  regs().set_eip(0xf0000000);
  Exit(13, 0);
  EXPECT_EQ(Read(), 12);
  EXPECT_FALSE(guest().dead());
}

TEST_F(TrapForward, WithAnErrorCodeItIsTheGuests) {
  BootG();
  SetHandler(13);
  Exit(13, 0x50);
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(regs().eip(), HandlerOf(13));
}

TEST_F(TrapForward, DeviceMemoryGoesUpWithItsAddress) {
  BootG();
  MapDevice(0x063);
  PageFault(kOffset + 0x6124, 2);
  EXPECT_EQ(Read(), 12);
  EXPECT_EQ(buffer_[0], 14);
  EXPECT_EQ(LoadLe<u32>(&buffer_[8]), kDevicePage << kPageShift | 0x124);
  EXPECT_FALSE(guest().shadow.Observe(Lin(kOffset + 0x6124)).mpa) << "never mapped";
  EXPECT_EQ(Load<u32>(EntryAt()), kDevicePage << kPageShift | 0x063u);
}

TEST_F(TrapForward, DeviceMemoryObeysTheGuestsRights) {
  struct Row {
    u32 flags, errcode;
    bool forwarded;
  };
  for (const Row& row : {Row{0x063, 0, true},
                         {0x061, 0, true},
                         {0x061, 2, false},
                         {0x063, 6, false},
                         {0x067, 6, true},
                         {0x062, 0, false}}) {
    MakeHost(0x100);
    BootG();
    SetHandler(14);
    // Ring 3 needs its bit at both levels; the boot tables give it at the upper one.
    MapDevice(row.flags);
    PageFault(kOffset + 0x6000, row.errcode);
    EXPECT_EQ(Read(), row.forwarded ? 12 : -kEintr) << row.flags << " " << row.errcode;
    if (!row.forwarded) {
      EXPECT_EQ(Data(data().cr2), kOffset + 0x6000);
    }
  }
}

TEST_F(TrapForward, DeviceMemoryHasAnEnd) {
  BootG();
  MapDevice(0x063, kDeviceLimit - 1);
  PageFault(kOffset + 0x6000, 0);
  EXPECT_EQ(Read(), 12);
  MapDevice(0x063, kDeviceLimit);
  PageFault(kOffset + 0x6000, 0);
  EXPECT_EQ(Read(), -kEnoent);
  EXPECT_EQ(Reason(), "bad page table entry");
}

TEST_F(TrapForward, AnnouncedDevicePagesStayUnmapped) {
  BootG();
  MapDevice(0x063);
  Hypercall(14, {guest().shadow.CurrentGpgdir().value, kOffset + 0x6000,
                 kDevicePage << kPageShift | 0x063});
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_FALSE(guest().dead()) << Reason();
  EXPECT_FALSE(guest().shadow.Observe(Lin(kOffset + 0x6000)).mpa);
}

TEST_F(TrapForward, RegistersAreReadOneByOne) {
  BootG();
  regs().set_eax(0x11111111);
  regs().set_ebx(0x22222222);
  EXPECT_EQ(Write({kLhreqGetreg, pt_regs::kAx}), 8);
  EXPECT_EQ(Read(), 4);
  EXPECT_EQ(LoadLe<u32>(buffer_.data()), 0x11111111u);
  EXPECT_EQ(Write({kLhreqGetreg, pt_regs::kBx}), 8);
  EXPECT_EQ(Read(4), 4);
  EXPECT_EQ(LoadLe<u32>(buffer_.data()), 0x22222222u);
  EXPECT_EQ(Write({kLhreqGetreg, pt_regs::kCs}), 8);
  EXPECT_EQ(Read(3), -kEfault);
  EXPECT_EQ(Read(4), 4);
  EXPECT_EQ(LoadLe<u32>(buffer_.data()), u32{kGuestKernelCs});
  EXPECT_EQ(Write({kLhreqGetreg, 44}), -kEnoent);
  EXPECT_EQ(Write({kLhreqGetreg, 1}), -kEnoent);
  EXPECT_EQ(Write({kLhreqGetreg}), -kEfault);
}

TEST_F(TrapForward, RegistersAreSetExceptThoseOfPrivilege) {
  BootG();
  for (const u32 reg : {0u, 4u, 8u, 12u, 16u, 20u, 24u, 48u, 60u}) {
    EXPECT_EQ(Write({kLhreqSetreg, reg, 0x1000 + reg}), 12) << reg;
    EXPECT_EQ(GetRegister(guest(), reg), 0x1000 + reg);
  }
  for (const u32 reg : {28u, 32u, 36u, 40u, 52u, 56u, 64u, 44u, 2u, 0xffffffffu}) {
    EXPECT_EQ(Write({kLhreqSetreg, reg, 0}), -kEnoent) << reg;
  }
  EXPECT_EQ(Write({kLhreqSetreg, 0}), -kEfault);
}

TEST_F(TrapForward, ATrapCanBeGivenBack) {
  BootG();
  EXPECT_EQ(Write({kLhreqTrap, 13}), -kEinval) << "no handler";
  EXPECT_EQ(Write({kLhreqTrap, 256}), -kEinval);
  SetHandler(13);
  EXPECT_EQ(Write({kLhreqTrap, 13}), 0);
  EXPECT_EQ(regs().eip(), HandlerOf(13));
}

TEST_F(TrapForward, APageFaultIsGivenBackWithItsAddress) {
  BootG();
  SetHandler(14);
  MapDevice(0x063);
  PageFault(kOffset + 0x6ffe, 0);
  EXPECT_EQ(Read(), 12);
  EXPECT_EQ(Write({kLhreqTrap, 14}), 0);
  EXPECT_EQ(Data(data().cr2), kOffset + 0x6ffe);
  EXPECT_EQ(regs().eip(), HandlerOf(14));
}

TEST_F(TrapForward, NoInterruptComesAtTheIretItself) {
  BootG();
  SetHandler(33);
  regs().set_eip(0xc0150000);
  ASSERT_EQ(Write({kLhreqIrq, 1}), 0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), 0xc0150000u);
  regs().set_eip(0xc0150001);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(33));
}

TEST_F(TrapForward, NotifyAndEventfdAreGone) {
  BootG();
  EXPECT_EQ(Write({kLhreqEventfd, 0x1000, 0}), -kEinval);
  Hypercall(17, {0x1000});
  EXPECT_EQ(Read(), -kEnoent);
  EXPECT_EQ(Reason(), "Bad hypercall 17\n");
}

// As kernels of 4.6 and later make them.
TEST_F(TrapForward, Q10_ASystemCallThroughAnInterruptGateReachesTheGuest) {
  BootG();
  SetHandler(128, kGateInterrupt, 3);
  Exit(128, 0, [](GuestRegs& r) { r.set_eip(0x08048002); });
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(regs().eip(), HandlerOf(128));
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 12), 0x08048002u);
  EXPECT_EQ(Data(data().irq_enabled), 0u);
  EXPECT_EQ(guest().stats.causes[kCauseVector128], 1u);
}

TEST_F(TrapForward, TheVectorThatTheHostHasSetAsideReachesTheGuestToo) {
  options_.syscall_vector = 0x40;
  MakeHost(0x100);
  BootG();
  SetHandler(0x40, kGateInterrupt, 3);
  Exit(0x40, 0, [](GuestRegs& r) { r.set_eip(0x08048002); });
  EXPECT_EQ(Read(), -kEintr);
  EXPECT_EQ(regs().eip(), HandlerOf(0x40));
}

TEST_F(TrapForward, ASystemCallWithoutAHandlerIsTheEnd) {
  BootG();
  guest().cpu.idt[128] = {};
  Exit(128, 0, [](GuestRegs& r) { r.set_eip(0x08048002); });
  EXPECT_EQ(Read(), -kEnoent);
  EXPECT_EQ(Reason(), "unhandled trap 128 at 0x8048002 (0)");
}

// Kernels of 4.12 look for pages that forbid writing, and must not hear that there is no
// page, or they try again for ever.
TEST_F(TrapForward, Q25_ThePresentBitIsThatOfTheGuestsOwnTables) {
  struct Row {
    u32 entry, errcode, told;
  };
  for (const Row& row : {Row{0x6061, 2, 3},  // read-only, never touched
                         {0x6063, 6, 7},     // the kernel's alone
                         {0x6060, 2, 2},     // not there
                         {0, 4, 4}}) {
    MakeHost(0x100);
    BootG();
    SetHandler(14);
    Store<u32>(EntryAt(), row.entry);
    PageFault(kOffset + 0x6124, row.errcode);
    EXPECT_EQ(Read(), -kEintr);
    EXPECT_EQ(regs().eip(), HandlerOf(14));
    EXPECT_EQ(Load<u32>(kStackTop - kOffset - 16), row.told) << row.entry;
    EXPECT_EQ(Data(data().cr2), kOffset + 0x6124);
  }
}

TEST_F(HostTestF, Q25_EarlierGenerationsHearWhatTheShadowTablesHad) {
  Boot();
  SetHandler(14);
  const u32 table = Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4);
  Store<u32>((table & ~kPageMask) + 4 * 6, 0x6063);  // not for a user
  PageFault(kOffset + 0x6124, 6);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 16), 6u);
}

TEST_F(HostTestF, EarlierGenerationsHaveNoneOfThis) {
  Boot();
  for (const u32 request : {kLhreqGetreg, kLhreqSetreg, kLhreqTrap}) {
    const u32 words[] = {request, 0, 0};
    EXPECT_EQ(file_->Write(words, kTask), -kEinval);
  }
  regs().set_eip(kOffset + 0x5000);
  StoreBytes(0x5000, {0xec});
  Exit(13, 0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), kOffset + 0x5001);
}

}  // namespace
}  // namespace lgx
