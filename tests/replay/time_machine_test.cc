#include "replay/time_machine.h"

#include <gtest/gtest.h>

#include "machine/networks.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::kTyped;
using test::MoodyConsole;
using test::Nobody;
using test::TempFile;

// A recorded run on its way again.
class TimeMachineTest : public ::testing::Test {
 protected:
  TimeMachineTest() {
    const TempFile file("log");
    MoodyConsole console(kTyped, 11);
    whole_ = test::Record(test::ShellConfig(), console, file.path());
    StatusOr<InputLog> log = ReadInputLog(file.path());
    CHECK(log.ok());
    player_ = Player::Create(*std::move(log)).value();
    run_ = std::make_unique<GuestRun>(player_->config(), builtin_, console_, nobody_,
                                      player_.get());
    CHECK(run_->Boot(networks_).ok());
  }

  Machine& machine() { return run_->machine(); }
  u64 Chance(u64 below) {
    seed_ = seed_ * 6364136223846793005 + 1442695040888963407;
    return (seed_ >> 20) % below;
  }

  const BuiltinKernel builtin_ = BuiltinGuest();
  Networks networks_;
  Nobody nobody_;
  BufferBackend console_;
  LaunchResult whole_;
  std::unique_ptr<Player> player_;
  std::unique_ptr<GuestRun> run_;
  u64 seed_ = 5;
};

TEST_F(TimeMachineTest, OneBackIsExactlyTheStateBefore) {
  TimeMachine time(machine(), {.spacing = 100'000});
  for (int i = 0; i < 16; ++i) {
    const u64 at = 2 + Chance(whole_.instructions - 2);
    ASSERT_TRUE(time.GoTo(at - 1).ok());
    const u64 before = machine().Hash();
    ASSERT_EQ(machine().instructions(), at - 1);
    ASSERT_EQ(time.RunTo({.instructions = at}), Machine::Stop::kReached);
    const u64 after = machine().Hash();
    EXPECT_NE(after, before);
    ASSERT_TRUE(time.GoTo(at - 1).ok());
    EXPECT_EQ(machine().Hash(), before) << at;
    ASSERT_TRUE(time.GoTo(at).ok());
    EXPECT_EQ(machine().Hash(), after) << at;
  }
  // And the end is what it was, however often it was taken back.
  EXPECT_EQ(time.RunTo({}), Machine::Stop::kEnded);
  EXPECT_EQ(machine().Hash(), whole_.hash);
  EXPECT_EQ(player_->verdict().difference, "");
}

TEST_F(TimeMachineTest, TheConsoleIsNotShownTwice) {
  TimeMachine time(machine(), {.spacing = 100'000});
  ASSERT_EQ(time.RunTo({}), Machine::Stop::kEnded);
  const std::string shown = console_.output();
  ASSERT_FALSE(shown.empty());
  ASSERT_TRUE(time.GoTo(10'000).ok());
  ASSERT_EQ(time.RunTo({}), Machine::Stop::kEnded);
  EXPECT_EQ(console_.output(), shown);
  EXPECT_EQ(machine().Hash(), whole_.hash);
}

TEST_F(TimeMachineTest, SnapshotsAreBoundedAndLieCloserNearThePresent) {
  TimeMachine time(machine(), {.snapshots = 8, .spacing = 20'000});
  ASSERT_EQ(time.RunTo({}), Machine::Stop::kEnded);
  EXPECT_LE(time.snapshots(), 8u);
  EXPECT_GE(time.snapshots(), 4u);
  ASSERT_TRUE(time.GoTo(1).ok());
  EXPECT_EQ(machine().instructions(), 1u);
  EXPECT_LE(time.snapshots(), 8u);
}

TEST_F(TimeMachineTest, NothingIsBeforeTheBeginning) {
  ASSERT_EQ(machine().RunTo({.instructions = 1000}), Machine::Stop::kReached);
  TimeMachine time(machine(), {});
  EXPECT_EQ(time.GoTo(999).code(), StatusCode::kOutOfRange);
  EXPECT_TRUE(time.GoTo(1000).ok());
}

// Stops at each time the console is written to.
class StopAtOutput final : public ConsoleWatch {
 public:
  bool OnOutput(std::span<const u8>) override { return true; }
};

TEST_F(TimeMachineTest, BackToTheLastStop) {
  StopAtOutput watch;
  TimeMachine time(machine(), {.spacing = 50'000});
  machine().set_console_watch(&watch);
  std::vector<u64> stops;
  while (time.RunTo({}) == Machine::Stop::kStopped)
    stops.push_back(machine().instructions());
  ASSERT_GT(stops.size(), 5u);
  for (std::size_t i = stops.size(); i-- != 0;) {
    if (i != 0 && stops[i - 1] == stops[i]) continue;
    if (stops[i] >= machine().instructions()) continue;
    ASSERT_TRUE(time.BackToStop(nullptr).value()) << i;
    EXPECT_EQ(machine().instructions(), stops[i]);
  }
  EXPECT_FALSE(time.BackToStop(nullptr).value());
  machine().set_console_watch(nullptr);
}

TEST(TimeMachine, SaysWhatCannotBeTakenBack) {
  MachineConfig config;
  EXPECT_TRUE(TimeMachine::CanGoBack(config, false).ok());
  config.clock.mode = MachineConfig::Clock::Mode::kHost;
  EXPECT_FALSE(TimeMachine::CanGoBack(config, false).ok());
  config.clock.mode = MachineConfig::Clock::Mode::kDeterministic;
  ASSERT_TRUE(AddBlock("disk.img", &config).ok());
  EXPECT_FALSE(TimeMachine::CanGoBack(config, false).ok());
  EXPECT_TRUE(TimeMachine::CanGoBack(config, true).ok());
  MachineConfig by_host;
  by_host.clock.mode = MachineConfig::Clock::Mode::kHost;
  EXPECT_FALSE(TimeMachine::CanGoBack(by_host, false).ok());
}

}  // namespace
}  // namespace lgx
