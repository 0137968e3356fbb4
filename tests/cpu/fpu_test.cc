#include "cpu/fpu.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/endian.h"
#include "cpu/flags.h"
#include "cpu/fpu_execute.h"
#include "tests/cpu/x87_host.h"
#include "tests/cpu/x87_random.h"

namespace lgx {
namespace {

constexpr FpuImageFormat kWideProtected{true, true};

FpuState WithRegisters(std::initializer_list<Float80> values) {
  FpuState s;
  unsigned i = 0;
  for (const Float80& a : values) {
    s.St(i) = a;
    s.valid |= static_cast<u8>(1u << s.Physical(i));
    ++i;
  }
  return s;
}

void LoadDouble(FpuState& s, u64 bits) {
  u8 bytes[8];
  StoreLe<u64>(bytes, bits);
  FpuLoad(s, FpuFormat::kF64, bytes);
}

u64 StoreDouble(FpuState& s) {
  const FpuStore store = FpuPrepareStore(s, FpuFormat::kF64);
  EXPECT_TRUE(store.write);
  FpuFinishStore(s, store, true);
  return LoadLe<u64>(store.bytes.data());
}

// -- against the processor of the host
// ------------------------------------------------------

struct Compared {
  FpuState before;
  FpuState after;
  X87HostRun host;
  std::array<u8, 128> memory{};
  u32 eflags = 0;
};

// The emulated side of one memory form.
void RunMemoryForm(Compared& c, FpuMemoryForm form, u8 reg) {
  u8* bytes = c.memory.data();
  switch (form.kind) {
    case FpuMemoryKind::kArith:
      return FpuArithMemory(c.after, static_cast<FpuArith>(reg), form.format, bytes);
    case FpuMemoryKind::kLoad:
      return FpuLoad(c.after, form.format, bytes);
    case FpuMemoryKind::kStore:
    case FpuMemoryKind::kStorePop:
    case FpuMemoryKind::kStoreTruncatedPop: {
      const FpuStore store = FpuPrepareStore(
          c.after, form.format, form.kind == FpuMemoryKind::kStoreTruncatedPop);
      if (store.write) {
        std::memcpy(bytes, store.bytes.data(), FpuFormatSize(form.format));
      }
      return FpuFinishStore(c.after, store, form.kind != FpuMemoryKind::kStore);
    }
    case FpuMemoryKind::kLoadControl:
      return FpuLoadControlWord(c.after, LoadLe<u16>(bytes));
    case FpuMemoryKind::kStoreControl:
      return StoreLe<u16>(bytes, c.after.cw);
    case FpuMemoryKind::kStoreStatus:
      return StoreLe<u16>(bytes, c.after.sw);
    default:
      FAIL() << "not a form of this test";
  }
}

// Where makers differ, ours is Intel's choice:
//   FCOMI FUCOMI ...         C1 is cleared (SDM); AMD keeps it
//   FLD ST(i) FXTRACT ...    stack full and source empty: an overflow, C1 = 1; AMD sees
//   the
//                            underflow first
bool DiffersByMaker(const Compared& c, u8 opcode, u8 modrm) {
  if (HostIsIntel()) return false;
  const bool full = !c.before.IsEmpty(7);
  if (opcode == 0xd9 && modrm < 0xc8) return full && c.before.IsEmpty(modrm & 7);
  if (opcode == 0xd9) return full && c.before.IsEmpty(0);
  return (opcode == 0xdb || opcode == 0xdf) && modrm >= 0xe8;
}

// Everything FNSAVE shows must be equal, but for the pointers.
void ExpectSame(const Compared& c, u8 opcode, u8 modrm) {
  std::array<u8, 108> ours{};
  FpuWriteState(c.after, kWideProtected, ours.data());
  const u8* host = c.host.out.data();
  const u16 ignored = DiffersByMaker(c, opcode, modrm) ? kFpuSwC1 : 0;
  // Bytes 12 to 27 are the pointers. The common case first: messages take their time.
  const u16 status_difference = LoadLe<u16>(ours.data() + 4) ^ LoadLe<u16>(host + 4);
  if (std::memcmp(ours.data(), host, 4) == 0 && (status_difference & ~ignored) == 0 &&
      std::memcmp(ours.data() + 6, host + 6, 6) == 0 &&
      std::memcmp(ours.data() + 28, host + 28, 80) == 0 && c.memory == c.host.memory &&
      c.eflags == static_cast<u32>(c.host.flags)) {
    return;
  }
  SCOPED_TRACE(testing::Message()
               << std::hex << +opcode << " " << +modrm << " cw " << c.before.cw << " sw "
               << c.before.sw << " valid " << +c.before.valid);
  EXPECT_EQ(LoadLe<u16>(ours.data()), LoadLe<u16>(host)) << "control";
  EXPECT_EQ(LoadLe<u16>(ours.data() + 4) | ignored, LoadLe<u16>(host + 4) | ignored)
      << "status";
  EXPECT_EQ(LoadLe<u16>(ours.data() + 8), LoadLe<u16>(host + 8)) << "tags";
  for (unsigned i = 0; i < 8; ++i) {
    EXPECT_EQ(std::memcmp(ours.data() + 28 + 10 * i, host + 28 + 10 * i, 10), 0)
        << "st" << i << ": before 0x" << std::hex << c.before.St(i).sign_exp << " "
        << c.before.St(i).significand << ", expected " << LoadLe<u16>(host + 36 + 10 * i)
        << " " << LoadLe<u64>(host + 28 + 10 * i) << ", is " << c.after.St(i).sign_exp
        << " " << c.after.St(i).significand;
  }
  EXPECT_EQ(c.memory, c.host.memory) << "memory";
  EXPECT_EQ(c.eflags, static_cast<u32>(c.host.flags)) << "eflags";
}

void CompareOnce(X87Random& random, u8 opcode, u8 modrm) {
  Compared c;
  c.before = random.State(true);
  if (random.OneIn(4)) c.before.St(modrm & 7) = c.before.St(0);
  const FpuMemoryForm form = FpuMemoryFormOf(opcode, (modrm >> 3) & 7);
  if (modrm < 0xc0) {
    random.MemoryOperand(form.format, c.memory.data());
    // A control word that unmasks what is pending would stop the host's FNSAVE sequence.
    if (form.kind == FpuMemoryKind::kLoadControl) StoreLe<u16>(c.memory.data(), 0xffff);
  }
  c.after = c.before;
  c.eflags = 0x202 | static_cast<u32>(random.Next() & 0x8d5);
  c.host.flags = c.eflags;
  c.host.memory = c.memory;
  FpuWriteState(c.before, kWideProtected, c.host.in.data());

  if (modrm < 0xc0) {
    RunMemoryForm(c, form, (modrm >> 3) & 7);
  } else if (FpuExecuteRegister(c.after, opcode, modrm, c.eflags) ==
             FpuOutcome::kStatusToAx) {
    c.host.rax = ~u64{0};
  }
  ASSERT_TRUE(RunOnHost(opcode, modrm, c.host));
  ExpectSame(c, opcode, modrm);
  if (opcode == 0xdf && modrm == 0xe0) {
    EXPECT_EQ(static_cast<u16>(c.host.rax), c.after.sw);
  }
}

// F2XM1, FYL2X, FPTAN, FPATAN, FYL2XP1, FSINCOS, FSIN, FCOS have a tolerance and a test
// of their own.
bool IsTranscendental(u8 opcode, u8 modrm) {
  return opcode == 0xd9 && ((modrm >= 0xf0 && modrm <= 0xf3) || modrm == 0xf9 ||
                            modrm == 0xfb || modrm >= 0xfe);
}

class EscapeOpcode : public testing::TestWithParam<int> {};

TEST_P(EscapeOpcode, RegisterFormsAgreeWithTheHost) {
  if (!HostHasX87()) GTEST_SKIP() << "this host has no x87 to compare with";
  const u8 opcode = static_cast<u8>(GetParam());
  X87Random random(0x1000u + opcode);
  for (int modrm = 0xc0; modrm < 0x100; ++modrm) {
    const u8 m = static_cast<u8>(modrm);
    if (!FpuRegisterFormExists(opcode, m) || IsTranscendental(opcode, m)) continue;
    for (int n = 0; n < 500; ++n) {
      CompareOnce(random, opcode, m);
      if (HasFailure()) return;
    }
  }
}

TEST_P(EscapeOpcode, MemoryFormsAgreeWithTheHost) {
  if (!HostHasX87()) GTEST_SKIP() << "this host has no x87 to compare with";
  const u8 opcode = static_cast<u8>(GetParam());
  X87Random random(0x2000u + opcode);
  for (u8 reg = 0; reg < 8; ++reg) {
    const FpuMemoryKind kind = FpuMemoryFormOf(opcode, reg).kind;
    if (kind == FpuMemoryKind::kUndefined || kind >= FpuMemoryKind::kLoadEnvironment) {
      continue;
    }
    for (int n = 0; n < 3000; ++n) {
      CompareOnce(random, opcode, static_cast<u8>(reg * 8 + 1));
      if (HasFailure()) return;
    }
  }
}

TEST_P(EscapeOpcode, EveryFormThatExistsIsExecuted) {
  const u8 opcode = static_cast<u8>(GetParam());
  for (int modrm = 0xc0; modrm < 0x100; ++modrm) {
    FpuState s;
    u32 eflags = 2;
    const FpuOutcome outcome =
        FpuExecuteRegister(s, opcode, static_cast<u8>(modrm), eflags);
    EXPECT_EQ(outcome != FpuOutcome::kUndefined,
              FpuRegisterFormExists(opcode, static_cast<u8>(modrm)))
        << std::hex << +opcode << " " << modrm;
  }
}

INSTANTIATE_TEST_SUITE_P(D8ToDf, EscapeOpcode, testing::Range(0xd8, 0xe0));

// -- rules of the manual
// --------------------------------------------------------------------

TEST(Fpu, InitGivesTheDocumentedState) {
  FpuState s = WithRegisters({kFloat80One});
  s.sw = 0xffff;
  s.cw = 0x1234;
  s.fip = s.fdp = 5;
  FpuInit(s);
  EXPECT_EQ(s.cw, 0x037f);
  EXPECT_EQ(s.sw, 0);
  EXPECT_EQ(FpuTagWord(s), 0xffff);
  EXPECT_EQ(s.fip | s.fdp, 0u);
}

TEST(Fpu, TheFdivTestOfTheKernelGivesZero) {
  // 4195835 - (4195835 / 3145727) * 3145727, as kernels compute it at boot.
  FpuState s;
  u8 bytes[4];
  StoreLe<u32>(bytes, 4195835);
  FpuLoad(s, FpuFormat::kI32, bytes);
  FpuLoadRegister(s, 0);
  StoreLe<u32>(bytes, 3145727);
  FpuArithMemory(s, FpuArith::kDiv, FpuFormat::kI32, bytes);
  FpuArithMemory(s, FpuArith::kMul, FpuFormat::kI32, bytes);
  FpuArithRegister(s, FpuArith::kSubR, 1, true, true);
  FpuArithRegister(s, FpuArith::kAdd, 0, false, false);  // twice the difference is no -0
  EXPECT_EQ(StoreDouble(s), 0u);
}

TEST(Fpu, DoublesGoThroughUnchanged) {
  FpuState s;
  for (u64 bits : {0x3ff0000000000000ull, 0x000fffffffffffffull, 0x8000000000000001ull,
                   0x7fefffffffffffffull, 0xfff0000000000000ull}) {
    LoadDouble(s, bits);
    EXPECT_EQ(StoreDouble(s), bits);
  }
}

TEST(Fpu, AnUnmaskedExceptionIsPendingUntilItIsCleared) {
  FpuState s = WithRegisters({kFloat80One, Float80Zero(false)});
  FpuLoadControlWord(s, 0x037f & ~kX87ZeroDivide);
  FpuArithRegister(s, FpuArith::kDiv, 1, false, false);
  EXPECT_TRUE(s.PendingException());
  EXPECT_EQ(s.sw & (kFpuSwSummary | kFpuSwBusy), kFpuSwSummary | kFpuSwBusy);
  EXPECT_EQ(s.St(0), kFloat80One) << "the operand stays for the handler";
  FpuClearExceptions(s);
  EXPECT_FALSE(s.PendingException());
}

TEST(Fpu, UnmaskingAFlagThatIsSetMakesItPending) {
  FpuState s = WithRegisters({kFloat80One, Float80Zero(false)});
  FpuArithRegister(s, FpuArith::kDiv, 1, false, false);
  EXPECT_FALSE(s.PendingException());
  FpuLoadControlWord(s, 0x037f & ~kX87ZeroDivide);
  EXPECT_TRUE(s.PendingException());
}

TEST(Fpu, AStoreThatIsNotMadeKeepsTheStack) {
  FpuState s = WithRegisters({MakeFloat80(false, 0x7ffe, ~u64{0})});
  FpuLoadControlWord(s, 0x037f & ~kX87Overflow);
  const FpuStore store = FpuPrepareStore(s, FpuFormat::kF32);
  EXPECT_FALSE(store.write);
  FpuFinishStore(s, store, true);
  EXPECT_FALSE(s.IsEmpty(0));
  EXPECT_TRUE(s.PendingException());
}

TEST(Fpu, LoadingIntoAFullStackGivesTheIndefinite) {
  FpuState s;
  for (int i = 0; i < 8; ++i) FpuLoadConstant(s, FpuConstant::kOne);
  EXPECT_EQ(s.sw & 0x3f, 0);
  FpuLoadConstant(s, FpuConstant::kZero);
  EXPECT_EQ(s.St(0), kFloat80Indefinite);
  EXPECT_EQ(s.sw & (kFpuSwStackFault | kFpuSwC1 | kX87Invalid),
            kFpuSwStackFault | kFpuSwC1 | kX87Invalid);
}

TEST(Fpu, ComparisonSetsTheFlagsOfTheManual) {
  const Float80 one = kFloat80One, two = MakeFloat80(false, 0x4000, kFloat80IntegerBit);
  const auto flags = [](Float80 a, Float80 b) {
    FpuState s = WithRegisters({a, b});
    return FpuCompareToFlags(s, 1, true, false, 0xffffffff) &
           (kEflagsZf | kEflagsPf | kEflagsCf);
  };
  EXPECT_EQ(flags(two, one), 0u);
  EXPECT_EQ(flags(one, two), kEflagsCf);
  EXPECT_EQ(flags(one, one), kEflagsZf);
  EXPECT_EQ(flags(one, kFloat80Indefinite), kEflagsZf | kEflagsPf | kEflagsCf);
}

TEST(Fpu, OnlyFnInstructionsDoNotWait) {
  EXPECT_TRUE(FpuWaits(0xd8, 0xc1));
  EXPECT_TRUE(FpuWaits(0xd9, 0x28)) << "FLDCW";
  EXPECT_TRUE(FpuWaits(0xdd, 0x20)) << "FRSTOR";
  EXPECT_FALSE(FpuWaits(0xd9, 0x30)) << "FNSTENV";
  EXPECT_FALSE(FpuWaits(0xd9, 0x38)) << "FNSTCW";
  EXPECT_FALSE(FpuWaits(0xdd, 0x30)) << "FNSAVE";
  EXPECT_FALSE(FpuWaits(0xdd, 0x38)) << "FNSTSW m16";
  EXPECT_FALSE(FpuWaits(0xdf, 0xe0)) << "FNSTSW AX";
  EXPECT_FALSE(FpuWaits(0xdb, 0xe2)) << "FNCLEX";
  EXPECT_FALSE(FpuWaits(0xdb, 0xe3)) << "FNINIT";
}

// -- images
// -----------------------------------------------------------------------------------

FpuState StateWithPointers() {
  FpuState s = WithRegisters({kFloat80One, Float80Zero(true), kFloat80Indefinite});
  s.SetTop(5);
  s.fop = 0x5d1;
  s.fip = 0x12345678;
  s.fcs = 0x23;
  s.fdp = 0x9abcdef0;
  s.fds = 0x2b;
  return s;
}

TEST(FpuImage, WideProtectedHasSelectorsAndOpcode) {
  const FpuState s = StateWithPointers();
  u8 image[kFpuMaxImage];
  FpuWriteEnvironment(s, {true, true}, image);
  EXPECT_EQ(LoadLe<u32>(image), 0xffff037fu);
  EXPECT_EQ(LoadLe<u32>(image + 4), 0xffff0000u | s.sw);
  EXPECT_EQ(LoadLe<u32>(image + 8), 0xffff0000u | FpuTagWord(s));
  EXPECT_EQ(LoadLe<u32>(image + 12), 0x12345678u);
  EXPECT_EQ(LoadLe<u32>(image + 16), 0x05d10023u);
  EXPECT_EQ(LoadLe<u32>(image + 20), 0x9abcdef0u);
  EXPECT_EQ(LoadLe<u32>(image + 24), 0xffff002bu);
}

TEST(FpuImage, RealModeHasLinearAddresses) {
  FpuState s = StateWithPointers();
  s.fcs = 0x1234;
  s.fip = 0x0010;  // linear 0x12350
  s.fds = 0xf000;
  s.fdp = 0xffff;  // linear 0xfffff
  u8 image[kFpuMaxImage];
  FpuWriteEnvironment(s, {false, false}, image);
  EXPECT_EQ(LoadLe<u16>(image + 6), 0x2350);
  EXPECT_EQ(LoadLe<u16>(image + 8), 0x15d1);
  EXPECT_EQ(LoadLe<u16>(image + 10), 0xffff);
  EXPECT_EQ(LoadLe<u16>(image + 12), 0xf000);
  FpuWriteEnvironment(s, {true, false}, image);
  EXPECT_EQ(LoadLe<u32>(image + 12), 0xffff2350u);
  EXPECT_EQ(LoadLe<u32>(image + 16), 0x000015d1u);
  EXPECT_EQ(LoadLe<u32>(image + 20), 0xffffffffu);
  EXPECT_EQ(LoadLe<u32>(image + 24), 0x0000f000u);
}

TEST(FpuImage, EveryFormatIsReadBackAsItWasWritten) {
  X87Random random(7);
  for (bool wide : {false, true}) {
    for (bool protected_mode : {false, true}) {
      for (int n = 0; n < 200; ++n) {
        const FpuImageFormat format{wide, protected_mode};
        const FpuState s = random.State(true);
        u8 first[kFpuMaxImage], second[kFpuMaxImage];
        FpuWriteState(s, format, first);
        FpuState copy;
        FpuReadState(copy, format, first);
        FpuWriteState(copy, format, second);
        EXPECT_EQ(std::memcmp(first, second, format.StateSize()), 0);
        EXPECT_EQ(copy.regs, s.regs);
        EXPECT_EQ(copy.valid, s.valid);
      }
    }
  }
}

TEST(FpuImage, LoadingAnEnvironmentWithAnOpenFlagMakesItPending) {
  FpuState s;
  u8 image[kFpuMaxImage];
  FpuWriteEnvironment(s, kWideProtected, image);
  StoreLe<u16>(image, 0x0340);
  StoreLe<u16>(image + 4, kX87Invalid);
  FpuReadEnvironment(s, kWideProtected, image);
  EXPECT_TRUE(s.PendingException());
  FpuMaskAll(s);
  EXPECT_FALSE(s.PendingException());
}

TEST(FpuImage, FxsaveAndFxrstorKeepEverything) {
  FpuState s = StateWithPointers();
  s.mxcsr = 0x1fa0;
  for (unsigned i = 0; i < 8; ++i) s.xmm[i].fill(static_cast<u8>(i + 1));
  u8 image[kFxImageSize];
  std::memset(image, 0xaa, sizeof image);
  FpuWriteFxImage(s, image);
  EXPECT_EQ(LoadLe<u32>(image + 28), 0xffbfu) << "MXCSR_MASK";
  EXPECT_EQ(image[4], s.valid) << "one tag bit per register";
  EXPECT_EQ(image[kFxImageWritten], 0xaa) << "the rest belongs to software";
  FpuState copy;
  ASSERT_TRUE(FpuReadFxImage(copy, image));
  EXPECT_EQ(copy.regs, s.regs);
  EXPECT_EQ(copy.xmm, s.xmm);
  EXPECT_EQ(copy.sw, s.sw);
  EXPECT_EQ(copy.fop, s.fop);
  EXPECT_EQ(copy.fip, s.fip);
  EXPECT_EQ(copy.fds, s.fds);
  EXPECT_EQ(copy.mxcsr, s.mxcsr);
}

TEST(FpuImage, FxrstorRefusesReservedBitsOfMxcsr) {
  FpuState s = StateWithPointers();
  u8 image[kFxImageSize] = {};
  FpuWriteFxImage(s, image);
  StoreLe<u32>(image + 24, 0x00010000);
  FpuState untouched = StateWithPointers();
  untouched.fip = 77;
  EXPECT_FALSE(FpuReadFxImage(untouched, image));
  EXPECT_EQ(untouched.fip, 77u);
}

}  // namespace
}  // namespace lgx
