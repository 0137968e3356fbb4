#include "debug/address_words.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

AddressNames Names() {
  AddressNames names;
  names.symbol = [](std::string_view name) -> std::optional<u64> {
    if (name == "schedule") return 0xc0100020;
    if (name == "switcher:stub") return 0xffc00050;
    return std::nullopt;
  };
  names.reg = [](std::string_view name) -> std::optional<u64> {
    if (name == "esp") return 0x1000;
    return std::nullopt;
  };
  return names;
}

std::string Read(std::string_view text) {
  const StatusOr<TypedAddress> address = ParseAddress(text, Names());
  return address.ok() ? AddressText(*address) : MessageOf(address.status());
}

TEST(AddressWords, NumbersSymbolsAndRegisters) {
  EXPECT_EQ(Read("0x1000"), "lin:0x00001000");
  EXPECT_EQ(Read("4096"), "lin:0x00001000");
  EXPECT_EQ(Read("schedule"), "lin:0xc0100020");
  EXPECT_EQ(Read("schedule+0x10"), "lin:0xc0100030");
  EXPECT_EQ(Read("$esp-8+4"), "lin:0x00000ffc");
  EXPECT_EQ(Read("gpa:0x2000"), "gpa:0x00002000");
  EXPECT_EQ(Read("mpa:$esp"), "mpa:0x00001000");
  EXPECT_EQ(Read("switcher:stub"), "lin:0xffc00050");
  EXPECT_EQ(Read("0-1"), "lin:0xffffffff");
}

TEST(AddressWords, WhatMeansNothingIsNamed) {
  EXPECT_NE(Read("sched").find("there is no symbol \"sched\""), std::string::npos);
  EXPECT_NE(Read("$foo").find("there is no register \"$foo\""), std::string::npos);
  EXPECT_NE(Read("0xzz").find("\"0xzz\" is no number"), std::string::npos);
  for (const char* text : {"", "gpa:", "1+", "+1", "1+-2", "lin:gpa:1"}) {
    EXPECT_FALSE(ParseAddress(text, Names()).ok()) << text;
  }
}

TEST(AddressWords, LinesBecomeWords) {
  EXPECT_EQ(SplitWords("  step \t 12 \r"), (std::vector<std::string>{"step", "12"}));
  EXPECT_EQ(SplitWords("until console:\"log in:\""),
            (std::vector<std::string>{"until", "console:\"log in:\""}));
  EXPECT_EQ(SplitWords("type \"\""), (std::vector<std::string>{"type", ""}));
  EXPECT_TRUE(SplitWords("   ").empty());
  EXPECT_EQ(SplitWords("a \"b").size(), 2u);
}

}  // namespace
}  // namespace lgx
