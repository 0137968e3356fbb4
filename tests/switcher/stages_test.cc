#include "switcher/stages.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(Stages, TwelveLeadInAndElevenBack) {
  u32 in = 0, back = 0;
  for (u32 i = 0; i < kStages; ++i) {
    const StageInfo& info = InfoOf(static_cast<Stage>(i));
    if (info.number == 0) continue;
    EXPECT_EQ(info.number, info.into_guest ? ++in : ++back);
    EXPECT_EQ(info.of, info.into_guest ? 12u : 11u);
  }
  EXPECT_EQ(in, 12u);
  EXPECT_EQ(back, 11u);
}

TEST(Stages, AreDescribedAsInTheDocument) {
  EXPECT_EQ(DescribeStage(Stage::kLoadGuestCr3), "Host -> Guest  stage 8/12  CR3");
  EXPECT_EQ(DescribeStage(Stage::kFreeGuestTss),
            "Guest -> Host  stage 6/11  clear guest TSS busy");
  EXPECT_EQ(DescribeStage(Stage::kReturn), "Guest -> Host  tail  iret");
  EXPECT_EQ(DescribeStage(Stage::kStub), "Guest -> Host  stub");
}

// Every byte of the text belongs to exactly one stage, and ranges follow each other.
TEST(Stages, RangesCoverTheText) {
  const SwitcherText text = AssembleSwitcher(Lin(0xffc00000));
  const Lin end = text.at + static_cast<u32>(text.bytes.size());
  u32 ranges = 0;
  u32 vector = 0;
  for (Lin at = text.at; at < end;) {
    const StageRange range = StageRangeAt(text, at);
    EXPECT_EQ(range.first, at);
    ASSERT_GT(range.end, at);
    EXPECT_TRUE(range.Contains(range.end - 1));
    EXPECT_FALSE(range.Contains(range.end));
    EXPECT_EQ(StageRangeAt(text, range.end - 1).first, range.first);
    if (range.stage == Stage::kStub) {
      EXPECT_EQ(range.vector, vector++);
    }
    at = range.end;
    ++ranges;
  }
  EXPECT_EQ(vector, kIdtEntries);
  EXPECT_EQ(ranges, text.places.size());
}

}  // namespace
}  // namespace lgx
