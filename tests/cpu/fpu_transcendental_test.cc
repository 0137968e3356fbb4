#include <gtest/gtest.h>

#include <cstring>

#include "base/endian.h"
#include "cpu/fpu_execute.h"
#include "tests/cpu/x87_host.h"
#include "tests/cpu/x87_random.h"

namespace lgx {
namespace {

struct Checked {
  u8 modrm;
  Float80 x, y, result;
};
constexpr Checked kChecked[] = {
#include "tests/cpu/x87_transcendental.inc"
};

// All eight, by ModR/M after D9.
constexpr u8 kForms[] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff};

FpuState WithRegisters(Float80 st0, Float80 st1) {
  FpuState s;
  s.valid = 0x03;
  s.St(0) = st0;
  s.St(1) = st1;
  return s;
}

TEST(FpuTranscendental, ResultsAreCorrectlyRounded) {
  for (const Checked& c : kChecked) {
    FpuState s = WithRegisters(c.x, c.y);
    u32 eflags = 2;
    ASSERT_EQ(FpuExecuteRegister(s, 0xd9, c.modrm, eflags), FpuOutcome::kDone);
    const bool pushes = c.modrm == 0xf2;  // FPTAN leaves a 1.0 above its result
    EXPECT_EQ(s.St(pushes ? 1 : 0), c.result) << "entry " << &c - kChecked;
    if (pushes) {
      EXPECT_EQ(s.St(0), kFloat80One);
    }
    EXPECT_EQ(s.sw & 0x3f, kX87Precision);
  }
}

// Steps between neighbours in the order of all numbers of one sign; large for other
// pairs.
u64 Distance(Float80 a, Float80 b) {
  if (a == b) return 0;
  if (a.sign() != b.sign()) return ~u64{0};
  if (a.exponent() == b.exponent()) {
    return a.significand > b.significand ? a.significand - b.significand
                                         : b.significand - a.significand;
  }
  if (a.exponent() > b.exponent()) std::swap(a, b);
  if (b.exponent() != a.exponent() + 1) return ~u64{0};
  const u64 first = a.exponent() == 0 ? kFloat80IntegerBit : ~u64{0};
  return (first - a.significand) + (b.significand - kFloat80IntegerBit) +
         (a.exponent() == 0 ? 0 : 1);
}

// One instruction here and on the host: registers within one unit in the last place, tags
// and status equal but for C1, which tells how a last bit was rounded.
void CompareOnce(X87Random& random, u8 modrm) {
  const FpuState before = random.State(true);
  const FpuImageFormat format;
  X87HostRun host;
  FpuWriteState(before, format, host.in.data());
  FpuState after = before;
  u32 eflags = 2;
  ASSERT_EQ(FpuExecuteRegister(after, 0xd9, modrm, eflags), FpuOutcome::kDone);
  ASSERT_TRUE(RunOnHost(0xd9, modrm, host));
  FpuState expected;
  FpuReadState(expected, format, host.out.data());
  const u16 host_sw = LoadLe<u16>(host.out.data() + 4);
  const auto where = [&] {
    return testing::Message() << std::hex << "d9 " << +modrm << " cw " << before.cw
                              << " st0 " << before.St(0).sign_exp << " "
                              << before.St(0).significand << " st1 "
                              << before.St(1).sign_exp << " " << before.St(1).significand;
  };
  ASSERT_EQ(after.sw | kFpuSwC1, host_sw | kFpuSwC1) << where();
  ASSERT_EQ(after.valid, expected.valid) << where();
  for (unsigned i = 0; i < 8; ++i) {
    ASSERT_LE(Distance(after.St(i), expected.St(i)), 1u) << where() << " in st" << i;
  }
}

TEST(FpuTranscendental, AgreesWithTheHostToOneUnitInTheLastPlace) {
  if (!HostHasX87()) GTEST_SKIP() << "this host has no x87 to compare with";
  X87Random random(11);
  for (u8 modrm : kForms) {
    for (int n = 0; n < 10000; ++n) {
      CompareOnce(random, modrm);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(FpuTranscendental, AnArgumentOfTwoToThe63IsTooLarge) {
  const Float80 large = MakeFloat80(false, kFloat80Bias + 63, kFloat80IntegerBit);
  for (u8 modrm : {0xf2, 0xfb, 0xfe, 0xff}) {
    FpuState s = WithRegisters(large, kFloat80One);
    u32 eflags = 2;
    ASSERT_EQ(FpuExecuteRegister(s, 0xd9, static_cast<u8>(modrm), eflags),
              FpuOutcome::kDone);
    EXPECT_NE(s.sw & kFpuSwC2, 0);
    EXPECT_EQ(s.St(0), large);
    EXPECT_EQ(s.Top(), 0u);
  }
}

TEST(FpuTranscendental, TheAngleOfNegativeZeroIsPi) {
  FloatContext context;
  const Float80 pi = Float80ArcTan(Float80Zero(false), Float80Zero(true), context);
  EXPECT_EQ(pi, (Float80{0xc90fdaa22168c235, 0x4000}));
  EXPECT_EQ(context.flags, kX87Precision);
}

}  // namespace
}  // namespace lgx
