#include "debug/gdb_session.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/debug/fake_gdb_target.h"

namespace lgx {
namespace {

class GdbSessionTest : public ::testing::Test {
 protected:
  // The payloads of all frames that came back.
  std::string Say(std::string_view payload) { return SayRaw(GdbFrame(payload)); }
  std::string SayRaw(std::string_view bytes) {
    sent.clear();
    session.Take({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    GdbPacketReader reader;
    reader.Push({reinterpret_cast<const u8*>(sent.data()), sent.size()});
    std::string out;
    while (std::optional<GdbItem> item = reader.Next()) {
      if (item->kind != GdbItem::Kind::kPacket) continue;
      out += (out.empty() ? "" : "|") + item->payload;
    }
    return out;
  }

  std::string sent;
  test::FakeGdbTarget target;
  GdbSession session{target, [this](std::string_view bytes) { sent += bytes; }};
};

TEST_F(GdbSessionTest, AcknowledgesUntilItIsToldNotTo) {
  Say("?");
  EXPECT_EQ(sent.substr(0, 1), "+");
  SayRaw("$?#00");
  EXPECT_EQ(sent, "-");
  Say("?");
  const std::string answer = sent.substr(1);
  SayRaw("-");
  EXPECT_EQ(sent, answer) << "again";
  EXPECT_EQ(Say("QStartNoAckMode"), "OK");
  Say("?");
  EXPECT_EQ(sent.substr(0, 1), "$");
  SayRaw("$?#00");
  EXPECT_EQ(sent, "");
}

TEST_F(GdbSessionTest, TellsWhatItCan) {
  const std::string can =
      Say("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386");
  EXPECT_NE(can.find("qXfer:features:read+"), std::string::npos);
  EXPECT_NE(can.find("swbreak+"), std::string::npos);
  EXPECT_EQ(can.find("Reverse"), std::string::npos);
  target.can_reverse = true;
  EXPECT_NE(Say("qSupported").find("ReverseStep+;ReverseContinue+"), std::string::npos);
  EXPECT_EQ(Say("vCont?"), "vCont;c;C;s;S;r");
  EXPECT_EQ(Say("vMustReplyEmpty"), "");
  EXPECT_EQ(Say("qAttached"), "1");
}

TEST_F(GdbSessionTest, DocumentsComeInPieces) {
  const std::string xml = GdbTargetDescription();
  std::string got;
  for (u32 at = 0; got.size() < xml.size(); at += 100) {
    const std::string part =
        Say(absl::StrFormat("qXfer:features:read:target.xml:%x,64", at));
    ASSERT_FALSE(part.empty());
    got += part.substr(1);
    EXPECT_EQ(part[0], got.size() < xml.size() ? 'm' : 'l');
  }
  EXPECT_EQ(got, xml);
  EXPECT_EQ(Say("qXfer:features:read:target.xml:ffffff,64"), "l");
  EXPECT_EQ(Say("qXfer:features:read:other.xml:0,64"), "E00");
  EXPECT_EQ(Say("qXfer:features:read:target.xml:x"), "E01");
  EXPECT_NE(Say("qXfer:threads:read::0,1000").find("Guest kernel"), std::string::npos);
  EXPECT_NE(Say("qXfer:memory-map:read::0,1000").find("ram"), std::string::npos);
}

TEST_F(GdbSessionTest, RegistersAreReadAndWritten) {
  EXPECT_EQ(Say("P8=78563412"), "OK");
  EXPECT_EQ(Say("p8"), "78563412");
  const std::string all = Say("g");
  EXPECT_EQ(all.size(), 2 * GdbRegisterBytes());
  EXPECT_EQ(Say("G" + all), "OK") << "what stays as it is may be written";
  EXPECT_EQ(Say("Pa=61000000"), "E02") << "CS";
  EXPECT_EQ(Say("P8=7856"), "E01");
  EXPECT_EQ(Say("p30"), "E01");
  EXPECT_EQ(Say("p"), "E01");
  EXPECT_EQ(Say("G00"), "E01");
}

TEST_F(GdbSessionTest, MemoryIsReadAndWritten) {
  EXPECT_EQ(Say("M1000,2:abcd"), "OK");
  EXPECT_EQ(Say("m1000,3"), "abcd5a");
  EXPECT_EQ(Say(std::string("X1000,3:\0}#", 11)), "OK");
  EXPECT_EQ(Say("m1000,3"), "007d23");
  EXPECT_EQ(Say("X1000,0:"), "OK");
  EXPECT_EQ(Say("m10fe,4"), "5a5a") << "as much as there is";
  EXPECT_EQ(Say("m0,4"), "E02");
  EXPECT_EQ(Say("M0,1:00"), "E02");
  for (const char* bad : {"m", "m1000", "m1000,", "mx,1", "m1000,1x", "M1000,2:ab",
                          "M1000,1:xy", "M1000,1", "X1000,5:abc"}) {
    EXPECT_EQ(Say(bad), "E01") << bad;
  }
}

TEST_F(GdbSessionTest, PointsComeAndGo) {
  EXPECT_EQ(Say("Z0,c0100000,1"), "OK");
  EXPECT_EQ(Say("Z2,c0200000,4"), "OK");
  EXPECT_EQ(target.points.size(), 2u);
  EXPECT_EQ(Say("z0,c0100000,1"), "OK");
  EXPECT_EQ(target.points.size(), 1u);
  EXPECT_EQ(Say("Z5,0,1"), "");
  for (const char* bad :
       {"Z", "Z0", "Z0,", "Z0,1", "Z0,1,", "Zx,1,1", "Z2,0,123456789"}) {
    EXPECT_EQ(Say(bad), "E01") << bad;
  }
}

TEST_F(GdbSessionTest, RunningTellsWhyItStopped) {
  using Why = GdbStop::Why;
  Say("qSupported:swbreak+;hwbreak+");
  target.stop = {Why::kSoftwareBreakpoint, 0, 0};
  EXPECT_EQ(Say("vCont;c"), "T05swbreak:;thread:1;");
  EXPECT_EQ(target.resumed.back().kind, GdbResume::Kind::kContinue);
  target.stop = {Why::kWrite, 0xc0200000, 0};
  EXPECT_EQ(Say("vCont;s:1;c"), "T05watch:c0200000;thread:1;");
  EXPECT_EQ(target.resumed.back().kind, GdbResume::Kind::kStep);
  target.stop = {Why::kInterrupted, 0, 0};
  EXPECT_EQ(Say("vCont;r1000,1010:1"), "T02thread:1;");
  EXPECT_EQ(target.resumed.back().to, 0x1010u);
  EXPECT_EQ(Say("s"), "T02thread:1;");
  EXPECT_EQ(Say("c c0100000"), "E01");
  EXPECT_EQ(Say("cc0100000"), "T02thread:1;");
  EXPECT_EQ(Say("p8"), "000010c0");
  EXPECT_EQ(Say("bs"), "");
  target.can_reverse = true;
  target.stop = {Why::kHistoryBegin, 0, 0};
  EXPECT_EQ(Say("bc"), "T05replaylog:begin;thread:1;");
  EXPECT_EQ(Say("vCont;x"), "E01");
  EXPECT_EQ(Say("vCont;r10"), "E01");
}

TEST_F(GdbSessionTest, EndsInThreeWays) {
  target.stop = {GdbStop::Why::kExited, 0, 4};
  EXPECT_EQ(Say("c"), "W04");
  EXPECT_EQ(session.state(), GdbSession::State::kExited);
  EXPECT_EQ(Say("g"), "") << "nobody answers any more";
  GdbSession second(target, [](std::string_view) {});
  const std::string detach = GdbFrame("D");
  EXPECT_EQ(second.Take({reinterpret_cast<const u8*>(detach.data()), detach.size()}),
            GdbSession::State::kDetached);
  GdbSession third(target, [](std::string_view) {});
  const std::string kill = GdbFrame("k");
  EXPECT_EQ(third.Take({reinterpret_cast<const u8*>(kill.data()), kill.size()}),
            GdbSession::State::kKilled);
}

TEST_F(GdbSessionTest, MonitorTextsAreHex) {
  EXPECT_EQ(Say("qRcmd," + GdbHexText("hash")),
            "O" + GdbHexText("you said hash\n") + "|OK");
  EXPECT_EQ(Say("qRcmd,6"), "E01");
}

TEST_F(GdbSessionTest, WhileItRunsOnlyCtrlCCounts) {
  const std::string packet = GdbFrame("?");
  EXPECT_FALSE(session.TakeWhileRunning(
      {reinterpret_cast<const u8*>(packet.data()), packet.size()}));
  const u8 ctrl_c[] = {3};
  EXPECT_TRUE(session.TakeWhileRunning(ctrl_c));
  EXPECT_EQ(SayRaw(""), "T05thread:1;") << "what came meanwhile is answered now";
}

TEST_F(GdbSessionTest, UnknownPacketsGetTheEmptyAnswer) {
  for (const char* packet :
       {"", "A", "e", "qFoo", "vFile:open:", "_", "\xff", "QPassSignals"}) {
    EXPECT_EQ(Say(packet), "") << packet;
    EXPECT_EQ(sent, "+$#00") << packet;
  }
}

}  // namespace
}  // namespace lgx
