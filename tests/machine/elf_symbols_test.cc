#include "machine/elf_symbols.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildElf;
using test::ByteVector;
using test::Poke;

ByteVector File() {
  return BuildElf(
      {{0xc0100000, 0x100000, ByteVector(64, 1), 0}}, 0x100000,
      {{"schedule", 0xc0100020}, {"startup_32", 0xc0100000}, {"do_fork", 0xc0100030}});
}

TEST(ElfSymbols, AddressesAndNames) {
  const StatusOr<SymbolTable> table = ReadElfSymbols(File(), "k");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->size(), 3u);
  EXPECT_EQ(table->AddressOf("do_fork"), 0xc0100030u);
  EXPECT_EQ(table->AddressOf("do_for"), std::nullopt);
  EXPECT_EQ(table->Describe(0xc0100000), "startup_32+0x0");
  EXPECT_EQ(table->Describe(0xc010002f), "schedule+0xf");
  EXPECT_EQ(table->Describe(0xc01fffff), "do_fork+0xfffcf");
  EXPECT_EQ(table->Describe(0xc0500000), "");
  EXPECT_EQ(table->Describe(0x1000), "");
}

TEST(ElfSymbols, AStrippedFileHasNone) {
  ByteVector file = File();
  Poke<u32>(&file, 32, 0);
  EXPECT_TRUE(ReadElfSymbols(file, "k")->empty());
  EXPECT_TRUE(ReadElfSymbols({}, "k")->empty());
}

TEST(ElfSymbols, TablesOutsideTheFileAreRefused) {
  const u32 sections = LoadLe<u32>(File().data() + 32);
  struct Case {
    u64 offset;
    u32 value;
  };
  for (const Case& c :
       {Case{32, 0xfffffff0}, Case{32, 0x10000}, Case{sections + 40 + 16, 0xffffff00},
        Case{sections + 40 + 20, 0xfffffff0}, Case{sections + 40 + 24, 99},
        Case{sections + 80 + 16, 0x7fffffff}}) {
    ByteVector file = File();
    Poke<u32>(&file, c.offset, c.value);
    EXPECT_EQ(ReadElfSymbols(file, "k").status().code(), kDataLoss) << c.offset;
  }
}

TEST(ElfSymbols, NamesOutsideTheStringTableAreDropped) {
  ByteVector file = File();
  const u32 sections = LoadLe<u32>(file.data() + 32);
  const u32 symbols = LoadLe<u32>(file.data() + sections + 40 + 16);
  Poke<u32>(&file, symbols + 16, 0xfffffff0);
  EXPECT_EQ(ReadElfSymbols(file, "k")->size(), 2u);
}

TEST(SystemMap, IsRead) {
  const StatusOr<SymbolTable> table = ReadSystemMap(
      "c0100000 T startup_32\n00000000 A x\nc0100040 t a b\n", "System.map");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->size(), 3u);
  EXPECT_EQ(table->Describe(0xc0100041), "a b+0x1");
}

TEST(SystemMap, OtherLinesAreRefusedByNumber) {
  for (const char* text : {"c0100000 T a\nhello\n", "\nffffffff81000000 T _text\n",
                           "c0100000 T a\nc0100000\n", "\nc0100000 T \n"}) {
    const Status status = ReadSystemMap(text, "System.map").status();
    EXPECT_EQ(MessageOf(status).rfind("System.map:2: ", 0), 0u) << status;
  }
}

}  // namespace
}  // namespace lgx
