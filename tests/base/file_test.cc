#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace lgx {
namespace {

namespace fs = std::filesystem;

std::vector<u8> BytesOf(std::string_view text) { return {text.begin(), text.end()}; }

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "lgx-file-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(std::string_view name) const { return (folder_ / name).string(); }
  void Put(std::string_view name, std::string_view text) {
    ASSERT_TRUE(WriteFile(Path(name), BytesOf(text), Overwrite::kReplace).ok());
  }
  std::string Content(std::string_view name) const {
    const StatusOr<std::vector<u8>> bytes = ReadFile(Path(name));
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "unreadable";
  }
  // Files in the folder: nothing temporary may stay behind.
  std::size_t Count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(Files, WhatIsWrittenIsReadBack) {
  Put("a", "hello");
  EXPECT_EQ(Content("a"), "hello");
  Put("empty", "");
  EXPECT_EQ(Content("empty"), "");
  EXPECT_EQ(Count(), 2u);
}

TEST_F(Files, LargeFilesComeBackWhole) {
  std::string text(300000, 'x');
  text[299999] = 'y';
  Put("large", text);
  EXPECT_EQ(Content("large"), text);
}

TEST_F(Files, AMissingFileIsNamedTogetherWithTheNextStep) {
  const StatusOr<std::vector<u8>> result = ReadFile(Path("missing"));
  EXPECT_EQ(result.status().code(), kNotFound);
  EXPECT_EQ(
      MessageOf(result.status()),
      Path("missing") + ": cannot open: No such file or directory; check the path.");
}

TEST_F(Files, AFolderIsNoFile) {
  EXPECT_EQ(ReadFile(folder_.string()).status().code(), kInvalidArgument);
  const Status status = WriteFile(folder_.string(), {}, Overwrite::kReplace);
  EXPECT_NE(MessageOf(status).find("name a file, not a folder"), std::string::npos)
      << MessageOf(status);
}

TEST_F(Files, AFileAboveTheLimitIsRefusedAndTheLimitItselfIsNot) {
  Put("five", "12345");
  EXPECT_TRUE(ReadFile(Path("five"), 5).ok());
  const Status status = ReadFile(Path("five"), 4).status();
  EXPECT_EQ(status.code(), kInvalidArgument);
  EXPECT_NE(MessageOf(status).find("at most 4"), std::string::npos);
  // An endless device must not fill the memory before it is refused.
  EXPECT_EQ(ReadFile("/dev/zero", 100000).status().code(), kInvalidArgument);
}

TEST_F(Files, NothingIsOverwrittenUnlessAsked) {
  Put("a", "old");
  const Status refused = WriteFile(Path("a"), BytesOf("new"), Overwrite::kRefuse);
  EXPECT_EQ(refused.code(), kInvalidArgument);
  EXPECT_EQ(Content("a"), "old");
  EXPECT_TRUE(WriteFile(Path("a"), BytesOf("new"), Overwrite::kReplace).ok());
  EXPECT_EQ(Content("a"), "new");
  EXPECT_TRUE(WriteFile(Path("b"), BytesOf("first"), Overwrite::kRefuse).ok());
}

TEST_F(Files, AWriteThatFailsLeavesTheOldFileAndNoLitter) {
  const Status status =
      WriteFile(Path("no/such/folder"), BytesOf("x"), Overwrite::kReplace);
  EXPECT_EQ(status.code(), kNotFound);
  EXPECT_EQ(Count(), 0u);
}

TEST_F(Files, ASymbolicLinkStaysOne) {
  Put("real", "old");
  fs::create_symlink("real", Path("link"));
  EXPECT_TRUE(WriteFile(Path("link"), BytesOf("new"), Overwrite::kReplace).ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Content("real"), "new");
}

TEST_F(Files, DevicesAreWrittenDirectly) {
  EXPECT_TRUE(WriteFile("/dev/null", BytesOf("x"), Overwrite::kRefuse).ok());
  struct stat info;
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST_F(Files, PositionalAccess) {
  Put("disk", "0123456789");
  StatusOr<File> file = File::Open(Path("disk"), File::Mode::kReadWrite);
  ASSERT_TRUE(file.ok()) << MessageOf(file.status());
  EXPECT_EQ(*file->Size(), 10u);
  EXPECT_TRUE(file->WriteAt(4, BytesOf("xy")).ok());
  std::vector<u8> bytes(10);
  EXPECT_TRUE(file->ReadAt(0, bytes).ok());
  EXPECT_EQ(bytes, BytesOf("0123xy6789"));
  EXPECT_TRUE(file->WriteAt(10, BytesOf("+")).ok());
  EXPECT_EQ(*file->Size(), 11u);
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(Files, AReadPastTheEndSaysWhereTheEndIs) {
  Put("disk", "0123456789");
  StatusOr<File> file = File::Open(Path("disk"), File::Mode::kReadOnly);
  ASSERT_TRUE(file.ok());
  std::vector<u8> bytes(4);
  EXPECT_TRUE(file->ReadAt(6, bytes).ok());
  const Status status = file->ReadAt(8, bytes);
  EXPECT_EQ(status.code(), kDataLoss);
  EXPECT_NE(MessageOf(status).find("ends at offset 0xa, but 2 more bytes"),
            std::string::npos)
      << MessageOf(status);
}

TEST_F(Files, AReadOnlyFileRefusesWrites) {
  Put("disk", "0123");
  StatusOr<File> file = File::Open(Path("disk"), File::Mode::kReadOnly);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file->WriteAt(0, BytesOf("x")).ok());
}

TEST_F(Files, AMovedFileClosesOnce) {
  Put("disk", "0123");
  StatusOr<File> opened = File::Open(Path("disk"), File::Mode::kReadOnly);
  ASSERT_TRUE(opened.ok());
  File file = *std::move(opened);
  File other = std::move(file);
  EXPECT_EQ(*other.Size(), 4u);
  file = std::move(other);
  EXPECT_EQ(*file.Size(), 4u);
}

}  // namespace
}  // namespace lgx
