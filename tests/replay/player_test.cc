#include "replay/player.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "devices/backend_disk_posix.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::kTyped;
using test::MoodyConsole;
using test::Nobody;
using test::Record;
using test::ShellConfig;
using test::TempFile;

struct Repeated {
  LaunchResult result;
  std::string output;
  Player::Verdict verdict;
};

Repeated Repeat(InputLog log) {
  Nobody nobody;
  BufferBackend console;
  StatusOr<std::unique_ptr<Player>> player = Player::Create(std::move(log));
  CHECK(player.ok()) << MessageOf(player.status());
  StatusOr<LaunchResult> result =
      Launch((*player)->config(), BuiltinGuest(), console, nobody, player->get());
  Repeated repeated;
  if (result.ok()) repeated.result = *std::move(result);
  repeated.output = console.output();
  repeated.verdict = (*player)->verdict();
  return repeated;
}

InputLog LogOf(const std::string& path) {
  StatusOr<InputLog> log = ReadInputLog(path);
  CHECK(log.ok()) << MessageOf(log.status());
  return *std::move(log);
}

TEST(Player, RepeatsWhatSomebodyTyped) {
  const TempFile file("log");
  for (const u64 seed : {1, 2, 3}) {
    MoodyConsole console(kTyped, seed);
    const LaunchResult first = Record(ShellConfig(seed == 2), console, file.path());
    const Repeated second = Repeat(LogOf(file.path()));
    EXPECT_TRUE(second.verdict.whole) << second.verdict.difference;
    EXPECT_EQ(second.result.hash, first.hash);
    EXPECT_EQ(second.result.instructions, first.instructions);
    EXPECT_EQ(second.output, console.output);
    EXPECT_EQ(second.result.stats.counters(), first.stats.counters());
  }
}

TEST(Player, TwoPeopleMakeTwoRuns) {
  const TempFile file("log");
  MoodyConsole one(kTyped, 1), two(kTyped, 2);
  EXPECT_NE(Record(ShellConfig(), one, file.path()).hash,
            Record(ShellConfig(), two, file.path()).hash);
}

TEST(Player, ALogThatIsCutAnywhereEndsAtItsLastRecord) {
  const TempFile file("log");
  MoodyConsole console(kTyped, 4);
  const LaunchResult whole = Record(ShellConfig(), console, file.path());
  const std::vector<u8> bytes = ReadFile(file.path()).value();
  const std::size_t header = EncodeLogHeader(LogOf(file.path()).header).size();
  for (std::size_t size = header; size < bytes.size(); size += 37) {
    StatusOr<InputLog> log = ParseInputLog(std::span(bytes).first(size), "cut");
    ASSERT_TRUE(log.ok()) << size << ": " << MessageOf(log.status());
    EXPECT_TRUE(log->cut);
    if (log->records.empty()) continue;
    const u64 last = log->records.back().instructions;
    const Repeated repeated = Repeat(*std::move(log));
    EXPECT_EQ(repeated.verdict.difference, "");
    EXPECT_GE(repeated.result.instructions, last);
    EXPECT_LE(repeated.result.instructions, whole.instructions);
  }
}

TEST(Player, AnotherMachineDiffers) {
  const TempFile file("log");
  MoodyConsole console(kTyped, 5);
  (void)Record(ShellConfig(), console, file.path());
  InputLog log = LogOf(file.path());
  log.header.config.host.timer_hz = 500;
  const Repeated repeated = Repeat(std::move(log));
  EXPECT_FALSE(repeated.verdict.whole);
  EXPECT_NE(repeated.verdict.difference.find("at instruction "), std::string::npos)
      << repeated.verdict.difference;
}

TEST(Player, AnswersThatAreNotAskedForDiffer) {
  const TempFile file("log");
  MoodyConsole console(kTyped, 6);
  (void)Record(ShellConfig(), console, file.path());
  const InputLog log = LogOf(file.path());
  for (std::size_t i = 0; i < log.records.size(); ++i) {
    if (log.records[i].kind != LogKind::kConsole) continue;
    InputLog changed = log;
    changed.records[i].question += 1;
    EXPECT_NE(Repeat(changed).verdict.difference, "");
    changed = log;
    changed.records[i].instructions += 1;
    EXPECT_NE(Repeat(changed).verdict.difference, "");
    break;
  }
}

// ---- disks

class DiskReplay : public ::testing::Test {
 protected:
  DiskReplay() {
    std::vector<u8> bytes(256 * kLogBlock);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<u8>(i / 512);
    CHECK(WriteFile(disk_.path(), bytes, Overwrite::kReplace).ok());
    CHECK(AddBlock(disk_.path(), &config_).ok());
    config_.memory = 16 * kMiB;
    config_.kernel.cmdline = "sh";
    config_.limits.virtual_ns = 60'000'000'000;
  }

  // Writes to the disk, and reads it again.
  LaunchResult RecordDemo() {
    MoodyConsole console("disk sum 64\ndisk soak 4\npoweroff\n", 7);
    const LaunchResult result = Record(config_, console, log_.path());
    output_ = console.output;
    return result;
  }

  const TempFile disk_{"disk"};
  const TempFile log_{"log"};
  std::string output_;
  MachineConfig config_;
};

TEST_F(DiskReplay, WhatTheRunOverwroteIsInItsLog) {
  const std::vector<u8> before = ReadFile(disk_.path()).value();
  const LaunchResult first = RecordDemo();
  ASSERT_NE(first.stats.Get("block.0.write_requests"), 0u) << output_;
  const std::vector<u8> after = ReadFile(disk_.path()).value();
  ASSERT_NE(before, after);
  for (int i = 0; i < 2; ++i) {
    const Repeated second = Repeat(LogOf(log_.path()));
    EXPECT_TRUE(second.verdict.files.ok()) << MessageOf(second.verdict.files);
    EXPECT_TRUE(second.verdict.whole) << second.verdict.difference;
    EXPECT_EQ(second.result.hash, first.hash);
    EXPECT_EQ(ReadFile(disk_.path()).value(), after);
  }
}

TEST_F(DiskReplay, ADiskThatHasChangedIsNamed) {
  config_.block[0].read_only = true;
  (void)RecordDemo();
  std::vector<u8> bytes = ReadFile(disk_.path()).value();
  for (std::size_t i = 0; i < bytes.size(); i += 512) bytes[i] ^= 1;
  ASSERT_TRUE(WriteFile(disk_.path(), bytes, Overwrite::kReplace).ok());
  const Repeated second = Repeat(LogOf(log_.path()));
  ASSERT_FALSE(second.verdict.files.ok());
  EXPECT_EQ(second.verdict.files.code(), kDataLoss);
  EXPECT_NE(MessageOf(second.verdict.files).find("has changed since the run"),
            std::string::npos);
}

}  // namespace
}  // namespace lgx
