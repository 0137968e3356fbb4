#include "base/bits.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(Bits, LowMaskCoversTheWholeWidth) {
  EXPECT_EQ(LowMask<u32>(0), 0u);
  EXPECT_EQ(LowMask<u32>(12), 0xfffu);
  EXPECT_EQ(LowMask<u32>(32), 0xffffffffu);
  EXPECT_EQ(LowMask<u64>(64), ~u64{0});
  EXPECT_EQ(LowMask<u8>(8), 0xff);
}

TEST(Bits, FieldsAreReadAndReplaced) {
  EXPECT_EQ(GetBits<u32>(0xb7f31004, 22, 10), 0x2dfu);
  EXPECT_EQ(GetBits<u32>(0xb7f31004, 12, 10), 0x331u);
  EXPECT_EQ(GetBits<u32>(0xffffffff, 0, 32), 0xffffffffu);
  EXPECT_EQ(WithBits<u32>(0xffffffff, 8, 8, 0x12), 0xffff12ffu);
  EXPECT_EQ(WithBits<u16>(0, 12, 4, 0xf), 0xf000);
}

TEST(Bits, AFieldThatDoesNotFitIsCutOff) {
  EXPECT_EQ(WithBits<u32>(0, 4, 4, 0x123), 0x30u);
  EXPECT_EQ(WithBits<u8>(0, 7, 1, 0xff), 0x80);
}

TEST(Bits, SingleBits) {
  EXPECT_TRUE(TestBit<u32>(0x80000000, 31));
  EXPECT_FALSE(TestBit<u32>(0x7fffffff, 31));
  EXPECT_EQ(WithBit<u32>(0, 31, true), 0x80000000u);
  EXPECT_EQ(WithBit<u32>(~u32{0}, 0, false), 0xfffffffeu);
}

TEST(Bits, SignExtensionAtEveryEdge) {
  EXPECT_EQ(SignExtend<u32>(0x80, 8), -128);
  EXPECT_EQ(SignExtend<u32>(0x7f, 8), 127);
  EXPECT_EQ(SignExtend<u32>(0xffffff7f, 8), 127) << "bits above the field do not count";
  EXPECT_EQ(SignExtend<u32>(1, 1), -1);
  EXPECT_EQ(SignExtend<u32>(0x80000000, 32), INT32_MIN);
  EXPECT_EQ(SignExtend<u64>(u64{1} << 63, 64), INT64_MIN);
}

TEST(Bits, Alignment) {
  EXPECT_EQ(AlignUp<u32>(0x1001, 0x1000), 0x2000u);
  EXPECT_EQ(AlignUp<u32>(0x1000, 0x1000), 0x1000u);
  EXPECT_EQ(AlignUp<u32>(0xfffff001, 0x1000), 0u) << "wraps, as documented";
  EXPECT_EQ(AlignDown<u32>(0x1fff, 0x1000), 0x1000u);
  EXPECT_TRUE(IsAligned<u64>(0, 8));
  EXPECT_FALSE(IsAligned<u64>(4, 8));
}

}  // namespace
}  // namespace lgx
