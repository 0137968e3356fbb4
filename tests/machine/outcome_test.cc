#include "machine/outcome.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

RunResult Ended(Ending::Kind kind, int value = 0) {
  RunResult result;
  result.launch.ending = {kind, "why", "", value};
  return result;
}

TEST(Outcome, ExitCodesAreThoseOfTheManual) {
  using Kind = Ending::Kind;
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kPowerOff)), 0);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kReached)), 0);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kRestart)), 0);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kQuit)), 0);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kHostRefused)), 1);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kKilled)), 3);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kCrash)), 4);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kLimit)), 5);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kTimeout)), 124);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kThreeCtrlC)), 130);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kOutputClosed)), 141);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kSignal, 15)), 143);
  EXPECT_EQ(ExitCodeOf(Ended(Kind::kScript, 77)), 77);
}

TEST(Outcome, AnExpectationThatIsLeftOverIsCode7UnlessSomethingBrokeTheRun) {
  using Kind = Ending::Kind;
  for (const Kind kind :
       {Kind::kPowerOff, Kind::kLimit, Kind::kTimeout, Kind::kReached}) {
    RunResult result = Ended(kind);
    result.script = {1, 2, "login:"};
    EXPECT_EQ(ExitCodeOf(result), 7) << NameOf(kind);
    EXPECT_NE(ReasonOf(result).find("expectation 2 of 2 failed: \"login:\""),
              std::string::npos)
        << ReasonOf(result);
  }
  for (const Kind kind : {Kind::kKilled, Kind::kCrash, Kind::kSignal, Kind::kQuit}) {
    RunResult result = Ended(kind);
    result.script = {1, 2, "login:"};
    EXPECT_NE(ExitCodeOf(result), 7) << NameOf(kind);
  }
}

}  // namespace
}  // namespace lgx
