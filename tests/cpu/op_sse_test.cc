// When SSE instructions may run, and what an exception leaves behind (SDM volume 1,
// chapter 11.5; volume 3, chapter 13). What the instructions compute is in the vector
// corpus.
#include "cpu/binary_float.h"
#include "cpu/simd_lanes.h"
#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kOne = 0x3f800000, kInfinity = 0x7f800000, kLargest = 0x7f7fffff;

class SseTest : public CpuTest {
 protected:
  void SetUp() override {
    m.cpu.set_model(FullCpuModel());
    m.EnterRing(0);
    m.cpu.state.cr4 |= kCr4Osfxsr | kCr4Osxmmexcpt;
    m.cpu.set_stop_at_events(true);
    fpu().SetTop(5);
    fpu().valid = 0x12;
  }
  FpuState& fpu() { return m.cpu.state.fpu; }
  void SetXmm(u32 n, u32 a, u32 b, u32 c, u32 d) {
    u32 lane = 0;
    for (const u32 value : {a, b, c, d}) {
      simd::SetLane<u32>(fpu().xmm[n].data(), lane++, value);
    }
  }
  u32 Xmm(u32 n, u32 lane) { return simd::Lane<u32>(fpu().xmm[n].data(), lane); }
  void Unmask(u32 flag) { fpu().mxcsr &= ~(flag << kMxcsrMaskShift); }
  // -1: it completes.
  int Execute(std::initializer_list<u32> bytes) {
    m.cpu.StateChanged();
    m.Start(Code(CpuMachine::kCode).Bytes(bytes).Hlt());
    return m.Run(1) == StopReason::kEvent ? m.cpu.last_event().fault.vector : -1;
  }
};
LGX_FOR_ALL_BINDINGS(SseTest);

TEST_P(SseTest, FlagsOfAllLanesAreSticky) {
  SetXmm(0, kOne, kInfinity, kLargest, 1);
  SetXmm(1, 0, kInfinity | 0x80000000, kLargest, kOne);
  ASSERT_EQ(Execute({0x0f, 0x58, 0xc1}), -1);  // ADDPS xmm0, xmm1
  EXPECT_EQ(fpu().mxcsr, kMxcsrInit | kMxcsrInvalid | kMxcsrOverflow | kMxcsrPrecision |
                             kMxcsrDenormal);
  EXPECT_EQ(Xmm(0, 0), kOne);
  EXPECT_EQ(Xmm(0, 1), 0xffc00000u);
  EXPECT_EQ(Xmm(0, 2), kInfinity);
  ASSERT_EQ(Execute({0x0f, 0x57, 0xc0}), -1);  // XORPS xmm0, xmm0
  EXPECT_EQ(fpu().mxcsr & kMxcsrInvalid, kMxcsrInvalid);
}

TEST_P(SseTest, AnUnmaskedExceptionChangesNothingButFlags) {
  SetXmm(0, kOne, kLargest, kOne, kOne);
  SetXmm(1, kOne, kLargest, kOne, kOne);
  Unmask(kMxcsrOverflow);
  EXPECT_EQ(Execute({0x0f, 0x58, 0xc1}), kVectorXf);
  EXPECT_FALSE(m.cpu.last_event().fault.has_error);
  EXPECT_EQ(m.cpu.last_event().eip, CpuMachine::kCode);
  EXPECT_EQ(Xmm(0, 0), kOne);
  EXPECT_EQ(fpu().mxcsr & kMxcsrFlags, kMxcsrOverflow);
}

TEST_P(SseTest, ItIsUndefinedIfTheSystemDoesNotExpectIt) {
  m.cpu.state.cr4 &= ~kCr4Osxmmexcpt;
  SetXmm(0, kOne, 0, 0, 0);
  SetXmm(1, 0, 0, 0, 0);
  Unmask(kMxcsrZeroDivide);
  EXPECT_EQ(Execute({0xf3, 0x0f, 0x5e, 0xc1}), kVectorUd);  // DIVSS xmm0, xmm1
  EXPECT_EQ(Xmm(0, 0), kOne);
}

// An unmasked exception of an operand hides what the other lanes would have found later.
TEST_P(SseTest, ExceptionsBeforeTheComputationHideThoseAfterIt) {
  SetXmm(0, kOne, 1, kLargest, kOne);
  SetXmm(1, 0, kOne, kLargest, 0);
  Unmask(kMxcsrDenormal);
  EXPECT_EQ(Execute({0x0f, 0x59, 0xc1}), kVectorXf);  // MULPS xmm0, xmm1
  EXPECT_EQ(fpu().mxcsr & kMxcsrFlags, kMxcsrDenormal);
}

