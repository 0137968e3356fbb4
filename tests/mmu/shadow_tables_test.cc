#include "mmu/shadow_tables.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

constexpr Lin kUserPage(0x08048000);
constexpr Lin kKernelPage(0xc0123000);
constexpr Lin kStackTop(0xc0202000);  // pages 0xc0200000 and 0xc0201000
constexpr u32 kAllRights = kPtePresent | kPteRw | kPteUser;

template <class F>
class ShadowTablesTest : public ::testing::Test {
 protected:
  using Raw = typename F::Raw;

  void SetUp() override {
    machine.Start();
    MapAll(machine.pgd);
  }

  // A user page, a kernel page and a two-page kernel stack in one Guest table.
  void MapAll(Gpa top) {
    machine.Map(top, kUserPage, 0x77, kAllRights);
    machine.Map(top, kKernelPage, 0x78, kAllRights);
    machine.Map(top, kStackTop - 1 * kPageSize, 0x79, kAllRights);
    machine.Map(top, kStackTop - 2 * kPageSize, 0x7a, kAllRights);
  }
  Gpa NewSpace() {
    const Gpa top = machine.NewGuestTable();
    MapAll(top);
    return top;
  }
  void TouchBoth() {
    ASSERT_NE(machine.Touch(kUserPage, 2), -1);
    ASSERT_NE(machine.Touch(kKernelPage, 2), -1);
  }
  bool UserIn(u32 slot) { return machine.Spte(slot, kUserPage).value_or(0) != 0; }
  bool KernelIn(u32 slot) { return machine.Spte(slot, kKernelPage).value_or(0) != 0; }
  bool StackIn(u32 slot) {
    return (machine.Spte(slot, kStackTop - 0x1000).value_or(0) & kPteRw) != 0 &&
           (machine.Spte(slot, kStackTop - 0x2000).value_or(0) & kPteRw) != 0;
  }
  // Slots 0 to 3 in use, slot 3 current, the user and the kernel page touched in each.
  void FillSlots() {
    machine.chooser.list = {1, 2, 3};
    TouchBoth();
    for (int i = 0; i < 3; ++i) {
      machine.shadow->NewPageTable(NewSpace());
      TouchBoth();
    }
    ASSERT_EQ(machine.shadow->current_slot(), 3u);
  }
  // Hooks the Switcher in, as before an entry.
  void MapSwitcher() {
    machine.shadow->MapSwitcher({kSwitcherPtePage, 1, kVcpuRegsPage});
  }
  Raw SwitcherHook(u32 slot) {
    Raw raw = machine.Spgd(slot, F::kSwitcherPgd);
    if constexpr (F::kHasPmd) raw = machine.LoadShadow(Mpa((raw >> 12 << 12) + 8 * 511));
    return raw;
  }

  ShadowMachine<F> machine;
};
TYPED_TEST_SUITE(ShadowTablesTest, BothFormats, FormatNames);

// --- SET_PTE ---

TYPED_TEST(ShadowTablesTest, T07_8_SetPteOfAKernelAddressReachesEverySlot) {
  auto& m = this->machine;
  m.chooser.list = {1};
  this->TouchBoth();
  m.shadow->NewPageTable(this->NewSpace());
  this->TouchBoth();
  const Gpa nowhere(0x00123000);
  m.shadow->SetPte(nowhere, kKernelPage, 0x55067);
  EXPECT_EQ(m.Spte(0, kKernelPage), m.FrameOf(0x55) | 0x067);
  EXPECT_EQ(m.Spte(1, kKernelPage), m.FrameOf(0x55) | 0x067);
  m.shadow->SetPte(nowhere, kUserPage, 0x56067);
  EXPECT_EQ(m.Spte(0, kUserPage), m.FrameOf(0x77) | 0x067);
  EXPECT_EQ(m.Spte(1, kUserPage), m.FrameOf(0x77) | 0x067);
}

TYPED_TEST(ShadowTablesTest, T07_8_SetPteOfAUserAddressReachesItsSlotOnly) {
  auto& m = this->machine;
  m.chooser.list = {1};
  this->TouchBoth();
  m.shadow->NewPageTable(this->NewSpace());
  this->TouchBoth();
  // Not the current one.
  m.shadow->SetPte(m.pgd, kUserPage, 0x56067);
  EXPECT_EQ(m.Spte(0, kUserPage), m.FrameOf(0x56) | 0x067);
  EXPECT_EQ(m.Spte(1, kUserPage), m.FrameOf(0x77) | 0x067);
}

