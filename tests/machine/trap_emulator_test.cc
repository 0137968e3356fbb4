#include "machine/trap_emulator.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"
#include "devices/console.h"
#include "hypercalls/trap_forward.h"
#include "tests/hypercalls/host_fixture.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

constexpr u32 kMemBytes = 0x00400000;
constexpr u32 kBar = kMemBytes + 0x00101000;  // of slot 1, as the bus places it

class NoIrqs : public IrqLine {
 public:
  void Raise(u32) override {}
};

// A Guest of generation G at one instruction, whose page 6 is the console's registers.
class TrapEmulatorTest : public HostTest {
 protected:
  TrapEmulatorTest() : HostTest(PagingMode::kTwoLevel, 'G') {}

  void SetUp() override {
    WriteBootParameters();
    const u32 words[] = {kLhreqInitialize, kBase, kPfnLimit, kStart,
                         PciBus::kDeviceLimit};
    ASSERT_EQ(file_->Write(words, kTask), 16);
    PrepareData();
    Hypercall(1, {kData});
    ASSERT_EQ(Run().kind, RunGuestResult::Kind::kSignal);
    bus_ = std::make_unique<PciBus>(guest().memory, irqs_, kMemBytes);
    ASSERT_TRUE(bus_->AddDevice(std::make_unique<Console>(terminal_)).ok());
    ASSERT_FALSE(bus_->WritePort(0xcf8, 4, 0x80000804));
    ASSERT_FALSE(bus_->WritePort(0xcfc, 2, 2));  // memory decoding on
    const u32 pte_page =
        Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4) & ~kPageMask;
    Store<u32>(pte_page + 4 * 6, kBar | 0x63);
    regs().set_esp(kStackTop);
    regs().set_eip(kOffset + 0x5000);
  }

  // What the Launcher does when the Guest stops with this trap at these bytes.
  MaybeViolation Handle(std::initializer_list<u32> bytes) {
    StoreBytes(0x5000, {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90});
    StoreBytes(0x5000, bytes);
    u8 pending[12];
    EXPECT_EQ(file_->Read(pending, kTask), 12);
    TrapEmulator emulator(*file_, kTask, *bus_);
    return emulator.Handle(pending);
  }
  MaybeViolation PortInsn(std::initializer_list<u32> bytes) {
    Exit(13, 0);
    return Handle(bytes);
  }
  MaybeViolation Touch(u32 offset, std::initializer_list<u32> bytes, bool write = false) {
    PageFault(kOffset + 0x6000 + offset, write ? 2 : 0);
    return Handle(bytes);
  }
  u32 Steps() { return regs().eip() - (kOffset + 0x5000); }

  BufferBackend terminal_;
  NoIrqs irqs_;
  std::unique_ptr<PciBus> bus_;
};

TEST_F(TrapEmulatorTest, InChangesWhatItsWidthSays) {
  struct Row {
    std::initializer_list<u32> bytes;
    u32 eax, length;
  };
  for (const Row& row : {Row{{0xec}, 0x123456ff, 1}, Row{{0x66, 0xed}, 0x1234ffff, 2},
                         Row{{0xed}, 0xffffffff, 1}, Row{{0xe4, 0x71}, 0x123456ff, 2},
                         Row{{0xe4, 0x64}, 0x12345601, 2}, Row{{0xe5, 0x64}, 1, 2}}) {
    regs().set_eip(kOffset + 0x5000);
    regs().set_eax(0x12345678);
    regs().set_edx(0x3f8);
    EXPECT_FALSE(PortInsn(row.bytes));
    EXPECT_EQ(regs().eax(), row.eax);
    EXPECT_EQ(Steps(), row.length);
  }
}

TEST_F(TrapEmulatorTest, AnIdIsReadThroughThePorts) {
  regs().set_edx(0xffff0cf8);  // DX alone counts
  regs().set_eax(0x80000800);
  EXPECT_FALSE(PortInsn({0xef}));
  EXPECT_EQ(Steps(), 1u);
  regs().set_eip(kOffset + 0x5000);
  regs().set_edx(0xcfe);
  EXPECT_FALSE(PortInsn({0x66, 0xed}));
  EXPECT_EQ(regs().eax(), 0x80001043u);
}

