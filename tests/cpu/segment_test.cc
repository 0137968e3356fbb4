#include "cpu/segment.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

constexpr u16 kData = kAttrPresent | kAttrS | kAttrWritable;
constexpr u16 kReadOnlyData = kAttrPresent | kAttrS;
constexpr u16 kDown = kData | kAttrExpandDown;
constexpr u16 kExecuteOnly = kAttrPresent | kAttrS | kAttrCode;
constexpr u16 kReadableCode = kExecuteOnly | kAttrReadable;

Segment Make(u32 base, u32 limit, u16 attr) {
  Segment s;
  s.Set(0x10, base, limit, attr);
  return s;
}

TEST(Segment, ExpandUpHoldsOffsetsUpToItsLimit) {
  const Segment s = Make(0x1000, 0xfff, kData);
  EXPECT_TRUE(s.Contains(0, 1));
  EXPECT_TRUE(s.Contains(0xfff, 1));
  EXPECT_TRUE(s.Contains(0xffc, 4));
  EXPECT_TRUE(s.Contains(0, 0x1000));
  EXPECT_FALSE(s.Contains(0xffd, 4));
  EXPECT_FALSE(s.Contains(0x1000, 1));
  EXPECT_FALSE(s.Contains(0xffffffff, 2)) << "wraps";
  EXPECT_FALSE(s.Contains(0, 0x1001));
}

TEST(Segment, LimitZeroHoldsOneByte) {
  const Segment s = Make(0, 0, kData);
  EXPECT_TRUE(s.Contains(0, 1));
  EXPECT_FALSE(s.Contains(0, 2));
  EXPECT_FALSE(s.Contains(1, 1));
}

TEST(Segment, ExpandDownHoldsOffsetsAboveItsLimit) {
  const Segment big = Make(0, 0xfff, kDown | kAttrDb);
  EXPECT_FALSE(big.Contains(0xfff, 1));
  EXPECT_TRUE(big.Contains(0x1000, 4));
  EXPECT_TRUE(big.Contains(0xfffffffc, 4));
  EXPECT_FALSE(big.Contains(0xfffffffd, 4));
  const Segment small = Make(0, 0xfff, kDown);
  EXPECT_TRUE(small.Contains(0xfffc, 4));
  EXPECT_FALSE(small.Contains(0xfffd, 4));
  EXPECT_FALSE(small.Contains(0x10000, 1));
}

TEST(Segment, ExpandDownWithTheLargestLimitIsEmpty) {
  for (const u32 offset : {0u, 1u, 0xffffu, 0x10000u, 0xffffffffu}) {
    EXPECT_FALSE(Make(0, 0xffffffff, kDown | kAttrDb | kAttrG).Contains(offset, 1));
    EXPECT_FALSE(Make(0, 0xffff, kDown).Contains(offset, 1));
  }
}

TEST(Segment, NullAndSystemSegmentsAreEmpty) {
  Segment s;
  s.SetNull(3);
  EXPECT_EQ(s.selector, 3);
  EXPECT_FALSE(s.Contains(0, 1));
  EXPECT_FALSE(s.readable);
  const Segment tss = Make(0, 0xffff, kAttrPresent | kTypeTss32Busy);
  EXPECT_FALSE(tss.Contains(0, 1));
}

TEST(Segment, TheTypeDecidesWhatMayBeDone) {
  struct {
    u16 attr;
    bool readable, writable;
  } const rows[] = {
      {kData, true, true},
      {kReadOnlyData, true, false},
      {kExecuteOnly, false, false},
      {kReadableCode, true, false},
  };
  for (const auto& row : rows) {
    const Segment s = Make(0, 0xffffffff, row.attr);
    EXPECT_EQ(s.readable, row.readable);
    EXPECT_EQ(s.writable, row.writable);
  }
}

TEST(Segment, FlatMeansThatNoCheckCanFail) {
  constexpr u32 kAll = 0xffffffff;
  EXPECT_TRUE(Make(0, kAll, kData).IsFlatData());
  EXPECT_TRUE(Make(0, kAll, kReadableCode).IsFlat());
  EXPECT_FALSE(Make(0, kAll, kReadableCode).IsFlatData());
  EXPECT_FALSE(Make(0, kAll, kReadOnlyData).IsFlatData());
  EXPECT_FALSE(Make(0, kAll, kExecuteOnly).IsFlat());
  EXPECT_FALSE(Make(1, kAll, kData).IsFlat());
  EXPECT_FALSE(Make(0, kAll - 1, kData).IsFlat());
  EXPECT_FALSE(Make(0, kAll, kDown | kAttrDb).IsFlat());
}

}  // namespace
}  // namespace lgx
