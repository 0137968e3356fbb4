#include "mmu/demand_page.h"

#include <gtest/gtest.h>

#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

constexpr Lin kUserPage(0x08048000);
constexpr Lin kKernelPage(0xc0123000);
constexpr u32 kP = kPtePresent, kW = kPteRw, kU = kPteUser, kA = kPteAccessed,
              kD = kPteDirty;

template <class F>
class DemandPageTest : public ::testing::Test {
 protected:
  void SetUp() override { machine.Start(); }

  ShadowMachine<F> machine;
};
TYPED_TEST_SUITE(DemandPageTest, BothFormats, FormatNames);

TYPED_TEST(DemandPageTest, T07_2_EveryRowOfTheFaultTable) {
  struct Row {
    u32 before;
    u32 errcode;
    bool result;
    u32 after;
    u32 shadow;  // flags
  };
  const Row rows[] = {
      {kP | kU, 0, true, kP | kU | kA, kP | kU | kA},
      {kP | kU, 2, false, kP | kU, 0},
      {kP | kU | kW, 0, true, kP | kU | kW | kA, kP | kU | kA},
      {kP | kU | kW, 2, true, kP | kU | kW | kA | kD, kP | kU | kW | kA | kD},
      {kP | kU | kW | kD, 0, true, kP | kU | kW | kA | kD, kP | kU | kW | kA | kD},
      {kP | kU | kD, 0, true, kP | kU | kA | kD, kP | kU | kA | kD},
      {kP | kW, 4, false, kP | kW, 0},
      // Kernel access to a page without USER, and user access to one with it.
      {kP | kW, 2, true, kP | kW | kA | kD, kP | kW | kA | kD},
      {kP | kU | kW, 6, true, kP | kU | kW | kA | kD, kP | kU | kW | kA | kD},
      // The bits for "present" and "fetch" in the error code change nothing.
      {kP | kU | kW, 1 | 16, true, kP | kU | kW | kA, kP | kU | kA},
      {0, 0, false, 0, 0},
  };
  u32 page = 0x30;
  for (const Row& row : rows) {
    SCOPED_TRACE(::testing::Message() << std::hex << "gpte flags 0x" << row.before
                                      << " error code " << row.errcode);
    const Lin v = kUserPage + ++page * kPageSize;
    this->machine.Map(v, page, row.before);
    EXPECT_EQ(this->machine.shadow->DemandPage(v, row.errcode), row.result);
    EXPECT_EQ(this->machine.Gpte(v), (page << 12) | row.after);
    const u64 expected = row.result ? this->machine.FrameOf(page) | row.shadow : 0;
    EXPECT_EQ(this->machine.Spte(v), expected);
  }
  EXPECT_EQ(this->machine.kill.reason(), "");
  EXPECT_EQ(this->machine.shadow->stats().demand_filled, 8u);
  EXPECT_EQ(this->machine.shadow->stats().fault_guest, 3u);
}

TYPED_TEST(DemandPageTest, T07_3_ReadThenWriteOfACleanPageFaultsTwice) {
  this->machine.Map(kUserPage, 0x77, kP | kW | kU);
  EXPECT_EQ(this->machine.Touch(kUserPage, 4), 1);
  EXPECT_EQ(this->machine.Gpte(kUserPage) & (kA | kD), kA);
  EXPECT_EQ(this->machine.Touch(kUserPage, 4), 0);
  EXPECT_EQ(this->machine.Touch(kUserPage, 6), 1);
  EXPECT_EQ(this->machine.Gpte(kUserPage) & (kA | kD), kA | kD);
  EXPECT_EQ(this->machine.Touch(kUserPage, 6), 0);
  EXPECT_EQ(this->machine.shadow->stats().demand_filled, 2u);
}

