#include "debug/page_view.h"

#include <gtest/gtest.h>

#include <random>

#include "mmu/page_walk.h"
#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

using Kind = PageOutcome::Kind;

constexpr Lin kUserPage(0x08048004);
constexpr u32 kP = kPtePresent, kW = kPteRw, kU = kPteUser, kA = kPteAccessed,
              kD = kPteDirty;

template <class F>
class PageViewTest : public ::testing::Test {
 protected:
  void SetUp() override { machine.Start(); }
  PageSpace Space() const { return {*machine.shadow, machine.view, 0}; }
  std::string VerdictAt(Lin v) const {
    return Verdict(Space(), machine.shadow->Observe(v), v);
  }
  PageState StateAt(Lin v) const {
    return StateOf(Space(), machine.shadow->Observe(v), v);
  }

  ShadowMachine<F> machine;
};
TYPED_TEST_SUITE(PageViewTest, BothFormats, FormatNames);

TYPED_TEST(PageViewTest, APageThatWasNeverTouchedIsNotYetFilled) {
  this->machine.Map(kUserPage, 0x30, kP | kU);
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "readable for the Guest, not yet filled: the next read faults once, "
            "invisibly");
  EXPECT_EQ(this->StateAt(kUserPage), PageState::kNotFilled);
}

TYPED_TEST(PageViewTest, ACleanPageWaitsForItsFirstWrite) {
  this->machine.Map(kUserPage, 0x30, kP | kU | kW);
  ASSERT_EQ(this->machine.Touch(kUserPage, 4), 1);
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "writable for the Guest, filled read-only: the first write faults once, "
            "invisibly, and marks the page dirty");
  ASSERT_EQ(this->machine.Touch(kUserPage, 6), 1);
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "writable for the Guest, filled: nothing that the Guest allows faults");
}

TYPED_TEST(PageViewTest, WhatTheGuestDoesNotMapIsItsOwnFault) {
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "not mapped by the Guest: any access is its own page fault");
  this->machine.Map(kUserPage, 0x30, 0);
  EXPECT_EQ(this->StateAt(kUserPage), PageState::kUnmapped);
}

TYPED_TEST(PageViewTest, AnUnannouncedChangeIsStale) {
  this->machine.Map(kUserPage, 0x30, kP | kU | kW | kA | kD);
  ASSERT_EQ(this->machine.Touch(kUserPage, 6), 1);
  this->machine.Map(kUserPage, 0x30, kP | kU | kA | kD);
  EXPECT_EQ(this->StateAt(kUserPage), PageState::kStale);
  this->machine.Map(kUserPage, 0x31, kP | kU | kW | kA | kD);
  EXPECT_EQ(this->StateAt(kUserPage), PageState::kStale);
  this->machine.Map(kUserPage, 0x30, 0);
  EXPECT_EQ(this->StateAt(kUserPage), PageState::kStale);
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "stale: the CPU still uses an entry that the Guest has changed and not "
            "announced");
}

TYPED_TEST(PageViewTest, EntriesThatKillAreNamedInLguestsWords) {
  this->machine.Map(kUserPage, 0x30, kP | kU | kPtePse);
  EXPECT_EQ(this->VerdictAt(kUserPage),
            "the first access kills the Guest: bad page table entry");
  this->machine.Store(this->machine.UpperAt(this->machine.pgd, kUserPage),
                      static_cast<typename TypeParam::Raw>(0x30000 | kP | kPtePse));
  EXPECT_NE(this->VerdictAt(kUserPage).find("kills the Guest: bad page"),
            std::string::npos);
}

TYPED_TEST(PageViewTest, TheSwitcherIsNobodysBusiness) {
  EXPECT_EQ(this->StateAt(Lin(0xfffff000)), PageState::kSwitcher);
  const std::string view = ViewPage(this->Space(), Lin(0xfffff000));
  EXPECT_EQ(view.find("user write"), std::string::npos) << view;
}

TYPED_TEST(PageViewTest, ShowsEveryLevelOfBothTables) {
  this->machine.Map(kUserPage, 0x30, kP | kU);
  const std::string view = ViewPage(this->Space(), kUserPage);
  EXPECT_NE(view.find("linear 0x08048004   guest cr3 gpa 0x00200000"), std::string::npos)
      << view;
  EXPECT_NE(view.find("tbl  0x048"), std::string::npos) << view;
  EXPECT_NE(view.find("gpa 0x00030004"), std::string::npos) << view;
  EXPECT_NE(view.find("user write    the Guest's own fault, error code 6: its entry is "
                      "read-only"),
            std::string::npos)
      << view;
}

// The prediction is held against what the Host then does, for entries of all kinds.
TYPED_TEST(PageViewTest, EveryPredictionComesTrue) {
  using Raw = typename TypeParam::Raw;
  auto& m = this->machine;
  std::mt19937 random(1);
  constexpr u32 kFlags[] = {kP, kW, kU, kA, kD, kPtePse, kPteGlobal};
  for (int round = 0; round < 4000; ++round) {
    const Lin v(0x08000000 + (random() % 3 << TypeParam::kPgdShift) +
                (random() % 4 << kPageShift));
    if (random() % 3 == 0) {
      u64 flags = 0;
      for (const u32 flag : kFlags)
        flags |= random() % 8 < 6 && flag < kPtePse ? flag : 0;
      if (random() % 16 == 0) flags |= kPtePse;
      const u32 page = random() % 12 == 0 ? kGuestPages : 0x30 + random() % 4;
      m.Map(v, page, flags);
    }
    if (random() % 40 == 0) {
      const Gpa upper = m.UpperAt(m.pgd, v);
      m.Store(upper, static_cast<Raw>(m.Load(upper) ^ kFlags[random() % 6]));
    }
    if (random() % 50 == 0) m.shadow->ClearAll();
    const auto access = static_cast<PageAccess>(random() % kPageAccesses);
    const PageOutcome predicted =
        PredictAccess(this->Space(), m.shadow->Observe(v), v, access);
    const u32 errcode = (static_cast<u32>(access) & 1) != 0 ? kPfWrite : 0;
    const u32 user = static_cast<u32>(access) >= 2 ? kPfUser : 0;
    Kind seen = Kind::kGoes;
    if (!m.Access(v, errcode | user)) {
      seen = m.shadow->DemandPage(v, errcode | user) ? Kind::kFills : Kind::kGuestFault;
      if (m.kill.dead()) seen = Kind::kKills;
    }
    ASSERT_EQ(static_cast<int>(predicted.kind), static_cast<int>(seen))
        << "round " << round << " reason " << predicted.reason << " | " << m.kill.reason()
        << "\n"
        << ViewPage(this->Space(), v);
    if (seen == Kind::kKills) {
      EXPECT_EQ(m.kill.reason(), predicted.reason);
      m.kill.Revive();
    }
    if (seen == Kind::kFills) {
      EXPECT_TRUE(m.Access(v, errcode | user));
    }
  }
}

}  // namespace
}  // namespace lgx
