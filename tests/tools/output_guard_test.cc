#include "tools/output_guard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tools/exit_codes.h"

namespace lgx {
namespace {

namespace fs = std::filesystem;

class OutputGuard : public testing::Test {
 protected:
  OutputGuard()
      : folder_(fs::temp_directory_path() /
                ("lgx-output-guard-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }
  ~OutputGuard() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string File(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  std::string Elf(const std::string& name, char type) const {
    return File(name, std::string("\x7f"
                                  "ELF\1\1\1") +
                          std::string(9, '\0') + type);
  }
  std::string BzImage() const {
    std::string bytes(0x400, '\0');
    bytes.replace(0x1fe, 2, "\x55\xaa");
    bytes.replace(0x202, 4, "HdrS");
    return File("bz", bytes);
  }
  static std::string Refusal(const OutputFile& output,
                             const std::vector<InputFile>& inputs = {}) {
    const Status status = GuardOutput(output, inputs);
    EXPECT_TRUE(status.ok() || ExitCodeFor(status.code()) == kExitUsage);
    return MessageOf(status);
  }

 private:
  fs::path folder_;
};

TEST_F(OutputGuard, AnImageIsNotOverwritten) {
  EXPECT_NE(Refusal({"--stats", Elf("vmlinux", 2)}).find("--stats: '"),
            std::string::npos);
  EXPECT_NE(Refusal({"--stats", Elf("vmlinux", 2)}).find("is an ELF image and"),
            std::string::npos);
  EXPECT_NE(Refusal({"--html", BzImage()}).find("a bzImage"), std::string::npos);
  EXPECT_NE(Refusal({"--stats", Elf("core", 4)}).find("an ELF core"), std::string::npos);
}

TEST_F(OutputGuard, OptionsThatWriteImagesReplaceThem) {
  const OutputFile kernel{"--write-kernel", Elf("vmlinux", 2), MayReplace::kImage};
  EXPECT_EQ(Refusal(kernel), "");
  EXPECT_EQ(Refusal({"--dump-on-crash", Elf("core", 4), MayReplace::kCore}), "");
  EXPECT_NE(Refusal({"--dump-on-crash", Elf("vmlinux", 2), MayReplace::kCore}), "");
  EXPECT_NE(Refusal({"--dump-on-crash", BzImage(), MayReplace::kCore}), "");
  EXPECT_NE(Refusal(kernel, {{"the kernel", kernel.path}}).find("is the kernel"),
            std::string::npos)
      << "but not what is read";
}

TEST_F(OutputGuard, WhatTheCommandReadsIsFoundUnderAnyName) {
  const std::string disk = File("disk", "text");
  fs::create_symlink(disk, Path("link"));
  const std::vector<InputFile> inputs = {
      {"the initial RAM disk", ""}, {"the config file", Path("none")}, {"a disk", disk}};
  EXPECT_NE(Refusal({"--trace", Path("link")}, inputs).find("is a disk, which"),
            std::string::npos);
  EXPECT_NE(Refusal({"--trace", Path(".") + "/disk"}, inputs), "");
  EXPECT_EQ(Refusal({"--trace", File("other", "text")}, inputs), "");
}

TEST_F(OutputGuard, WhatHoldsNothingIsFine) {
  EXPECT_EQ(Refusal({"--stats", ""}), "");
  EXPECT_EQ(Refusal({"--stats", Path("new")}), "");
  EXPECT_EQ(Refusal({"--stats", Path("no-folder/new")}), "");
  EXPECT_EQ(Refusal({"--stats", "/dev/null"}), "");
  EXPECT_EQ(Refusal({"--stats", Path("")}), "") << "a folder: told when it is opened";
  EXPECT_EQ(Refusal({"--stats", File("empty", "")}), "");
  EXPECT_EQ(Refusal({"--stats", File("three",
                                     "\x7f"
                                     "EL")}),
            "");
}

TEST_F(OutputGuard, EveryOutputOfACommandLineIsLookedAt) {
  const std::string kernel = Elf("kernel", 2);
  const auto refused = [&](std::vector<std::string> words) {
    const StatusOr<CommandLine> line = ParseCommandLine(words);
    EXPECT_TRUE(line.ok()) << MessageOf(line.status());
    return line.ok() ? MessageOf(GuardOutputs(*line)) : "";
  };
  for (const char* option : {"--stats", "--json-result", "--report", "--profile",
                             "--dump-on-crash", "--record", "--write-kernel"}) {
    EXPECT_NE(refused({"run", kernel, option, kernel}).find("is the kernel"),
              std::string::npos)
        << option;
    EXPECT_EQ(refused({"run", kernel, option, Path("new")}), "") << option;
  }
  const std::string trace = Elf("kernel.txt", 2);
  for (const std::string& words :
       {"--trace=all=" + trace, "--snapshot-at=insn:1=" + trace, "--log=info:" + trace,
        "--console=file=" + trace, "--net=none,capture=" + trace}) {
    EXPECT_NE(refused({"run", kernel, words}), "") << words;
  }
  EXPECT_NE(refused({"run", kernel, "--and", "--stats", kernel}), "");
  EXPECT_NE(refused({"run", "--stats", kernel, "--and", kernel}), "");
  EXPECT_NE(refused({"bare", kernel, "--stats", kernel}), "");
  EXPECT_NE(refused({"bench", "scaling", "--json", kernel}), "");
  EXPECT_EQ(refused({"run", kernel}), "");
}

}  // namespace
}  // namespace lgx
