#include "tools/debug_session.h"

#include <gtest/gtest.h>

#include "debug/journey.h"
#include "tools/journey_text.h"
#include "tools/line_reader.h"

namespace lgx {
namespace {

std::span<const u8> BytesOf(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

TEST(GuestText, IsShownInLinesOfItsOwn) {
  std::string said;
  GuestText text([&](std::string_view line) { said += line; });
  text.Write(BytesOf("one\r\ntw"));
  EXPECT_EQ(said, "| one\n");
  text.Write(BytesOf("o\x1b[2J\n"));
  EXPECT_EQ(said, "| one\n| two\\x1b[2J\n");
  text.Write(BytesOf("lgx$ "));
  text.Flush();
  text.Flush();
  EXPECT_EQ(said, "| one\n| two\\x1b[2J\n| lgx$ \n");
  text.Write(BytesOf(std::string(1000, 'x')));
  EXPECT_GT(said.size(), 800u);
}

TEST(GuestText, GivesWhatWasTypedAndThenNothing) {
  GuestText text([](std::string_view) {});
  EXPECT_TRUE(text.InputEnded());
  text.Type("abc\n");
  EXPECT_FALSE(text.InputEnded());
  u8 bytes[3];
  EXPECT_EQ(text.Read(bytes), 3u);
  EXPECT_EQ(text.Read(bytes), 1u);
  EXPECT_EQ(text.Read(bytes), 0u);
  EXPECT_TRUE(text.InputEnded());
}

TEST(DebugSession, RefusesWhatRunRefuses) {
  CommandLine line;
  line.config.kernel.path = "/nonexistent/vmlinux";
  EXPECT_FALSE(DebugSession::Create(line, [](std::string_view) {}).ok());
}

TEST(DebugSource, TheBuiltinGuestShowsAllItHas) {
  CommandLine line;
  EXPECT_EQ(DebugSource::Open(line).value()->config().kernel.cmdline, "demo");
  line.config.kernel.path = "vmlinux";
  EXPECT_EQ(DebugSource::Open(line).value()->config().kernel.cmdline, "");
}

TEST(LineReader, CommonStart) {
  EXPECT_EQ(CommonStart({"step", "stage", "stop"}), "st");
  EXPECT_EQ(CommonStart({"step"}), "step");
  EXPECT_EQ(CommonStart({"a", "b"}), "");
  EXPECT_EQ(CommonStart({}), "");
}

TEST(JourneyText, IsTheDocument) {
  const StatusOr<Journey> journey = Journey::Parse(JourneyMarkdown());
  ASSERT_TRUE(journey.ok()) << journey.status();
  EXPECT_NE(journey->Find("paging.040"), nullptr);
}

}  // namespace
}  // namespace lgx