TEST_F(TrapEmulatorTest, CliIsSteppedOver) {
  EXPECT_FALSE(PortInsn({0xfa}));
  EXPECT_EQ(Steps(), 1u);
}

TEST_F(TrapEmulatorTest, PortsOfRing3AreGivenBack) {
  SetHandler(13);
  cpu().esp1 = kStackTop;
  cpu().ss1 = kGuestKernelDs;
  regs().set_cs(kGuestUserCs);
  regs().set_ss(kGuestUserDs);
  EXPECT_FALSE(PortInsn({0xec}));
  EXPECT_EQ(regs().eip(), HandlerOf(13));
}

TEST_F(TrapEmulatorTest, OtherInstructionsAreGivenBack) {
  SetHandler(13);
  EXPECT_FALSE(PortInsn({0xf4}));  // hlt
  EXPECT_EQ(regs().eip(), HandlerOf(13));
}

TEST_F(TrapEmulatorTest, WithoutAHandlerThereItIsTheEnd) {
  const MaybeViolation bad = PortInsn({0xf4});
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->ToString(), "unhandled trap 13 at 0xc0005000");
}

TEST_F(TrapEmulatorTest, LoadsOfEveryForm) {
  // num_queues of the console, 2, is at 0x12; the MSI-X vector before it reads as ones.
  struct Row {
    u32 offset;
    std::initializer_list<u32> bytes;
    u32 eax, length;
  };
  for (const Row& row :
       {Row{0x12, {0x66, 0x8b, 0x43, 0x12}, 0x12340002, 4},  // mov 0x12(%ebx),%ax
        Row{0x10, {0x8b, 0x43, 0x10}, 0x0002ffff, 3},        // mov 0x10(%ebx),%eax
        Row{0x12, {0x8a, 0x43, 0x12}, 0x12345602, 3},        // mov 0x12(%ebx),%al
        Row{0x12, {0x8a, 0x63, 0x12}, 0x12340278, 3},        // mov 0x12(%ebx),%ah
        Row{0x11, {0x0f, 0xb6, 0x43, 0x11}, 0x000000ff, 4},  // movzbl
        Row{0x11, {0x0f, 0xbe, 0x43, 0x11}, 0xffffffff, 4},  // movsbl
        Row{0x10, {0x0f, 0xb7, 0x43, 0x10}, 0x0000ffff, 4},  // movzwl
        Row{0x12, {0x66, 0x0f, 0xb6, 0x43, 0x12}, 0x12340002, 5},
        Row{0x12, {0xa0, 0x12, 0x60, 0x00, 0xc0}, 0x12345602, 5}}) {
    regs().set_eip(kOffset + 0x5000);
    regs().set_eax(0x12345678);
    regs().set_ebx(kOffset + 0x6000);
    EXPECT_FALSE(Touch(row.offset, row.bytes));
    EXPECT_EQ(regs().eax(), row.eax) << row.length;
    EXPECT_EQ(Steps(), row.length);
  }
}

TEST_F(TrapEmulatorTest, StoresReachTheDevice) {
  regs().set_ebx(kOffset + 0x6000);
  regs().set_ecx(0x11);
  regs().set_edx(0x00007968);                           // "hy": DL is h, DH is y
  EXPECT_FALSE(Touch(0x44, {0x89, 0x53, 0x44}, true));  // mov %edx,0x44(%ebx)
  regs().set_eip(kOffset + 0x5000);
  EXPECT_FALSE(Touch(0x44, {0x88, 0x73, 0x44}, true));  // mov %dh,0x44(%ebx)
  regs().set_eip(kOffset + 0x5000);
  EXPECT_FALSE(Touch(0x44, {0xc6, 0x04, 0x8b, '!'}, true));  // movb $'!',(%ebx,%ecx,4)
  EXPECT_EQ(Steps(), 4u);
  EXPECT_EQ(terminal_.TakeOutput(), "hy!");
}

TEST_F(TrapEmulatorTest, AnAccessThatBeganOnAnotherPageIsGivenBack) {
  SetHandler(14);
  regs().set_ebx(kOffset + 0x5ffe);
  EXPECT_FALSE(Touch(0, {0x8b, 0x03}));
  EXPECT_EQ(regs().eip(), HandlerOf(14));
  EXPECT_EQ(Data(data().cr2), kOffset + 0x6000);
}

