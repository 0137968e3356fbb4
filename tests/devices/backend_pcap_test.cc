#include "devices/backend_pcap.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace lgx {
namespace {

TEST(PcapFile, HasTheHeaderOfTheFormatAndOneRecordForEachFrame) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "lgx-backend-pcap-test").string();
  {
    StatusOr<std::unique_ptr<PcapFile>> file = PcapFile::Create(path);
    ASSERT_TRUE(file.ok()) << file.status();
    const u8 frame[] = {1, 2, 3};
    (*file)->Write(0x4a4aa700, 999'999'999, frame);
    (*file)->Write(0x4a4aa701, 0, {});
  }
  const auto bytes = ReadFile(path);
  ASSERT_TRUE(bytes.ok());
  const u8 wanted[] = {0x4d, 0x3c, 0xb2, 0xa1, 2,    0,    4,    0,  // magic, 2.4
                       0,    0,    0,    0,    0,    0,    0,    0,  // UTC
                       0,    0,    4,    0,    1,    0,    0,    0,  // length, Ethernet
                       0x00, 0xa7, 0x4a, 0x4a, 0xff, 0xc9, 0x9a, 0x3b,  // when
                       3,    0,    0,    0,    3,    0,    0,    0,     // lengths
                       1,    2,    3,                                   //
                       0x01, 0xa7, 0x4a, 0x4a, 0,    0,    0,    0,     //
                       0,    0,    0,    0,    0,    0,    0,    0};
  EXPECT_EQ(*bytes, std::vector<u8>(std::begin(wanted), std::end(wanted)));
  std::filesystem::remove(path);
}

TEST(PcapFile, AFileThatCannotBeMadeIsNamed) {
  const auto file = PcapFile::Create("/nowhere/at/all");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(MessageOf(file.status()).find("/nowhere/at/all"), std::string::npos);
}

// /dev/full takes nothing, as a full disk.
TEST(PcapFile, AFullDiskIsAWarningAndNoMore) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  StatusOr<std::unique_ptr<PcapFile>> file = PcapFile::Create("/dev/full");
  ASSERT_TRUE(file.ok());
  const std::vector<u8> frame(10'000);
  for (int i = 0; i < 10; ++i) (*file)->Write(1, 2, frame);
}

}  // namespace
}  // namespace lgx
