#include "devices/escape_keys.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lgx {
namespace {

class EscapeKeysTest : public testing::Test {
 protected:
  // One read of the terminal at second `now`.
  void Type(std::string_view text, u64 now = 100) {
    const std::vector<u8> bytes(text.begin(), text.end());
    keys_.Filter(bytes, now, &guest_, &events_);
  }
  std::string Guest() { return std::string(guest_.begin(), guest_.end()); }
  std::vector<ConsoleEventKind> Events() {
    std::vector<ConsoleEventKind> kinds;
    for (const ConsoleEvent& event : events_) kinds.push_back(event.kind);
    return kinds;
  }

  EscapeKeys keys_{{.ctrl_a = true, .three_ctrl_c = true}};
  std::vector<u8> guest_;
  std::deque<ConsoleEvent> events_;
};

TEST_F(EscapeKeysTest, OrdinaryBytesGoToTheGuest) {
  Type("ls\n\x03\x1a\x1c\xff");
  EXPECT_EQ(Guest(), "ls\n\x03\x1a\x1c\xff");
  EXPECT_TRUE(events_.empty());
}

TEST_F(EscapeKeysTest, EveryKeyOfTheTableIsAnEventAndNotSeenByTheGuest) {
  Type(
      "a\x01xb\x01hc\x01p\x01"
      "d\x01s\x01w\x01t");
  EXPECT_EQ(Guest(), "abc");
  EXPECT_EQ(Events(), (std::vector<ConsoleEventKind>{
                          ConsoleEventKind::kQuit, ConsoleEventKind::kHelp,
                          ConsoleEventKind::kPause, ConsoleEventKind::kDebugger,
                          ConsoleEventKind::kStats, ConsoleEventKind::kSnapshot,
                          ConsoleEventKind::kToggleTrace}));
}

TEST_F(EscapeKeysTest, CtrlAAndItsKeyMayComeInTwoReads) {
  Type("\x01");
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(Guest(), "");
  Type("x");
  EXPECT_EQ(Events(), std::vector<ConsoleEventKind>{ConsoleEventKind::kQuit});
}

TEST_F(EscapeKeysTest, CtrlAThenAIsALiteralCtrlA) {
  Type(
      "\x01"
      "a\x01\x01");
  EXPECT_EQ(Guest(), "\x01\x01");
}

TEST_F(EscapeKeysTest, UnknownKeyAfterCtrlAIsForTheGuestWithIt) {
  Type(
      "\x01"
      "ex");
  EXPECT_EQ(Guest(),
            "\x01"
            "ex");
  EXPECT_TRUE(events_.empty());
}

TEST_F(EscapeKeysTest, SwitchedOffKeysAreOrdinaryBytes) {
  keys_ = EscapeKeys({.ctrl_a = false, .three_ctrl_c = false});
  Type("\x01x");
  for (int i = 0; i < 3; ++i) Type("\x03");
  EXPECT_EQ(Guest(), "\x01x\x03\x03\x03");
  EXPECT_TRUE(events_.empty());
}

TEST_F(EscapeKeysTest, G03_5_ThreeCtrlCWithinASecondStopAndReachTheGuest) {
  Type("\x03", 100);
  Type("\x03", 101);
  EXPECT_TRUE(events_.empty());
  Type("\x03", 101);
  EXPECT_EQ(Events(), std::vector<ConsoleEventKind>{ConsoleEventKind::kThreeCtrlC});
  EXPECT_EQ(Guest(), "\x03\x03\x03");
}

TEST_F(EscapeKeysTest, G03_5_ThreeCtrlCOverFourSecondsDoNotStop) {
  Type("\x03", 100);
  Type("\x03", 102);
  Type("\x03", 104);
  EXPECT_TRUE(events_.empty());
  // The third one, too late, has also started the count again.
  Type("\x03", 104);
  Type("\x03", 104);
  EXPECT_TRUE(events_.empty());
  Type("\x03", 104);
  EXPECT_EQ(events_.size(), 1u);
}

TEST_F(EscapeKeysTest, G03_5_OtherInputStartsTheCountAgain) {
  Type("\x03");
  Type("\x03");
  Type("x");
  Type("\x03");
  Type("\x03");
  EXPECT_TRUE(events_.empty());
}

TEST_F(EscapeKeysTest, CtrlCsThatCameTogetherDoNotCount) {
  Type("\x03\x03\x03");
  Type("\x03");
  Type("\x03");
  EXPECT_TRUE(events_.empty());
}

TEST_F(EscapeKeysTest, HelpNamesEveryKey) {
  const std::string help = EscapeKeyHelp();
  EXPECT_NE(help.find("Ctrl-A x   quit\n"), std::string::npos);
  EXPECT_NE(help.find("Ctrl-A a   a literal Ctrl-A\n"), std::string::npos);
}

}  // namespace
}  // namespace lgx
