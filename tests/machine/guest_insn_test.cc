#include "machine/guest_insn.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

using Kind = PortInsn::Kind;

std::optional<PortInsn> Port(std::vector<u8> bytes) {
  bytes.resize(7, 0x90);
  return DecodePortInsn(bytes);
}
std::optional<MovInsn> Mov(std::vector<u8> bytes) {
  bytes.resize(7, 0x90);
  return DecodeMovInsn(bytes);
}

TEST(PortInsn, EveryFormOfTheManual) {
  struct Row {
    std::vector<u8> bytes;
    Kind kind;
    u32 width;
    std::optional<u8> port;
    u32 length;
  };
  const Row rows[] = {
      {{0xe4, 0x64}, Kind::kIn, 1, 0x64, 2},
      {{0xe5, 0x71}, Kind::kIn, 4, 0x71, 2},
      {{0x66, 0xe5, 0x71}, Kind::kIn, 2, 0x71, 3},
      {{0x66, 0xe4, 0x71}, Kind::kIn, 1, 0x71, 3},
      {{0xe6, 0x80}, Kind::kOut, 1, 0x80, 2},
      {{0xe7, 0x80}, Kind::kOut, 4, 0x80, 2},
      {{0x66, 0xe7, 0x80}, Kind::kOut, 2, 0x80, 3},
      {{0xec}, Kind::kIn, 1, std::nullopt, 1},
      {{0xed}, Kind::kIn, 4, std::nullopt, 1},
      {{0x66, 0xed}, Kind::kIn, 2, std::nullopt, 2},
      {{0xee}, Kind::kOut, 1, std::nullopt, 1},
      {{0xef}, Kind::kOut, 4, std::nullopt, 1},
      {{0x66, 0xef}, Kind::kOut, 2, std::nullopt, 2},
      {{0xfa}, Kind::kCli, 1, std::nullopt, 1},
  };
  for (const Row& row : rows) {
    const std::optional<PortInsn> insn = Port(row.bytes);
    ASSERT_TRUE(insn) << u32{row.bytes[0]};
    EXPECT_EQ(insn->kind, row.kind);
    EXPECT_EQ(insn->width, row.width);
    EXPECT_EQ(insn->port, row.port);
    EXPECT_EQ(insn->length, row.length);
  }
}

TEST(PortInsn, NothingElse) {
  for (u32 opcode = 0; opcode < 256; ++opcode) {
    const bool known = (opcode >= 0xe4 && opcode <= 0xe7) ||
                       (opcode >= 0xec && opcode <= 0xef) || opcode == 0xfa;
    EXPECT_EQ(Port({static_cast<u8>(opcode)}).has_value(), known) << opcode;
  }
  EXPECT_FALSE(Port({0xf3, 0x6c})) << "rep ins";
  EXPECT_FALSE(Port({0x66, 0x66, 0xed}));
  EXPECT_FALSE(DecodePortInsn({}));
  const u8 cut[] = {0xe4};
  EXPECT_FALSE(DecodePortInsn(cut));
}

TEST(MovInsn, StoresAndLoads) {
  struct Row {
    std::vector<u8> bytes;
    bool load;
    u32 width;
    u8 reg, base, index, scale;
    u32 displacement, length;
  };
  constexpr u8 kNone = kNoRegister;
  const Row rows[] = {
      {{0x89, 0x10}, false, 4, 2, 0, kNone, 0, 0, 2},                // mov %edx,(%eax)
      {{0x66, 0x89, 0x02}, false, 2, 0, 2, kNone, 0, 0, 3},          // mov %ax,(%edx)
      {{0x88, 0x43, 0x14}, false, 1, 0, 3, kNone, 0, 0x14, 3},       // mov %al,0x14(%ebx)
      {{0x8a, 0x63, 0xff}, true, 1, 4, 3, kNone, 0, 0xffffffff, 3},  // mov -1(%ebx),%ah
      {{0x8b, 0x81, 0x00, 0x10, 0, 0}, true, 4, 0, 1, kNone, 0, 0x1000, 6},
      {{0x8b, 0x0d, 0x78, 0x56, 0x34, 0x12}, true, 4, 1, kNone, kNone, 0, 0x12345678, 6},
      {{0x8b, 0x04, 0x24}, true, 4, 0, 4, kNone, 0, 0, 3},    // mov (%esp),%eax
      {{0x8b, 0x44, 0x8e, 0x04}, true, 4, 0, 6, 1, 2, 4, 4},  // mov 4(%esi,%ecx,4)
      {{0x8b, 0x04, 0xcd, 4, 0, 0, 0}, true, 4, 0, kNone, 1, 3, 4, 7},
      {{0x8b, 0x45, 0x00}, true, 4, 0, 5, kNone, 0, 0, 3},  // mov 0(%ebp),%eax
      {{0xa1, 0x44, 0x33, 0x22, 0x11}, true, 4, 0, kNone, kNone, 0, 0x11223344, 5},
      {{0xa2, 0x44, 0x33, 0x22, 0x11}, false, 1, 0, kNone, kNone, 0, 0x11223344, 5},
      {{0x66, 0xa3, 1, 0, 0, 0}, false, 2, 0, kNone, kNone, 0, 1, 6},
  };
  for (const Row& row : rows) {
    const std::optional<MovInsn> insn = Mov(row.bytes);
    ASSERT_TRUE(insn) << u32{row.bytes[0]} << " " << u32{row.bytes[1]};
    EXPECT_EQ(insn->load, row.load);
    EXPECT_EQ(insn->width, row.width);
    EXPECT_EQ(insn->reg, row.reg);
    EXPECT_EQ(insn->base, row.base);
    EXPECT_EQ(insn->index, row.index);
    EXPECT_EQ(insn->scale, row.scale);
    EXPECT_EQ(insn->displacement, row.displacement);
    EXPECT_EQ(insn->length, row.length);
    EXPECT_FALSE(insn->constant);
  }
}

