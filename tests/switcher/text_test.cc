#include "switcher/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lgx {
namespace {

TEST(SwitcherText, FitsOnePageAsTheReferenceAssumes) {
  EXPECT_EQ(AssembleSwitcher(SwitcherAddr(PagingMode::kTwoLevel)).Pages(), 1u);
}

TEST(SwitcherText, IsPositionIndependentButForTheTableOfStubs) {
  const SwitcherText a = AssembleSwitcher(Lin(0xffc00000));
  const SwitcherText b = AssembleSwitcher(Lin(0xffe00000));
  EXPECT_EQ(a.bytes, b.bytes);
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    EXPECT_EQ(b.default_idt_entries[vector] - a.default_idt_entries[vector], 0x200000u);
  }
  EXPECT_EQ(b.switch_to_guest - a.switch_to_guest, 0x200000u);
}

// push 0 only where the CPU pushes nothing; push the vector; a jump that stays inside.
TEST(SwitcherText, T02_3_EachStubPushesItsVector) {
  const SwitcherText text = AssembleSwitcher(Lin(0xffc00000));
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    const u8* at = &text.bytes[text.default_idt_entries[vector] - text.at.value];
    if (!HasErrorCode(vector)) {
      ASSERT_EQ(at[0], 0x6a) << vector;
      ASSERT_EQ(at[1], 0x00) << vector;
      at += 2;
    }
    if (vector < 0x80) {
      ASSERT_EQ(at[0], 0x6a) << vector;  // sign-extended, but positive
      ASSERT_EQ(at[1], vector);
      at += 2;
    } else {
      ASSERT_EQ(at[0], 0x68) << vector;
      ASSERT_EQ(at[1] | at[2] << 8 | at[3] << 16 | at[4] << 24, static_cast<int>(vector));
      at += 5;
    }
    ASSERT_EQ(at[0], 0xe9) << vector;
  }
}

TEST(SwitcherText, StagesAreOrderedNamedAndFound) {
  const SwitcherText text = AssembleSwitcher(Lin(0xffc00000));
  std::set<std::string_view> names;
  for (u32 i = 0; i < kStages; ++i) names.insert(StageName(static_cast<Stage>(i)));
  EXPECT_EQ(names.size(), kStages);
  EXPECT_FALSE(names.contains(""));
  EXPECT_EQ(StageName(Stage::kDropNmi), "drop_nmi");
  EXPECT_EQ(StageName(Stage::kStub), "stub");
  EXPECT_EQ(StageName(Stage::kLoadHostCr3), "load_host_cr3");

  u32 last = 0, count[kStages] = {};
  for (const StagePlace& place : text.places) {
    EXPECT_TRUE(place.offset > last || place.offset == 0);
    last = place.offset;
    ++count[static_cast<u32>(place.stage)];
    EXPECT_EQ(text.StageAt(text.at + place.offset), place.stage);
    EXPECT_EQ(text.StageAround(text.at + place.offset), place.stage);
  }
  EXPECT_EQ(count[static_cast<u32>(Stage::kEnterGuest)], 1u);
  EXPECT_EQ(count[static_cast<u32>(Stage::kStub)], kIdtEntries);
  EXPECT_EQ(count[static_cast<u32>(Stage::kLoadHostCr3)], 2u);
  EXPECT_EQ(text.StageAt(text.at + 1), std::nullopt);
  EXPECT_EQ(text.StageAround(text.at + 1), Stage::kSaveHost);
  EXPECT_EQ(text.StageAround(Lin(text.default_idt_entries[3] + 2)), Stage::kStub);
  EXPECT_TRUE(text.Contains(text.at));
  EXPECT_FALSE(text.Contains(text.at - 1));
  EXPECT_FALSE(text.Contains(text.at + static_cast<u32>(text.bytes.size())));
}

}  // namespace
}  // namespace lgx
