#include "tools/run_console.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"

namespace lgx {
namespace {

class RunConsoleTest : public ::testing::Test {
 protected:
  RunConsole Make() {
    return RunConsole(real_, limits_, [this](std::string_view text) { said_ += text; });
  }
  static void Write(RunConsole& console, std::string_view text) {
    console.Write(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
  }

  MachineConfig::Limits limits_;
  BufferBackend real_;
  std::string said_;
};

TEST_F(RunConsoleTest, WithoutLimitsEverythingGoesThrough) {
  RunConsole console = Make();
  Write(console, "text");
  EXPECT_EQ(real_.output(), "text");
  EXPECT_FALSE(console.NextEvent().has_value());
  EXPECT_EQ(console.Wait(123, true, {}), 123u);
}

TEST_F(RunConsoleTest, TextBeyondTheLimitIsDroppedAndSaidOnce) {
  limits_.console_bytes = 6;
  RunConsole console = Make();
  Write(console, "123456");
  EXPECT_FALSE(console.NextEvent().has_value());
  Write(console, "7");
  EXPECT_EQ(console.NextEvent()->kind, ConsoleEventKind::kOutputLimit);
  Write(console, "8");
  EXPECT_FALSE(console.NextEvent().has_value());
  EXPECT_EQ(real_.output(), "123456");
}

TEST_F(RunConsoleTest, TimeThatIsOverIsSaidOnce) {
  limits_.timeout_ns = 0;
  RunConsole console = Make();
  EXPECT_EQ(console.NextEvent()->kind, ConsoleEventKind::kTimeout);
  EXPECT_FALSE(console.NextEvent().has_value());
  EXPECT_EQ(console.Wait(1000, true, {}), 0u);
}

TEST_F(RunConsoleTest, APauseLastsUntilTheKeyComesAgain) {
  real_.Post({ConsoleEventKind::kPause, 0, ""});
  real_.Post({ConsoleEventKind::kHelp, 0, ""});
  real_.Post({ConsoleEventKind::kStats, 0, ""});
  real_.Post({ConsoleEventKind::kPause, 0, ""});
  RunConsole console = Make();
  EXPECT_EQ(console.NextEvent()->kind, ConsoleEventKind::kHelp);
  EXPECT_EQ(said_.find("lgx: goes on"), std::string::npos);
  EXPECT_EQ(console.NextEvent()->kind, ConsoleEventKind::kStats);
  EXPECT_FALSE(console.NextEvent().has_value());
  EXPECT_NE(said_.find("lgx: goes on"), std::string::npos);
}

TEST_F(RunConsoleTest, WhatEndsARunEndsAPause) {
  real_.Post({ConsoleEventKind::kPause, 0, ""});
  real_.Post({ConsoleEventKind::kQuit, 0, ""});
  RunConsole console = Make();
  EXPECT_EQ(console.NextEvent()->kind, ConsoleEventKind::kQuit);
  EXPECT_FALSE(console.NextEvent().has_value());
}

}  // namespace
}  // namespace lgx
