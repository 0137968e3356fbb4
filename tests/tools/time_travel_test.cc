#include "tools/time_travel.h"

#include <gtest/gtest.h>

#include "tests/debug/busy_guest.h"

namespace lgx {
namespace {

using test::BusyGuest;
using Why = StopReport::Why;

class TimeTravelTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  TimeTravelTest()
      : guest_(GetParam()), control_(guest_.Boot()), time_(control_, nullptr, {}) {
    BusyGuest alone(GetParam());
    alone.Run();
    end_ = alone.machine().Hash();
  }
  Machine& machine() { return guest_.machine(); }
  u64 now() { return machine().instructions(); }
  u64 Hash() { return machine().Hash(); }
  void RunToInstruction(u64 count) {
    ASSERT_TRUE(control_.RunTo({Point::Kind::kInstruction, count, ""}).ok());
    ASSERT_EQ(now(), count);
  }
  bool Back(u64 n) { return time_.Back(n).value(); }
  u32 Add(u8 access, u64 at, u32 len) {
    StopPlace place;
    place.access = access;
    place.address = at;
    place.len = len;
    return control_.Add(place).value();
  }
  // However often it went back, the run is the run.
  void ExpectSameEnd() {
    while (!control_.places().empty()) control_.Remove(control_.places()[0].id);
    EXPECT_EQ(control_.Continue().why, Why::kEnded);
    EXPECT_EQ(Hash(), end_);
  }

  BusyGuest guest_;
  RunControl control_;
  TimeTravel time_;
  u64 end_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Formats, TimeTravelTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae));

TEST_P(TimeTravelTest, OneBackIsExactlyTheStateBefore) {
  for (const u64 at : {1, 300, 777, 2000, 2041, 5000}) {
    RunToInstruction(at);
    const u64 before = Hash();
    RunToInstruction(at + 1);
    EXPECT_NE(Hash(), before);
    EXPECT_TRUE(Back(1));
    EXPECT_EQ(now(), at);
    EXPECT_EQ(Hash(), before) << at;
    EXPECT_EQ(control_.last().why, Why::kStep);
    EXPECT_EQ(control_.last().instructions, at);
  }
  ExpectSameEnd();
}

TEST_P(TimeTravelTest, TheBeginningIsTheEndOfTheWay) {
  const u64 first = Hash();
  RunToInstruction(500);
  EXPECT_FALSE(Back(501));
  EXPECT_EQ(Hash(), first);
  EXPECT_FALSE(Back(1));
  EXPECT_FALSE(time_.BackInGuest().value());
  EXPECT_FALSE(time_.BackToStop().value());
  EXPECT_EQ(Hash(), first);
  ExpectSameEnd();
}

TEST_P(TimeTravelTest, BreakpointsAreMetAgainFromBehind) {
  Add(StopPlace::kExecute, guest_.program_loop, 1);
  Add(StopPlace::kExecute, guest_.call_handler, 1);
  std::vector<std::pair<u64, u64>> met;
  for (u32 i = 0; i < 12; ++i) {
    ASSERT_EQ(control_.Continue().why, Why::kBreakpoint);
    met.emplace_back(now(), Hash());
  }
  for (u32 i = 11; i-- > 0;) {
    ASSERT_TRUE(time_.BackToStop().value()) << i;
    EXPECT_EQ(control_.last().why, Why::kBreakpoint);
    EXPECT_EQ(control_.last().place, i % 2 + 1);
    EXPECT_EQ(now(), met[i].first);
    EXPECT_EQ(Hash(), met[i].second);
  }
  EXPECT_FALSE(time_.BackToStop().value());
  EXPECT_EQ(control_.places()[0].hits, 6u);
  ExpectSameEnd();
}

TEST_P(TimeTravelTest, AtAWatchpointItStandsBeforeTheAccess) {
  Add(StopPlace::kWrite, BusyGuest::kRounds, 4);
  std::vector<u64> behind;
  for (u32 i = 0; i < 4; ++i) {
    ASSERT_EQ(control_.Continue().why, Why::kWatchpoint);
    behind.push_back(now());
  }
  for (u32 i = 4; i-- > 0;) {
    ASSERT_TRUE(time_.BackToStop().value()) << i;
    EXPECT_EQ(control_.last().why, Why::kWatchpoint);
    EXPECT_EQ(now(), behind[i] - 1);
    u8 count[4];
    ASSERT_EQ(control_.ReadMemory(Space::kLinear, BusyGuest::kRounds, count), 4u);
    EXPECT_EQ(LoadLe<u32>(count), i);
  }
  ExpectSameEnd();
}

TEST_P(TimeTravelTest, StepsOfTheGuestAreUndoneOneByOne) {
  RunToInstruction(3000);
  control_.SettleInGuest();
  std::vector<std::pair<u64, u32>> places;
  for (u32 i = 0; i < 60; ++i) {
    control_.StepGuest(false);
    ASSERT_TRUE(IsGuest(control_.CurrentParty()));
    places.emplace_back(now(), machine().cpu().state.eip);
  }
  for (u32 i = 59; i-- > 0;) {
    ASSERT_TRUE(time_.BackInGuest().value());
    ASSERT_EQ(now(), places[i].first) << i;
    ASSERT_EQ(machine().cpu().state.eip, places[i].second) << i;
  }
  ExpectSameEnd();
}

TEST_P(TimeTravelTest, TheEndCanBeTakenBack) {
  EXPECT_EQ(control_.Continue().why, Why::kEnded);
  EXPECT_EQ(Hash(), end_);
  EXPECT_TRUE(Back(100));
  EXPECT_FALSE(control_.ended());
  EXPECT_NE(Hash(), end_);
  ExpectSameEnd();
}

}  // namespace
}  // namespace lgx
