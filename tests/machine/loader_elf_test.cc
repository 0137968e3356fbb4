#include "machine/loader_elf.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildElf;
using test::ByteVector;
using test::Poke;
using test::TestMemory;
using testing::Test;

constexpr u64 kMemory = 32 * kMiB;

BootLayout Layout(u64 memory = kMemory) {
  return *PlanMemory(memory, PagingMode::kTwoLevel, 0, "none");
}

ByteVector TwoSegments() {
  return BuildElf({{0xc0100000, 0x100000, ByteVector(0x1800, 0x11), 0},
                   {0xc0200000, 0x200000, ByteVector(0x10, 0x22), 0x2000}},
                  0x100000);
}

std::string ParseError(const ByteVector& file) {
  const StatusOr<ElfImage> image = ParseElf(file, "k");
  return image.ok() ? "" : MessageOf(image.status());
}

TEST(LoaderElf, G01_1_SegmentsLandAtPhysicalAddresses) {
  const ByteVector file = TwoSegments();
  const StatusOr<ElfImage> image = ParseElf(file, "k");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->entry, 0x100000u);
  EXPECT_EQ(image->page_offset, 0xc0000000u);
  EXPECT_EQ(image->load_start, 0x100000u);
  EXPECT_EQ(image->load_end, 0x202000u);

  TestMemory memory(kMemory);
  ASSERT_TRUE(LoadElf(*image, file, "k", Layout(), memory.view()).ok());
  EXPECT_TRUE(memory.IsZero(0, 0x100000));
  EXPECT_EQ(memory.Read(0x100000, 0x1800), ByteVector(0x1800, 0x11));
  EXPECT_TRUE(memory.IsZero(0x101800, 0x200000 - 0x101800));
  EXPECT_EQ(memory.Read(0x200000, 0x10), ByteVector(0x10, 0x22));
  EXPECT_TRUE(memory.IsZero(0x200010, kMemory - 0x200010));
}

TEST(LoaderElf, G01_2_EachWrongFieldIsNamed) {
  struct Case {
    u64 offset;
    u16 value;
    const char* name;
  };
  for (const Case& c :
       {Case{18, 40, "e_machine"}, Case{18, 0, "e_machine"}, Case{16, 1, "e_type"},
        Case{16, 3, "e_type"}, Case{42, 56, "e_phentsize"}, Case{44, 0, "e_phnum"},
        Case{44, 2049, "e_phnum"}, Case{28, 0xffff, "e_phoff"},
        Case{26, 0x1234, "e_entry"}}) {
    ByteVector file = TwoSegments();
    Poke<u16>(&file, c.offset, c.value);
    const std::string error = ParseError(file);
    EXPECT_NE(error.find(c.name), std::string::npos) << error;
    EXPECT_NE(error.find("k:"), std::string::npos) << error;
    EXPECT_NE(error.find("offset 0x"), std::string::npos) << error;
  }
}

TEST(LoaderElf, G01_2_A64BitKernelIsRefused) {
  ByteVector file = TwoSegments();
  Poke<u8>(&file, 4, 2);
  Poke<u16>(&file, 18, 62);
  const std::string error = ParseError(file);
  EXPECT_NE(error.find("64-bit"), std::string::npos) << error;
  EXPECT_NE(error.find("x86-64"), std::string::npos) << error;
  EXPECT_NE(error.find("offset 0x04"), std::string::npos) << error;
}

TEST(LoaderElf, AForeignMachineIsCalledByName) {
  ByteVector file = TwoSegments();
  Poke<u8>(&file, 5, 2);
  Poke<u16>(&file, 18, ByteSwap(u16{20}));
  EXPECT_NE(ParseError(file).find("PowerPC"), std::string::npos);
  file = TwoSegments();
  Poke<u16>(&file, 18, 40);
  EXPECT_NE(ParseError(file).find("ARM"), std::string::npos);
}

TEST(LoaderElf, EveryTruncationIsRefused) {
  const ByteVector whole = TwoSegments();
  for (size_t size = 4; size < whole.size(); size++) {
    ByteVector file = whole;
    file.resize(size);
    const StatusOr<ElfImage> image = ParseElf(file, "k");
    ASSERT_FALSE(image.ok()) << size;
    EXPECT_NE(MessageOf(image.status()).find("cut short"), std::string::npos);
  }
}