TYPED_TEST(ShadowTablesTest, BeforeInitEveryAddressIsAKernelAddress) {
  ShadowMachine<TypeParam> m;
  ASSERT_TRUE(m.shadow->Init(m.pgd).ok());
  m.Map(kUserPage, 0x77, kAllRights);
  ASSERT_EQ(m.Touch(kUserPage, 2), 1);
  m.shadow->FlushUser();
  EXPECT_EQ(m.Spte(kUserPage), m.FrameOf(0x77) | 0x067) << "nothing is user yet";
  m.shadow->SetPte(Gpa(0x00123000), kUserPage, 0);
  EXPECT_EQ(m.Spte(kUserPage), 0u);
}

TYPED_TEST(ShadowTablesTest, T07_9_SetPteVariants) {
  struct Row {
    u32 pte;
    u32 shadow;
  };
  for (const Row row : {Row{0x067, 0x067}, Row{0x025, 0x025}, Row{0x027, 0x027},
                        Row{0x007, 0}, Row{0, 0}}) {
    SCOPED_TRACE(::testing::Message() << std::hex << "flags 0x" << row.pte);
    this->TouchBoth();
    this->machine.shadow->SetPte(this->machine.pgd, kUserPage,
                                 row.pte != 0 ? 0x55000 | row.pte : 0);
    const u64 expected = row.shadow != 0 ? this->machine.FrameOf(0x55) | row.shadow : 0;
    EXPECT_EQ(this->machine.Spte(kUserPage), expected);
  }
}

TYPED_TEST(ShadowTablesTest, Q6_AccessedButCleanIsMappedWritable) {
  this->TouchBoth();
  this->machine.shadow->SetPte(this->machine.pgd, kUserPage, 0x55027);
  EXPECT_TRUE(this->machine.shadow->PageWritable(kUserPage));
  EXPECT_EQ(this->machine.Touch(kUserPage, 2), 0) << "and DIRTY will never be seen";
}

TYPED_TEST(ShadowTablesTest, Q6_MendedMapsItReadOnly) {
  ShadowMachine<TypeParam> m(200, ShadowQuirks{.q6_mended = true});
  m.Start();
  m.Map(kUserPage, 0x77, kAllRights);
  ASSERT_EQ(m.Touch(kUserPage, 0), 1);
  m.Map(kUserPage, 0x55, 0x027);
  m.shadow->SetPte(m.pgd, kUserPage, 0x55027);
  EXPECT_EQ(m.Spte(kUserPage), m.FrameOf(0x55) | 0x025);
  EXPECT_EQ(m.Touch(kUserPage, 2), 1);
  EXPECT_EQ(m.Gpte(kUserPage), 0x55067u);
  // Dirty is writable at once either way.
  m.shadow->SetPte(m.pgd, kUserPage, 0x56067);
  EXPECT_EQ(m.Spte(kUserPage), m.FrameOf(0x56) | 0x067);
}

