// Rules of the manual by example, and the host's own arithmetic as the reference for
// values. Flags of whole instructions are compared with a processor's in the vector
// corpus.
#include "cpu/binary_float.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cfloat>
#include <cmath>
#include <type_traits>

namespace lgx {
namespace {

constexpr u32 kMasked = 0x1f80;
constexpr u32 kOne = 0x3f800000, kTwo = 0x40000000, kThree = 0x40400000;
constexpr u32 kLargest = 0x7f7fffff, kInfinity = 0x7f800000, kMinus = 0x80000000;
constexpr u32 kSmallestNormal = 0x00800000, kDenormal = 0x00000001;
constexpr u32 kQuietNan = 0x7fc00123, kSignalingNan = 0x7f800456;
constexpr u32 kIndefinite = 0xffc00000;

constexpr u32 With(SseRounding rounding) {
  return kMasked | static_cast<u32>(rounding) << kMxcsrRcShift;
}
constexpr u32 Unmask(u32 flag) { return kMasked & ~(flag << kMxcsrMaskShift); }

// An answer and the exceptions it came with.
struct Answer {
  u64 value;
  u32 flags;
  friend bool operator==(const Answer&, const Answer&) = default;
};
std::ostream& operator<<(std::ostream& out, const Answer& a) {
  return out << std::hex << a.value << " with exceptions " << a.flags;
}
template <typename T>
Answer Do(T (*fn)(T, T, FloatEnv&), T a, T b, u32 mxcsr = kMasked) {
  FloatEnv env(mxcsr);
  const T value = fn(a, b, env);
  return {value, env.flags};
}
template <typename T>
Answer Do(T (*fn)(T, FloatEnv&), T a, u32 mxcsr = kMasked) {
  FloatEnv env(mxcsr);
  const T value = fn(a, env);
  return {value, env.flags};
}
u32 FlagsOf(u32 (*fn)(u32, u32, FloatEnv&), u32 a, u32 b, u32 mxcsr = kMasked) {
  return Do(fn, a, b, mxcsr).flags;
}

TEST(BinaryFloat, OneThirdIsRoundedInEveryDirection) {
  const auto third = [](SseRounding rounding, u32 one) {
    return Do(FloatDiv<u32>, one, kThree, With(rounding));
  };
  const Answer up{0x3eaaaaab, kMxcsrPrecision}, down{0x3eaaaaaa, kMxcsrPrecision};
  EXPECT_EQ(third(SseRounding::kNearest, kOne), up);
  EXPECT_EQ(third(SseRounding::kUp, kOne), up);
  EXPECT_EQ(third(SseRounding::kDown, kOne), down);
  EXPECT_EQ(third(SseRounding::kZero, kOne), down);
  EXPECT_EQ(third(SseRounding::kDown, kOne | kMinus).value, up.value | kMinus);
  EXPECT_EQ(third(SseRounding::kUp, kOne | kMinus).value, down.value | kMinus);
}

TEST(BinaryFloat, TiesGoToEven) {
  constexpr u32 kHalfUnit = 0x33800000;  // 2^-24
  EXPECT_EQ(Do(FloatAdd<u32>, kOne, kHalfUnit).value, kOne);
  EXPECT_EQ(Do(FloatAdd<u32>, kOne + 1, kHalfUnit).value, kOne + 2);
  EXPECT_EQ(Do(FloatAdd<u32>, 0x3fffffffu, kHalfUnit).value, kTwo);  // a carry
}

TEST(BinaryFloat, OverflowFollowsTheDirectionOfRounding) {
  constexpr u32 kBoth = kMxcsrOverflow | kMxcsrPrecision;
  const auto doubled = [](SseRounding rounding, u32 a) {
    return Do(FloatAdd<u32>, a, a, With(rounding));
  };
  EXPECT_EQ(doubled(SseRounding::kNearest, kLargest), (Answer{kInfinity, kBoth}));
  EXPECT_EQ(doubled(SseRounding::kZero, kLargest), (Answer{kLargest, kBoth}));
  EXPECT_EQ(doubled(SseRounding::kDown, kLargest), (Answer{kLargest, kBoth}));
  EXPECT_EQ(doubled(SseRounding::kDown, kLargest | kMinus),
            (Answer{kInfinity | kMinus, kBoth}));
  EXPECT_EQ(FlagsOf(FloatAdd, kLargest, kLargest, Unmask(kMxcsrOverflow)), kMxcsrOverflow)
      << "the sum is exact with an unlimited exponent";
}

TEST(BinaryFloat, TinyAnswersRaiseUnderflowByTheMask) {
  const Answer exact = Do(FloatMul<u32>, kSmallestNormal, 0x3f000000u);
  EXPECT_EQ(exact, (Answer{0x00400000, 0}));
  EXPECT_EQ(FlagsOf(FloatMul, kSmallestNormal, 0x3f000000, Unmask(kMxcsrUnderflow)),
            kMxcsrUnderflow);
  EXPECT_EQ(Do(FloatMul<u32>, kSmallestNormal | kMinus, 0x3f000000u, kMasked | kMxcsrFtz),
            (Answer{kMinus, kMxcsrUnderflow | kMxcsrPrecision}));
  EXPECT_EQ(FlagsOf(FloatMul, kSmallestNormal, 0x3eaaaaab),
            kMxcsrUnderflow | kMxcsrPrecision);
  EXPECT_EQ(Do(FloatSub<u32>, kSmallestNormal + 1, kSmallestNormal).value, 1u);
}

// Tiny is what is so after rounding with an unlimited exponent (SDM volume 1, 4.9.1.5).
TEST(BinaryFloat, WhatRoundsUpToTheSmallestNormalNumberIsNotTiny) {
  constexpr u32 kBelowOne = 0x3f7fffff;  // 1 - 2^-24
  EXPECT_EQ(Do(FloatMul<u32>, kSmallestNormal, kBelowOne, With(SseRounding::kUp)),
            (Answer{kSmallestNormal, kMxcsrUnderflow | kMxcsrPrecision}))
      << "24 bits suffice for it with an unlimited exponent";
  // (1 + 2^-23)(1 - 2^-23 + 2^-24 ...) just below 2^-126: 24 ones and more.
  EXPECT_EQ(Do(FloatMul<u32>, kSmallestNormal + 1, 0x3f7ffffeu, With(SseRounding::kUp)),
            (Answer{kSmallestNormal, kMxcsrPrecision}));
}

TEST(BinaryFloat, DenormalOperandsAreNotedOrZeros) {
  EXPECT_EQ(Do(FloatAdd<u32>, kDenormal, kDenormal), (Answer{2, kMxcsrDenormal}));
  EXPECT_EQ(Do(FloatAdd<u32>, kDenormal, kOne, kMasked | kMxcsrDaz), (Answer{kOne, 0}));
  EXPECT_EQ(Do(FloatMul<u32>, kDenormal | kMinus, kOne, kMasked | kMxcsrDaz),
            (Answer{kMinus, 0}));
  EXPECT_EQ(Do(FloatSqrt<u32>, kDenormal | kMinus, kMasked | kMxcsrDaz),
            (Answer{kMinus, 0}));
  EXPECT_EQ(Do(FloatDiv<u32>, kOne, kDenormal, kMasked | kMxcsrDaz),
            (Answer{kInfinity, kMxcsrZeroDivide}));
}

TEST(BinaryFloat, ExceptionsHaveAnOrder) {
  EXPECT_EQ(FlagsOf(FloatAdd, kDenormal, kSignalingNan), kMxcsrInvalid);
  EXPECT_EQ(FlagsOf(FloatAdd, kDenormal, kQuietNan), 0u);
  EXPECT_EQ(FlagsOf(FloatDiv, kDenormal, 0), kMxcsrZeroDivide);
  EXPECT_EQ(FlagsOf(FloatDiv, kInfinity, 0), 0u);
  EXPECT_EQ(Do(FloatSqrt<u32>, kDenormal | kMinus), (Answer{kIndefinite, kMxcsrInvalid}));
}

TEST(BinaryFloat, InvalidOperationsGiveTheIndefinite) {
  const Answer invalid{kIndefinite, kMxcsrInvalid};
  EXPECT_EQ(Do(FloatSub<u32>, kInfinity, kInfinity), invalid);
  EXPECT_EQ(Do(FloatMul<u32>, kInfinity, 0u), invalid);
  EXPECT_EQ(Do(FloatDiv<u32>, 0u, kMinus), invalid);
  EXPECT_EQ(Do(FloatDiv<u32>, kInfinity, kInfinity), invalid);
  EXPECT_EQ(Do(FloatSqrt<u64>, u64{0xbff0000000000000}),
            (Answer{0xfff8000000000000, kMxcsrInvalid}));
}

// SDM volume 1, table 4-7: the first operand that is a NaN, made quiet.
TEST(BinaryFloat, ANanAnswersForItself) {
  EXPECT_EQ(Do(FloatAdd<u32>, kQuietNan, kSignalingNan),
            (Answer{kQuietNan, kMxcsrInvalid}));
  EXPECT_EQ(Do(FloatSub<u32>, kOne, kQuietNan), (Answer{kQuietNan, 0}));
  EXPECT_EQ(Do(FloatAdd<u32>, kSignalingNan, kQuietNan),
            (Answer{kSignalingNan | 0x400000, kMxcsrInvalid}));
  FloatEnv env(kMasked);
  EXPECT_EQ(FloatToDouble(kSignalingNan | kMinus, env), 0xfff8008ac0000000u);
  EXPECT_EQ(FloatToSingle(0x7ff0000020000001, env), 0x7fc00001u);
  EXPECT_EQ(env.flags, kMxcsrInvalid);
}

TEST(BinaryFloat, MinimumAndMaximumGiveTheSecondOperandInDoubt) {
  EXPECT_EQ(Do(FloatMin<u32>, 0u, kMinus), (Answer{kMinus, 0}));
  EXPECT_EQ(Do(FloatMax<u32>, 0u, kMinus), (Answer{kMinus, 0}));
  EXPECT_EQ(Do(FloatMax<u32>, kQuietNan, kOne), (Answer{kOne, kMxcsrInvalid}));
  EXPECT_EQ(Do(FloatMin<u32>, kOne, kSignalingNan),
            (Answer{kSignalingNan, kMxcsrInvalid}));
  EXPECT_EQ(Do(FloatMin<u32>, kOne, kTwo | kMinus).value, kTwo | kMinus);
  EXPECT_EQ(Do(FloatMax<u32>, kTwo | kMinus, kThree | kMinus).value, kTwo | kMinus);
}

TEST(BinaryFloat, ComparisonsKnowFourOrders) {
  FloatEnv env(kMasked);
  EXPECT_EQ(FloatCompare(kOne | kMinus, kOne, true, env), SseOrder::kLess);
  EXPECT_EQ(FloatCompare(kOne | kMinus, kTwo | kMinus, true, env), SseOrder::kGreater);
  EXPECT_EQ(FloatCompare(kMinus, 0u, true, env), SseOrder::kEqual);
  EXPECT_EQ(FloatCompare(kQuietNan, 0u, false, env), SseOrder::kUnordered);
  EXPECT_EQ(env.flags, 0u);
  EXPECT_EQ(FloatCompare(kQuietNan, 0u, true, env), SseOrder::kUnordered);
  EXPECT_EQ(env.flags, kMxcsrInvalid);
}

TEST(BinaryFloat, IntegersThatDoNotFitAreIndefinite) {
  const auto to_int = [](double value, SseRounding rounding = SseRounding::kNearest) {
    FloatEnv env(kMasked);
    const u32 result = FloatToInt(std::bit_cast<u64>(value), rounding, env);
    return Answer{result, env.flags};
  };
  const Answer indefinite{0x80000000, kMxcsrInvalid};
  EXPECT_EQ(to_int(2147483647.0), (Answer{0x7fffffff, 0}));
  EXPECT_EQ(to_int(2147483647.25), (Answer{0x7fffffff, kMxcsrPrecision}));
  EXPECT_EQ(to_int(2147483647.5), indefinite);
  EXPECT_EQ(to_int(2147483647.5, SseRounding::kZero),
            (Answer{0x7fffffff, kMxcsrPrecision}));
  EXPECT_EQ(to_int(-2147483648.0), (Answer{0x80000000, 0}));
  EXPECT_EQ(to_int(-2147483648.5), (Answer{0x80000000, kMxcsrPrecision}));
  EXPECT_EQ(to_int(-2147483649.0), indefinite);
  EXPECT_EQ(to_int(HUGE_VAL), indefinite);
  EXPECT_EQ(to_int(0.5), (Answer{0, kMxcsrPrecision}));
  EXPECT_EQ(to_int(1.5), (Answer{2, kMxcsrPrecision}));
  EXPECT_EQ(to_int(-0.25, SseRounding::kDown), (Answer{0xffffffff, kMxcsrPrecision}));
  EXPECT_EQ(to_int(5e-324, SseRounding::kUp), (Answer{1, kMxcsrPrecision})) << "never DE";
}

// -- the host as the reference

class Numbers {
 public:
  explicit Numbers(u64 seed) : state_(seed) {}
  u64 Next() {  // SplitMix64
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // Any number that is no NaN; one in two near 1, one in four with few bits.
  template <typename T>
  T Image() {
    using I = FloatImage<T>;
    T image = static_cast<T>(Next());
    const u64 kind = Next() & 3;
    if ((kind & 1) != 0) {
      const T near_one = static_cast<T>(I::kBias - 4 + static_cast<i32>(Next() & 7));
      image = (image & (I::kSign | I::kFraction)) | near_one << I::kFractionBits;
    }
    if (kind >= 2) image &= ~(I::kFraction >> 9);
    if ((image & ~I::kSign) > I::kInfinity) image &= ~I::kFraction;
    return image;
  }

 private:
  u64 state_;
};

template <typename T>
using HostFloat = std::conditional_t<sizeof(T) == 4, float, double>;

template <typename T>
class BinaryFloatOnHost : public ::testing::Test {
 protected:
  void TearDown() override { std::fesetround(FE_TONEAREST); }
};
using Images = ::testing::Types<u32, u64>;
TYPED_TEST_SUITE(BinaryFloatOnHost, Images);

TYPED_TEST(BinaryFloatOnHost, ArithmeticAgreesInAllDirections) {
  using Host = HostFloat<TypeParam>;
  if (FLT_EVAL_METHOD != 0) GTEST_SKIP() << "this host computes in a wider format";
  constexpr int kHostRounding[4] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  Numbers numbers(1);
  for (u32 i = 0; i < 4000; ++i) {
    const u32 rounding = i & 3;
    const u32 mxcsr = With(static_cast<SseRounding>(rounding));
    const TypeParam a = numbers.Image<TypeParam>(), b = numbers.Image<TypeParam>();
    volatile Host x = std::bit_cast<Host>(a), y = std::bit_cast<Host>(b);
    ASSERT_EQ(std::fesetround(kHostRounding[rounding]), 0);
    const volatile Host sum = x + y, difference = x - y, product = x * y;
    const volatile Host quotient = y == 0 ? Host(1) : x / y;
    const volatile Host root = std::sqrt(x);
    std::fesetround(FE_TONEAREST);
    const auto expect = [&](const char* what, Host wanted, Answer got) {
      if (std::isnan(wanted)) {
        EXPECT_EQ(got.value, TypeParam{FloatImage<TypeParam>::kIndefinite}) << what;
      } else {
        EXPECT_EQ(got.value, std::bit_cast<TypeParam>(wanted))
            << what << std::hex << " of " << a << " and " << b << " rounded by "
            << rounding;
      }
    };
    expect("sum", sum, Do(FloatAdd<TypeParam>, a, b, mxcsr));
    expect("difference", difference, Do(FloatSub<TypeParam>, a, b, mxcsr));
    expect("product", product, Do(FloatMul<TypeParam>, a, b, mxcsr));
    if (y != 0) expect("quotient", quotient, Do(FloatDiv<TypeParam>, a, b, mxcsr));
    expect("root", root, Do(FloatSqrt<TypeParam>, a, mxcsr));
  }
}

TEST(BinaryFloat, ConversionsAgreeWithTheHost) {
  Numbers numbers(2);
  FloatEnv env(kMasked);
  for (u32 i = 0; i < 4000; ++i) {
    const u32 single = numbers.Image<u32>();
    const u64 wide = numbers.Image<u64>();
    EXPECT_EQ(FloatToDouble(single, env),
              std::bit_cast<u64>(static_cast<double>(std::bit_cast<float>(single))));
    const double value = std::bit_cast<double>(wide);
    if (std::fabs(value) < FLT_MAX) {
      EXPECT_EQ(FloatToSingle(wide, env), std::bit_cast<u32>(static_cast<float>(value)));
    }
    if (std::fabs(value) < 2147483647.0) {
      EXPECT_EQ(FloatToInt(wide, SseRounding::kZero, env),
                static_cast<u32>(static_cast<i32>(value)));
    }
    const i32 integer = static_cast<i32>(numbers.Next() >> (numbers.Next() & 31));
    EXPECT_EQ(FloatFromInt<u32>(static_cast<u32>(integer), env),
              std::bit_cast<u32>(static_cast<float>(integer)));
    EXPECT_EQ(FloatFromInt<u64>(static_cast<u32>(integer), env),
              std::bit_cast<u64>(static_cast<double>(integer)));
  }
}

// -- approximations

TEST(BinaryFloat, ApproximationsStayWithinTheManualsBound) {
  const double bound = 1.5 / 4096;
  Numbers numbers(3);
  for (u32 i = 0; i < 20000; ++i) {
    const u32 image = static_cast<u32>(numbers.Next()) & 0x7fffffff;
    if (image < kSmallestNormal || image >= kInfinity) continue;
    const double x = std::bit_cast<float>(image);
    const double root = std::bit_cast<float>(FloatReciprocalSqrt(image));
    EXPECT_LE(std::fabs(root * std::sqrt(x) - 1), bound) << std::hex << image;
    const double reciprocal = std::bit_cast<float>(FloatReciprocal(image));
    if (image < 0x7e800000) {  // 2^126
      EXPECT_LE(std::fabs(reciprocal * x - 1), bound) << std::hex << image;
    }
  }
}

// SDM volume 2, RCPPS and RSQRTPS.
TEST(BinaryFloat, ApproximationsOfSpecialNumbers) {
  EXPECT_EQ(FloatReciprocal(kOne), kOne);
  EXPECT_EQ(FloatReciprocal(kTwo | kMinus), 0xbf000000u);
  EXPECT_EQ(FloatReciprocal(kMinus), kInfinity | kMinus);
  EXPECT_EQ(FloatReciprocal(kDenormal), kInfinity);
  EXPECT_EQ(FloatReciprocal(kInfinity | kMinus), kMinus);
  EXPECT_EQ(FloatReciprocal(kSignalingNan), kSignalingNan | 0x400000);
  EXPECT_EQ(FloatReciprocal(0x7e800000), kSmallestNormal);
  EXPECT_EQ(FloatReciprocal(0x7e800c01), 0u) << "tiny answers are zeros";
  EXPECT_EQ(FloatReciprocal(kLargest | kMinus), kMinus);
  EXPECT_NE(FloatReciprocal(0x7e7ffa00), 0u);
  EXPECT_EQ(FloatReciprocalSqrt(0x40800000), 0x3f000000u);
  EXPECT_EQ(FloatReciprocalSqrt(kMinus), kInfinity | kMinus);
  EXPECT_EQ(FloatReciprocalSqrt(kDenormal | kMinus), kInfinity | kMinus);
  EXPECT_EQ(FloatReciprocalSqrt(kOne | kMinus), kIndefinite);
  EXPECT_EQ(FloatReciprocalSqrt(kInfinity), 0u);
  EXPECT_EQ(FloatReciprocalSqrt(kQuietNan | kMinus), kQuietNan | kMinus);
}

}  // namespace
}  // namespace lgx
