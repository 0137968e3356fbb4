#include "debug/stage_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/switcher/guest_world.h"

namespace lgx {
namespace {

class StageViewTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  // One whole crossing; the text of each stage, which is complete when the next begins.
  std::map<Stage, std::string> Cross() {
    GuestWorld w(GetParam(), Binding::kLoop);
    w.Code({0xcd, 0x1f});
    const StageWorld world{w.cpu, w.shadow, w.crossing->Pages(), w.crossing->HostRoot(),
                           w.regs_page()};
    std::map<Stage, std::string> texts;
    std::optional<Stage> last;
    StageSnapshot before;
    Watcher watcher;
    watcher.at = [&](Stage stage, Cpu& cpu) {
      const StageSnapshot now = TakeStageSnapshot(world);
      if (last) texts[*last] = DescribeStageChanges(world, before, now);
      last = stage;
      before = now;
      if (stage != Stage::kEnterGuest) return;
      // The Guest has no stages: its first instruction comes behind this one.
      EXPECT_EQ(cpu.Run(cpu.retired() + 1), StopReason::kDeadline);
      const StageSnapshot inside = TakeStageSnapshot(world);
      texts[stage] = DescribeStageChanges(world, before, inside);
      last.reset();
    };
    w.crossing->set_observer(&watcher);
    EXPECT_EQ(w.Run(), 31u);
    texts[*last] = DescribeStageChanges(world, before, TakeStageSnapshot(world));
    return texts;
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, StageViewTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae));

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "in:\n" << (text)

TEST_P(StageViewTest, EachStageShowsWhatItIsFor) {
  std::map<Stage, std::string> texts = Cross();
  const bool pae = GetParam() == PagingMode::kPae;
  EXPECT_HAS(texts[Stage::kSaveHost], "pushed 5 words");
  EXPECT_HAS(texts[Stage::kSaveHostStack], "host_sp = 0x");
  EXPECT_HAS(texts[Stage::kUseRegsStack], pae ? "-> 0xffe01fb8" : "-> 0xffc01fb8");
  EXPECT_HAS(texts[Stage::kLoadGuestGdt], "the Guest's");
  EXPECT_HAS(texts[Stage::kLoadGuestIdt], "the Guest's");
  EXPECT_HAS(texts[Stage::kLoadGuestTss], "the Guest's: available -> busy");
  EXPECT_HAS(texts[Stage::kFreeHostTss], "the Host's: busy -> available");
  EXPECT_HAS(texts[Stage::kLoadGuestCr3], "shadow slot 0");
  EXPECT_HAS(texts[Stage::kLoadGuestCr3], "the VCPU's own register page is mapped here");
  EXPECT_HAS(texts[Stage::kLoadGuestCr3], "read-only from this moment");
  EXPECT_HAS(texts[Stage::kRestoreGuest], "-> 0x11110fb8");
  EXPECT_HAS(texts[Stage::kRestoreGuestSegments], "popped 4 words");
  EXPECT_HAS(texts[Stage::kSkipTrapNumber], "popped 2 words");
  EXPECT_HAS(texts[Stage::kEnterGuest], "ring 0 -> ring 1");
  EXPECT_HAS(texts[Stage::kEnterGuest], "the real IF is 1");
  EXPECT_HAS(texts[Stage::kSaveGuest], "pushed 11 words");
  EXPECT_HAS(texts[Stage::kUseOwnData], "-> 0x0058");
  EXPECT_HAS(texts[Stage::kFindPages], pae ? "-> 0xffe01000" : "-> 0xffc01000");
  EXPECT_HAS(texts[Stage::kReadTrapNumber], "-> 0x0000001f");
  EXPECT_HAS(texts[Stage::kLoadHostCr3], "the Host's own tables");
  EXPECT_HAS(texts[Stage::kLoadHostCr3], "writable again");
  EXPECT_HAS(texts[Stage::kFreeGuestTss], "the Guest's: busy -> available");
  EXPECT_HAS(texts[Stage::kLoadHostGdt], "the Host's");
  EXPECT_HAS(texts[Stage::kLoadHostIdt], "the Host's");
  EXPECT_HAS(texts[Stage::kUseHostStack], "ESP");
  EXPECT_HAS(texts[Stage::kLoadHostTss], "the Host's: available -> busy");
  EXPECT_HAS(texts[Stage::kRestoreHost], "popped 5 words");
  EXPECT_HAS(texts[Stage::kReturn], "CS:EIP");
}

TEST_P(StageViewTest, AStageShowsNothingElse) {
  std::map<Stage, std::string> texts = Cross();
  const auto lines = [&](Stage stage) {
    return std::count(texts[stage].begin(), texts[stage].end(), '\n');
  };
  EXPECT_EQ(lines(Stage::kSaveHostStack), 1);
  EXPECT_EQ(lines(Stage::kLoadGuestGdt), 1);
  EXPECT_EQ(lines(Stage::kLoadGuestIdt), 1);
  EXPECT_EQ(lines(Stage::kSkipTrapNumber), 1);
  EXPECT_EQ(lines(Stage::kReadTrapNumber), 1);
  EXPECT_EQ(lines(Stage::kFreeGuestTss), 1);
}

TEST(StageHeading, NamesCrossingStageAndDocument) {
  EXPECT_EQ(StageHeading(1842, Stage::kLoadGuestCr3, 0),
            "crossing 1842  Host -> Guest  stage 8/12  CR3                      "
            "(host-02, section 6)\n");
  EXPECT_EQ(StageHeading(2, Stage::kStub, 14).substr(0, 44),
            "crossing 2  Guest -> Host  stub of vector 14");
}

}  // namespace
}  // namespace lgx
