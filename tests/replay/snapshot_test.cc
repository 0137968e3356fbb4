#include "replay/snapshot_file.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "replay/lone_machine.h"
#include "replay/snapshot_writer.h"
#include "replay/state_text.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::Nobody;
using test::TempFile;

// What caches count is no part of a state.
std::map<std::string, u64, std::less<>> WithoutCaches(const Stats& stats) {
  std::map<std::string, u64, std::less<>> counters;
  for (const auto& [name, value] : stats.counters()) {
    if (name.starts_with("cpu.block") || name.starts_with("mmu.tlb") ||
        name.starts_with("mmu.walk") || name.starts_with("cpu.access")) {
      continue;
    }
    counters[name] = value;
  }
  return counters;
}

MachineConfig DemoConfig(bool pae) {
  MachineConfig config = test::ShellConfig(pae);
  config.kernel.cmdline = "demo";
  config.rng.present = true;
  return config;
}

LaunchResult Demo(const MachineConfig& config, RunHooks* hooks) {
  Nobody nobody;
  BufferBackend console;
  console.EndInput();
  StatusOr<LaunchResult> result = Launch(config, BuiltinGuest(), console, nobody, hooks);
  CHECK(result.ok()) << MessageOf(result.status());
  return *std::move(result);
}

SnapshotFile SnapshotAt(const MachineConfig& config, u64 instructions,
                        const std::string& path) {
  SnapshotRequests requests;
  requests.at = {{{.instructions = instructions}, path}};
  SnapshotWriter writer(config, requests, nullptr);
  (void)Demo(config, &writer);
  StatusOr<SnapshotFile> file = ReadWholeSnapshot(path);
  CHECK(file.ok()) << MessageOf(file.status());
  return *std::move(file);
}

TEST(Snapshot, ARestoredMachineEndsAsTheOtherOneDid) {
  const TempFile path("snap");
  u64 seed = 1;
  for (const bool pae : {false, true}) {
    const MachineConfig config = DemoConfig(pae);
    const LaunchResult whole = Demo(config, nullptr);
    for (int i = 0; i < 2; ++i) {
      seed = seed * 6364136223846793005 + 1442695040888963407;
      const u64 at = (seed >> 20) % whole.instructions;
      const SnapshotFile file = SnapshotAt(config, at, path.path());
      EXPECT_EQ(file.snapshot.instructions, at);
      StatusOr<std::unique_ptr<LoneMachine>> lone = LoneMachine::Make(file);
      ASSERT_TRUE(lone.ok()) << MessageOf(lone.status());
      Machine& machine = (*lone)->machine();
      EXPECT_EQ(machine.Hash(), file.hash) << at;
      (*lone)->EndInput();
      (void)machine.Run();
      EXPECT_EQ(machine.instructions(), whole.instructions) << at;
      EXPECT_EQ(machine.Hash(), whole.hash) << at;
      Stats stats;
      machine.VisitStats(stats);
      EXPECT_EQ(WithoutCaches(stats), WithoutCaches(whole.stats)) << at;
    }
  }
}

TEST(Snapshot, TakingOneChangesNothing) {
  const TempFile path("snap");
  const MachineConfig config = DemoConfig(false);
  const LaunchResult alone = Demo(config, nullptr);
  SnapshotRequests requests;
  requests.at = {{{.instructions = 1'000'000}, path.path()},
                 {{.ns = 50'000'000}, path.path()}};
  SnapshotWriter writer(config, requests, nullptr);
  const LaunchResult watched = Demo(config, &writer);
  EXPECT_EQ(writer.written().size(), 2u);
  EXPECT_EQ(watched.hash, alone.hash);
  EXPECT_EQ(WithoutCaches(watched.stats), WithoutCaches(alone.stats));
}

class SnapshotBytes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TempFile path("SnapshotBytes", "snap");
    file_ = new SnapshotFile(SnapshotAt(DemoConfig(false), 3'000'000, path.path()));
    bytes_ = new std::vector<u8>(EncodeSnapshot(*file_));
  }
  static void TearDownTestSuite() {
    delete file_;
    delete bytes_;
  }

  static const SnapshotFile* file_;
  static const std::vector<u8>* bytes_;
};
const SnapshotFile* SnapshotBytes::file_ = nullptr;
const std::vector<u8>* SnapshotBytes::bytes_ = nullptr;

