#include "debug/symbols.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildElf;
using test::ByteVector;

ByteVector Elf() {
  return BuildElf({{0xc0100000, 0x100000, ByteVector(64, 1), 0}}, 0x100000,
                  {{"schedule", 0xc0100020}, {"startup_32", 0xc0100000}});
}

StatusOr<SymbolTable> Map(std::string_view text) {
  return ReadSymbolBytes(AsBytes(text), "System.map");
}

TEST(Symbols, ComeFromEitherKindOfFile) {
  EXPECT_EQ(ReadSymbolBytes(Elf(), "vmlinux")->AddressOf("schedule"), 0xc0100020u);
  EXPECT_EQ(Map("c0100020 T schedule\r\n")->AddressOf("schedule"), 0xc0100020u);
}

TEST(Symbols, UglyFilesAreAnsweredByPlaceAndNextStep) {
  struct Case {
    std::string text;
    const char* says;
  };
  const ByteVector good = Elf();
  ByteVector cut(good.begin(), good.begin() + 100);
  ByteVector wide = good;
  wide[4] = 2;
  const auto text = [](const ByteVector& bytes) { return std::string(AsText(bytes)); };
  for (const Case& c : {
           Case{"", "no symbols"},
           Case{"\n\n", "no symbols"},
           Case{"hello\n", "System.map:1: expected"},
           Case{"c0100000 T a\nc0100000 Tb\n", "System.map:2: expected"},
           Case{"ffffffff81000000 T _text\n", "System.map:1: expected"},
           Case{"c0100000 T a\x1b[2J\n", "System.map:1: expected"},
           Case{std::string("c0100000 T \0\n", 13), "System.map:1: expected"},
           Case{std::string(100'000, 'c'), "System.map:1: expected"},
           Case{std::string("\x7f") + "ELF", "another width"},
           Case{text(cut), "not inside"},
           Case{text(wide), "another width"},
           Case{std::string(64, '\0'), "System.map:1: expected"},
       }) {
    const Status status = Map(c.text).status();
    EXPECT_NE(MessageOf(status).find(c.says), std::string::npos) << status;
  }
}

TEST(Symbols, AStrippedKernelSaysSo) {
  const ByteVector stripped =
      BuildElf({{0xc0100000, 0x100000, ByteVector(64, 1), 0}}, 0x100000, {});
  EXPECT_NE(MessageOf(ReadSymbolBytes(stripped, "vmlinux").status()).find("stripped"),
            std::string::npos);
}

TEST(Symbols, TheSwitcherHasNamesOfItsOwn) {
  const SwitcherText text = AssembleSwitcher(Lin(0xffc00000));
  const Symbols symbols(*ReadSymbolBytes(Elf(), "vmlinux"), &text);
  EXPECT_EQ(symbols.Describe(text.at), "switcher:save_host");
  EXPECT_EQ(symbols.Describe(text.at + 1), "switcher:save_host+0x1");
  EXPECT_EQ(symbols.Describe(Lin(text.default_idt_entries[14])), "switcher:stub_14");
  EXPECT_EQ(symbols.Describe(Lin(0xc0100020)), "schedule");
  EXPECT_EQ(symbols.Describe(Lin(0xc0100021)), "schedule+0x1");
  EXPECT_EQ(symbols.Address(Lin(0xc0100021)), "0xc0100021 <schedule+0x1>");
  EXPECT_EQ(symbols.Address(Lin(0x1000)), "0x00001000");
  EXPECT_EQ(symbols.Find("schedule"), Lin(0xc0100020));
  EXPECT_EQ(symbols.Find("switcher:save_host"), text.at);
  EXPECT_EQ(symbols.Find("switcher:nothing"), std::nullopt);
  EXPECT_EQ(symbols.Find("sched"), std::nullopt);
  EXPECT_EQ(symbols.Search("s", 9).size(), 2u);
  EXPECT_EQ(symbols.Search("s", 1).size(), 1u);
  EXPECT_TRUE(symbols.Search("x", 9).empty());
}

}  // namespace
}  // namespace lgx
