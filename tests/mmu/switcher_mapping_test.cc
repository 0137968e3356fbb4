#include "mmu/switcher_mapping.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

template <class F>
class SwitcherMapping : public ::testing::Test {
 protected:
  using Raw = typename F::Raw;
  static constexpr std::array<Mfn, 2> kText = {Mfn(0x20), Mfn(0x21)};

  void SetUp() override { machine.Start(); }
  Raw Entry(u32 index) {
    return machine.memory().template Load<Raw>(MpaOf(kSwitcherPtePage) +
                                               EntryOffset<F>(index));
  }
  void Populate(u32 cpu, u32 text_pages) {
    const SwitcherFrames frames{std::span(kText).first(text_pages), Mfn(0x30), Mfn(0x31)};
    PopulateSwitcherPtePage(machine.memory(), F::kMode, kSwitcherPtePage, cpu, frames);
  }
  // The entry above the PTE page, in the current slot.
  Raw Hook() {
    Raw raw = machine.Spgd(machine.shadow->current_slot(), F::kSwitcherPgd);
    if constexpr (F::kHasPmd) {
      EXPECT_EQ(raw & kPageMask, 1u) << "the PDPT entry itself is not touched";
      raw = machine.LoadShadow(Mpa((raw >> 12 << 12) + 8 * 511));
    }
    return raw;
  }

  ShadowMachine<F> machine;
};
TYPED_TEST_SUITE(SwitcherMapping, BothFormats, FormatNames);

TYPED_TEST(SwitcherMapping, T07_18_ACpuSeesTheTextAndItsOwnPagesOnly) {
  this->machine.memory().Fill(MpaOf(kSwitcherPtePage), 0xff, kPageSize);
  this->Populate(1, 1);
  const SwitcherEntry entry{kSwitcherPtePage, SwitcherRegsIndex(1, 1), kVcpuRegsPage};
  EXPECT_EQ(this->Entry(3), 0x30023u);
  this->machine.shadow->MapSwitcher(entry);
  EXPECT_EQ(this->Entry(0), 0x20021u);
  EXPECT_EQ(this->Entry(3), (kVcpuRegsPage.value << 12) | 0x163);
  EXPECT_EQ(this->Entry(4), 0x31021u);
  for (u32 i = 0; i < TypeParam::kEntries; ++i) {
    if (i == 0 || i == 3 || i == 4) continue;
    EXPECT_EQ(this->Entry(i), 0u) << "entry " << i;
  }
  EXPECT_EQ(this->Hook(), (kSwitcherPtePage.value << 12) | 0x163);
}

TYPED_TEST(SwitcherMapping, TwoPagesOfTextMoveTheOthersUp) {
  this->Populate(0, 2);
  EXPECT_EQ(this->Entry(0), 0x20021u);
  EXPECT_EQ(this->Entry(1), 0x21021u);
  EXPECT_EQ(this->Entry(2), 0x30023u);
  EXPECT_EQ(this->Entry(3), 0x31021u);
  EXPECT_EQ(this->Entry(4), 0u);
}

TYPED_TEST(SwitcherMapping, TheGuestKernelMayReadTheTextButNotWriteIt) {
  this->Populate(0, 1);
  this->machine.shadow->MapSwitcher({kSwitcherPtePage, 1, kVcpuRegsPage});
  const Lin text = SwitcherAddr(TypeParam::kMode);
  EXPECT_TRUE(this->machine.Access(text, 0));
  EXPECT_FALSE(this->machine.Access(text, 2));
  EXPECT_FALSE(this->machine.Access(text, 4));
  EXPECT_TRUE(this->machine.Access(text + kPageSize, 2));
  EXPECT_FALSE(this->machine.Access(text + kPageSize, 4));
  EXPECT_FALSE(this->machine.Access(text + 2 * kPageSize, 2));
}

TYPED_TEST(SwitcherMapping, WithoutPgeThereIsNoGlobalBit) {
  this->Populate(0, 1);
  this->machine.shadow->MapSwitcher({kSwitcherPtePage, 1, kVcpuRegsPage, /*pge=*/false});
  EXPECT_EQ(this->Entry(1) & 0xfff, 0x063u);
  EXPECT_EQ(this->Hook() & 0xfff, TypeParam::kHasPmd ? 0x063u : 0x163u);
}

TYPED_TEST(SwitcherMapping, NxIsForTheRegisterPageAndPaeOnly) {
  this->Populate(0, 1);
  this->machine.shadow->MapSwitcher(
      {kSwitcherPtePage, 1, kVcpuRegsPage, /*pge=*/true, /*nx=*/true});
  const u64 nx = TypeParam::kHasPmd ? kPteNx : 0;
  EXPECT_EQ(this->Entry(1), nx | (kVcpuRegsPage.value << 12) | 0x163);
  EXPECT_EQ(this->Hook(), (kSwitcherPtePage.value << 12) | 0x163);
}

TYPED_TEST(SwitcherMapping, AnEntryThatIsAlreadyThereIsNotStoredAgain) {
  class Watch final : public StoreWatch {
   public:
    void WillStore(Mpa, const u8*, u32) override { ++stores; }
    int stores = 0;
  } watch;
  this->Populate(0, 1);
  const SwitcherEntry entry{kSwitcherPtePage, 1, kVcpuRegsPage};
  this->machine.shadow->MapSwitcher(entry);
  for (u32 i = 0; i < this->machine.memory().frames(); ++i) {
    this->machine.memory().AddMark(Mfn(i), kHoldsTables);
  }
  this->machine.memory().set_watch(&watch);
  this->machine.shadow->MapSwitcher(entry);
  EXPECT_EQ(watch.stores, 0);
  this->machine.shadow->MapSwitcher({kSwitcherPtePage, 1, Mfn(0x12)});
  EXPECT_EQ(watch.stores, 1);
}

}  // namespace
}  // namespace lgx