TEST_F(SnapshotBytes, ComeBackAsTheyWere) {
  const StatusOr<SnapshotFile> back = DecodeSnapshot(*bytes_, "x");
  ASSERT_TRUE(back.ok()) << MessageOf(back.status());
  EXPECT_EQ(back->hash, file_->hash);
  EXPECT_EQ(back->snapshot.state, file_->snapshot.state);
  ASSERT_EQ(back->snapshot.pages.size(), file_->snapshot.pages.size());
  for (std::size_t i = 0; i < back->snapshot.pages.size(); ++i) {
    const auto& one = back->snapshot.pages[i];
    const auto& two = file_->snapshot.pages[i];
    ASSERT_EQ(one == nullptr, two == nullptr) << i;
    if (one != nullptr) {
      EXPECT_EQ(*one, *two) << i;
    }
  }
  EXPECT_LT(bytes_->size(), u64{2} << 20);
}

// LGX_DAMAGES: how many.
TEST_F(SnapshotBytes, DamageIsRefusedByNameAndPlace) {
  const char* const wanted = std::getenv("LGX_DAMAGES");
  const int damages = wanted == nullptr ? 300 : std::atoi(wanted);
  u64 seed = 1;
  const auto chance = [&seed](u64 below) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % below;
  };
  for (int i = 0; i < damages; ++i) {
    std::vector<u8> bytes = *bytes_;
    if (i % 3 == 0) bytes.resize(chance(bytes.size()));
    const u64 at = chance(std::min<u64>(bytes.size() + 1, i % 2 == 0 ? 2000 : ~u64{0}));
    if (at < bytes.size()) bytes[at] ^= static_cast<u8>(1 + chance(255));
    const StatusOr<SnapshotFile> file = DecodeSnapshot(bytes, "bad.lgxsnap");
    ASSERT_FALSE(file.ok()) << i;
    const std::string text = MessageOf(file.status());
    EXPECT_NE(text.find("bad.lgxsnap"), std::string::npos) << text;
    EXPECT_NE(text.find("offset"), std::string::npos) << text;
    EXPECT_TRUE(file.status().code() == kDataLoss ||
                file.status().code() == kInvalidArgument)
        << text;
  }
}

// What is wrong with memory shows when a machine is made.
TEST_F(SnapshotBytes, DamagedPagesInAFileBecomeNoMachine) {
  const TempFile path("snap");
  std::vector<u8> bytes = *bytes_;
  bytes[bytes.size() - 5000] ^= 1;
  ASSERT_TRUE(WriteFile(path.path(), bytes, Overwrite::kRefuse).ok());
  const StatusOr<SnapshotFile> file = ReadSnapshot(path.path());
  ASSERT_TRUE(file.ok()) << MessageOf(file.status());
  for (const Status& status :
       {LoneMachine::Make(*file).status(), DescribeSnapshot(*file).status()}) {
    EXPECT_EQ(status.code(), kDataLoss);
    EXPECT_TRUE(MessageOf(status).starts_with(path.path() + ": offset 0x"))
        << MessageOf(status);
  }
  EXPECT_FALSE(ReadWholeSnapshot(path.path()).ok());
}

TEST_F(SnapshotBytes, AMachineFromAFileIsTheOneFromMemory) {
  const TempFile path("snap");
  ASSERT_TRUE(WriteFile(path.path(), *bytes_, Overwrite::kRefuse).ok());
  const StatusOr<SnapshotFile> file = ReadSnapshot(path.path());
  ASSERT_TRUE(file.ok()) << MessageOf(file.status());
  EXPECT_EQ(DescribeSnapshot(*file).value(), DescribeSnapshot(*file_).value());
  for (int i = 0; i < 2; ++i) {
    const auto lone = LoneMachine::Make(*file);
    ASSERT_TRUE(lone.ok()) << MessageOf(lone.status());
    EXPECT_EQ((*lone)->machine().Hash(), file_->hash);
  }
}

TEST_F(SnapshotBytes, StatesAreComparedInWords) {
  const TempFile path("later");
  const SnapshotFile later = SnapshotAt(DemoConfig(false), 3'000'001, path.path());
  EXPECT_TRUE(CompareSnapshots(*file_, *file_).value().empty());
  const std::vector<std::string> lines = CompareSnapshots(*file_, later).value();
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], "instructions: 3000000 | 3000001");
}

}  // namespace
}  // namespace lgx