TEST_F(TrapEmulatorTest, AnAccessThatLeavesThePageIsGivenBack) {
  SetHandler(14);
  regs().set_ebx(kOffset + 0x6ffe);
  EXPECT_FALSE(Touch(0xffe, {0x8b, 0x03}));
  EXPECT_EQ(regs().eip(), HandlerOf(14));
}

TEST_F(TrapEmulatorTest, WhatIsNoMovIsGivenBack) {
  SetHandler(14);
  regs().set_ebx(kOffset + 0x6000);
  EXPECT_FALSE(Touch(0, {0x01, 0x03}, true));  // add %eax,(%ebx)
  EXPECT_EQ(regs().eip(), HandlerOf(14));
}

TEST_F(TrapEmulatorTest, ADeviceThatObjectsSaysSo) {
  regs().set_ebx(kOffset + 0x6000);
  regs().set_eax(9);
  const MaybeViolation bad = Touch(0x38, {0x66, 0x89, 0x43, 0x38}, true);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->ToString(), "Guest notified queue 9 of 2 (console)");
}

// ---- the same on a whole machine

using test::TinyGuest;

// OUT of `value` to `port`.
void Out(test::TinyCode& code, u32 port, u32 value) {
  code.Mov(kEdx, Imm{port});
  code.Mov(kEax, Imm{value});
  code.Raw({0xef});
}

TEST(PciGuest, ReachesItsConsoleByPortsAndByMemory) {
  constexpr u32 kLow = test::kTinyTables + 0x1000;     // maps what the Guest has
  constexpr u32 kDevice = test::kTinyTables + 0x2000;  // maps 0x00400000
  constexpr u32 kRegisters = 0x01000000 + 0x00101000;  // 16 MiB of RAM
  TinyGuest guest(PagingMode::kTwoLevel, Generation::kG);
  test::TinyCode& text = guest.text;
  text.Init();
  Out(text, 0xcf8, 0x80000800);
  text.Mov(kEdx, Imm{0xcfc});
  text.Raw({0xed});
  text.Put(test::ResultAt(0), kEax);
  Out(text, 0xcf8, 0x80000804);
  Out(text, 0xcfc, 2);
  for (u32 page = 0x100; page < 0x170; ++page) {
    text.Put(kLow + 4 * page, page << kPageShift | 0x67);
  }
  text.Put(kDevice, kRegisters | 0x63);
  text.Put(test::kTinyTables, kLow | 0x67);
  text.Put(test::kTinyTables + 4, kDevice | 0x67);
  text.Hypercall(4, test::kTinyTables);  // NEW_PGTABLE
  text.Mov(kEbx, Imm{0x00400000});
  text.Raw({0x0f, 0xb7, 0x43, 0x12});  // movzwl 0x12(%ebx),%eax
  text.Put(test::ResultAt(1), kEax);
  for (const char c : {'h', 'i', '\n'}) {
    text.Raw({0xc6, 0x43, 0x44, static_cast<u8>(c)});  // movb $c,0x44(%ebx)
  }
  text.PowerOff();
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), "power-off") << ending.reason;
  EXPECT_EQ(guest.Result(0), 0x10431af4u);
  EXPECT_EQ(guest.Result(1), 2u);
  EXPECT_EQ(guest.console.TakeOutput(), "hi\n");
  EXPECT_EQ(guest.stats().Get("crossing.forwarded"), 8u);
}

TEST(PciGuest, WithoutAHandlerABadTrapKillsIt) {
  TinyGuest guest(PagingMode::kTwoLevel, Generation::kG);
  guest.text.Init();
  guest.text.Hlt();
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), "killed");
  EXPECT_NE(ending.reason.find("unhandled trap 13"), std::string::npos) << ending.reason;
}

TEST(PciGuest, ATrapGivenBackToAStackThatIsNotThereKillsIt) {
  TinyGuest guest(PagingMode::kTwoLevel, Generation::kG);
  guest.text.Init();
  guest.text.LoadGate(13, test::kTinyHandlers, test::Gate::kTrap);
  guest.text.Mov(kEsp, Imm{0xfffff000});
  guest.text.Hlt();
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), "killed") << ending.reason;
}

}  // namespace
}  // namespace lgx