TEST(MovInsn, Constants) {
  EXPECT_EQ(Mov({0xc6, 0x00, 0x8f})->constant, 0x8fu);
  EXPECT_EQ(Mov({0x66, 0xc7, 0x40, 0x18, 0x00, 0x01})->constant, 0x0100u);
  EXPECT_EQ(Mov({0xc7, 0x00, 1, 2, 3, 4})->constant, 0x04030201u);
  EXPECT_EQ(Mov({0xc7, 0x40, 8, 1, 2, 3, 4})->length, 7u);
  EXPECT_FALSE(Mov({0xc7, 0x80, 8, 0, 0, 0, 1})) << "the constant is behind the bytes";
  EXPECT_FALSE(Mov({0xc7, 0x08, 1, 2, 3, 4})) << "C7 /1 is nothing";
}

TEST(MovInsn, ExtendingLoads) {
  const auto zero = Mov({0x0f, 0xb6, 0x50, 0x14});
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->width, 1u);
  EXPECT_EQ(zero->register_width, 4u);
  EXPECT_FALSE(zero->sign_extend);
  EXPECT_EQ(zero->reg, 2u);
  EXPECT_EQ(zero->length, 4u);
  EXPECT_EQ(Mov({0x0f, 0xb7, 0x00})->width, 2u);
  EXPECT_TRUE(Mov({0x0f, 0xbe, 0x00})->sign_extend);
  EXPECT_EQ(Mov({0x66, 0x0f, 0xbe, 0x00})->register_width, 2u);
  EXPECT_EQ(Mov({0x0f, 0xbf, 0x00})->width, 2u);
}

TEST(MovInsn, SegmentPrefixesAreNoted) {
  EXPECT_TRUE(Mov({0x64, 0x8b, 0x00})->other_segment);
  EXPECT_TRUE(Mov({0x66, 0x2e, 0x8b, 0x00})->other_segment);
  EXPECT_EQ(Mov({0x66, 0x2e, 0x8b, 0x00})->width, 2u);
}

TEST(MovInsn, WhatIsNotEmulated) {
  EXPECT_FALSE(Mov({0x8b, 0xc1})) << "between registers";
  EXPECT_FALSE(Mov({0x0f, 0xb6, 0xc1}));
  EXPECT_FALSE(Mov({0x67, 0x8b, 0x00})) << "16-bit address";
  EXPECT_FALSE(Mov({0xf0, 0x89, 0x00})) << "lock";
  EXPECT_FALSE(Mov({0xf3, 0xa5})) << "rep movs";
  EXPECT_FALSE(Mov({0x01, 0x00})) << "add to memory";
  EXPECT_FALSE(Mov({0x87, 0x00})) << "xchg";
  EXPECT_FALSE(Mov({0x0f, 0x6f, 0x00})) << "movq";
  EXPECT_FALSE(Mov({0x8e, 0x00})) << "to a segment register";
  EXPECT_FALSE(Mov({0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x8b})) << "cut short";
  EXPECT_FALSE(DecodeMovInsn({}));
}

}  // namespace
}  // namespace lgx
