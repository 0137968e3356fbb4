// What a Guest finds at its first instruction, and what it may do in ring 1.
#include "tests/integration/guest_test.h"

namespace lgx::test {
namespace {

class FirstState : public GuestTest {
 protected:
  // Result words of StoreState().
  enum Word : u32 {
    kRegisters = 0,
    kSelectors = 8,
    kEip = 14,
    kFlags = 15,
    kAfterPopf = 16
  };

  // Ten instructions of the document, and some: nothing but mov before all is stored.
  void StoreState() {
    for (u32 reg = 0; reg < 8; ++reg) {
      text.Put(ResultAt(kRegisters + reg), static_cast<Reg>(reg));
    }
    for (u32 seg = 0; seg < 6; ++seg) {
      text.Mov(kEax, static_cast<Seg>(seg));
      text.Put(ResultAt(kSelectors + seg), kEax);
    }
    text.Mov(kEsp, Imm{kTinyStackEnd});
    text.Pushf();
    text.PopResults(kFlags, 1);
    text.Raw({0xe8, 0, 0, 0, 0});  // call the next instruction
    text.PopResults(kEip, 1);
    text.Push(Imm{0});
    text.Raw({0x9d});  // popf
    text.Pushf();
    text.PopResults(kAfterPopf, 1);
  }
};

TEST_P(FirstState, G01_5_RegistersAndSelectorsAreTheDocumentedOnes) {
  StoreState();
  text.Init();
  text.PowerOff();
  ExpectPowerOff();
  for (u32 reg = 0; reg < 8; ++reg) EXPECT_EQ(guest.Result(kRegisters + reg), 0u) << reg;
  constexpr u32 kExpected[] = {0x69, 0x61, 0x69, 0x69, 0, 0};  // es cs ss ds fs gs
  for (u32 seg = 0; seg < 6; ++seg) {
    EXPECT_EQ(guest.Result(kSelectors + seg), kExpected[seg]) << seg;
  }
  EXPECT_EQ(guest.Result(kFlags), 0x202u);
  EXPECT_EQ(guest.Result(kAfterPopf), 0x202u) << "IF cannot be cleared in ring 1";
  EXPECT_GT(guest.Result(kEip), kTinyText);
  EXPECT_LT(guest.Result(kEip), kTinyText + 0x100) << "identity mapped";
}

TEST_P(FirstState, T01_8_PushfShowsInterruptsOnWhateverLguestDataSays) {
  text.Init();
  for (u32 i = 0; i < 2; ++i) {
    text.Put(kIrqEnabledAt, i == 0 ? 0x200 : 0);
    text.Pushf();
    text.PopResults(i, 1);
  }
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0) & 0x200, 0x200u);
  EXPECT_EQ(guest.Result(1) & 0x200, 0x200u);
}

TEST_P(FirstState, G01_6_MemoryIsMappedTwiceAtTheStart) {
  text.Put(0x00200000, 0xcafe0000);
  text.Mov(kEax, DwordAt(0xc0200000));
  text.Put(ResultAt(0), kEax);
  text.Init();
  text.Mov(kEax, DwordAt(0xc0200000));
  text.Put(ResultAt(1), kEax);
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0xcafe0000u);
  EXPECT_EQ(guest.Result(1), 0xcafe0000u);
}

TEST_P(FirstState, T06_9_TheFirstSelectorsCanBeLoadedAtOnce) {
  text.Mov(kEax, Imm{kGuestKernelDs});
  for (const Seg seg : {Seg::kDs, Seg::kEs, Seg::kSs, Seg::kFs, Seg::kGs}) {
    text.Mov(seg, Low16(kEax));
  }
  const u32 next = text.address() + 7;
  text.Raw({0xea, static_cast<u8>(next), static_cast<u8>(next >> 8),
            static_cast<u8>(next >> 16), static_cast<u8>(next >> 24), 0x61, 0x00});
  text.Mov(kEax, Seg::kCs);
  text.Put(ResultAt(0), kEax);
  text.Init();
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0x61u);
}

