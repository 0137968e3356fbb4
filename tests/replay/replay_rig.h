// The built-in guest with somebody at its console who types whenever they like, recorded
// and repeated.
#ifndef LGX_TESTS_REPLAY_REPLAY_RIG_H_
#define LGX_TESTS_REPLAY_REPLAY_RIG_H_

#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "devices/backend_buffer.h"
#include "guests/builtin_kernel.h"
#include "machine/launcher.h"
#include "replay/player.h"
#include "replay/recorder.h"

namespace lgx::test {

// Types its text in pieces of chance length at moments of chance, and wakes up early as
// often as not. Another seed is another person.
class MoodyConsole final : public ConsoleBackend {
 public:
  MoodyConsole(std::string text, u64 seed) : text_(std::move(text)), state_(seed) {}

  void Write(std::span<const u8> bytes) override {
    output.append(bytes.begin(), bytes.end());
  }
  std::size_t Read(std::span<u8> to) override {
    if (typed_ == text_.size() || Chance(4) != 0) return 0;
    const std::size_t count =
        std::min({to.size(), text_.size() - typed_, std::size_t{1} + Chance(5)});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(typed_), count, to.begin());
    typed_ += count;
    return count;
  }
  bool InputEnded() const override { return typed_ == text_.size(); }
  u64 Wait(u64 timeout_ns, bool, std::span<const WaitFd>) override {
    // The next key comes soon.
    const u64 key_ns = InputEnded() ? timeout_ns : 1 + Chance(20'000'000);
    return Chance(3) == 0 ? timeout_ns / (1 + Chance(100)) : std::min(timeout_ns, key_ns);
  }
  std::optional<ConsoleEvent> NextEvent() override {
    // Something that concerns the person alone.
    if (Chance(50) == 0) return ConsoleEvent{ConsoleEventKind::kHelp, 0, ""};
    return std::nullopt;
  }

  std::string output;

 private:
  u64 Chance(u64 below) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 33) % below;
  }

  std::string text_;
  std::size_t typed_ = 0;
  u64 state_;
};

class Nobody final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles&, u32) override {}
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
};

// A file name of this test's own, removed at the end.
class TempFile {
 public:
  explicit TempFile(const std::string& name)
      : TempFile(::testing::UnitTest::GetInstance()->current_test_info()->name(), name) {}
  // Outside of a test.
  TempFile(const std::string& test, const std::string& name)
      : path_((std::filesystem::temp_directory_path() /
               ("lgx-" + test + "-" + name + "-" + std::to_string(getpid())))
                  .string()) {}
  ~TempFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline MachineConfig ShellConfig(bool pae = false) {
  MachineConfig config;
  config.memory = 16 * kMiB;
  config.kernel.cmdline = "sh";
  config.cpu.pae = pae;
  config.limits.virtual_ns = 20'000'000'000;
  return config;
}

inline constexpr const char* kTyped = "help\nmem\nuptime\nhalt\npoweroff\n";

// Runs and records; the log is in `path`.
inline LaunchResult Record(const MachineConfig& config, ConsoleBackend& console,
                           const std::string& path) {
  Nobody nobody;
  Recorder recorder(path, config);
  const StatusOr<LaunchResult> result =
      Launch(config, BuiltinGuest(), console, nobody, &recorder);
  recorder.Finish();
  CHECK(result.ok()) << MessageOf(result.status());
  CHECK(recorder.status().ok()) << MessageOf(recorder.status());
  return *result;
}

}  // namespace lgx::test

#endif  // LGX_TESTS_REPLAY_REPLAY_RIG_H_
