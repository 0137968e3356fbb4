#include "machine/loader_bzimage.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildBzImage;
using test::ByteVector;
using test::BzSpec;
using test::Poke;
using test::TestMemory;

constexpr u64 kMemory = 32 * kMiB;

BootLayout Layout(u64 memory = kMemory) {
  return *PlanMemory(memory, PagingMode::kTwoLevel, 0, "none");
}

std::string ParseError(const ByteVector& file) {
  const StatusOr<BzImage> image = ParseBzImage(file, "b");
  return image.ok() ? "" : MessageOf(image.status());
}

TEST(LoaderBzImage, G01_3_TheProtectedModePartLandsAtOneMebibyte) {
  for (const u8 sectors : {u8{0}, u8{10}}) {
    const ByteVector file =
        BuildBzImage(ByteVector(5000, 0x77), {.setup_sects = sectors});
    const StatusOr<BzImage> image = ParseBzImage(file, "b");
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->code_offset, sectors == 0 ? 5u * 512 : 11u * 512);
    EXPECT_EQ(image->entry, 0x100000u);
    TestMemory memory(kMemory);
    ASSERT_TRUE(LoadBzImage(*image, file, "b", Layout(), memory.view()).ok());
    EXPECT_TRUE(memory.IsZero(0, 0x100000));
    EXPECT_EQ(memory.Load<u32>(0x100000), 0xd3d2d1d0u);
    EXPECT_EQ(memory.Load<u8>(0x100010 + 4999), 0x77);
    EXPECT_TRUE(memory.IsZero(0x100010 + 5000, 0x1000));
  }
}

TEST(LoaderBzImage, TheHeaderIsRead) {
  const ByteVector file = BuildBzImage(ByteVector(100, 1), {.protocol = 0x020c});
  const StatusOr<BzImage> image = ParseBzImage(file, "b");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->protocol, 0x020c);
  EXPECT_EQ(image->header_end, 0x268u);
  EXPECT_EQ(image->version, "2.6.31 (user@host) #1");
  EXPECT_EQ(image->payload_offset, image->code_offset + 16);
  EXPECT_EQ(image->payload_size, 100u);
  EXPECT_EQ(image->init_size, 0x100000u);
  EXPECT_EQ(image->initrd_addr_max, 0x7fffffffu);
  EXPECT_TRUE(image->relocatable);
}

TEST(LoaderBzImage, OldProtocolsHaveNoPayloadAndNoInitSize) {
  const StatusOr<BzImage> image =
      ParseBzImage(BuildBzImage(ByteVector(100, 1), {.protocol = 0x0207}), "b");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->payload_size, 0u);
  EXPECT_EQ(image->init_size, 0u);
}

TEST(LoaderBzImage, WhatIsNoBzImageIsRefused) {
  EXPECT_NE(ParseError(ByteVector(10, 0)).find("neither ELF"), std::string::npos);
  EXPECT_NE(ParseError(ByteVector(100000, 0x5a)).find("\"HdrS\" at offset 0x202"),
            std::string::npos);
  EXPECT_NE(ParseError(BuildBzImage({}, {.protocol = 0x0206})).find("2.07"),
            std::string::npos);
  ByteVector low = BuildBzImage({});
  Poke<u8>(&low, setup::kLoadflags, 0);
  EXPECT_NE(ParseError(low).find("zImage"), std::string::npos);
}

TEST(LoaderBzImage, EveryTruncationIsRefused) {
  const ByteVector whole = BuildBzImage(ByteVector(512, 1));
  for (size_t size = 0x206; size + 16 < whole.size(); size++) {
    ByteVector file = whole;
    file.resize(size);
    const std::string error = ParseError(file);
    ASSERT_NE(error, "") << size;
    EXPECT_NE(error.find("cut short"), std::string::npos) << error;
  }
}

TEST(LoaderBzImage, AnEntryOutsideTheCodeIsRefused) {
  for (u32 entry : {0u, 0xfffffu, 0x200000u, 0xffffffffu}) {
    ByteVector file = BuildBzImage(ByteVector(512, 1));
    Poke<u32>(&file, setup::kCode32Start, entry);
    EXPECT_NE(ParseError(file).find("code32_start at offset 0x214"), std::string::npos);
  }
}

TEST(LoaderBzImage, APayloadOutsideTheFileIsRefused) {
  ByteVector file = BuildBzImage(ByteVector(512, 1));
  Poke<u32>(&file, setup::kPayloadOffset, 0xfffffff0);
  EXPECT_NE(ParseError(file).find("payload_offset"), std::string::npos);
}

TEST(LoaderBzImage, TheAlignmentIsSixteenMebibytesWhereThatFits) {
  const auto choose = [](const BzSpec& spec, u64 memory) {
    const ByteVector file = BuildBzImage(ByteVector(512, 1), spec);
    return ChooseKernelAlignment(*ParseBzImage(file, "b"), file.size(), Layout(memory));
  };
  EXPECT_EQ(choose({}, 32 * kMiB), 0x1000000u);
  EXPECT_EQ(choose({}, 16 * kMiB), 0x100000u);  // the image's own
  EXPECT_EQ(choose({.kernel_alignment = 0}, 16 * kMiB), 0x100000u);
  EXPECT_EQ(choose({.kernel_alignment = 0x400000}, 16 * kMiB), 0x400000u);
  EXPECT_EQ(choose({.kernel_alignment = 0x2000000}, 64 * kMiB), 0x2000000u);
  EXPECT_EQ(choose({.init_size = 0x1000000}, 32 * kMiB), 0x100000u);
  // Without init_size four times the file counts.
  EXPECT_EQ(choose({.protocol = 0x0209}, 32 * kMiB), 0x1000000u);
}

TEST(LoaderBzImage, AKernelThatCannotUnpackIsRefused) {
  const ByteVector file = BuildBzImage(ByteVector(512, 1), {.init_size = 0x1f00000});
  const BzImage image = *ParseBzImage(file, "b");
  TestMemory memory(kMemory);
  const Status status = LoadBzImage(image, file, "b", Layout(), memory.view());
  EXPECT_EQ(status.code(), StatusCode::kOutOfRange);
  EXPECT_NE(MessageOf(status).find("init_size 0x1f00000 at offset 0x260"),
            std::string::npos)
      << status;
  TestMemory more(64 * kMiB);
  EXPECT_TRUE(LoadBzImage(image, file, "b", Layout(64 * kMiB), more.view()).ok());
}

TEST(LoaderBzImage, APackedKernelLargerThanMemoryIsRefused) {
  const ByteVector file = BuildBzImage(ByteVector(9 * kMiB, 1));
  TestMemory memory(8 * kMiB);
  const Status status =
      LoadBzImage(*ParseBzImage(file, "b"), file, "b", Layout(8 * kMiB), memory.view());
  EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << status;
}

}  // namespace
}  // namespace lgx
