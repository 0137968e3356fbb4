#include "debug/disassembly.h"

#include <gtest/gtest.h>

#include <random>

namespace lgx {
namespace {

std::string Namer(Lin at) { return at == Lin(0xc0100020) ? "schedule" : ""; }

DisassembledInsn At(std::initializer_list<u8> bytes) {
  return Disassemble(Lin(0xc0100000), std::vector<u8>(bytes), true, Namer);
}

TEST(Disassembly, IsIntelSyntax) {
  EXPECT_EQ(At({0x8b, 0x45, 0x08}).text, "mov eax, dword ptr [ebp+0x08]");
  EXPECT_EQ(At({0x0f, 0x22, 0xdb}).text, "mov cr3, ebx");
  EXPECT_EQ(At({0xcd, 0x1f}).text, "int 0x1f");
}

TEST(Disassembly, NamesTargets) {
  EXPECT_EQ(At({0xe8, 0x1b, 0x00, 0x00, 0x00}).text, "call 0xc0100020 <schedule>");
  EXPECT_EQ(At({0xeb, 0x00}).text, "jmp 0xc0100002");
  EXPECT_EQ(At({0xa1, 0x20, 0x00, 0x10, 0xc0}).text,
            "mov eax, dword ptr [0xc0100020 <schedule>]");
}

TEST(Disassembly, KnowsWhatComesBack) {
  EXPECT_TRUE(At({0xe8, 0, 0, 0, 0}).is_call);
  EXPECT_TRUE(At({0xcd, 0x80}).is_call);
  EXPECT_FALSE(At({0xeb, 0x00}).is_call);
  EXPECT_TRUE(At({0xf3, 0xa4}).repeats);
  EXPECT_FALSE(At({0xa4}).repeats);
}

TEST(Disassembly, SixteenBitCode) {
  const std::vector<u8> bytes = {0xb8, 0x34, 0x12};
  EXPECT_EQ(Disassemble(Lin(0), bytes, false, {}).text, "mov ax, 0x1234");
}

TEST(Disassembly, WhatIsNoInstructionIsOneByte) {
  EXPECT_EQ(At({0xff, 0xff}).text, "(bad)");
  EXPECT_EQ(At({0xff, 0xff}).bytes.size(), 1u);
  EXPECT_EQ(At({0xe8, 0x1b}).text, "(bad)");  // cut short
  EXPECT_EQ(At({}).text, "(not mapped)");
  EXPECT_TRUE(At({}).bytes.empty());
}

TEST(Disassembly, ALineHasAddressBytesAndText) {
  EXPECT_EQ(DisassemblyLine(At({0x90})), "0xc0100000  90                      nop");
}

TEST(Disassembly, AnyBytesGiveALine) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    u8 bytes[15];
    for (u8& byte : bytes) byte = static_cast<u8>(random());
    const DisassembledInsn insn =
        Disassemble(Lin(random()), std::span(bytes, random() % 16), i % 2 == 0, Namer);
    EXPECT_FALSE(insn.text.empty());
    EXPECT_LE(insn.bytes.size(), 15u);
  }
}

}  // namespace
}  // namespace lgx
