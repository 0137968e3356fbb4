// What differs from lguest when a policy of the shadow tables does: set-PMD, prefill.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "mmu/demand_page.h"
#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

constexpr Lin kUserPage(0x08048000);
constexpr Lin kNextTable(0x08400000);  // another entry above the PTE, in both formats
constexpr Lin kKernelPage(0xc0123000);
constexpr Lin kKernelNext(0xc0523000);
constexpr Lin kStackTop(0xc0202000);
constexpr u32 kP = kPtePresent, kW = kPteRw, kU = kPteUser, kA = kPteAccessed,
              kD = kPteDirty;

// ---- SET_PMD drops one entry

class DropOneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    machine.Start();
    MapUser(machine.pgd);
    machine.Map(machine.pgd, kKernelPage, 0x78, kP | kW);
    machine.Map(machine.pgd, kKernelNext, 0x79, kP | kW);
    machine.Map(machine.pgd, kStackTop - 1, 0x7a, kP | kW);
    kernel_entry = machine.Load(ShadowMachine<Pae>::GpgdAt(machine.pgd, kKernelPage));
    // A second space: a user part of its own, the kernel's PMD page in common.
    second = machine.NewGuestTable();
    machine.Store(ShadowMachine<Pae>::GpgdAt(second, kKernelPage), kernel_entry);
    MapUser(second);
    machine.chooser.list = {1};
    TouchAll();
    machine.shadow->NewPageTable(second);
    TouchAll();
  }
  void MapUser(Gpa top) {
    machine.Map(top, kUserPage, 0x76, kP | kW | kU);
    machine.Map(top, kNextTable, 0x77, kP | kW | kU);
  }
  void TouchAll() {
    for (const Lin v : {kUserPage, kNextTable, kKernelPage, kKernelNext}) {
      ASSERT_NE(machine.Touch(v, 2), -1) << v.value;
    }
  }
  Gpa PmdPage(Gpa top, Lin v) {
    return Gpa(static_cast<u32>(machine.Load(ShadowMachine<Pae>::GpgdAt(top, v))) &
               ~kPageMask);
  }
  void SetPmd(Gpa top, Lin v) { machine.shadow->SetPmd(PmdPage(top, v), PmdIndex(v)); }
  bool In(u32 slot, Lin v) { return machine.Spte(slot, v).value_or(0) != 0; }

  ShadowMachine<Pae> machine{200, {}, {.set_pmd = SetPmdPolicy::kDropOne}};
  Gpa second;
  u64 kernel_entry = 0;
};

TEST_F(DropOneTest, AUserEntryGoesFromItsSpaceAlone) {
  SetPmd(machine.pgd, kUserPage);
  EXPECT_FALSE(In(0, kUserPage));
  EXPECT_TRUE(In(0, kNextTable));
  EXPECT_TRUE(In(0, kKernelPage));
  for (const Lin v : {kUserPage, kNextTable, kKernelPage}) EXPECT_TRUE(In(1, v));
  EXPECT_EQ(machine.shadow->stats().flush_full, 0u);
  EXPECT_EQ(machine.shadow->stats().flush_pmd, 1u);
}

TEST_F(DropOneTest, TheNewEntryIsSeenAtTheNextTouch) {
  const Gpa table = machine.NewGuestTable();
  machine.Store(machine.UpperAt(second, kUserPage), table.value | kPageTableFlags);
  machine.Map(second, kUserPage, 0x99, kP | kW | kU);
  SetPmd(second, kUserPage);
  EXPECT_EQ(machine.Touch(kUserPage, 0), 1);
  EXPECT_EQ(machine.Spte(kUserPage) >> kPageShift << kPageShift,
            ShadowMachine<Pae>::FrameOf(0x99));
}

TEST_F(DropOneTest, AKernelEntryGoesFromEverySpace) {
  SetPmd(second, kKernelNext);
  for (const u32 slot : {0, 1}) {
    EXPECT_FALSE(In(slot, kKernelNext));
    EXPECT_TRUE(In(slot, kKernelPage));
    EXPECT_TRUE(In(slot, kUserPage));
  }
}

TEST_F(DropOneTest, AKernelEntryGoesFromARecycledSlotWhoseTableIsGone) {
  // Slot 0 still has the kernel's part; its Guest table is given up and overwritten.
  machine.Store(ShadowMachine<Pae>::GpgdAt(machine.pgd, kKernelPage), 0);
  SetPmd(second, kKernelNext);
  EXPECT_FALSE(In(0, kKernelNext));
  EXPECT_TRUE(In(0, kKernelPage));
}