// Leaf 1 as the kernel's filter leaves it (guest-01 section 8): what the rest of a Guest
// can be told of at most.
TEST_P(FirstState, G01_10_CpuidReportsWhatAGuestKernelMayUse) {
  for (u32 leaf = 0; leaf < 2; ++leaf) {
    text.Mov(kEax, Imm{leaf});
    text.Mov(kEcx, Imm{0});
    text.Raw({0x0f, 0xa2});  // cpuid
    for (u32 i = 0; i < 4; ++i) {
      constexpr Reg kOrder[] = {kEax, kEbx, kEcx, kEdx};
      text.Put(ResultAt(4 * leaf + i), kOrder[i]);
    }
  }
  text.Init();
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(1), 0x756e6547u);  // Genu
  EXPECT_EQ(guest.Result(3), 0x49656e69u);  // ineI
  EXPECT_EQ(guest.Result(2), 0x6c65746eu);  // ntel
  EXPECT_EQ(guest.Result(4) >> 8 & 15, 5u) << "family";
  const u32 features = guest.Result(7);
  // fpu tsc msr pae cx8 cmov fxsr
  for (const u32 bit : {0, 4, 6, 8, 15, 24}) EXPECT_TRUE(features >> bit & 1) << bit;
  // apic sep mtrr pat: hardware or privilege that is not there
  for (const u32 bit : {9, 11, 12, 16}) EXPECT_FALSE(features >> bit & 1) << bit;
}

TEST_P(FirstState, G01_14_PatchedCodeIsExecutedAsPatched) {
  constexpr u32 kRounds = 1000;
  text.Init();
  for (u32 pass = 0; pass < 2; ++pass) text.Put(ResultAt(pass), 0u);
  text.Mov(kEdi, Imm{0});
  const u32 again = text.here();
  text.Mov(kEcx, Imm{kRounds});
  const u32 loop = text.here();
  const u32 immediate = text.address() + 2;
  text.Raw({0xbb, 1, 0, 0, 0});  // mov ebx, 1
  text.Raw({0x01, 0x1c, 0xbd, ResultAt(0) & 0xff, ResultAt(0) >> 8 & 0xff,
            ResultAt(0) >> 16 & 0xff, ResultAt(0) >> 24});  // add [results + 4 edi], ebx
  text.Raw({0xe2, static_cast<u8>(loop - (text.here() + 2))});  // loop
  text.Put(immediate - 1, 5u);
  text.Raw({0x47});                                              // inc edi
  text.Raw({0x83, 0xff, 0x02});                                  // cmp edi, 2
  text.Raw({0x75, static_cast<u8>(again - (text.here() + 2))});  // jne
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), kRounds);
  EXPECT_EQ(guest.Result(1), 5 * kRounds);
}

LGX_INSTANTIATE_GUEST_TEST(FirstState);

// A Guest built for PAE under a Host without it: its page directory pointer table is
// taken for a page directory, which maps nothing of what the Guest needs.
TEST(WrongFormat, T01_9_APaeGuestUnderATwoLevelHostIsKilledWithAReason) {
  TinyGuest guest(PagingMode::kTwoLevel);
  guest.config.limits.instructions = 1'000'000;
  TinyCode& text = guest.text;
  constexpr u32 kMiddle = kTinyTables + 0x1000;
  constexpr u32 kLast = kTinyTables + 0x2000;
  text.Mov(kEsp, Imm{kTinyStackEnd});
  text.Hypercall(1, kTinyData);
  for (const u32 pointer : {0u, 3u}) text.Put(kTinyTables + 8 * pointer, kMiddle | 1);
  text.Put(kMiddle, kLast | 0x67);
  for (u32 page = kTinyText >> 12; page < 0x170; ++page) {
    text.Put(kLast + 8 * page, page << 12 | 0x67);
  }
  text.Hypercall(4, kTinyTables);  // NEW_PGTABLE
  text.PowerOff();
  const Ending ending = guest.Run();
  EXPECT_EQ(NameOf(ending.kind), std::string("killed"));
  EXPECT_EQ(ending.reason.rfind("unhandled trap 14 at ", 0), 0u) << ending.reason;
}

}  // namespace
}  // namespace lgx::test