TYPED_TEST(DemandPageTest, T07_4_LargePagesAndPagesBeyondTheLimitKill) {
  this->machine.Map(kUserPage, 0x77, kP | kPtePse);
  EXPECT_FALSE(this->machine.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(this->machine.kill.reason(), "bad page table entry");
  EXPECT_EQ(this->machine.Gpte(kUserPage), 0x77081u);

  this->machine.kill.Revive();
  this->machine.Map(kUserPage, kGuestPages, kP);
  EXPECT_FALSE(this->machine.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(this->machine.kill.reason(), "bad page table entry");
  EXPECT_EQ(this->machine.Spte(kUserPage), 0u);

  this->machine.kill.Revive();
  this->machine.Map(kUserPage, kGuestPages - 1, kP);
  EXPECT_TRUE(this->machine.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(this->machine.kill.reason(), "");
  EXPECT_EQ(this->machine.shadow->stats().fault_guest, 0u);
}

TEST(DemandPage, T07_5_FlagsOfATwoLevelDirectoryEntry) {
  struct Row {
    u32 flags;
    bool fine;
  };
  for (const Row row : {Row{0x067, true}, Row{0x001, true}, Row{0x0e7, false},
                        Row{0x06f, false}, Row{0x167, false}, Row{0x267, false}}) {
    SCOPED_TRACE(::testing::Message() << std::hex << "flags 0x" << row.flags);
    ShadowMachine<TwoLevel> m;
    m.Start();
    m.Map(kUserPage, 0x77, kP);
    const Gpa at = m.UpperAt(m.pgd, kUserPage);
    m.Store(at, (m.Load(at) & ~kPageMask) | row.flags);
    EXPECT_EQ(m.shadow->DemandPage(kUserPage, 0), row.fine);
    EXPECT_EQ(m.kill.reason(), row.fine ? "" : "bad page directory entry");
    EXPECT_EQ(m.pool.used(), row.fine ? 2u : 1u);
  }
}

TEST(DemandPage, T07_5_PageNumberOfATwoLevelDirectoryEntry) {
  ShadowMachine<TwoLevel> m;
  m.Start();
  // The entry is read before it is checked, so a table outside memory is reported by its
  // check, which comes first.
  m.Store(m.UpperAt(m.pgd, kUserPage), (kGuestPages << 12) | 0x067);
  EXPECT_FALSE(m.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(m.kill.reason(), "bad page directory entry");
}

TEST(DemandPage, T07_5_FlagsOfAPaePointerEntry) {
  for (const Lin v :
       {Lin(0x08048000), Lin(0x48048000), Lin(0x88048000), Lin(0xc8048000)}) {
    SCOPED_TRACE(::testing::Message() << std::hex << "address 0x" << v.value);
    for (const u64 extra : {u64{0}, u64{2}, kPteNx}) {
      ShadowMachine<Pae> m;
      m.Start();
      m.Map(v, 0x77, kP);
      const Gpa at = m.GpgdAt(m.pgd, v);
      m.Store(at, m.Load(at) | extra);
      // Entry 3 always has its PMD page, so the Guest's entry is never checked.
      const bool fine = extra == 0 || PgdIndex<Pae>(v) == 3;
      EXPECT_EQ(m.shadow->DemandPage(v, 0), fine);
      EXPECT_EQ(m.kill.reason(), fine ? "" : "bad page directory entry");
      EXPECT_EQ(m.Access(v, 0), fine);
    }
  }
}

TEST(DemandPage, T07_5_FlagsOfAPaeMiddleEntry) {
  struct Row {
    u64 flags;
    bool fine;
  };
  for (const Row row : {Row{0x067, true}, Row{0x0e7, false}, Row{kPteNx | 0x067, false},
                        Row{(u64{1} << 40) | 0x067, false}}) {
    for (const Lin v : {kUserPage, kKernelPage}) {
      SCOPED_TRACE(::testing::Message() << std::hex << "flags 0x" << row.flags);
      ShadowMachine<Pae> m;
      m.Start();
      m.Map(v, 0x77, kP);
      const Gpa at = m.UpperAt(m.pgd, v);
      m.Store(at, (m.Load(at) & ~u64{kPageMask}) | row.flags);
      EXPECT_EQ(m.shadow->DemandPage(v, 0), row.fine);
      EXPECT_EQ(m.kill.reason(), row.fine ? "" : "bad page middle directory entry");
    }
  }
}

TYPED_TEST(DemandPageTest, T07_6_GlobalDoesNotReachTheShadow) {
  // PWT, PCD and the software bits do, but for bit 10.
  this->machine.Map(kUserPage, 0x77, kP | kPteGlobal | kPtePwt | kPtePcd | 0xe00);
  EXPECT_TRUE(this->machine.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(this->machine.Spte(kUserPage),
            this->machine.FrameOf(0x77) | kP | kA | kPtePwt | kPtePcd | 0xa00);
  EXPECT_EQ(this->machine.Gpte(kUserPage), 0x77f39u);
}

TEST(DemandPage, T07_6_Q23_NxOfAGuestPageDoesNotReachTheShadow) {
  ShadowMachine<Pae> m;
  m.Start();
  const u64 high = kPteNx | (u64{0x7ffff} << 44);
  m.Map(kUserPage, 0x77, kP | kW | kD | high);
  EXPECT_EQ(m.Touch(kUserPage, 16), 1);  // a fetch
  EXPECT_EQ(m.Spte(kUserPage), m.FrameOf(0x77) | kP | kW | kA | kD);
  EXPECT_EQ(m.Gpte(kUserPage), 0x77063u | high) << "the Guest keeps what it wrote";

  // Bits 12 to 43 are the page number, and too large here.
  m.Map(kUserPage, 0x77, kP | (u64{1} << 43));
  EXPECT_FALSE(m.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(m.kill.reason(), "bad page table entry");
}

TYPED_TEST(DemandPageTest, T07_7_FaultsAtSwitcherAddresses) {
  const Lin switcher = SwitcherAddr(TypeParam::kMode);
  for (const Lin v : {switcher, switcher + 0x1000, Lin(0xfffff000)}) {
    EXPECT_FALSE(this->machine.shadow->DemandPage(v, 0));
    EXPECT_EQ(this->machine.kill.reason(), "")
        << "the Guest's entry is empty: its own fault";
  }
  const Lin below = switcher - kPageSize;
  this->machine.Map(below, 0x77, kP);
  EXPECT_EQ(this->machine.Touch(below, 0), 1);
  EXPECT_EQ(this->machine.kill.reason(), "");

  this->machine.Map(switcher, 0x77, kP);
  EXPECT_FALSE(this->machine.shadow->DemandPage(switcher, 0));
  EXPECT_EQ(this->machine.kill.reason(), "attempt to access switcher pages");
}

TYPED_TEST(DemandPageTest, Q8_UpperLevelsThatForbidTheAccessMakeItTheGuestsFault) {
  this->machine.Map(kUserPage, 0x77, kP | kW | kU);
  const Gpa upper = this->machine.UpperAt(this->machine.pgd, kUserPage);
  const auto table = this->machine.Load(upper) & ~static_cast<u64>(kPageMask);
  this->machine.Store(upper, static_cast<typename TypeParam::Raw>(table | kP | kU));
  EXPECT_EQ(this->machine.Touch(kUserPage, 6), -1);
  EXPECT_EQ(this->machine.Touch(kUserPage, 2), -1) << "the kernel too: CR0.WP is set";
  EXPECT_EQ(this->machine.Gpte(kUserPage) & (kA | kD), 0u);
  EXPECT_EQ(this->machine.Touch(kUserPage, 4), 1);

  const Lin other = kUserPage + 0x01000000;
  this->machine.Map(other, 0x78, kP | kW | kU);
  const Gpa other_upper = this->machine.UpperAt(this->machine.pgd, other);
  this->machine.Store(other_upper, this->machine.Load(other_upper) & ~kU);
  EXPECT_EQ(this->machine.Touch(other, 4), -1);
  EXPECT_EQ(this->machine.Touch(other, 2), 1);
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(DemandPageTest, UpperLevelsAreCheckedOnlyWhenTheirTableIsMade) {
  this->machine.Map(kUserPage, 0x77, kP);
  EXPECT_TRUE(this->machine.shadow->DemandPage(kUserPage, 0));
  const Gpa upper = this->machine.UpperAt(this->machine.pgd, kUserPage);
  this->machine.Store(upper, this->machine.Load(upper) | kPtePwt);
  this->machine.Map(kUserPage + kPageSize, 0x78, kP);
  EXPECT_TRUE(this->machine.shadow->DemandPage(kUserPage + kPageSize, 0));
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(DemandPageTest, AnEmptyLowerTableMayStayBehind) {
  const u32 before = this->machine.pool.used();
  (void)this->machine.GpteAt(this->machine.pgd, kUserPage);
  EXPECT_FALSE(this->machine.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(this->machine.pool.used(), before + (TypeParam::kHasPmd ? 2 : 1));
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(DemandPageTest, ATableOutsideGuestMemoryKills) {
  // Read before any check: a top level beyond the end.
  this->machine.shadow->NewPageTable(GpaOf(Gfn(kGuestPages)));
  EXPECT_FALSE(this->machine.shadow->DemandPage(Lin(0x00001000), 0));
  EXPECT_EQ(this->machine.kill.reason(), TypeParam::kHasPmd
                                             ? "bad read address 0x400000 len 8"
                                             : "bad read address 0x400000 len 4");
}

TYPED_TEST(DemandPageTest, Q12_TheLastEntryOfMemoryIsOutOfReach) {
  // The last page holds a page table whose last entry ends exactly at the end of memory.
  const u32 pages = TypeParam::kEntries * kPageSize;
  const Lin last(0x08000000 + pages - kPageSize);
  const Gpa upper = this->machine.UpperAt(this->machine.pgd, last);
  this->machine.Store(upper, ((kGuestPages - 1) << 12) | kPageTableFlags);
  this->machine.Store(this->machine.GpteAt(this->machine.pgd, last), 0x77001);
  this->machine.Store(this->machine.GpteAt(this->machine.pgd, last - kPageSize), 0x77001);
  EXPECT_TRUE(this->machine.shadow->DemandPage(last - kPageSize, 0));
  EXPECT_FALSE(this->machine.shadow->DemandPage(last, 0));
  EXPECT_EQ(this->machine.kill.reason(), TypeParam::kHasPmd
                                             ? "bad read address 0x3ffff8 len 8"
                                             : "bad read address 0x3ffffc len 4");
}

TYPED_TEST(DemandPageTest, ATopLevelThatIsNotAlignedIsReadWhereItLies) {
  // Its entry for the last 4 MiB (1 GiB) of user addresses crosses a page.
  const Gpa odd = this->machine.NewGuestTable() + 0xffe - EntryOffset<TypeParam>(1);
  (void)this->machine.NewGuestTable();
  const Lin v(u32{1} << TypeParam::kPgdShift);
  this->machine.Map(odd, v, 0x77, kP);
  this->machine.shadow->NewPageTable(odd);
  EXPECT_EQ(this->machine.Touch(v, 0), 1);
  EXPECT_EQ(this->machine.Spte(v), this->machine.FrameOf(0x77) | kP | kA);
}

TYPED_TEST(DemandPageTest, AnEmptyPoolKills) {
  ShadowMachine<TypeParam> small(TypeParam::kHasPmd ? 3 : 1);
  small.Start();
  small.Map(kUserPage, 0x77, kP);
  EXPECT_FALSE(small.shadow->DemandPage(kUserPage, 0));
  EXPECT_EQ(small.kill.reason(), "out of memory allocating pte page");
  EXPECT_EQ(small.pool.used(), small.pool.limit());
  small.shadow->End();
  EXPECT_EQ(small.pool.used(), 0u);
}

TYPED_TEST(DemandPageTest, AGuestPageWithoutMemoryBehindItKills) {
  // A view that claims more pages than the m has, as a Launcher may.
  ShadowMachine<TypeParam> m;
  GuestView view(m.memory(), kGuestFirst, 0x100000);
  ShadowTables tables(m.memory(), view, m.pool, m.kill, m.chooser,
                      ShadowOptions{.mode = TypeParam::kMode});
  ASSERT_TRUE(tables.Init(m.pgd).ok());
  m.Map(kUserPage, m.memory().frames() - kGuestFirst.value, kP);
  EXPECT_FALSE(tables.DemandPage(kUserPage, 0));
  EXPECT_EQ(m.kill.reason(), "failed to get page 1792");
}

TYPED_TEST(DemandPageTest, T07_21_GuestPaFollowsTheGuestsTables) {
  this->machine.Map(kKernelPage, 0x77, kP);
  const auto gpte = this->machine.Gpte(kKernelPage);
  const u32 used = this->machine.pool.used();
  EXPECT_EQ(this->machine.shadow->GuestPa(kKernelPage + 0x345), Gpa(0x77345));
  EXPECT_EQ(this->machine.Gpte(kKernelPage), gpte) << "no A or D";
  EXPECT_EQ(this->machine.pool.used(), used);
  // No rights, no limits, no large pages.
  this->machine.Map(kKernelPage, 0xfffff, kP | kPtePse);
  EXPECT_EQ(this->machine.shadow->GuestPa(kKernelPage + 1), Gpa(0xfffff001));
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(DemandPageTest, T07_21_Q22_GuestPaWithALevelMissingKillsAndStops) {
  const auto expect_bad = [this](Lin v, const char* reason) {
    this->machine.kill.Revive();
    EXPECT_EQ(this->machine.shadow->GuestPa(v), std::nullopt);
    EXPECT_EQ(this->machine.kill.reason(), reason);
  };
  expect_bad(Lin(0xc0123456), "Bad address 0xc0123456");
  (void)this->machine.UpperAt(this->machine.pgd,
                              kKernelPage);  // with PAE: PGD present, PMD not
  expect_bad(Lin(0xc0123456), "Bad address 0xc0123456");
  (void)this->machine.GpteAt(this->machine.pgd, kKernelPage);
  expect_bad(Lin(0xc0123456), "Bad address 0xc0123456");
  expect_bad(Lin(0), "Bad address 0");
}

}  // namespace
}  // namespace lgx