TEST_F(DropOneTest, AnotherKernelPageInTheTopLevelDropsTheKernelsPart) {
  const Gpa other = machine.NewGuestTable();
  machine.Store(ShadowMachine<Pae>::GpgdAt(second, kKernelPage), other.value | 1);
  machine.shadow->SetPmd(other, PmdIndex(kKernelNext));
  EXPECT_FALSE(In(1, kKernelPage));
  EXPECT_FALSE(In(1, kKernelNext));
  EXPECT_TRUE(In(1, kUserPage));
  EXPECT_TRUE(In(0, kKernelPage));
}

TEST_F(DropOneTest, APageThatNobodyShadowsDropsNothing) {
  machine.shadow->SetPmd(machine.NewGuestTable(), PmdIndex(kUserPage));
  machine.shadow->SetPmd(Gpa(0xfffff000), 3);
  for (const u32 slot : {0, 1}) {
    for (const Lin v : {kUserPage, kNextTable, kKernelPage}) EXPECT_TRUE(In(slot, v));
  }
}

TEST_F(DropOneTest, ATableOutsideMemoryKillsNobody) {
  machine.chooser.list = {1, 2};
  machine.shadow->NewPageTable(Gpa(0xfffff000));
  SetPmd(second, kUserPage);
  EXPECT_EQ(machine.kill.reason(), "");
}

TEST_F(DropOneTest, TheStackStaysPinned) {
  machine.shadow->SetStack(kStackTop, 1);
  SetPmd(second, kStackTop - 1);
  EXPECT_TRUE(machine.shadow->PageWritable(kStackTop - 1));
}

TEST_F(DropOneTest, TheSwitcherStaysAndAnIndexTooLargeDropsEverything) {
  machine.shadow->MapSwitcher({kSwitcherPtePage, 1, kVcpuRegsPage});
  const auto hook = [&] {
    return machine.LoadShadow(Mpa((machine.Spgd(1, 3) >> 12 << 12) + 8 * 511));
  };
  const u64 before = hook();
  machine.shadow->SetPmd(PmdPage(second, kKernelPage), 511);
  EXPECT_EQ(hook(), before);
  machine.shadow->SetPmd(PmdPage(second, kKernelPage), 512);
  EXPECT_EQ(hook(), before);
  EXPECT_FALSE(In(1, kUserPage));
  EXPECT_EQ(machine.shadow->stats().flush_full, 1u);
}

TEST(DropOne, EveryPageIsGivenBack) {
  ShadowMachine<Pae> m(200, {}, {.set_pmd = SetPmdPolicy::kDropOne});
  m.Start();
  m.Map(kUserPage, 0x76, kP | kW | kU);
  const Gpa pmd(static_cast<u32>(m.Load(m.pgd)) & ~kPageMask);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(m.Touch(kUserPage, 2), 1);
    m.shadow->SetPmd(pmd, PmdIndex(kUserPage));
  }
  m.shadow->End();
  EXPECT_EQ(m.pool.used(), 0u);
}

TEST_F(DropOneTest, ASavedStateGoesOnWhereItStopped) {
  SetPmd(second, kUserPage);
  ByteWriter saved;
  machine.shadow->SaveState(&saved);
  ShadowMachine<Pae> other(200, {}, {.set_pmd = SetPmdPolicy::kDropOne});
  other.Start();
  ByteWriter pool;
  machine.pool.SaveState(&pool);
  ByteReader pool_reader(pool.bytes(), "test");
  other.pool.LoadState(&pool_reader);
  std::vector<u8> ram(u64{machine.memory().frames()} * kPageSize);
  machine.memory().Read(Mpa(0), ram.data(), ram.size());
  other.memory().Write(Mpa(0), ram.data(), ram.size());
  ByteReader reader(saved.bytes(), "test");
  other.shadow->LoadState(&reader);
  ASSERT_TRUE(reader.ok());
  ByteWriter again;
  other.shadow->SaveState(&again);
  EXPECT_TRUE(std::ranges::equal(saved.bytes(), again.bytes()));
  EXPECT_EQ(other.shadow->slots()[1].kernel_pmd, machine.shadow->slots()[1].kernel_pmd);
  EXPECT_EQ(other.shadow->stats().flush_pmd, 1u);
}

// ---- prefill

template <class F>
class PrefillTest : public ::testing::Test {
 protected:
  static constexpr u32 kWindow = 8;
  void SetUp() override { machine.Start(); }
  Lin Page(u32 i) { return Lin(0x08000000) + i * kPageSize; }
  u64 FlagsOf(u32 i) { return machine.Spte(Page(i)) & kPageMask; }

  ShadowMachine<F> machine{200, {}, {.prefill = kWindow}};
};
TYPED_TEST_SUITE(PrefillTest, BothFormats, FormatNames);

