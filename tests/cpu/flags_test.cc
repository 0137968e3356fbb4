#include "cpu/flags.h"

#include <gtest/gtest.h>

#include <random>

namespace lgx {
namespace {

// EFLAGS by the manual's words, one bit at a time, with 64-bit sums: nothing of flags.h.
struct Plain {
  u32 bits;  // 8, 16 or 32
  u32 Mask() const { return bits == 32 ? 0xffffffff : (1u << bits) - 1; }

  u32 ZeroSignParity(u32 r) const {
    u32 ones = 0;
    for (u32 i = 0; i < 8; ++i) ones += r >> i & 1;
    return (r == 0 ? kEflagsZf : 0) | ((r >> (bits - 1) & 1) != 0 ? kEflagsSf : 0) |
           (ones % 2 == 0 ? kEflagsPf : 0);
  }
  bool Negative(u32 v) const { return (v >> (bits - 1) & 1) != 0; }

  u32 Add(u32 a, u32 b, u32 carry) const {
    const u64 sum = u64{a} + b + carry;
    const u32 r = static_cast<u32>(sum) & Mask();
    const bool overflow = Negative(a) == Negative(b) && Negative(r) != Negative(a);
    return ZeroSignParity(r) | (sum > Mask() ? kEflagsCf : 0) |
           ((a & 15) + (b & 15) + carry > 15 ? kEflagsAf : 0) |
           (overflow ? kEflagsOf : 0);
  }
  u32 Sub(u32 a, u32 b, u32 borrow) const {
    const u32 r = (a - b - borrow) & Mask();
    const bool overflow = Negative(a) != Negative(b) && Negative(r) != Negative(a);
    return ZeroSignParity(r) | (u64{a} < u64{b} + borrow ? kEflagsCf : 0) |
           ((a & 15) < (b & 15) + borrow ? kEflagsAf : 0) | (overflow ? kEflagsOf : 0);
  }
};

// The six flags after ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC and the logical operations.
template <typename T>
void CompareAll(u32 a32, u32 b32) {
  const Plain plain{kBits<T>};
  const T a = static_cast<T>(a32), b = static_cast<T>(b32);
  Flags flags{1, 0};
  for (u32 carry = 0; carry < 2; ++carry) {
    ASSERT_EQ(flags.Add<T>(a, b, carry != 0), static_cast<T>(a + b + carry));
    ASSERT_EQ(flags.Arithmetic(), plain.Add(a, b, carry)) << u32{a} << " + " << u32{b};
    ASSERT_EQ(flags.Sub<T>(a, b, carry != 0), static_cast<T>(a - b - carry));
    ASSERT_EQ(flags.Arithmetic(), plain.Sub(a, b, carry)) << u32{a} << " - " << u32{b};
    // INC and DEC keep the carry, whatever made it.
    flags.SetArithmetic(carry != 0 ? kEflagsCf : 0);
    flags.Inc<T>(a);
    ASSERT_EQ(flags.Arithmetic(), (plain.Add(a, 1, 0) & ~kEflagsCf) | carry) << u32{a};
    flags.SetArithmetic(carry != 0 ? kEflagsCf | kEflagsOf : 0);
    flags.Dec<T>(a);
    ASSERT_EQ(flags.Arithmetic(), (plain.Sub(a, 1, 0) & ~kEflagsCf) | carry) << u32{a};
  }
  flags.Logic<T>(static_cast<T>(a ^ b));
  ASSERT_EQ(flags.Arithmetic(), plain.ZeroSignParity(static_cast<T>(a ^ b)));
}

TEST(Flags, EveryEightBitOperationGivesTheManualsFlags) {
  for (u32 a = 0; a < 256; ++a) {
    for (u32 b = 0; b < 256; ++b) CompareAll<u8>(a, b);
  }
}

TEST(Flags, WiderOperationsGiveTheManualsFlagsAtTheEdgesAndInBetween) {
  std::mt19937 random(20260101);
  constexpr u32 kEdges[] = {0,          1,          0x7f,       0x80,
                            0xff,       0x7fff,     0x8000,     0xffff,
                            0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  for (const u32 a : kEdges) {
    for (const u32 b : kEdges) {
      CompareAll<u16>(a, b);
      CompareAll<u32>(a, b);
    }
  }
  for (int i = 0; i < 20000; ++i) {
    const u32 a = static_cast<u32>(random()), b = static_cast<u32>(random());
    CompareAll<u16>(a, b);
    CompareAll<u32>(a, b);
    CompareAll<u32>(a, a);
  }
}

// The combinations of the six flags, as EFLAGS images.
u32 Combination(u32 n) {
  constexpr u32 kOrder[6] = {kEflagsCf, kEflagsPf, kEflagsAf,
                             kEflagsZf, kEflagsSf, kEflagsOf};
  u32 image = 0;
  for (u32 i = 0; i < 6; ++i) {
    if ((n >> i & 1) != 0) image |= kOrder[i];
  }
  return image;
}

TEST(Flags, AnyImageCanBeSetAndReadBack) {
  for (u32 n = 0; n < 64; ++n) {
    Flags flags{0x12345678, 0xdeadbeef};
    flags.SetArithmetic(Combination(n));
    EXPECT_EQ(flags.Arithmetic(), Combination(n));
    EXPECT_EQ(flags.Cf(), (Combination(n) & kEflagsCf) != 0);
    EXPECT_EQ(flags.Pf(), (Combination(n) & kEflagsPf) != 0);
  }
}

TEST(Flags, SettingOneFlagLeavesTheOthers) {
  for (u32 n = 0; n < 64; ++n) {
    const u32 image = Combination(n);
    for (const bool value : {false, true}) {
      Flags flags{0, 0};
      flags.SetArithmetic(image);
      flags.SetCf(value);
      EXPECT_EQ(flags.Arithmetic(), (image & ~kEflagsCf) | (value ? kEflagsCf : 0));
      flags.SetArithmetic(image);
      flags.SetZf(value);
      EXPECT_EQ(flags.Arithmetic(), (image & ~kEflagsZf) | (value ? kEflagsZf : 0));
      flags.SetArithmetic(image);
      flags.SetCfOf(value, !value);
      EXPECT_EQ(flags.Arithmetic(),
                (image & ~(kEflagsCf | kEflagsOf)) | (value ? kEflagsCf : kEflagsOf));
    }
  }
}

TEST(Flags, TheSixteenConditionsAreTheManuals) {
  for (u32 n = 0; n < 64; ++n) {
    const u32 image = Combination(n);
    Flags flags{0, 0};
    flags.SetArithmetic(image);
    const bool cf = (image & kEflagsCf) != 0, zf = (image & kEflagsZf) != 0;
    const bool sf = (image & kEflagsSf) != 0, of = (image & kEflagsOf) != 0;
    const bool pf = (image & kEflagsPf) != 0;
    EXPECT_EQ(flags.Condition<0>(), of);
    EXPECT_EQ(flags.Condition<1>(), !of);
    EXPECT_EQ(flags.Condition<2>(), cf);
    EXPECT_EQ(flags.Condition<3>(), !cf);
    EXPECT_EQ(flags.Condition<4>(), zf);
    EXPECT_EQ(flags.Condition<5>(), !zf);
    EXPECT_EQ(flags.Condition<6>(), cf || zf);
    EXPECT_EQ(flags.Condition<7>(), !cf && !zf);
    EXPECT_EQ(flags.Condition<8>(), sf);
    EXPECT_EQ(flags.Condition<9>(), !sf);
    EXPECT_EQ(flags.Condition<10>(), pf);
    EXPECT_EQ(flags.Condition<11>(), !pf);
    EXPECT_EQ(flags.Condition<12>(), sf != of);
    EXPECT_EQ(flags.Condition<13>(), sf == of);
    EXPECT_EQ(flags.Condition<14>(), zf || sf != of);
    EXPECT_EQ(flags.Condition<15>(), !zf && sf == of);
  }
}

}  // namespace
}  // namespace lgx
