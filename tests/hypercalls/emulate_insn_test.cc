#include "hypercalls/emulate_insn.h"

#include "host_fixture.h"

namespace lgx {
namespace {

using Kind = RunGuestResult::Kind;

struct Row {
  std::initializer_list<u32> bytes;
  u32 eax;  // after; before it is 0x12345678
  u32 length;
};

class EmulateInsnTest : public HostTest {
 protected:
  using HostTest::HostTest;

  void Check(std::initializer_list<Row> rows) {
    for (const Row& row : rows) {
      StoreBytes(0x5000, row.bytes);
      regs().set_eip(kOffset + 0x5000);
      regs().set_eax(0x12345678);
      EXPECT_TRUE(EmulateInsn(guest()));
      EXPECT_EQ(regs().eax(), row.eax) << std::hex << *row.bytes.begin();
      EXPECT_EQ(regs().eip(), kOffset + 0x5000 + row.length);
    }
  }
};

TEST_F(EmulateInsnTest, T03_1_Q4_PortInstructionsReadAllOnesInTheReferencesWidths) {
  Boot();
  Check({{{0xe4, 0x80}, 0x1234ffff, 2},
         {{0xe5, 0x80}, 0xffffffff, 2},
         {{0xec}, 0x1234ffff, 1},
         {{0xed}, 0xffffffff, 1},
         {{0x66, 0xec}, 0xffff5678, 2},
         {{0x66, 0xed}, 0xffffffff, 2},
         {{0x66, 0xe4, 0x80}, 0xffff5678, 3},
         {{0x66, 0xe5, 0x80}, 0xffffffff, 3},
         {{0xe6, 0x80}, 0x12345678, 2},
         {{0xe7, 0x80}, 0x12345678, 2},
         {{0xee}, 0x12345678, 1},
         {{0xef}, 0x12345678, 1},
         {{0x66, 0xef}, 0x12345678, 2},
         {{0x66, 0xe7, 0x80}, 0x12345678, 3}});
}

class EmulateInsnFTest : public EmulateInsnTest {
 protected:
  EmulateInsnFTest() : EmulateInsnTest(PagingMode::kTwoLevel, 'F') {}
};

TEST_F(EmulateInsnFTest, T03_1_FromGenerationFTheWidthsAreExact) {
  Boot();
  Check({{{0xe4, 0x80}, 0x123456ff, 2},
         {{0xe5, 0x80}, 0xffffffff, 2},
         {{0xec}, 0x123456ff, 1},
         {{0xed}, 0xffffffff, 1},
         {{0x66, 0xec}, 0x123456ff, 2},
         {{0x66, 0xed}, 0x1234ffff, 2},
         {{0x66, 0xe5, 0x80}, 0x1234ffff, 3},
         {{0xee}, 0x12345678, 1}});
}

TEST_F(EmulateInsnTest, CliIsSteppedOver) {
  Boot();
  Check({{{0xfa}, 0x12345678, 1}});
}

TEST_F(EmulateInsnTest, T03_2_InRing3TheFaultIsTheGuests) {
  Boot();
  StoreBytes(0x5000, {0xec});
  SetHandler(13);
  cpu().esp1 = kStackTop;
  cpu().ss1 = kGuestKernelDs;
  regs().set_eip(0x5000);
  regs().set_cs(kGuestUserCs);
  regs().set_ss(kGuestUserDs);
  Exit(13, 0);
  EXPECT_EQ(Run().kind, Kind::kSignal);
  EXPECT_EQ(regs().eip(), HandlerOf(13));
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 24), 0u);       // error code
  EXPECT_EQ(Load<u32>(kStackTop - kOffset - 20), 0x5000u);  // EIP, not advanced
}

TEST_F(EmulateInsnTest, T03_3_OtherPrivilegedInstructionsAreReflected) {
  Boot();
  SetHandler(13);
  for (const u32 opcode : {0x6c, 0xf4, 0xfb, 0xf3}) {
    StoreBytes(0x5000, {opcode, 0xec});
    regs().set_eip(kOffset + 0x5000);
    regs().set_esp(kStackTop);
    Exit(13, 0);
    EXPECT_EQ(Run().kind, Kind::kSignal);
    EXPECT_EQ(regs().eip(), HandlerOf(13)) << opcode;
  }
}

TEST_F(EmulateInsnTest, OnePrefixIsUnderstoodNotTwo) {
  Boot();
  StoreBytes(0x5000, {0x66, 0x66, 0xec});
  regs().set_eip(kOffset + 0x5000);
  EXPECT_FALSE(EmulateInsn(guest()));
  EXPECT_EQ(regs().eip(), kOffset + 0x5000);
}

TEST_F(EmulateInsnTest, AnUnmappedEipKillsWhoeverRuns) {
  Boot();
  regs().set_cs(kGuestUserCs);
  regs().set_eip(0xd0000123);
  Exit(13, 0);
  EXPECT_EQ(Run().kind, Kind::kDead);
  EXPECT_EQ(Reason(), "Bad address 0xd0000123");
}

TEST_F(EmulateInsnTest, Q5_BytesBehindAPageBoundaryAreTranslatedAgain) {
  Boot();
  // 0x66 ends one page; the next linear page is mapped elsewhere.
  const u32 pte_page =
      Load<u32>(guest().shadow.CurrentGpgdir().value + 768 * 4) & ~kPageMask;
  Store<u32>(pte_page + 4 * 6, 0x00340067);
  StoreBytes(0x5fff, {0x66});
  StoreBytes(0x6000, {0x90});  // where the reference would look
  StoreBytes(0x00340000, {0xed});
  regs().set_eip(kOffset + 0x5fff);
  regs().set_eax(0);
  EXPECT_TRUE(EmulateInsn(guest()));
  EXPECT_EQ(regs().eax(), 0xffffffffu);
  EXPECT_EQ(regs().eip(), kOffset + 0x6001);
}

}  // namespace
}  // namespace lgx