TEST_P(SseTest, ComparisonsToFlagsLeaveThemAtAnException) {
  SetXmm(0, 0x7fc00000, 0, 0, 0);
  m.cpu.state.flags.SetArithmetic(kEflagsOf | kEflagsSf);
  Unmask(kMxcsrInvalid);
  EXPECT_EQ(Execute({0x0f, 0x2f, 0xc1}), kVectorXf);  // COMISS xmm0, xmm1
  EXPECT_EQ(m.cpu.state.flags.Arithmetic(), kEflagsOf | kEflagsSf);
  EXPECT_EQ(Execute({0x0f, 0x2e, 0xc1}), -1);  // UCOMISS: a quiet NaN is fine
  EXPECT_EQ(m.cpu.state.flags.Arithmetic(), kEflagsZf | kEflagsPf | kEflagsCf);
}

TEST_P(SseTest, TheSystemMustHaveEnabledIt) {
  EXPECT_EQ(Execute({0x0f, 0x28, 0xc1}), -1);  // MOVAPS xmm0, xmm1
  m.cpu.state.cr0 |= kCr0Ts;
  EXPECT_EQ(Execute({0x0f, 0x28, 0xc1}), kVectorNm);
  EXPECT_EQ(Execute({0x0f, 0xc3, 0x05, 0, 0, 2, 0}), -1) << "MOVNTI needs no unit";
  m.cpu.state.cr0 |= kCr0Em;
  EXPECT_EQ(Execute({0x0f, 0x28, 0xc1}), kVectorUd);
  m.cpu.state.cr0 &= ~(kCr0Em | kCr0Ts);
  m.cpu.state.cr4 &= ~kCr4Osfxsr;
  EXPECT_EQ(Execute({0x0f, 0x28, 0xc1}), kVectorUd);
  EXPECT_EQ(Execute({0x0f, 0xae, 0x15, 0, 0, 2, 0}), kVectorUd);  // LDMXCSR
}

TEST_P(SseTest, WholeRegistersWantAlignedMemory) {
  EXPECT_EQ(Execute({0x0f, 0x28, 0x05, 8, 0, 2, 0}), kVectorGp);  // MOVAPS xmm0, [20008]
  EXPECT_EQ(Execute({0x0f, 0x58, 0x05, 8, 0, 2, 0}), kVectorGp);  // ADDPS
  EXPECT_EQ(Execute({0x0f, 0x10, 0x05, 8, 0, 2, 0}), -1);         // MOVUPS
  EXPECT_EQ(Execute({0xf3, 0x0f, 0x58, 0x05, 9, 0, 2, 0}), -1);   // ADDSS
}

// Which conversions make an MMX unit of the x87 unit, and look at its exceptions.
TEST_P(SseTest, ConversionsFromMemoryToDoublesLeaveTheX87UnitAlone) {
  m.cpu.state.cr0 |= kCr0Ne;
  fpu().cw = 0x037e;
  fpu().sw |= 1;
  FpuUpdateSummary(fpu());
  EXPECT_EQ(Execute({0x66, 0x0f, 0x2a, 0x05, 0, 0, 2, 0}), -1);  // CVTPI2PD xmm0, m64
  EXPECT_EQ(fpu().Top(), 5u);
  EXPECT_EQ(Execute({0x66, 0x0f, 0x2a, 0xc1}), kVectorMf);  // CVTPI2PD xmm0, mm1
  EXPECT_EQ(Execute({0x0f, 0x2d, 0xc1}), kVectorMf);        // CVTPS2PI mm0, xmm1
  FpuClearExceptions(fpu());
  EXPECT_EQ(Execute({0x66, 0x0f, 0x2a, 0xc1}), -1);
  EXPECT_EQ(fpu().Top(), 0u);
  EXPECT_EQ(fpu().valid, 0xff);
}

TEST_P(SseTest, MxcsrTakesOnlyBitsThatTheModelHas) {
  m.PutLong(CpuMachine::kData, 0x10000);
  EXPECT_EQ(Execute({0x0f, 0xae, 0x15, 0, 0, 2, 0}), kVectorGp);  // LDMXCSR [20000]
  m.PutLong(CpuMachine::kData, 0xffff);
  EXPECT_EQ(Execute({0x0f, 0xae, 0x15, 0, 0, 2, 0}), -1);
  EXPECT_EQ(fpu().mxcsr, 0xffffu);
  fpu().mxcsr = kMxcsrInit;
  m.cpu.set_model(*FindCpuModel("pentium-iii"));  // no denormals-are-zeros
  EXPECT_EQ(Execute({0x0f, 0xae, 0x15, 0, 0, 2, 0}), kVectorGp);
  EXPECT_EQ(fpu().mxcsr, kMxcsrInit);
}

}  // namespace
}  // namespace lgx
