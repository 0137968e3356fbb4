#include "tools/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/file.h"

namespace lgx {
namespace {

namespace fs = std::filesystem;

CommandLine LineOf(std::vector<std::string> words) {
  const StatusOr<CommandLine> line = ParseCommandLine(words);
  EXPECT_TRUE(line.ok()) << MessageOf(line.status());
  return line.ok() ? *line : CommandLine();
}

SandboxRights RightsOf(const CommandLine& line) {
  std::vector<MachineConfig> configs = {line.config};
  for (const CommandLine& more : line.more) configs.push_back(more.config);
  return lgx::RightsOf(line, configs);
}

StatusOr<Sandbox> PlanOf(const CommandLine& line) {
  return Sandbox::Plan(line, {&line.config, 1});
}

bool Has(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

TEST(Sandbox, KeepsWhatTheCommandLineNames) {
  const SandboxRights rights =
      RightsOf(LineOf({"run", "kernel", "-i", "initrd", "--stats", "/tmp/out/stats",
                       "--report", "/dev/null", "--record", "off", "-b", "disk"}));
  EXPECT_TRUE(Has(rights.read, "kernel"));
  EXPECT_TRUE(Has(rights.read, "initrd"));
  EXPECT_FALSE(Has(rights.read, "disk")) << "it is open already";
  EXPECT_EQ(rights.create, std::vector<std::string>{"/tmp/out"});
  EXPECT_EQ(rights.write, std::vector<std::string>{"/dev/null"});
  EXPECT_FALSE(rights.network);
}

TEST(Sandbox, KeepsWhatFurtherGuestsNeed) {
  const SandboxRights rights =
      RightsOf(LineOf({"run", "one", "--record", "off", "--and", "two", "-n", "user",
                       "--trace", "all=/tmp/x.txt"}));
  EXPECT_TRUE(Has(rights.read, "two"));
  EXPECT_TRUE(Has(rights.create, "/tmp"));
  EXPECT_TRUE(rights.network);
}

TEST(Sandbox, AndGdbDoNotGoTogether) {
  EXPECT_FALSE(PlanOf(LineOf({"run", "--gdb", "1234", "--sandbox", "on"})).ok());
  EXPECT_TRUE(PlanOf(LineOf({"run", "--gdb", "1234"})).ok());
}

// What `body` says in a process that has entered the sandbox: 0 is fine.
int InSandbox(const SandboxRights& rights, const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(EnterSandbox(rights).ok() ? body() : 100);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

int ErrorOfOpen(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

class EnteredSandbox : public testing::Test {
 protected:
  EnteredSandbox()
      : folder_(fs::temp_directory_path() / ("lgx-sandbox-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "out");
    std::ofstream(Path("named")) << "named";
    std::ofstream(Path("other")) << "other";
    rights_.read = {Path("named"), Path("none")};
    rights_.create = {Path("out")};
    rights_.write = {"/dev/null"};
  }
  ~EnteredSandbox() override { fs::remove_all(folder_); }
  void SetUp() override {
    if (const Status can = CheckSandbox(); !can.ok()) GTEST_SKIP() << MessageOf(can);
  }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
  SandboxRights rights_;
};

TEST_F(EnteredSandbox, OnlyNamedFilesCanBeOpened) {
  EXPECT_EQ(InSandbox(rights_, [&] { return ErrorOfOpen(Path("named"), O_RDONLY); }), 0);
  EXPECT_EQ(InSandbox(rights_, [&] { return ErrorOfOpen(Path("named"), O_RDWR); }),
            EACCES);
  EXPECT_EQ(InSandbox(rights_, [&] { return ErrorOfOpen(Path("other"), O_RDONLY); }),
            EACCES);
  EXPECT_EQ(
      InSandbox(rights_, [&] { return ErrorOfOpen(Path("new"), O_WRONLY | O_CREAT); }),
      EACCES);
  EXPECT_EQ(InSandbox(rights_, [] { return ErrorOfOpen("/dev/null", O_WRONLY); }), 0);
}

TEST_F(EnteredSandbox, OutputsStillAppearAndAreReplaced) {
  const std::string path = Path("out/file");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(
        InSandbox(rights_,
                  [&] {
                    const u8 byte = 1;
                    return WriteFile(path, {&byte, 1}, Overwrite::kReplace).ok() ? 0 : 1;
                  }),
        0);
    EXPECT_TRUE(fs::exists(path));
  }
}

TEST_F(EnteredSandbox, NoProgramAndNoSocket) {
  EXPECT_EQ(InSandbox(rights_,
                      [] {
                        execl("/bin/true", "true", nullptr);
                        return errno;
                      }),
            EPERM);
  const auto make = [] { return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0; };
  EXPECT_EQ(InSandbox(rights_, make), EPERM);
  rights_.network = true;
  EXPECT_EQ(InSandbox(rights_, make), 0);
}

TEST_F(EnteredSandbox, OpenFilesStayOpen) {
  const int fd = open(Path("other").c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(InSandbox(rights_, [&] { return pwrite(fd, "x", 1, 0) == 1 ? 0 : errno; }),
            0);
  close(fd);
}

}  // namespace
}  // namespace lgx