TYPED_TEST(PrefillTest, OnlyUsedPagesOfTheWindowAreFilled) {
  auto& m = this->machine;
  const u32 flags[] = {kP | kU | kW,            // 0: the one that is touched
                       kP | kU | kW | kA,       // 1: read before: read-only
                       kP | kU | kW | kA | kD,  // 2: written before
                       kP | kU | kW | kD,       // 3: not accessed
                       kU | kW | kA | kD,       // 4: not present
                       kP | kU | kA,            // 5: read-only
                       kP | kA | kD | kW,       // 6: the kernel's
                       0};                      // 7: nothing
  for (u32 i = 0; i < std::size(flags); ++i) m.Map(this->Page(i), 0x40 + i, flags[i]);
  m.Map(this->Page(8), 0x48, kP | kU | kA);  // the next window
  ASSERT_EQ(m.Touch(this->Page(0), 4), 1);
  const u64 filled[] = {kP | kU | kA, kP | kU | kA, flags[2], 0, 0,
                        kP | kU | kA, flags[6],     0};
  for (u32 i = 0; i < std::size(filled); ++i) {
    EXPECT_EQ(this->FlagsOf(i), filled[i]) << i;
    EXPECT_EQ(m.Gpte(this->Page(i)) & kPageMask, flags[i] | (i == 0 ? kA : 0)) << i;
  }
  EXPECT_EQ(this->FlagsOf(8), 0u);
  EXPECT_EQ(m.shadow->stats().demand_filled, 1u);
  EXPECT_EQ(m.shadow->stats().prefilled, 4u);
}

TYPED_TEST(PrefillTest, TheFirstWriteToACleanPageStillSetsDirty) {
  auto& m = this->machine;
  m.Map(this->Page(0), 0x40, kP | kU | kW);
  m.Map(this->Page(1), 0x41, kP | kU | kW | kA);
  ASSERT_EQ(m.Touch(this->Page(0), 6), 1);
  EXPECT_EQ(m.Touch(this->Page(1), 4), 0);
  EXPECT_EQ(m.Touch(this->Page(1), 6), 1);
  EXPECT_EQ(m.Gpte(this->Page(1)) & (kA | kD), kA | kD);
}

TYPED_TEST(PrefillTest, BadNeighboursAreLeftAloneAndKillNobody) {
  auto& m = this->machine;
  m.Map(this->Page(0), 0x40, kP | kU | kW);
  m.Map(this->Page(1), kGuestPages, kP | kU | kA);
  m.Map(this->Page(2), 0x42, kP | kU | kA | kPtePse);
  m.Map(this->Page(3), 0xfffff, kP | kU | kA | kD);
  ASSERT_EQ(m.Touch(this->Page(0), 6), 1);
  for (u32 i = 1; i < 4; ++i) EXPECT_EQ(this->FlagsOf(i), 0u) << i;
  EXPECT_EQ(m.kill.reason(), "");
}

TYPED_TEST(PrefillTest, TheLastWindowEndsWithTheTable) {
  ShadowMachine<TypeParam> m(200, {}, {.prefill = 15});
  m.Start();
  const Lin last = Lin(0x08000000) + (TypeParam::kEntries - 1) * kPageSize;
  const Lin next = last + kPageSize;
  m.Map(last, 0x40, kP | kU | kW);
  m.Map(last - kPageSize, 0x41, kP | kU | kA);
  m.Map(next, 0x42, kP | kU | kA);
  ASSERT_EQ(m.Touch(last, 6), 1);
  EXPECT_EQ(m.Spte(next), 0u);
  // 1023 and 511 are 68 * 15 + 3 and 34 * 15 + 1.
  EXPECT_EQ(m.Spte(last - kPageSize) != 0, true);
}

TYPED_TEST(PrefillTest, ATableAtTheEndOfMemoryIsNotReadAhead) {
  auto& m = this->machine;
  const u32 table = (kGuestPages - 1) << kPageShift;
  m.Store(m.UpperAt(m.pgd, this->Page(0)), table | kPageTableFlags);
  m.Map(this->Page(0), 0x40, kP | kU | kW);
  m.Map(this->Page(1), 0x41, kP | kU | kA);
  (void)m.shadow->DemandPage(this->Page(0), 0);
  EXPECT_EQ(this->FlagsOf(1), 0u);
}

TYPED_TEST(PrefillTest, WindowsOfOneAndNoneFillNothingMore) {
  for (const u32 window : {0, 1}) {
    ShadowMachine<TypeParam> m(200, {}, {.prefill = window});
    m.Start();
    m.Map(this->Page(0), 0x40, kP | kU | kW);
    m.Map(this->Page(1), 0x41, kP | kU | kA);
    ASSERT_EQ(m.Touch(this->Page(0), 6), 1);
    EXPECT_EQ(m.Spte(this->Page(1)), 0u);
    EXPECT_EQ(m.shadow->stats().prefilled, 0u);
  }
}

}  // namespace
}  // namespace lgx
