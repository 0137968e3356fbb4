// Snapshots whose checksums are right and whose content is not: whoever made such a file
// may have put anything into it. A state is refused, or the machine runs with it, or ends
// and says why; nothing else happens.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/endian.h"
#include "replay/lone_machine.h"
#include "replay/resume.h"
#include "replay/snapshot_writer.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::Nobody;
using test::TempFile;

class Chance {
 public:
  explicit Chance(u64 seed) : state_(seed) {}
  u64 Below(u64 limit) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % limit;
  }

 private:
  u64 state_;
};

SnapshotFile Sound(bool pae, u64 instructions) {
  MachineConfig config = test::ShellConfig(pae);
  config.kernel.cmdline = "demo";
  config.rng.present = true;
  const TempFile path("crafted", pae ? "pae" : "two-level");
  SnapshotRequests requests;
  requests.at = {{{.instructions = instructions}, path.path()}};
  SnapshotWriter writer(config, requests, nullptr);
  Nobody nobody;
  BufferBackend console;
  console.EndInput();
  CHECK(Launch(config, BuiltinGuest(), console, nobody, &writer).ok());
  StatusOr<SnapshotFile> file = ReadWholeSnapshot(path.path());
  CHECK(file.ok()) << MessageOf(file.status());
  return *std::move(file);
}

void Overwrite(std::span<u8> bytes, Chance& chance) {
  constexpr u32 kNasty[] = {0, 1, 0x7f, 0x80, 0xfff, 0x1000, 0x7fffffff, 0x80000000, ~0u};
  const u64 at = chance.Below(bytes.size());
  if (bytes.size() - at >= 4 && chance.Below(2) == 0) {
    StoreLe<u32>(bytes.data() + at, kNasty[chance.Below(std::size(kNasty))]);
  } else {
    bytes[at] ^= static_cast<u8>(1 + chance.Below(255));
  }
}

// A copy with something else in its state, or in a page of memory that is in use.
SnapshotFile Crafted(const SnapshotFile& sound, Chance& chance) {
  SnapshotFile file = sound;
  if (chance.Below(3) != 0) {
    for (u64 i = 1 + chance.Below(3); i != 0; --i) Overwrite(file.snapshot.state, chance);
    return file;
  }
  for (u64 i = 1 + chance.Below(20); i != 0; --i) {
    // The Host, the Switcher and the shadow tables are at the bottom.
    const u64 frames = chance.Below(2) == 0 ? 64 : file.snapshot.pages.size();
    auto& page = file.snapshot.pages[chance.Below(frames)];
    auto copy = std::make_shared<PageBytes>();
    if (page != nullptr) *copy = *page;
    for (u64 n = 1 + chance.Below(40); n != 0; --n) Overwrite(*copy, chance);
    page = std::move(copy);
  }
  return file;
}

// LGX_CRAFTED: how many of each kind.
TEST(CraftedSnapshot, IsRefusedOrRunsOrEndsInWords) {
  const char* const wanted = std::getenv("LGX_CRAFTED");
  const int count = wanted == nullptr ? 60 : std::atoi(wanted);
  int refused = 0, gave_up = 0;
  for (const bool pae : {false, true}) {
    const SnapshotFile sound = Sound(pae, 3'000'000 + (pae ? 7 : 0));
    for (int i = 0; i < count; ++i) {
      SCOPED_TRACE(i);
      Chance chance(static_cast<u64>(i) * 2 + (pae ? 1 : 0));
      const SnapshotFile file = Crafted(sound, chance);
      StatusOr<std::unique_ptr<LoneMachine>> lone = LoneMachine::Make(file);
      if (!lone.ok()) {
        ++refused;
        EXPECT_EQ(lone.status().code(), kDataLoss) << MessageOf(lone.status());
        continue;
      }
      (*lone)->EndInput();
      Machine& machine = (*lone)->machine();
      const u64 now = machine.instructions();
      (void)machine.RunTo(
          {.instructions = now + 30'000, .ns = machine.virtual_ns() + 50'000'000});
      if (!machine.crossing().failure().empty()) {
        ++gave_up;
        EXPECT_TRUE(machine.ended());
      }
      (void)machine.Hash();
    }
  }
  if (count >= 60) {
    EXPECT_GT(refused, 0);
    EXPECT_GT(gave_up, 0);
  }
}

// A loop that nothing comes out of, in the place of one page after the other.
TEST(CraftedSnapshot, AHostThatDoesNotComeBackIsGivenUp) {
  const SnapshotFile sound = Sound(false, 3'000'000);
  auto loop = std::make_shared<PageBytes>();
  for (std::size_t i = 0; i < loop->size(); i += 2) {
    StoreLe<u16>(loop->data() + i, 0xfeeb);  // jmp $
  }
  bool lost = false;
  for (u32 frame = 0; frame < 0x40 && !lost; ++frame) {
    SCOPED_TRACE(frame);
    if (sound.snapshot.pages[frame] == nullptr) continue;
    SnapshotFile file = sound;
    file.snapshot.pages[frame] = loop;
    StatusOr<std::unique_ptr<LoneMachine>> lone = LoneMachine::Make(file);
    if (!lone.ok()) continue;
    (*lone)->EndInput();
    Machine& machine = (*lone)->machine();
    // Behind the next interrupt of the Host's timer, and its patience.
    (void)machine.RunTo({.instructions = machine.instructions() + 3'000'000});
    lost = machine.crossing().failure().ends_with("does not come back from an interrupt");
    EXPECT_TRUE(!lost || machine.ended());
  }
  EXPECT_TRUE(lost);
}

// The program's way: the file's name and an exit code of 8.
TEST(CraftedSnapshot, ARunFromOneNamesTheFile) {
  SnapshotFile file = Sound(false, 3'000'000);
  // Where the Host has its tables is something else: no passage comes back.
  for (u32 frame = 0x10; frame < 0x40; ++frame) {
    auto page = std::make_shared<PageBytes>();
    page->fill(0xf4);  // hlt
    file.snapshot.pages[frame] = std::move(page);
  }
  const MachineConfig config = file.config;
  ResumedRun resumed(std::move(file), "bad.lgxsnap", config);
  Nobody nobody;
  BufferBackend console;
  console.EndInput();
  const StatusOr<LaunchResult> result =
      Launch(config, BuiltinGuest(), console, nobody, &resumed);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), kDataLoss);
  EXPECT_TRUE(MessageOf(result.status()).starts_with("bad.lgxsnap: "))
      << MessageOf(result.status());
}

}  // namespace
}  // namespace lgx
