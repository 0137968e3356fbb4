#include "machine/disks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "devices/backend_disk_posix.h"

namespace lgx {
namespace {

class DisksTest : public testing::Test {
 protected:
  DisksTest() {
    SetLogLevel(LogLevel::kError);
    std::string name = std::filesystem::temp_directory_path() / "lgx-test-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~DisksTest() override {
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }
  std::string Path(const char* name) const { return folder_ + "/" + name; }
  std::string Image(const char* name, std::size_t size) {
    std::ofstream(Path(name)) << std::string(size, 'i');
    return Path(name);
  }
  static std::string ReadAll(const std::string& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void Add(const std::string& text) {
    ASSERT_TRUE(AddBlock(text, &config_).ok()) << text;
  }
  std::string OpenError() {
    const auto disks = Disks::Open(config_);
    return disks.ok() ? "" : MessageOf(disks.status());
  }

  std::string folder_;
  MachineConfig config_;
};

TEST_F(DisksTest, RawImageIsWrittenInPlace) {
  Add(Image("a", 4096));
  auto disks = Disks::Open(config_);
  ASSERT_TRUE(disks.ok());
  ASSERT_TRUE(WriteDisk((*disks)[0], 512, std::vector<u8>(512, 'x')).ok());
  EXPECT_TRUE(disks->Sync().ok());
  EXPECT_EQ(ReadAll(Path("a")).substr(500, 30),
            std::string(12, 'i') + std::string(18, 'x'));
}

TEST_F(DisksTest, OverlayIsMadeAndKeepsTheChanges) {
  Add(Image("a", 9000) + ",overlay=" + Path("o"));
  EXPECT_TRUE(CheckDisks(config_).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("o")));
  {
    auto disks = Disks::Open(config_);
    ASSERT_TRUE(disks.ok()) << MessageOf(disks.status());
    EXPECT_EQ((*disks)[0].size(), 8704u);
    ASSERT_TRUE(WriteDisk((*disks)[0], 0, std::vector<u8>(512, 'x')).ok());
    EXPECT_FALSE(CheckDisks(config_).ok());  // in use
  }
  EXPECT_TRUE(CheckDisks(config_).ok());
  EXPECT_EQ(ReadAll(Path("a")), std::string(9000, 'i'));
  auto disks = Disks::Open(config_);
  std::vector<u8> got(512);
  ASSERT_TRUE(ReadDisk((*disks)[0], 0, got).ok());
  EXPECT_EQ(got, std::vector<u8>(512, 'x'));
}

TEST_F(DisksTest, SnapshotForgetsTheChanges) {
  Add(Image("a", 4096) + ",snapshot");
  for (int run = 0; run < 2; ++run) {
    auto disks = Disks::Open(config_);
    ASSERT_TRUE(disks.ok()) << MessageOf(disks.status());
    std::vector<u8> got(512);
    ASSERT_TRUE(ReadDisk((*disks)[0], 0, got).ok());
    EXPECT_EQ(got, std::vector<u8>(512, 'i'));
    ASSERT_TRUE(WriteDisk((*disks)[0], 0, std::vector<u8>(512, 'x')).ok());
  }
  EXPECT_EQ(ReadAll(Path("a")), std::string(4096, 'i'));
}

TEST_F(DisksTest, OneDiskTwiceIsRefusedUnlessBothOnlyRead) {
  const std::string image = Image("a", 4096);
  Add(image);
  Add(image);
  EXPECT_NE(OpenError().find("in use by"), std::string::npos);
  EXPECT_FALSE(CheckDisks(config_).ok());
  config_.block[0].read_only = config_.block[1].read_only = true;
  EXPECT_EQ(OpenError(), "");
}

TEST_F(DisksTest, SizesThatAreNoDiskAreRefused) {
  Add(Image("a", 511));
  EXPECT_NE(OpenError().find("less than one sector"), std::string::npos);
}

TEST_F(DisksTest, FileThatIsNoOverlayIsNotTouched) {
  Add(Image("a", 4096) + ",overlay=" + Image("b", 8192));
  EXPECT_NE(OpenError().find("/b: offset 0x0: this is no overlay"), std::string::npos);
  EXPECT_EQ(ReadAll(Path("b")), std::string(8192, 'i'));
}

TEST_F(DisksTest, DeviceOptionsFollowTheConfig) {
  Add("folder/root.img");
  Add("b,sync=always,id=serial");
  Add("c,snapshot");
  EXPECT_EQ(BlockOptionsFor(config_, 0).id, "root.img");
  EXPECT_EQ(BlockOptionsFor(config_, 0).sync, DiskSync::kFlush);
  EXPECT_EQ(BlockOptionsFor(config_, 1).id, "serial");
  EXPECT_EQ(BlockOptionsFor(config_, 1).sync, DiskSync::kAlways);
  EXPECT_EQ(BlockOptionsFor(config_, 2).sync, DiskSync::kNever);
  EXPECT_EQ(BlockOptionsFor(config_, 2).number, 2u);
}

}  // namespace
}  // namespace lgx
