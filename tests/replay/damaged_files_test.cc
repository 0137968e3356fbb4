// Snapshots and logs that were cut, overwritten, shortened in the middle, or put together
// in another order: refused by name and place, whatever it is.
//
//   LGX_DAMAGED=N      how many of each
//   LGX_LOG=FILE, LGX_SNAPSHOT=FILE
//                      what is damaged, in place of the built-in guest's
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "replay/lone_machine.h"
#include "replay/snapshot_writer.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::Nobody;
using test::TempFile;

class Damage {
 public:
  enum class Kind : u8 { kCut, kBit, kOnes, kRemoved, kRepeated, kNoise };

  // What it made of `bytes`; never the same again.
  std::vector<u8> Of(const std::vector<u8>& bytes) {
    std::vector<u8> bad = bytes;
    while (bad == bytes) Apply(&bad);
    return bad;
  }
  // The end of the last one is missing.
  bool cut() const { return cut_; }

 private:
  void Apply(std::vector<u8>* bytes) {
    const Kind kind = static_cast<Kind>(Chance(6));
    // Where a file begins much is said.
    const u64 size = bytes->size();
    const u64 at = Chance(Chance(2) == 0 ? size : std::min<u64>(size, 3000));
    const u64 len = std::min(size - at, 1 + Chance(5000));
    const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(len);
    cut_ = kind == Kind::kCut || (kind == Kind::kRemoved && end == bytes->end());
    switch (kind) {
      case Kind::kCut:
        return bytes->resize(at);
      case Kind::kBit:
        *begin ^= static_cast<u8>(1u << Chance(8));
        return;
      case Kind::kOnes:
        std::fill(begin, std::min(end, begin + 8), u8{0xff});
        return;
      case Kind::kRemoved:
        bytes->erase(begin, end);
        return;
      case Kind::kRepeated: {
        const std::vector<u8> copy(begin, end);
        const auto to = static_cast<std::ptrdiff_t>(Chance(size));
        bytes->insert(bytes->begin() + to, copy.begin(), copy.end());
        return;
      }
      case Kind::kNoise:
        std::generate(begin, end, [this] { return static_cast<u8>(Chance(256)); });
        return;
    }
  }
  u64 Chance(u64 below) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % below;
  }

  u64 state_ = 3;
  bool cut_ = false;
};

int Wanted() {
  const char* const text = std::getenv("LGX_DAMAGED");
  return text == nullptr ? 60 : std::atoi(text);
}

void NamesThePlace(const Status& status, const std::string& path) {
  const std::string text = MessageOf(status);
  EXPECT_TRUE(status.code() == kDataLoss || status.code() == kInvalidArgument) << text;
  EXPECT_NE(text.find(path), std::string::npos) << text;
  EXPECT_NE(text.find("offset 0x"), std::string::npos) << text;
}

TEST(DamagedFiles, ASnapshotBecomesNoMachine) {
  const TempFile path("snap");
  const char* source = std::getenv("LGX_SNAPSHOT");
  if (source == nullptr) {
    MachineConfig config = test::ShellConfig();
    config.kernel.cmdline = "demo";
    SnapshotRequests requests;
    requests.at = {{{.instructions = 3'000'000}, path.path()}};
    SnapshotWriter writer(config, requests, nullptr);
    Nobody nobody;
    BufferBackend console;
    console.EndInput();
    ASSERT_TRUE(Launch(config, BuiltinGuest(), console, nobody, &writer).ok());
    source = path.path().c_str();
  }
  const std::vector<u8> good = ReadFile(source).value();
  Damage damage;
  for (int i = 0; i < Wanted(); ++i) {
    SCOPED_TRACE(i);
    // As WriteFile() does, but without waiting for the host's disk.
    ASSERT_TRUE(File::Create(path.path())->WriteAt(0, damage.Of(good)).ok());
    const StatusOr<SnapshotFile> file = ReadSnapshot(path.path());
    const Status status = file.ok() ? LoneMachine::Make(*file).status() : file.status();
    ASSERT_FALSE(status.ok());
    NamesThePlace(status, path.path());
  }
}

TEST(DamagedFiles, ALogIsRefusedOrEndsEarly) {
  const TempFile path("log");
  const char* source = std::getenv("LGX_LOG");
  if (source == nullptr) {
    test::MoodyConsole console(test::kTyped, 4);
    (void)test::Record(test::ShellConfig(), console, path.path());
    source = path.path().c_str();
  }
  const std::vector<u8> good = ReadFile(source).value();
  Damage damage;
  int cut = 0;
  for (int i = 0; i < Wanted(); ++i) {
    SCOPED_TRACE(i);
    StatusOr<InputLog> log = ParseInputLog(damage.Of(good), "x.lgxlog");
    if (log.ok() && log->cut) {
      // By chance a damaged length looks like a missing end.
      cut += damage.cut() ? 0 : 1;
      continue;
    }
    const Status status =
        log.ok() ? Player::Create(*std::move(log)).status() : log.status();
    ASSERT_FALSE(status.ok());
    NamesThePlace(status, "x.lgxlog");
  }
  EXPECT_LE(cut, 1 + Wanted() / 100);
}

}  // namespace
}  // namespace lgx
