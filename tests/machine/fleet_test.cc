#include "machine/fleet.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <filesystem>

#include "base/file.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::Gate;
using test::kTinyHandlers;
using test::TinyGuest;

class Silent final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles&, u32) override { ++boots; }
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
  u32 boots = 0;
};

class FleetTest : public ::testing::Test {
 protected:
  ~FleetTest() override {
    for (const std::string& path : paths_) std::remove(path.c_str());
  }
  // One more Guest, whose code is what `guest` holds.
  MachineConfig& Add(const TinyGuest& guest) {
    paths_.push_back(
        (std::filesystem::temp_directory_path() /
         ("lgx-fleet-test-" +
          std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
          std::to_string(paths_.size())))
            .string());
    CHECK(WriteFile(paths_.back(), guest.MakeVmlinux(), Overwrite::kReplace).ok());
    MachineConfig& config = configs_.emplace_back(guest.config);
    config.kernel.path = paths_.back();
    config.number = static_cast<u32>(configs_.size() - 1);
    config.limits.instructions = 50'000'000;
    consoles_.emplace_back().EndInput();
    observers_.emplace_back();
    return config;
  }
  FleetResult Run() {
    std::vector<FleetMember> members;
    for (std::size_t i = 0; i < configs_.size(); ++i) {
      members.push_back({configs_[i], consoles_[i], observers_[i]});
    }
    StatusOr<FleetResult> result = LaunchFleet(members, {});
    CHECK(result.ok()) << MessageOf(result.status());
    return *std::move(result);
  }

  std::vector<std::string> paths_;
  std::deque<MachineConfig> configs_;
  std::deque<BufferBackend> consoles_;
  std::deque<Silent> observers_;
};

TinyGuest PowersOff() {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  return guest;
}

TinyGuest Spins() {
  TinyGuest guest;
  guest.text.Init();
  guest.text.SpinForEver();
  return guest;
}

// Sleeps `ns` once, then powers off.
TinyGuest SleepsFor(u32 ns) {
  TinyGuest guest;
  guest.handler.PowerOff();
  guest.text.Init();
  guest.text.LoadGate(32, kTinyHandlers, Gate::kInterrupt);
  guest.text.SetClock(ns);
  guest.text.Hypercall(10);  // HALT
  guest.text.SpinForEver();
  return guest;
}

TEST_F(FleetTest, EachGuestRunsToItsOwnEnd) {
  Add(PowersOff());
  Add(SleepsFor(5'000'000));
  TinyGuest crash;
  crash.text.Init();
  crash.text.Crash();
  Add(crash);
  const FleetResult result = Run();
  ASSERT_EQ(result.guests.size(), 3u);
  EXPECT_EQ(result.guests[0].ending.kind, Ending::Kind::kPowerOff);
  EXPECT_EQ(result.guests[1].ending.kind, Ending::Kind::kPowerOff);
  EXPECT_GE(result.guests[1].virtual_ns, 5'000'000u);
  EXPECT_LT(result.guests[1].virtual_ns, 5'100'000u);
  EXPECT_EQ(result.guests[2].ending.kind, Ending::Kind::kCrash);
}

TEST_F(FleetTest, TheSameFleetTwiceEndsInTheSameState) {
  Add(SleepsFor(1'234'567)).net.emplace_back().backend =
      MachineConfig::Net::Backend::kVirtual;
  configs_[0].net[0].group = "lab";
  Add(SleepsFor(7'654'321));
  const FleetResult first = Run();
  const FleetResult second = Run();
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.guests[0].hash, second.guests[0].hash);
  EXPECT_NE(first.guests[0].hash, first.guests[1].hash);
}

TEST_F(FleetTest, ASleepOfOneTakesNoRealTimeOfTheOthers) {
  Add(SleepsFor(4'000'000'000));
  Add(SleepsFor(3'000'000'000));
  const FleetResult result = Run();
  EXPECT_EQ(result.guests[0].ending.kind, Ending::Kind::kPowerOff);
  EXPECT_GE(result.guests[0].virtual_ns, 4'000'000'000u);
  EXPECT_LT(result.guests[0].instructions, 100'000u);
}

TEST_F(FleetTest, WhenAllSleepForEverItIsTheEnd) {
  TinyGuest sleeper;
  sleeper.text.Init();
  sleeper.text.Hypercall(10);
  Add(sleeper);
  Add(sleeper);
  Add(PowersOff());
  const FleetResult result = Run();
  for (const int i : {0, 1}) {
    EXPECT_EQ(result.guests[i].ending.kind, Ending::Kind::kLimit);
    EXPECT_NE(result.guests[i].ending.reason.find("sleep for ever"), std::string::npos);
  }
}

TEST_F(FleetTest, ARestartConcernsOneGuest) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Restart();
  MachineConfig& config = Add(guest);
  config.on_restart = MachineConfig::OnEnd::kStop;
  Add(SleepsFor(1'000'000));
  const FleetResult stopped = Run();
  EXPECT_EQ(stopped.guests[0].ending.kind, Ending::Kind::kRestart);
  EXPECT_EQ(stopped.guests[0].boots, 1u);
  EXPECT_EQ(stopped.guests[1].ending.kind, Ending::Kind::kPowerOff);
}

TEST_F(FleetTest, QuittingEndsAll) {
  Add(Spins());
  Add(Spins());
  consoles_[0].Post({ConsoleEventKind::kQuit, 0, ""});
  const FleetResult result = Run();
  EXPECT_EQ(result.guests[0].ending.kind, Ending::Kind::kQuit);
  EXPECT_EQ(result.guests[1].ending.kind, Ending::Kind::kQuit);
}

TEST_F(FleetTest, TheConsoleOfAGuestThatHasEndedCanStillQuit) {
  Add(PowersOff());
  Add(Spins());
  // The first Guest ends before its second look at the console.
  consoles_[1].Type("");
  consoles_[0].Post({ConsoleEventKind::kInputEnded, 0, "end"});
  configs_[1].limits.instructions = 2'000'000;
  const FleetResult result = Run();
  EXPECT_EQ(result.guests[0].ending.kind, Ending::Kind::kPowerOff);
  EXPECT_EQ(result.guests[1].ending.kind, Ending::Kind::kLimit);
}

TEST_F(FleetTest, ALimitEndsOneGuest) {
  Add(Spins()).limits.instructions = 100'000;
  Add(SleepsFor(50'000'000));
  const FleetResult result = Run();
  EXPECT_EQ(result.guests[0].ending.kind, Ending::Kind::kLimit);
  EXPECT_EQ(result.guests[1].ending.kind, Ending::Kind::kPowerOff);
}

TEST_F(FleetTest, SilenceForTheIdleTimeEndsIt) {
  TinyGuest guest;
  guest.handler.Iret();
  guest.text.Init();
  guest.text.LoadGate(32, kTinyHandlers, Gate::kInterrupt);
  const test::TinyCode::Label again = guest.text.NewLabel();
  guest.text.Bind(again);
  guest.text.SetClock(1'000'000'000);
  guest.text.Hypercall(10);
  guest.text.Jmp(again);
  Add(guest).limits.max_idle_ns = 5'500'000'000;
  Add(guest).limits.max_idle_ns = 3'500'000'000;
  const FleetResult result = Run();
  for (const LaunchResult& one : result.guests) {
    EXPECT_NE(one.ending.reason.find("--max-idle"), std::string::npos);
    EXPECT_GE(one.virtual_ns, 4'000'000'000u);
    EXPECT_LT(one.virtual_ns, 6'000'000'000u);
  }
}

}  // namespace
}  // namespace lgx
