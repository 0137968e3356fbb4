#include "cpu/float80.h"

#include <gtest/gtest.h>

#include <cstring>

#include "cpu/float80_wide.h"
#include "cpu/fpu_execute.h"
#include "tests/cpu/x87_random.h"

namespace lgx {
namespace {

constexpr Float80 kOne = kFloat80One;
constexpr Float80 kTwo{kFloat80IntegerBit, 0x4000};
constexpr Float80 kThree{0xc000000000000000, 0x4000};
constexpr Float80 kLargest{~u64{0}, 0x7ffe};
constexpr Float80 kSmallestNormal{kFloat80IntegerBit, 1};
constexpr Float80 kSmallestDenormal{1, 0};

FloatContext With(FloatRounding rounding, u8 precision = 64) {
  FloatContext context;
  context.rounding = rounding;
  context.precision = precision;
  return context;
}

struct Recorded {
  u8 opcode, modrm;
  u16 cw, sw;
  Float80 st0, st1;
  Float80 result;
  u16 result_sw;
};
constexpr Recorded kRecorded[] = {
#include "tests/cpu/x87_recorded.inc"
};

TEST(Float80, RecordedResultsOfAProcessorAreReproduced) {
  for (const Recorded& r : kRecorded) {
    FpuState s;
    s.cw = r.cw;
    s.sw = r.sw;
    s.valid = 0xff;
    s.St(0) = r.st0;
    s.St(1) = r.st1;
    u32 eflags = 2;
    ASSERT_EQ(FpuExecuteRegister(s, r.opcode, r.modrm, eflags), FpuOutcome::kDone);
    EXPECT_EQ(s.St(0), r.result) << "entry " << &r - kRecorded;
    EXPECT_EQ(s.sw, r.result_sw) << "entry " << &r - kRecorded;
  }
}

TEST(Float80, OneThirdIsRoundedInEveryDirection) {
  const auto third = [](FloatRounding rounding) {
    FloatContext context = With(rounding);
    const Float80 result = Float80Div(kOne, kThree, context);
    EXPECT_EQ(context.flags, kX87Precision);
    EXPECT_EQ(context.rounded_up, (result.significand & 1) != 0);
    return result.significand;
  };
  EXPECT_EQ(third(FloatRounding::kNearest), 0xaaaaaaaaaaaaaaab);
  EXPECT_EQ(third(FloatRounding::kUp), 0xaaaaaaaaaaaaaaab);
  EXPECT_EQ(third(FloatRounding::kDown), 0xaaaaaaaaaaaaaaaa);
  EXPECT_EQ(third(FloatRounding::kZero), 0xaaaaaaaaaaaaaaaa);
}

TEST(Float80, PrecisionControlShortensTheSignificand) {
  FloatContext context = With(FloatRounding::kNearest, 24);
  EXPECT_EQ(Float80Div(kOne, kThree, context).significand, 0xaaaaab0000000000);
  context = With(FloatRounding::kNearest, 53);
  EXPECT_EQ(Float80Div(kOne, kThree, context).significand, 0xaaaaaaaaaaaaa800);
}

TEST(Float80, OverflowFollowsTheDirectionOfRounding) {
  const auto doubled = [](Float80 a, FloatRounding rounding) {
    FloatContext context = With(rounding);
    const Float80 result = Float80Add(a, a, context);
    EXPECT_EQ(context.flags, kX87Overflow | kX87Precision);
    return result;
  };
  EXPECT_EQ(doubled(kLargest, FloatRounding::kNearest), Float80Infinity(false));
  EXPECT_EQ(doubled(kLargest, FloatRounding::kUp), Float80Infinity(false));
  EXPECT_EQ(doubled(kLargest, FloatRounding::kDown), kLargest);
  EXPECT_EQ(doubled(kLargest, FloatRounding::kZero), kLargest);
}

TEST(Float80, UnmaskedOverflowAndUnderflowMoveTheExponent) {
  FloatContext context;
  context.masks = 0;
  const Float80 square = Float80Mul(kLargest, kTwo, context);
  EXPECT_EQ(context.flags, kX87Overflow);
  EXPECT_EQ(square, MakeFloat80(false, 0x7fff - 24576, ~u64{0}));
  context = {};
  context.masks = 0;
  const Float80 half = Float80Div(kSmallestNormal, kTwo, context);
  EXPECT_EQ(context.flags, kX87Underflow);
  EXPECT_EQ(half, MakeFloat80(false, 24576, kFloat80IntegerBit));
}

TEST(Float80, AnExactDenormalResultIsNoMaskedUnderflow) {
  FloatContext context;
  EXPECT_EQ(Float80Div(kSmallestNormal, kTwo, context),
            (Float80{kFloat80IntegerBit >> 1, 0}));
  EXPECT_EQ(context.flags, 0);
  EXPECT_EQ(Float80Div(kSmallestDenormal, kTwo, context), Float80Zero(false));
  EXPECT_EQ(context.flags, kX87Denormal | kX87Underflow | kX87Precision);
}

TEST(Float80, TheNanWithTheLargerSignificandWins) {
  const Float80 small{0xc000000000000001, 0x7fff}, large{0xc000000000000002, 0xffff};
  const Float80 signaling{0xbfffffffffffffff, 0x7fff};
  FloatContext context;
  EXPECT_EQ(Float80Add(small, large, context), large);
  EXPECT_EQ(Float80Add(large, small, context), large);
  EXPECT_EQ(context.flags, 0);
  EXPECT_EQ(Float80Add(signaling, small, context), small);
  EXPECT_EQ(context.flags, kX87Invalid);
  EXPECT_EQ(Float80Add(signaling, kOne, context).significand, 0xffffffffffffffff);
}

TEST(Float80, UnsupportedFormatsAreInvalid) {
  for (const Float80 odd : {Float80{0x4000000000000000, 0x3fff}, Float80{0, 0x7fff},
                            Float80{0x1234, 0xffff}}) {
    FloatContext context;
    EXPECT_EQ(Classify(odd), Float80Class::kUnsupported);
    EXPECT_EQ(Float80Mul(odd, kOne, context), kFloat80Indefinite);
    EXPECT_EQ(context.flags, kX87Invalid);
  }
}

TEST(Float80, InvalidOperationsGiveTheIndefinite) {
  const Float80 infinity = Float80Infinity(false), zero = Float80Zero(false);
  FloatContext context;
  EXPECT_EQ(Float80Sub(infinity, infinity, context), kFloat80Indefinite);
  EXPECT_EQ(Float80Mul(infinity, zero, context), kFloat80Indefinite);
  EXPECT_EQ(Float80Div(zero, zero, context), kFloat80Indefinite);
  EXPECT_EQ(Float80Div(infinity, infinity, context), kFloat80Indefinite);
  EXPECT_EQ(Float80Sqrt(MakeFloat80(true, 0x3fff, kFloat80IntegerBit), context),
            kFloat80Indefinite);
  EXPECT_EQ(context.flags, kX87Invalid);
}

TEST(Float80, AnUnmaskedInvalidOperationSuppressesTheResult) {
  FloatContext context;
  context.masks = 0x3f & ~kX87Invalid;
  (void)Float80Div(Float80Zero(false), Float80Zero(false), context);
  EXPECT_TRUE(context.Suppressed());
}

TEST(Float80, ADifferenceOfZeroIsNegativeOnlyWhenRoundingDown) {
  FloatContext context;
  EXPECT_EQ(Float80Sub(kOne, kOne, context), Float80Zero(false));
  context = With(FloatRounding::kDown);
  EXPECT_EQ(Float80Sub(kOne, kOne, context), Float80Zero(true));
}

TEST(Float80, ConversionToIntegerRoundsAndChecksTheRange) {
  const Float80 half = MakeFloat80(false, 0x3ffe, kFloat80IntegerBit);
  FloatContext context;
  EXPECT_EQ(StoreInt(half, 32, context), 0);
  EXPECT_EQ(context.flags, kX87Precision);
  context = With(FloatRounding::kUp);
  EXPECT_EQ(StoreInt(half, 32, context), 1);
  EXPECT_TRUE(context.rounded_up);
  context = {};
  EXPECT_EQ(StoreInt(LoadInt(INT64_MIN), 64, context), INT64_MIN);
  EXPECT_EQ(StoreInt(LoadInt(32767), 16, context), 32767);
  EXPECT_EQ(StoreInt(LoadInt(-32768), 16, context), -32768);
  EXPECT_EQ(context.flags, 0);
  EXPECT_EQ(StoreInt(LoadInt(32768), 16, context), -32768);
  EXPECT_EQ(context.flags, kX87Invalid);
}

TEST(Float80, SinglesSurviveTheRoundTrip) {
  X87Random random(3);
  for (int n = 0; n < 100000; ++n) {
    const u32 bits = static_cast<u32>(random.Next());
    FloatContext context;
    const Float80 wide = WidenF32(bits, context);
    if (IsNan(wide)) continue;
    EXPECT_EQ(StoreF32(wide, context), bits);
    EXPECT_EQ(context.flags, 0);
  }
}

TEST(Float80, DecimalsSurviveTheRoundTrip) {
  X87Random random(4);
  for (int n = 0; n < 10000; ++n) {
    u8 bytes[10], again[10];
    random.MemoryOperand(FpuFormat::kBcd, bytes);
    FloatContext context;
    StoreBcd(LoadBcd(bytes), again, context);
    EXPECT_EQ(std::memcmp(bytes, again, 10), 0);
    EXPECT_EQ(context.flags, 0);
  }
}

TEST(Float80, TooLargeADecimalIsTheDecimalIndefinite) {
  u8 bytes[10];
  FloatContext context;
  StoreBcd(LoadInt(1'000'000'000'000'000'000), bytes, context);
  constexpr u8 kIndefinite[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff};
  EXPECT_EQ(std::memcmp(bytes, kIndefinite, 10), 0);
  EXPECT_EQ(context.flags, kX87Invalid);
}

TEST(Float80, RemainderOfNearEqualsIsSigned) {
  FloatContext context;
  const Float80Remainder down = Float80Rem(kThree, kTwo, false, context);
  EXPECT_EQ(down.value, kOne);
  EXPECT_EQ(down.quotient, 1);
  const Float80Remainder nearest = Float80Rem(kThree, kTwo, true, context);
  EXPECT_EQ(nearest.value, MakeFloat80(true, 0x3fff, kFloat80IntegerBit));
  EXPECT_EQ(nearest.quotient, 2);
}

TEST(U128, DivisionInvertsMultiplication) {
  X87Random random(5);
  for (int n = 0; n < 100000; ++n) {
    const u64 divisor = random.Significand();
    const u64 quotient = random.Next() >> random.Below(64);
    const u64 remainder = random.Next() % divisor;
    const U128 product = Multiply64(divisor, quotient) + U128{0, remainder};
    const Quotient64 q = Divide128(product, divisor);
    EXPECT_EQ(q.quotient, quotient);
    EXPECT_EQ(q.remainder, remainder);
  }
}

TEST(U128, ShiftsKeepWhatFallsOut) {
  EXPECT_EQ(ShiftRightJam({0, 2}, 1), (U128{0, 1}));
  EXPECT_EQ(ShiftRightJam({0, 1}, 1), (U128{0, 1}));
  EXPECT_EQ(ShiftRightJam({1, 0}, 64), (U128{0, 1}));
  EXPECT_EQ(ShiftRightJam({kFloat80IntegerBit, 0}, 500), (U128{0, 1}));
  EXPECT_EQ(ShiftRightJam({}, 500), (U128{}));
}

}  // namespace
}  // namespace lgx
