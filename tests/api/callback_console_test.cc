#include "api/callback_console.h"

#include <gtest/gtest.h>

#include <string>

namespace lgx {
namespace {

std::span<const u8> Bytes(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

TEST(CallbackConsole, WithoutFunctionsItIsADeadEnd) {
  CallbackConsole console(MachineConfig{});
  console.Write(Bytes("text"));
  u8 byte = 0;
  EXPECT_EQ(console.Read({&byte, 1}), 0u);
  EXPECT_TRUE(console.InputEnded());
  EXPECT_EQ(console.Wait(123, true, {}), 123u);
  EXPECT_FALSE(console.NextEvent());
}

TEST(CallbackConsole, InputEndsWhenItSaysSoAndBeginsAnewWithANewFunction) {
  CallbackConsole console(MachineConfig{});
  int asked = 0;
  const auto twice = [&asked](std::span<u8> to) -> std::optional<std::size_t> {
    if (++asked == 2) return std::nullopt;
    to[0] = 'x';
    return 1;
  };
  console.set_input(twice);
  u8 bytes[4] = {};
  EXPECT_FALSE(console.InputEnded());
  EXPECT_EQ(console.Read(bytes), 1u);
  EXPECT_EQ(console.Read(bytes), 0u);
  EXPECT_TRUE(console.InputEnded());
  EXPECT_EQ(console.Read(bytes), 0u);
  EXPECT_EQ(asked, 2);
  asked = 0;
  console.set_input(twice);
  EXPECT_FALSE(console.InputEnded());
  EXPECT_EQ(console.Read(bytes), 1u);
  // More than there is room for cannot be.
  console.set_input([](std::span<u8>) { return std::optional<std::size_t>(100); });
  EXPECT_EQ(console.Read(bytes), 4u);
}

TEST(CallbackConsole, WhoeverWaitsSaysHowLong) {
  CallbackConsole console(MachineConfig{});
  console.set_dry([] { return true; });
  EXPECT_EQ(console.Wait(1000, true, {}), 0u);
  console.set_dry([] { return false; });
  EXPECT_EQ(console.Wait(1000, true, {}), 1000u);
  console.set_waiting([](u64 ns) { return ns / 4; });
  EXPECT_EQ(console.Wait(1000, true, {}), 250u);
  console.set_waiting([](u64 ns) { return ns * 4; });
  EXPECT_EQ(console.Wait(1000, true, {}), 1000u);
}

TEST(CallbackConsole, RealTimePassesWhereTheConfigurationWantsIt) {
  MachineConfig config;
  config.clock.realtime = true;
  CallbackConsole console(config);
  console.set_dry([] { return true; });
  EXPECT_GT(console.Wait(1'000'000, true, {}), 0u);
}

TEST(CallbackConsole, TextBeyondTheLimitIsDroppedAndSaidOnce) {
  MachineConfig config;
  config.limits.console_bytes = 5;
  CallbackConsole console(config);
  std::string shown;
  console.set_output(
      [&shown](std::span<const u8> bytes) { shown.append(bytes.begin(), bytes.end()); });
  console.Write(Bytes("abc"));
  EXPECT_FALSE(console.NextEvent());
  console.Write(Bytes("defg"));
  EXPECT_EQ(shown, "abcde");
  const std::optional<ConsoleEvent> event = console.NextEvent();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ConsoleEventKind::kOutputLimit);
  EXPECT_FALSE(console.NextEvent());
  console.set_bytes_left(1);
  console.Write(Bytes("x"));
  EXPECT_EQ(shown, "abcdex");
}

TEST(CallbackConsole, AFunctionMayTakeItselfAway) {
  CallbackConsole console(MachineConfig{});
  int calls = 0;
  console.set_output([&](std::span<const u8>) {
    ++calls;
    console.set_output(nullptr);
  });
  console.Write(Bytes("a"));
  console.Write(Bytes("b"));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace lgx
