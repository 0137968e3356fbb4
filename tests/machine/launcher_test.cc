#include "machine/launcher.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "tests/machine/kernel_builder.h"
#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::ByteVector;
using test::TinyGuest;

class Watcher final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles& files, u32 boot) override {
    modes.push_back(files.mode);
    if (on_boot) on_boot(boot);
  }
  void OnWarning(const std::string& text) override { warnings.push_back(text); }
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}

  std::function<void(u32)> on_boot;
  std::vector<PagingMode> modes;
  std::vector<std::string> warnings;
};

class LauncherTest : public ::testing::Test {
 protected:
  LauncherTest() {
    config_.memory = 16 * kMiB;
    config_.kernel.path = path_;
    config_.limits.instructions = 5'000'000;
    console_.EndInput();
  }
  ~LauncherTest() override { std::remove(path_.c_str()); }

  void PutKernel(const std::vector<u8>& bytes) {
    ASSERT_TRUE(WriteFile(path_, bytes, Overwrite::kReplace).ok());
  }
  void PutTiny(void (*write)(test::TinyCode&)) {
    TinyGuest guest;
    guest.text.Init();
    write(guest.text);
    PutKernel(guest.MakeVmlinux());
  }
  StatusOr<LaunchResult> Go() { return Launch(config_, {}, console_, watcher_); }

  const std::string path_ =
      (std::filesystem::temp_directory_path() /
       ("lgx-launcher-test-" +
        std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())))
          .string();
  MachineConfig config_;
  BufferBackend console_;
  Watcher watcher_;
};

void PowerOff(test::TinyCode& text) { text.PowerOff(); }
void Restart(test::TinyCode& text) { text.Restart(); }
void Crash(test::TinyCode& text) { text.Crash(); }

TEST_F(LauncherTest, AKernelRunsToItsEnd) {
  PutTiny(PowerOff);
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "power-off");
  EXPECT_EQ(result->boots, 1u);
  EXPECT_GT(result->instructions, 0u);
  EXPECT_EQ(result->stats.Get("cpu.instructions"), result->instructions);
  EXPECT_TRUE(result->post_mortem.empty());
}

TEST_F(LauncherTest, ARestartReadsTheFilesAgain) {
  PutTiny(Restart);
  watcher_.on_boot = [this](u32 boot) {
    if (boot == 2) PutTiny(PowerOff);
  };
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "power-off");
  EXPECT_EQ(result->boots, 4u);
}

TEST_F(LauncherTest, WithoutRebootARestartIsTheEnd) {
  PutTiny(Restart);
  config_.on_restart = MachineConfig::OnEnd::kStop;
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "restart");
  EXPECT_EQ(result->boots, 1u);
}

TEST_F(LauncherTest, ACrashMayStartAfreshToo) {
  PutTiny(Crash);
  config_.on_panic = MachineConfig::OnEnd::kReboot;
  watcher_.on_boot = [this](u32 boot) {
    if (boot == 0) PutTiny(PowerOff);
  };
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "power-off");
  EXPECT_EQ(result->boots, 2u);
}

TEST_F(LauncherTest, ACrashLeavesAReport) {
  PutTiny(Crash);
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "crash");
  EXPECT_NE(result->post_mortem.find("SHUTDOWN"), std::string::npos);
}

TEST_F(LauncherTest, AKernelThatVanishesBeforeARestartIsAnError) {
  PutTiny(Restart);
  watcher_.on_boot = [this](u32) { std::remove(path_.c_str()); };
  const auto result = Go();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kNotFound);
}

// README decision 11: nothing in the kernel tells its format, it dies before its first
// SET_PTE, so PAE is tried, once.
TEST_F(LauncherTest, AKernelOfUnknownFormatIsTriedOnceWithPae) {
  ByteVector kernel = test::BuildVmlinux({.mark = test::PaeMark::kNone});
  PutKernel(kernel);
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_STREQ(NameOf(result->ending.kind), "killed");
  EXPECT_EQ(watcher_.modes,
            (std::vector<PagingMode>{PagingMode::kTwoLevel, PagingMode::kPae}));
  ASSERT_EQ(watcher_.warnings.size(), 1u);
  EXPECT_NE(watcher_.warnings[0].find("--pae"), std::string::npos);
}

TEST_F(LauncherTest, ToldFormatsAreNotTriedAgain) {
  PutKernel(test::BuildVmlinux({.mark = test::PaeMark::kNone}));
  config_.cpu.pae = false;
  const auto result = Go();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(watcher_.modes, (std::vector<PagingMode>{PagingMode::kTwoLevel}));
}

// ---- what is refused without a machine

TEST_F(LauncherTest, EveryRefusalComesBeforeTheMachineIsMade) {
  struct Case {
    std::function<void()> prepare;
    StatusCode code;
    const char* says;
  };
  const MachineConfig good = config_;
  PutTiny(PowerOff);
  for (const Case& c : {
           Case{[&] { config_.kernel.path += "-not"; }, StatusCode::kNotFound, "-not"},
           Case{[&] { config_.memory = kMiB; }, StatusCode::kOutOfRange, "8 MiB"},
           Case{[&] { config_.kernel.initrd = path_ + "-rd"; }, StatusCode::kNotFound,
                "-rd"},
           Case{[&] { config_.kernel.symbols = path_ + "-map"; }, StatusCode::kNotFound,
                "-map"},
           Case{[&] { config_.kernel.cmdline = std::string(5000, 'x'); },
                StatusCode::kOutOfRange, "2047"},
           Case{[&] { config_.guest.abi = Generation::kA; }, StatusCode::kInvalidArgument,
                "generation A"},
       }) {
    config_ = good;
    c.prepare();
    const auto files = ReadBootFiles(config_, {});
    ASSERT_FALSE(files.ok()) << c.says;
    EXPECT_NE(MessageOf(files.status()).find(c.says), std::string::npos)
        << files.status();
    if (c.code != StatusCode::kInvalidArgument) {
      EXPECT_EQ(files.status().code(), c.code) << files.status();
    }
  }
}

TEST_F(LauncherTest, AKernelThatDoesNotFitIsRefusedBeforeTheMachineIsMade) {
  PutKernel(test::BuildVmlinux({.load_at = 0x00ff0000}));
  const auto files = ReadBootFiles(config_, {});
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.status().code(), StatusCode::kOutOfRange) << files.status();
  EXPECT_NE(MessageOf(files.status()).find("-m "), std::string::npos) << files.status();
}

}  // namespace
}  // namespace lgx
