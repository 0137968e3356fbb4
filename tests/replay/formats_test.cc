// Files that earlier versions wrote must be read for ever: tests/replay/data has a log
// and a snapshot of each version of the formats. LGX_WRITE_FORMATS=FOLDER writes those of
// this version there.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "replay/lone_machine.h"
#include "replay/snapshot_writer.h"
#include "tests/machine/tiny_guest.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::Gate;
using test::kTinyHandlers;
using test::MoodyConsole;
using test::Nobody;
using test::ResultAt;
using test::TempFile;
using test::TinyGuest;

constexpr const char* kFolder = "tests/replay/data/";

// A kernel that is the same wherever the test is built: it sleeps, wakes, and counts,
// twenty times.
std::vector<u8> Kernel() {
  TinyGuest guest;
  guest.handler.Count(ResultAt(0));
  guest.handler.Iret();
  guest.text.Init();
  guest.text.LoadGate(32, kTinyHandlers, Gate::kInterrupt);
  const test::TinyCode::Label again = guest.text.NewLabel();
  guest.text.Bind(again);
  guest.text.SetClock(30'000'000);
  guest.text.Hypercall(10);
  const test::TinyCode::Label done = guest.text.NewLabel();
  guest.text.JumpWhenReached(ResultAt(0), 20, done);
  guest.text.Jmp(again);
  guest.text.Bind(done);
  guest.text.PowerOff();
  return guest.MakeVmlinux();
}

class Formats : public ::testing::Test {
 protected:
  Formats() { CHECK(WriteFile(kernel_.path(), Kernel(), Overwrite::kReplace).ok()); }

  MachineConfig Config() const {
    MachineConfig config;
    config.memory = 16 * kMiB;
    config.kernel.path = kernel_.path();
    config.rng.present = true;
    return config;
  }

  // Both files, made by this version.
  void Make(const std::string& log, const std::string& snapshot) {
    // Somebody who types at nobody, so that waits end early and input ends.
    MoodyConsole console("some text for nobody", 3);
    const MachineConfig config = Config();
    Recorder recorder(log, config);
    SnapshotRequests requests;
    requests.at = {{{.ns = 400'000'000}, snapshot}};
    SnapshotWriter writer(config, requests, &recorder);
    Nobody nobody;
    const StatusOr<LaunchResult> result =
        Launch(config, BuiltinGuest(), console, nobody, &writer);
    ASSERT_TRUE(result.ok()) << MessageOf(result.status());
    recorder.Finish();
    ASSERT_EQ(result->ending.kind, Ending::Kind::kPowerOff) << result->ending.reason;
    ASSERT_EQ(writer.written().size(), 1u);
  }

  u64 CheckLog(const std::string& path) {
    StatusOr<InputLog> log = ReadInputLog(path);
    CHECK(log.ok()) << MessageOf(log.status());
    const u64 hash = DecodeEnd(*log->end(), path).value().hash;
    StatusOr<std::unique_ptr<Player>> player = Player::Create(*std::move(log));
    CHECK(player.ok()) << MessageOf(player.status());
    (*player)->config().kernel.path = kernel_.path();
    Nobody nobody;
    BufferBackend console;
    const StatusOr<LaunchResult> result =
        Launch((*player)->config(), BuiltinGuest(), console, nobody, player->get());
    CHECK(result.ok()) << MessageOf(result.status());
    EXPECT_TRUE((*player)->verdict().whole) << (*player)->verdict().difference;
    EXPECT_EQ(result->hash, hash);
    return hash;
  }

  void CheckSnapshot(const std::string& path) {
    const StatusOr<SnapshotFile> file = ReadSnapshot(path);
    ASSERT_TRUE(file.ok()) << MessageOf(file.status());
    StatusOr<std::unique_ptr<LoneMachine>> lone = LoneMachine::Make(*file);
    ASSERT_TRUE(lone.ok()) << MessageOf(lone.status());
    EXPECT_EQ((*lone)->machine().Hash(), file->hash);
    (*lone)->EndInput();
    EXPECT_EQ((*lone)->machine().Run().kind, Ending::Kind::kPowerOff);
  }

  const TempFile kernel_{"kernel"};
};

TEST_F(Formats, WhatThisVersionWritesItReads) {
  const TempFile log("log"), snapshot("snap");
  Make(log.path(), snapshot.path());
  (void)CheckLog(log.path());
  CheckSnapshot(snapshot.path());
  if (const char* folder = std::getenv("LGX_WRITE_FORMATS")) {
    Make(std::string(folder) + "/v1.lgxlog", std::string(folder) + "/v1.lgxsnap");
  }
}

TEST_F(Formats, Version1) {
  (void)CheckLog(std::string(kFolder) + "v1.lgxlog");
  CheckSnapshot(std::string(kFolder) + "v1.lgxsnap");
}

}  // namespace
}  // namespace lgx
