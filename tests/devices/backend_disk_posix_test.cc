#include "devices/backend_disk_posix.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace lgx {
namespace {

class BackendDiskTest : public testing::Test {
 protected:
  BackendDiskTest() {
    std::string name = std::filesystem::temp_directory_path() / "lgx-test-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~BackendDiskTest() override { std::filesystem::remove_all(folder_); }
  std::string Path(const char* name) const { return folder_ + "/" + name; }
  static std::string ErrorOf(const StatusOr<std::unique_ptr<DiskFile>>& disk) {
    return disk.ok() ? "" : MessageOf(disk.status());
  }

  std::string folder_;
};

TEST_F(BackendDiskTest, WhatIsWrittenInPiecesIsReadBack) {
  auto disk = CreateDiskFile(Path("a"), 10000, false);
  ASSERT_TRUE(disk.ok()) << ErrorOf(disk);
  EXPECT_EQ((*disk)->size(), 10000u);
  std::vector<std::vector<u8>> parts;
  std::vector<std::span<const u8>> from;
  for (u8 i = 0; i < 200; ++i) parts.emplace_back(i % 7, i);
  for (const auto& part : parts) from.emplace_back(part);
  for (int i = 0; i < 3; ++i) from.insert(from.end(), from.begin(), from.begin() + 200);
  const u64 len = BytesOf(WritePieces(from));
  ASSERT_TRUE((*disk)->Write(100, from).ok());
  ASSERT_TRUE((*disk)->Sync().ok());
  std::vector<u8> got(len);
  const std::span<u8> to[] = {std::span(got).first(11), std::span<u8>(),
                              std::span(got).subspan(11)};
  ASSERT_TRUE((*disk)->Read(100, to).ok());
  std::vector<u8> wanted;
  for (const auto& piece : from) wanted.insert(wanted.end(), piece.begin(), piece.end());
  EXPECT_EQ(got, wanted);
  EXPECT_EQ((*disk)->size(), 10000u);
}

TEST_F(BackendDiskTest, EndOfTheFileInsideARequestIsAnErrorWithTheOffset) {
  auto disk = CreateDiskFile(Path("a"), 1000, false);
  ASSERT_TRUE(disk.ok());
  ASSERT_EQ(truncate(Path("a").c_str(), 600), 0);
  std::vector<u8> got(100);
  EXPECT_TRUE(ReadDisk(**disk, 500, got).ok());
  const Status status = ReadDisk(**disk, 550, got);
  EXPECT_EQ(MessageOf(status),
            Path("a") +
                ": the disk ends at offset 0x258, before the end of a request. "
                "Was the file cut short while it was in use?");
}

TEST_F(BackendDiskTest, G03_10_SecondUseIsRefusedAndTheFirstIsNamed) {
  auto first = CreateDiskFile(Path("a"), 1024, false);
  ASSERT_TRUE(first.ok());
  const auto second = OpenDiskFile(Path("a"), DiskAccess::kReadWrite);
  EXPECT_EQ(second.status().code(), kUnavailable);
  EXPECT_NE(ErrorOf(second).find("/a: the disk is in use by "), std::string::npos);
#ifdef __linux__
  EXPECT_NE(ErrorOf(second).find("process " + std::to_string(getpid()) + " ("),
            std::string::npos)
      << ErrorOf(second);
#endif
  EXPECT_NE(ErrorOf(OpenDiskFile(Path("a"), DiskAccess::kReadOnly)).find("writes to it"),
            std::string::npos);
  first->reset();
  const auto reader = OpenDiskFile(Path("a"), DiskAccess::kReadOnly);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(OpenDiskFile(Path("a"), DiskAccess::kReadOnly).ok());
  EXPECT_FALSE(OpenDiskFile(Path("a"), DiskAccess::kReadWrite).ok());
}

TEST_F(BackendDiskTest, ReadOnlyDiskTakesNoWrites) {
  ASSERT_TRUE(CreateDiskFile(Path("a"), 1024, false).ok());
  const auto disk = OpenDiskFile(Path("a"), DiskAccess::kReadOnly);
  ASSERT_TRUE(disk.ok());
  EXPECT_TRUE((*disk)->read_only());
  EXPECT_FALSE(WriteDisk(**disk, 0, std::vector<u8>(512)).ok());
}

TEST_F(BackendDiskTest, WhatIsNoDiskIsRefusedByName) {
  EXPECT_EQ(OpenDiskFile(Path("none"), DiskAccess::kReadWrite).status().code(),
            kNotFound);
  EXPECT_FALSE(OpenDiskFile(folder_, DiskAccess::kReadOnly).ok());
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_NE(ErrorOf(OpenDiskFile(Path("pipe"), DiskAccess::kReadOnly))
                .find("a disk is a file or a block device"),
            std::string::npos);
}

TEST_F(BackendDiskTest, ExistingFileIsReplacedOnlyOnRequest) {
  {
    auto disk = CreateDiskFile(Path("a"), 1024, false);
    ASSERT_TRUE(WriteDisk(**disk, 0, std::vector<u8>(512, 1)).ok());
  }
  EXPECT_NE(ErrorOf(CreateDiskFile(Path("a"), 2048, false)).find("--force"),
            std::string::npos);
  auto disk = CreateDiskFile(Path("a"), 2048, true);
  ASSERT_TRUE(disk.ok());
  std::vector<u8> got(2048, 9);
  ASSERT_TRUE(ReadDisk(**disk, 0, got).ok());
  EXPECT_EQ(got, std::vector<u8>(2048));
}

TEST_F(BackendDiskTest, SparseFileTakesNoRoom) {
  auto disk = CreateDiskFile(Path("a"), u64{1} << 32, false);
  ASSERT_TRUE(disk.ok());
  EXPECT_LT(*DiskUsage(Path("a")), u64{1} << 20);
  ASSERT_TRUE((*disk)->SetSize(512).ok());
  EXPECT_EQ(std::filesystem::file_size(Path("a")), 512u);
}

TEST_F(BackendDiskTest, TemporaryDiskHasNoName) {
  setenv("TMPDIR", folder_.c_str(), 1);
  const auto disk = CreateTemporaryDisk();
  unsetenv("TMPDIR");
  ASSERT_TRUE(disk.ok()) << ErrorOf(disk);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_TRUE(WriteDisk(**disk, 0, std::vector<u8>(512, 1)).ok());
}

}  // namespace
}  // namespace lgx
