// What has to hold of any recorded run, however long. By itself each test takes the
// built-in guest and a few moments; with a log of a real kernel it asks the same of that:
//
//   LGX_LOG=FILE       the log of a run (lgx run --record FILE), with its disks as the
//                      run left them
//   LGX_REPLAYS=N      how often it is repeated
//   LGX_BACKS=N        from how many places one step back is taken
//   LGX_KERNEL=FILE, LGX_INITRD=FILE, LGX_POINTS=N
//                      what boots, and how many snapshots of it are taken
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <set>

#include "replay/lone_machine.h"
#include "replay/session.h"
#include "replay/snapshot_file.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::MoodyConsole;
using test::Nobody;
using test::TempFile;

constexpr u64 kHashEvery = 1'000'000;

int Wanted(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

u64 Chance(u64* seed, u64 below) {
  *seed = *seed * 6364136223846793005 + 1442695040888963407;
  return (*seed >> 20) % below;
}

class LongRun : public ::testing::Test {
 protected:
  InputLog Log() {
    const char* path = std::getenv("LGX_LOG");
    const TempFile file("log");
    if (path == nullptr) {
      MoodyConsole console(test::kTyped, 4);
      (void)test::Record(test::ShellConfig(), console, file.path());
      path = file.path().c_str();
    }
    StatusOr<InputLog> log = ReadInputLog(path);
    CHECK(log.ok()) << MessageOf(log.status());
    return *std::move(log);
  }

  // The hashes of the whole state at these counts, and at the end.
  std::vector<u64> Hashes(const std::vector<u64>& places) {
    const std::unique_ptr<Player> player = Player::Create(Log()).value();
    BufferBackend console;
    Networks networks;
    GuestRun run(player->config(), builtin_, console, nobody_, player.get());
    CHECK(run.Boot(networks).ok());
    std::vector<u64> hashes;
    for (const u64 place : places) {
      if (run.machine().RunTo({.instructions = place}) == Machine::Stop::kEnded) break;
      hashes.push_back(run.machine().Hash());
    }
    (void)run.machine().Run();
    length_ = run.machine().instructions();
    hashes.push_back(run.machine().Hash());
    EXPECT_TRUE(run.GoOn().ok());
    EXPECT_EQ(player->verdict().difference, "");
    EXPECT_TRUE(player->verdict().files.ok()) << MessageOf(player->verdict().files);
    return hashes;
  }

  const BuiltinKernel builtin_ = BuiltinGuest();
  Nobody nobody_;
  u64 length_ = 0;  // instructions, after Hashes()
};

TEST_F(LongRun, EveryRepetitionHasTheSameHashes) {
  (void)Hashes({});
  std::vector<u64> places;
  for (u64 at = kHashEvery; at < length_; at += kHashEvery) places.push_back(at);
  const std::vector<u64> first = Hashes(places);
  EXPECT_EQ(first.size(), places.size() + 1);
  const int replays = Wanted("LGX_REPLAYS", 3);
  for (int i = 1; i < replays; ++i) ASSERT_EQ(Hashes(places), first) << i;
  RecordProperty("hashes", static_cast<int>(first.size()));
}

TEST_F(LongRun, OneStepBackIsTheStateBefore) {
  (void)Hashes({});
  u64 seed = 7;
  std::set<u64> chosen;
  const auto count = static_cast<std::size_t>(Wanted("LGX_BACKS", 8));
  while (chosen.size() < count) chosen.insert(1 + Chance(&seed, length_ - 2));
  const std::vector<u64> places(chosen.begin(), chosen.end());
  const std::vector<u64> hashes = Hashes(places);
  std::vector<std::size_t> order(places.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    std::swap(order[i], order[Chance(&seed, i + 1)]);
  }
  BufferBackend console;
  const auto session =
      ReplaySession::Open(Log(), builtin_, console, nobody_, {.spacing = 50'000'000});
  ASSERT_TRUE(session.ok()) << MessageOf(session.status());
  TimeMachine& time = (*session)->time();
  ASSERT_EQ(time.RunTo({}), Machine::Stop::kEnded);
  std::clock_t slowest = 0;
  for (const std::size_t i : order) {
    ASSERT_TRUE(time.GoTo(places[i] + 1).ok());
    const std::clock_t start = std::clock();
    ASSERT_TRUE(time.GoTo(time.machine().instructions() - 1).ok());
    slowest = std::max(slowest, std::clock() - start);
    ASSERT_EQ(time.machine().instructions(), places[i]);
    ASSERT_EQ(time.machine().Hash(), hashes[i]) << "at " << places[i];
  }
  // To be read, not to be judged: CPU time.
  RecordProperty("slowest_ms", static_cast<int>(slowest * 1000 / CLOCKS_PER_SEC));
}

// Keeps the state of many places of one run.
class Album final : public RunHooks {
 public:
  Album(const MachineConfig& config, std::set<u64> places)
      : config_(config), places_(std::move(places)) {}
  Status OnFiles(const BootFiles& files) override {
    form_ = FormOf(files);
    return absl::OkStatus();
  }
  Machine::Goal NextPause(const Machine&) override {
    return {.instructions = places_.empty() ? EventSource::kNever : *places_.begin()};
  }
  Status OnPause(Machine& machine) override {
    SnapshotFile& file = files_.emplace_back();
    file.config = config_;
    file.form = form_;
    file.hash = machine.Hash();
    file.snapshot = TakeSnapshot(
        machine, files_.size() == 1 ? nullptr : &files_[files_.size() - 2].snapshot);
    places_.erase(places_.begin());
    return absl::OkStatus();
  }
  const std::vector<SnapshotFile>& files() const { return files_; }

 private:
  MachineConfig config_;
  std::set<u64> places_;
  MachineForm form_;
  std::vector<SnapshotFile> files_;
};

TEST_F(LongRun, FromAnySnapshotItEndsInTheSameState) {
  MachineConfig config = test::ShellConfig();
  config.kernel.cmdline = "demo";
  if (const char* const kernel = std::getenv("LGX_KERNEL"); kernel != nullptr) {
    config = MachineConfig();
    config.kernel.path = kernel;
    const char* const initrd = std::getenv("LGX_INITRD");
    if (initrd != nullptr) config.kernel.initrd = initrd;
  }
  const auto run = [&](RunHooks* hooks) {
    BufferBackend console;
    console.EndInput();
    StatusOr<LaunchResult> result = Launch(config, builtin_, console, nobody_, hooks);
    CHECK(result.ok()) << MessageOf(result.status());
    return *std::move(result);
  };
  const LaunchResult whole = run(nullptr);
  u64 seed = 99;
  std::set<u64> places;
  const auto count = static_cast<std::size_t>(Wanted("LGX_POINTS", 4));
  while (places.size() < count) places.insert(1 + Chance(&seed, whole.instructions - 1));
  Album album(config, places);
  EXPECT_EQ(run(&album).hash, whole.hash);
  ASSERT_EQ(album.files().size(), count);
  for (const SnapshotFile& kept : album.files()) {
    const StatusOr<SnapshotFile> file = DecodeSnapshot(EncodeSnapshot(kept), "kept");
    ASSERT_TRUE(file.ok()) << MessageOf(file.status());
    const auto lone = LoneMachine::Make(*file);
    ASSERT_TRUE(lone.ok()) << MessageOf(lone.status());
    (*lone)->EndInput();
    (void)(*lone)->machine().Run();
    ASSERT_EQ((*lone)->machine().instructions(), whole.instructions);
    ASSERT_EQ((*lone)->machine().Hash(), whole.hash) << file->snapshot.instructions;
  }
}

}  // namespace
}  // namespace lgx
