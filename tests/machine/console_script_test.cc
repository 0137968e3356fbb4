#include "machine/console_script.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"

namespace lgx {
namespace {

class ConsoleScriptTest : public ::testing::Test {
 protected:
  void Start(std::vector<const char*> rules) {
    for (const char* rule : rules) ASSERT_TRUE(AddExpect(rule, &config_).ok()) << rule;
    auto patterns = ConsoleScript::Compile(config_.expect);
    ASSERT_TRUE(patterns.ok()) << patterns.status();
    script_ = std::make_unique<ConsoleScript>(real_, config_.expect, *patterns);
  }
  void Write(std::string_view text) {
    script_->Write(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
  }
  std::string Read(size_t room = 100) {
    std::vector<u8> bytes(room);
    const size_t count = script_->Read(bytes);
    return std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  }

  MachineConfig config_;
  BufferBackend real_;
  std::unique_ptr<ConsoleScript> script_;
};

TEST_F(ConsoleScriptTest, TypesWhatTheRulesSayInTheirOrder) {
  Start({"login: ,send=root\\n", "[#$] ,send=poweroff\\n"});
  real_.Type("typed");
  Write("# not yet\r\nlog");
  EXPECT_EQ(script_->done(), 0u);
  EXPECT_EQ(Read(), "typed");
  Write("in: ");
  EXPECT_EQ(script_->waits_for(), "[#$] ");
  EXPECT_EQ(script_->Wait(1000, true, {}), 0u);
  EXPECT_EQ(Read(3), "roo");
  EXPECT_EQ(Read(), "t\n");
  Write("a b # ");
  EXPECT_EQ(Read(), "poweroff\n");
  EXPECT_EQ(script_->waits_for(), "");
  Write("login: ");
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(real_.output(), "# not yet\r\nlogin: a b # login: ");
}

TEST_F(ConsoleScriptTest, OneWriteMayMatchMoreThanOnce) {
  Start({"a,send=1", "b,send=2", "c,send=3"});
  Write("xaxbx");
  EXPECT_EQ(Read(), "12");
  EXPECT_EQ(script_->done(), 2u);
}

TEST_F(ConsoleScriptTest, ARuleMayEndTheRun) {
  Start({"oops,exit=9", "never"});
  Write("oops");
  const auto event = script_->NextEvent();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, ConsoleEventKind::kScriptEnd);
  EXPECT_EQ(event->value, 9);
  EXPECT_EQ(event->text, "oops");
  EXPECT_EQ(script_->waits_for(), "");
  EXPECT_FALSE(script_->NextEvent().has_value());
}

TEST_F(ConsoleScriptTest, InputHasEndedOnlyWhenAllIsTyped) {
  Start({"a,send=xy"});
  real_.EndInput();
  EXPECT_TRUE(script_->InputEnded());
  Write("a");
  EXPECT_FALSE(script_->InputEnded());
  EXPECT_EQ(Read(), "xy");
  EXPECT_TRUE(script_->InputEnded());
}

TEST_F(ConsoleScriptTest, EventsOfTheFarEndGoThrough) {
  Start({});
  real_.Post({ConsoleEventKind::kQuit, 0, ""});
  EXPECT_EQ(script_->NextEvent()->kind, ConsoleEventKind::kQuit);
}

TEST(ConsoleScriptCompile, ABadPatternNamesItsRule) {
  const Status status =
      ConsoleScript::Compile({{"fine", "", {}}, {"(", "", {}}}).status();
  EXPECT_EQ(MessageOf(status).rfind("expect[1].match: ", 0), 0u) << status;
}

TEST_F(ConsoleScriptTest, GoesBackToWhereItWas) {
  Start({"login: ,send=root\\n", "[#$] ,send=poweroff\\n"});
  Write("login: ro");
  const ConsoleScript::Place place = script_->place();
  EXPECT_EQ(Read(), "root\n");
  Write("[42] # ");
  EXPECT_EQ(script_->waits_for(), "");
  script_->GoTo(place);
  EXPECT_EQ(script_->waits_for(), "[#$] ");
  EXPECT_EQ(Read(), "root\n");
  Write("# ");
  EXPECT_EQ(Read(), "poweroff\n");
}

}  // namespace
}  // namespace lgx