TEST(LoaderElf, ContentOutsideTheFileIsRefused) {
  for (u32 offset : {0x10000u, 0xfffffff0u, 0xffffffffu}) {
    ByteVector file = TwoSegments();
    Poke<u32>(&file, 52 + 32 + 4, offset);
    const std::string error = ParseError(file);
    EXPECT_NE(error.find("program header 1 at offset 0x54"), std::string::npos) << error;
    EXPECT_NE(error.find("past the end of the file"), std::string::npos) << error;
  }
}

TEST(LoaderElf, MoreFileThanMemoryIsRefused) {
  ByteVector file = TwoSegments();
  Poke<u32>(&file, 52 + 20, 0x10);
  EXPECT_NE(ParseError(file).find("p_filesz"), std::string::npos);
}

TEST(LoaderElf, AddressesThatWrapAreRefused) {
  ByteVector file = TwoSegments();
  Poke<u32>(&file, 52 + 32 + 12, 0xfffff000);
  EXPECT_NE(ParseError(file).find("largest guest memory"), std::string::npos);
  file = TwoSegments();
  Poke<u32>(&file, 52 + 32 + 20, 0xffffffff);
  EXPECT_NE(ParseError(file).find("largest guest memory"), std::string::npos);
}

TEST(LoaderElf, NothingToLoadIsRefused) {
  ByteVector file = TwoSegments();
  Poke<u32>(&file, 52, 4);
  Poke<u32>(&file, 52 + 32, 4);
  EXPECT_NE(ParseError(file).find("none of the 2 program headers"), std::string::npos);
}

TEST(LoaderElf, AVirtualEntryIsTranslated) {
  ByteVector file = TwoSegments();
  Poke<u32>(&file, 24, 0xc0200008);
  const StatusOr<ElfImage> image = ParseElf(file, "k");
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->entry, 0x200008u);
}

TEST(LoaderElf, BootTablesAreNeverOverwritten) {
  const BootLayout layout = Layout();
  // The last byte below the tables is the kernel's; one more is refused, and nothing is
  // loaded.
  for (const u32 extra : {0u, 1u}) {
    const u32 at = layout.tables_start - 0x100;
    const ByteVector file =
        BuildElf({{0xc0100000, 0x100000, ByteVector(16, 0x33), 0},
                  {0xc0000000 + at, at, ByteVector(16, 0x44), 0x100 + extra}},
                 0x100000);
    const StatusOr<ElfImage> image = ParseElf(file, "k");
    ASSERT_TRUE(image.ok());
    TestMemory memory(kMemory);
    const Status status = LoadElf(*image, file, "k", layout, memory.view());
    EXPECT_EQ(status.ok(), extra == 0) << status;
    if (extra == 0) continue;
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange);
    EXPECT_NE(MessageOf(status).find("program header 1 at offset 0x54"),
              std::string::npos);
    EXPECT_NE(MessageOf(status).find("boot page tables"), std::string::npos);
    EXPECT_NE(MessageOf(status).find("-m 34M"), std::string::npos) << status;
    EXPECT_TRUE(memory.IsZero(0, kMemory));
  }
}

TEST(LoaderElf, ASegmentOverTheCommandLineIsRefused) {
  const ByteVector file = BuildElf({{0x1000, 0x1000, ByteVector(16, 0x33), 0}}, 0x1000);
  const StatusOr<ElfImage> image = ParseElf(file, "k");
  ASSERT_TRUE(image.ok());
  TestMemory memory(kMemory);
  const Status status = LoadElf(*image, file, "k", Layout(), memory.view());
  EXPECT_NE(MessageOf(status).find("command line"), std::string::npos) << status;
}

TEST(LoaderElf, BytesAreFoundByPhysicalAddress) {
  const ByteVector file = TwoSegments();
  const ElfImage image = *ParseElf(file, "k");
  EXPECT_EQ(ElfBytesAt(image, file, 0x100000).size(), 0x1800u);
  EXPECT_EQ(ElfBytesAt(image, file, 0x20000f).size(), 1u);
  EXPECT_TRUE(ElfBytesAt(image, file, 0x200010).empty());
  EXPECT_TRUE(InElfBss(image, 0x200010));
  EXPECT_TRUE(InElfBss(image, 0x201fff));
  EXPECT_FALSE(InElfBss(image, 0x202000));
  EXPECT_FALSE(InElfBss(image, 0x100000));
}

}  // namespace
}  // namespace lgx
