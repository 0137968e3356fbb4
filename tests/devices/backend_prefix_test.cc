#include "devices/backend_prefix.h"

#include <gtest/gtest.h>

#include <string_view>

#include "devices/backend_buffer.h"

namespace lgx {
namespace {

void Say(ConsoleBackend& console, std::string_view text) {
  console.Write({reinterpret_cast<const u8*>(text.data()), text.size()});
}

TEST(PrefixConsole, LinesOfOthersComeWholeAndNamed) {
  BufferBackend screen;
  SharedConsole first(screen);
  PrefixConsole second(first, "2: ");
  Say(first, "one\r\n");
  Say(second, "half a");
  Say(first, "two\r\n");
  Say(second, " line\r\nand ");
  EXPECT_EQ(screen.output(), "one\r\ntwo\r\n2: half a line\r\n");
}

TEST(PrefixConsole, AnUnfinishedLineOfTheFirstIsEndedBeforeThem) {
  BufferBackend screen;
  SharedConsole first(screen);
  PrefixConsole second(first, "2: ");
  Say(first, "login: ");
  Say(second, "a\nb\n");
  EXPECT_EQ(screen.output(), "login: \r\n2: a\r\n2: b\r\n");
}

TEST(PrefixConsole, WhatIsLeftIsShownAtTheEnd) {
  BufferBackend screen;
  SharedConsole first(screen);
  {
    PrefixConsole second(first, "2: ");
  }
  EXPECT_EQ(screen.output(), "");
  {
    PrefixConsole second(first, "2: ");
    Say(second, "the end");
  }
  EXPECT_EQ(screen.output(), "2: the end\r\n");
}

TEST(PrefixConsole, ALineWithoutEndIsShownInPieces) {
  BufferBackend screen;
  SharedConsole first(screen);
  PrefixConsole second(first, "");
  Say(second, std::string(PrefixConsole::kLongestLine + 1, 'x'));
  EXPECT_EQ(screen.output().size(), PrefixConsole::kLongestLine + 2);
}

TEST(PrefixConsole, OnlyTheFirstIsTypedAt) {
  BufferBackend screen;
  screen.Type("abc");
  screen.Post({ConsoleEventKind::kQuit, 0, ""});
  SharedConsole first(screen);
  PrefixConsole second(first, "2: ");
  u8 bytes[10];
  EXPECT_EQ(second.Read(bytes), 0u);
  EXPECT_TRUE(second.InputEnded());
  EXPECT_FALSE(second.NextEvent().has_value());
  EXPECT_EQ(second.Wait(5, true, {}), 5u);
  EXPECT_FALSE(first.InputEnded());
  EXPECT_EQ(first.Read(bytes), 3u);
  EXPECT_TRUE(first.NextEvent().has_value());
  EXPECT_EQ(first.Wait(5, true, {}), 5u);
}

}  // namespace
}  // namespace lgx