TYPED_TEST(ShadowTablesTest, Q7_SetPteOfANotPresentEntryIsAnEmptyEntry) {
  this->TouchBoth();
  // A swap entry with any bits, a huge page number and PSE among them.
  this->machine.shadow->SetPte(this->machine.pgd, kUserPage, 0xfffff0e0);
  EXPECT_EQ(this->machine.Spte(kUserPage), 0u);
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(ShadowTablesTest, SetPteChecksWhatItStores) {
  this->TouchBoth();
  this->machine.shadow->SetPte(this->machine.pgd, kUserPage, (kGuestPages << 12) | 0x067);
  EXPECT_EQ(this->machine.kill.reason(), "bad page table entry");
  EXPECT_EQ(this->machine.Spte(kUserPage), 0u);
  this->machine.kill.Revive();
  this->machine.shadow->SetPte(this->machine.pgd, kUserPage, 0x550e7);
  EXPECT_EQ(this->machine.kill.reason(), "bad page table entry");
}

TYPED_TEST(ShadowTablesTest, SetPteAtASwitcherAddressKills) {
  this->MapSwitcher();
  this->machine.shadow->SetPte(this->machine.pgd, SwitcherAddr(TypeParam::kMode),
                               0x55067);
  EXPECT_EQ(this->machine.kill.reason(), "attempt to access switcher pages");
  EXPECT_EQ(this->machine.memory().template Load<u32>(MpaOf(kSwitcherPtePage)), 0u);
}

TYPED_TEST(ShadowTablesTest, T07_10_SetPteMakesNoTables) {
  const u32 used = this->machine.pool.used();
  this->machine.shadow->SetPte(this->machine.pgd, kUserPage, 0x55067);
  this->machine.shadow->SetPte(this->machine.pgd, kKernelPage, 0x55067);
  EXPECT_EQ(this->machine.pool.used(), used);
  EXPECT_EQ(this->machine.Spte(0, kUserPage), std::nullopt);
}

TEST(ShadowTables, SetPteWithoutPaeUsesTheLow32BitsOnly) {
  ShadowMachine<TwoLevel> m;
  m.Start();
  m.Map(kUserPage, 0x77, kAllRights);
  ASSERT_EQ(m.Touch(kUserPage, 2), 1);
  m.shadow->SetPte(m.pgd, kUserPage, 0x8000000000055067);
  EXPECT_EQ(m.Spte(kUserPage), m.FrameOf(0x55) | 0x067);
}

// --- SET_PGD and SET_PMD ---

TYPED_TEST(ShadowTablesTest, T07_11_SetPgdForgetsOneEntry) {
  auto& m = this->machine;
  const Lin other(u32{1} << TypeParam::kPgdShift);  // under PGD[1]
  m.Map(other, 0x7c, kAllRights);
  m.Map(Lin(0x1000), 0x7d, kAllRights);
  this->TouchBoth();
  ASSERT_EQ(m.Touch(other, 0), 1);
  ASSERT_EQ(m.Touch(Lin(0x1000), 0), 1);
  const u32 used = m.pool.used();
  m.shadow->SetPgd(m.pgd, 0);
  EXPECT_EQ(m.Spgd(0, 0), 0u);
  EXPECT_LT(m.pool.used(), used);
  EXPECT_NE(m.Spte(other), 0u);
  EXPECT_TRUE(this->KernelIn(0));
  // It comes back by itself.
  EXPECT_EQ(m.Touch(Lin(0x1000), 0), 1);
  EXPECT_EQ(m.pool.used(), TypeParam::kHasPmd ? used - 1 : used);
}

TYPED_TEST(ShadowTablesTest, T07_11_Q9_SetPgdOfTheSwitchersEntryIsIgnored) {
  this->TouchBoth();
  this->MapSwitcher();
  const auto before = this->machine.Spgd(0, TypeParam::kSwitcherPgd);
  for (const u32 index :
       {TypeParam::kSwitcherPgd, TypeParam::kSwitcherPgd + 1, ~u32{0}}) {
    this->machine.shadow->SetPgd(this->machine.pgd, index);
  }
  EXPECT_EQ(this->machine.Spgd(0, TypeParam::kSwitcherPgd), before);
  EXPECT_TRUE(this->KernelIn(0));
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(ShadowTablesTest, SetPgdOfAnUnknownTableDoesNothing) {
  this->TouchBoth();
  this->machine.shadow->SetPgd(Gpa(0x00123000), PgdIndex<TypeParam>(kUserPage));
  EXPECT_TRUE(this->UserIn(0));
}

TEST(ShadowTables, SetPgdOfAKernelEntryReachesOneSlotOnly) {
  ShadowMachine<TwoLevel> m;
  m.Start();
  m.chooser.list = {1};
  m.Map(kKernelPage, 0x77, kAllRights);
  ASSERT_EQ(m.Touch(kKernelPage, 0), 1);
  const Gpa second = m.NewGuestTable();
  m.Map(second, kKernelPage, 0x77, kAllRights);
  m.shadow->NewPageTable(second);
  ASSERT_EQ(m.Touch(kKernelPage, 0), 1);
  m.shadow->SetPgd(m.pgd, 768);
  EXPECT_EQ(m.Spte(0, kKernelPage), std::nullopt);
  EXPECT_NE(m.Spte(1, kKernelPage), std::nullopt);
}

TYPED_TEST(ShadowTablesTest, SetPmdDropsEverything) {
  this->FillSlots();
  this->machine.shadow->SetPmd(Gpa(0), 0);
  for (u32 slot = 0; slot < 4; ++slot) {
    EXPECT_FALSE(this->UserIn(slot));
    EXPECT_FALSE(this->KernelIn(slot));
  }
  EXPECT_EQ(this->machine.shadow->stats().flush_full, 1u);
}

// --- NEW_PGTABLE ---

TYPED_TEST(ShadowTablesTest, T07_12_AFifthTableTakesTheChosenSlot) {
  this->FillSlots();
  this->machine.chooser.list.push_back(2);
  const Gpa fifth = this->NewSpace();
  const auto root = this->machine.shadow->slots()[2].root;
  this->machine.shadow->NewPageTable(fifth);
  EXPECT_EQ(this->machine.shadow->current_slot(), 2u);
  EXPECT_EQ(this->machine.shadow->CurrentGpgdir(), fifth);
  EXPECT_EQ(this->machine.shadow->slots()[2].root, root);
  EXPECT_FALSE(this->UserIn(2));
  EXPECT_TRUE(this->KernelIn(2));
  for (const u32 slot : {0, 1, 3}) {
    EXPECT_TRUE(this->UserIn(slot));
    EXPECT_TRUE(this->KernelIn(slot));
  }
  EXPECT_EQ(this->machine.shadow->stats().slot_switch, 4u);
  EXPECT_EQ(this->machine.shadow->stats().slot_recycled, 1u);
}

TYPED_TEST(ShadowTablesTest, T07_13_ABlankSlotHasTheStackPinned) {
  auto& m = this->machine;
  m.chooser.list = {1, 0};
  m.shadow->SetStack(kStackTop, 2);
  EXPECT_TRUE(this->StackIn(0));
  EXPECT_EQ(m.shadow->stats().pin_filled, 2u);
  m.shadow->NewPageTable(this->NewSpace());
  EXPECT_TRUE(this->StackIn(1));
  EXPECT_EQ(m.shadow->stats().demand_filled, 0u) << "pinning is not an answered fault";

  // A recycled one is not pinned: its stack is gone here, and stays gone.
  m.shadow->SetPte(Gpa(0), kStackTop - 1, 0);
  EXPECT_FALSE(this->StackIn(0));
  m.shadow->NewPageTable(this->NewSpace());
  EXPECT_EQ(m.shadow->current_slot(), 0u);
  EXPECT_FALSE(this->StackIn(0));
}

TYPED_TEST(ShadowTablesTest, T07_14_ACachedTableComesBackAsItWas) {
  this->machine.chooser.list = {1};
  this->TouchBoth();
  this->machine.shadow->NewPageTable(this->NewSpace());
  this->TouchBoth();
  this->machine.shadow->NewPageTable(this->machine.pgd);
  EXPECT_EQ(this->machine.shadow->current_slot(), 0u);
  EXPECT_EQ(this->machine.Touch(kUserPage, 2), 0);
  EXPECT_EQ(this->machine.Touch(kKernelPage, 2), 0);
}

TYPED_TEST(ShadowTablesTest, TheCurrentSlotMayBeTheOneThatIsRecycled) {
  this->TouchBoth();
  this->machine.shadow->NewPageTable(this->NewSpace());  // the list is empty: slot 0
  EXPECT_EQ(this->machine.shadow->current_slot(), 0u);
  EXPECT_FALSE(this->UserIn(0));
  EXPECT_TRUE(this->KernelIn(0));
}

TYPED_TEST(ShadowTablesTest, WithoutMemoryForANewSlotTheCurrentOneIsRecycled) {
  // With PAE a root takes two pages: once none is left for it, once one.
  for (const u32 spare : {0, 1}) {
    if (spare == 1 && !TypeParam::kHasPmd) continue;
    ShadowMachine<TypeParam> m((TypeParam::kHasPmd ? 2 : 1) + spare);
    m.Start();
    m.shadow->SetStack(Lin(0), 0);
    m.chooser.list = {2};
    m.shadow->NewPageTable(m.NewGuestTable());
    EXPECT_EQ(m.shadow->current_slot(), 0u);
    EXPECT_FALSE(m.shadow->slots()[2].root.has_value());
    EXPECT_EQ(m.pool.used(), m.pool.limit() - spare);
    EXPECT_EQ(m.kill.reason(), "");
    EXPECT_EQ(m.shadow->stats().slot_recycled, 1u);
  }
}

TYPED_TEST(ShadowTablesTest, T07_19_ATableOutsideMemoryKillsAtTheNextFault) {
  const Gpa outside(0x00500000);
  this->machine.shadow->NewPageTable(outside);
  EXPECT_EQ(this->machine.kill.reason(), "");
  EXPECT_FALSE(this->machine.shadow->DemandPage(Lin(0), 0));
  EXPECT_EQ(this->machine.kill.reason(), TypeParam::kHasPmd
                                             ? "bad read address 0x500000 len 8"
                                             : "bad read address 0x500000 len 4");
}

TYPED_TEST(ShadowTablesTest, T07_19_OrAtOnceInABlankSlotWithAStack) {
  this->machine.shadow->SetStack(kStackTop, 1);
  this->machine.chooser.list = {1};
  this->machine.shadow->NewPageTable(Gpa(0x00500000));
  EXPECT_EQ(this->machine.kill.reason(), TypeParam::kHasPmd
                                             ? "bad read address 0x500018 len 8"
                                             : "bad read address 0x500c00 len 4");
}

// --- The stack ---

TYPED_TEST(ShadowTablesTest, AStackThatIsNotMappedKills) {
  this->machine.shadow->SetStack(Lin(0xc0300000), 1);
  EXPECT_EQ(this->machine.kill.reason(), "bad stack page 0xc02fffff");
}

TYPED_TEST(ShadowTablesTest, AReadOnlyStackKills) {
  this->machine.Map(kStackTop - 0x2000, 0x7a, kPtePresent);
  this->machine.shadow->SetStack(kStackTop, 2);
  EXPECT_EQ(this->machine.kill.reason(), "bad stack page 0xc0200fff");
}

TYPED_TEST(ShadowTablesTest, PinningAPageThatIsWritableChangesNothing) {
  ASSERT_EQ(this->machine.Touch(kStackTop - 1, 2), 1);
  this->machine.shadow->SetStack(kStackTop, 1);
  EXPECT_EQ(this->machine.shadow->stats().pin_filled, 0u);
}

// --- Flushing ---

TYPED_TEST(ShadowTablesTest, T07_15_FlushUserTakesTheCurrentSlotsUserEntries) {
  this->FillSlots();
  this->machine.shadow->FlushUser();
  EXPECT_FALSE(this->UserIn(3));
  EXPECT_TRUE(this->KernelIn(3));
  for (u32 slot = 0; slot < 3; ++slot) {
    EXPECT_TRUE(this->UserIn(slot));
    EXPECT_TRUE(this->KernelIn(slot));
  }
  EXPECT_EQ(this->machine.shadow->stats().flush_user, 1u);
}

TYPED_TEST(ShadowTablesTest, T07_15_ClearAllTakesEverythingButTheSwitcher) {
  this->machine.shadow->SetStack(kStackTop, 2);
  this->FillSlots();
  this->MapSwitcher();
  const auto hook = this->SwitcherHook(3);
  ASSERT_NE(hook, 0u);
  this->machine.shadow->ClearAll();
  for (u32 slot = 0; slot < 4; ++slot) {
    EXPECT_FALSE(this->UserIn(slot));
    EXPECT_FALSE(this->KernelIn(slot));
    EXPECT_EQ(this->StackIn(slot), slot == 3) << "pinned again, in the current slot";
  }
  EXPECT_EQ(this->SwitcherHook(3), hook);
  EXPECT_EQ(this->machine.kill.reason(), "");
}

TYPED_TEST(ShadowTablesTest, ClearAllKillsIfTheStackIsGone) {
  this->machine.shadow->SetStack(kStackTop, 1);
  this->machine.Map(kStackTop - 1, 0, 0);
  this->machine.shadow->ClearAll();
  EXPECT_EQ(this->machine.kill.reason(), "bad stack page 0xc0201fff");
}

TEST(ShadowTables, T07_16_ClearAllKeepsThePaePageOfTheSwitcher) {
  ShadowMachine<Pae> m;
  m.Start();
  m.Map(kKernelPage, 0x77, kAllRights);
  ASSERT_EQ(m.Touch(kKernelPage, 0), 1);
  m.shadow->MapSwitcher({kSwitcherPtePage, 1, kVcpuRegsPage});
  const u64 entry3 = m.Spgd(0, 3);
  m.shadow->ClearAll();
  EXPECT_EQ(m.Spgd(0, 3), entry3);
  EXPECT_EQ(m.LoadShadow(Mpa((entry3 >> 12 << 12) + 511 * 8)),
            (kSwitcherPtePage.value << 12) | 0x163);
  EXPECT_EQ(m.Spte(0, kKernelPage), std::nullopt);
}

TEST(ShadowTables, UserFlushesFollowTheKernelAddress) {
  // A kernel at 2 GiB: 0x80000000 and up is not user.
  for (const bool kernel_low : {false, true}) {
    ShadowMachine<Pae> m;
    m.Start();
    const Lin kernel(kernel_low ? 0x80000000 : 0xc0000000);
    ASSERT_TRUE(m.shadow->SetKernelAddress(kernel));
    m.Map(Lin(0x80001000), 0x77, kAllRights);
    ASSERT_EQ(m.Touch(Lin(0x80001000), 0), 1);
    m.shadow->FlushUser();
    EXPECT_EQ(m.Spte(0, Lin(0x80001000)).has_value(), kernel_low);
  }
}

// --- Beginning and end ---

TYPED_TEST(ShadowTablesTest, T07_17_AKernelAddressInTheSwitcherKills) {
  auto& shadow = *this->machine.shadow;
  if (TypeParam::kHasPmd) {
    EXPECT_TRUE(shadow.SetKernelAddress(Lin(0xffc00000)));
    EXPECT_FALSE(shadow.SetKernelAddress(Lin(0xffe00000)));
    EXPECT_EQ(this->machine.kill.reason(), "bad kernel address 0xffe00000");
  } else {
    EXPECT_TRUE(shadow.SetKernelAddress(Lin(0xffbfffff)));
    EXPECT_FALSE(shadow.SetKernelAddress(Lin(0xffc00000)));
    EXPECT_EQ(this->machine.kill.reason(), "bad kernel address 0xffc00000");
  }
}

TYPED_TEST(ShadowTablesTest, T07_20_Q15_EveryPageIsGivenBackAtTheEnd) {
  const u32 root_pages = TypeParam::kHasPmd ? 2 : 1;
  EXPECT_EQ(this->machine.pool.used(), root_pages);
  this->machine.shadow->SetStack(kStackTop, 2);
  this->FillSlots();
  this->MapSwitcher();
  EXPECT_GT(this->machine.pool.used(), 4 * root_pages);
  this->machine.shadow->End();
  EXPECT_EQ(this->machine.pool.used(), 0u);
  EXPECT_EQ(this->machine.Load(GpaOf(Gfn(0x77))), 0u);

  // Each frame was given back once: all of them can be taken, no two alike.
  std::set<u32> frames;
  while (const auto frame = this->machine.pool.Take()) frames.insert(frame->value);
  EXPECT_EQ(frames.size(), this->machine.pool.limit());
}

TYPED_TEST(ShadowTablesTest, NothingLeaksOverManyRounds) {
  this->FillSlots();
  const u32 used = this->machine.pool.used();
  for (u32 round = 0; round < 20; ++round) {
    this->machine.shadow->FlushUser();
    this->TouchBoth();
    this->machine.shadow->SetPgd(this->machine.shadow->CurrentGpgdir(),
                                 PgdIndex<TypeParam>(kUserPage));
    this->TouchBoth();
    EXPECT_EQ(this->machine.pool.used(), used);
  }
  this->machine.shadow->ClearAll();
  EXPECT_EQ(this->machine.pool.used(), TypeParam::kHasPmd ? 8u : 4u);
}

TYPED_TEST(ShadowTablesTest, InitWithoutMemoryFailsAndChangesNothing) {
  const u32 most = TypeParam::kHasPmd ? 1 : 0;
  for (u32 limit = 0; limit <= most; ++limit) {
    ShadowMachine<TypeParam> m(limit);
    const Status status = m.shadow->Init(m.pgd);
    EXPECT_EQ(status.code(), kResourceExhausted);
    EXPECT_EQ(m.pool.used(), 0u);
    EXPECT_FALSE(m.shadow->slots()[0].root.has_value());
  }
}

TYPED_TEST(ShadowTablesTest, ARootIsAPageThatCr3CanHold) {
  this->FillSlots();
  for (const ShadowSlot& slot : this->machine.shadow->slots()) {
    ASSERT_TRUE(slot.root.has_value());
    EXPECT_TRUE(this->machine.pool.Owns(*slot.root));
  }
  EXPECT_EQ(this->machine.shadow->RootOfCurrent(),
            MpaOf(*this->machine.shadow->slots()[3].root));
  if (TypeParam::kHasPmd) {
    EXPECT_EQ(this->machine.Spgd(3, 3) & kPageMask, 1u);
  }
}

TYPED_TEST(ShadowTablesTest, EveryChangeIsSeenByTheWatch) {
  class Watch final : public StoreWatch {
   public:
    void WillStore(Mpa, const u8*, u32) override { ++stores; }
    int stores = 0;
  } watch;
  this->TouchBoth();
  for (u32 i = 0; i < this->machine.memory().frames(); ++i) {
    if (this->machine.pool.Owns(Mfn(i)))
      this->machine.memory().AddMark(Mfn(i), kHoldsTables);
  }
  this->machine.memory().set_watch(&watch);
  const auto stores_of = [&watch](auto change) {
    watch.stores = 0;
    change();
    return watch.stores;
  };
  auto& shadow = *this->machine.shadow;
  EXPECT_EQ(stores_of([&] { shadow.SetPte(this->machine.pgd, kUserPage, 0); }), 1);
  EXPECT_EQ(stores_of([&] { EXPECT_TRUE(shadow.DemandPage(kUserPage, 0)); }), 1);
  EXPECT_GE(stores_of([&] { shadow.FlushUser(); }), 1);
  EXPECT_GE(stores_of([&] { shadow.ClearAll(); }), 1);
}

// --- Looking ---

TYPED_TEST(ShadowTablesTest, ObserveShowsBothWalksAndChangesNothing) {
  auto& m = this->machine;
  const u32 last = TypeParam::kHasPmd ? 2 : 1;
  const u32 used = m.pool.used();
  DoubleWalk walk = m.shadow->Observe(kUserPage + 0x123);
  EXPECT_EQ(walk.levels, last + 1);
  EXPECT_EQ(walk.level[0].index, PgdIndex<TypeParam>(kUserPage));
  EXPECT_EQ(walk.level[last].index, PteIndex<TypeParam>(kUserPage));
  EXPECT_EQ(walk.level[last].guest, 0x77007u);
  EXPECT_EQ(walk.level[0].shadow, 0u);
  EXPECT_EQ(walk.level[last].shadow, std::nullopt);
  EXPECT_EQ(walk.gpa, Gpa(0x77123));
  EXPECT_EQ(walk.mpa, std::nullopt);
  EXPECT_EQ(m.pool.used(), used);
  EXPECT_EQ(m.Gpte(kUserPage), 0x77007u);

  ASSERT_EQ(m.Touch(kUserPage, 2), 1);
  walk = m.shadow->Observe(kUserPage + 0x123);
  EXPECT_EQ(walk.level[last].guest, 0x77067u);
  EXPECT_EQ(walk.level[last].shadow, m.FrameOf(0x77) | 0x067);
  EXPECT_EQ(walk.mpa, Mpa(m.FrameOf(0x77) | 0x123));

  m.shadow->NewPageTable(Gpa(0x00500000));
  walk = m.shadow->Observe(kKernelPage);
  EXPECT_EQ(walk.level[0].guest, std::nullopt);
  EXPECT_EQ(walk.gpa, std::nullopt);
  EXPECT_EQ(m.kill.reason(), "") << "looking kills nobody";
}

TYPED_TEST(ShadowTablesTest, ObserveSeesTheSwitcher) {
  this->MapSwitcher();
  const DoubleWalk walk =
      this->machine.shadow->Observe(SwitcherAddr(TypeParam::kMode) + kPageSize);
  EXPECT_EQ(walk.gpa, std::nullopt);
  EXPECT_EQ(walk.mpa, MpaOf(kVcpuRegsPage));
}

}  // namespace
}  // namespace lgx
