#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace lgx {
namespace {

std::string* g_seen = nullptr;

class Log : public testing::Test {
 protected:
  void SetUp() override { g_seen = &seen_; }
  void TearDown() override {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kInfo);
    g_seen = nullptr;
  }
  static void Remember(LogLevel level, std::string_view line) {
    *g_seen += std::string(LogLevelName(level)) + "|" + std::string(line) + "\n";
  }
  std::string seen_;
};

TEST_F(Log, LinesBelowTheLevelAreDropped) {
  SetLogSink(Remember);
  SetLogLevel(LogLevel::kWarning);
  Logf(LogLevel::kInfo, "not seen");
  Logf(LogLevel::kWarning, "seen %d", 1);
  Logf(LogLevel::kError, "seen %s", "too");
  EXPECT_EQ(seen_, "warning|seen 1\nerror|seen too\n");
  EXPECT_FALSE(LogOn(LogLevel::kInfo));
}

TEST_F(Log, WithoutASinkLinesGoToStderr) {
  testing::internal::CaptureStderr();
  Logf(LogLevel::kInfo, "hello");
  Logf(LogLevel::kWarning, "careful");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "lgx: hello\nlgx: warning: careful\n");
}

TEST_F(Log, ACaptureTakesTheLinesOfItsThreadAlone) {
  SetLogSink(Remember);
  std::string inner, outer;
  {
    const LogCapture first(
        [&outer](LogLevel, std::string_view line) { outer += std::string(line) + "\n"; });
    Logf(LogLevel::kInfo, "one");
    {
      const LogCapture second([&inner](LogLevel level, std::string_view line) {
        inner += std::string(LogLevelName(level)) + "|" + std::string(line);
      });
      Logf(LogLevel::kWarning, "two");
    }
    Logf(LogLevel::kInfo, "three");
    std::thread([] { Logf(LogLevel::kInfo, "another thread"); }).join();
  }
  Logf(LogLevel::kInfo, "four");
  EXPECT_EQ(outer, "one\nthree\n");
  EXPECT_EQ(inner, "warning|two");
  EXPECT_EQ(seen_, "info|another thread\ninfo|four\n");
}

TEST_F(Log, LevelsHaveNames) {
  EXPECT_EQ(LogLevelFromName("debug"), LogLevel::kDebug);
  EXPECT_EQ(LogLevelFromName("error"), LogLevel::kError);
  EXPECT_EQ(LogLevelFromName("loud"), std::nullopt);
}

}  // namespace
}  // namespace lgx
