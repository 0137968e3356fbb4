// What surrounds the x87 unit: #NM, #MF, #UD, memory faults, FXSAVE.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>

#include "base/endian.h"
#include "cpu/cpu.h"

namespace lgx {
namespace {

constexpr u32 kCode = 0x1000;
constexpr u32 kData = 0x3000;
constexpr u8 kCompleted = 0xff;  // no vector: the instruction has ended

// A processor at CPL 0 in flat 32-bit protected mode without paging, stopped by any
// event.
class X87Cpu : public testing::Test {
 protected:
  void SetUp() override {
    auto memory = PhysMemory::Create(1 << 16);
    ASSERT_TRUE(memory.ok());
    memory_ = std::move(*memory);
    cpu_ = std::make_unique<Cpu>(*memory_);
    cpu_->set_stop_at_events(true);
    CpuState& s = cpu_->state;
    s.cr0 = kCr0Pe | kCr0Et | kCr0Ne | kCr0Mp;
    for (Segment& segment : s.seg) segment.Set(0x10, 0, 0xffffffff, 0xc093);
    s.seg[static_cast<u8>(Seg::kCs)].Set(0x08, 0, 0xffffffff, 0xc09b);
    s.regs[kEcx] = kData;
    cpu_->SetEflags(2);
  }

  // Runs one instruction; a HLT behind it stops a run that goes well. The vector, or
  // kCompleted.
  u8 Run(std::initializer_list<u8> code) {
    constexpr u8 kHlt = 0xf4;
    memory_->Fill(Mpa(kCode), kHlt, 16);
    memory_->Write(Mpa(kCode), code.begin(), code.size());
    cpu_->state.eip = kCode;
    cpu_->state.halted = false;
    cpu_->StateChanged();
    const StopReason reason = cpu_->Run(cpu_->retired() + 10);
    if (reason == StopReason::kHalt) return kCompleted;
    EXPECT_EQ(reason, StopReason::kEvent);
    return cpu_->last_event().fault.vector;
  }
  FpuState& fpu() { return cpu_->state.fpu; }
  u32 Word(u32 at) { return memory_->Load<u32>(Mpa(at)); }
  void MakePending() {
    FpuLoadControlWord(fpu(), 0x037f & ~kX87ZeroDivide);
    fpu().sw |= kX87ZeroDivide;
    FpuUpdateSummary(fpu());
  }

  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<Cpu> cpu_;
};

TEST_F(X87Cpu, TaskSwitchedOrEmulatedMeansNm) {
  for (u32 bit : {kCr0Ts, kCr0Em}) {
    cpu_->state.cr0 = kCr0Pe | kCr0Ne | bit;
    EXPECT_EQ(Run({0xd9, 0xe8}), kVectorNm) << "FLD1";
    EXPECT_EQ(Run({0xdf, 0xe0}), kVectorNm) << "FNSTSW AX";
    EXPECT_EQ(Run({0x0f, 0xae, 0x01}), kVectorNm) << "FXSAVE";
    EXPECT_EQ(fpu().valid, 0);
  }
}

TEST_F(X87Cpu, FwaitLooksAtTsOnlyWithMp) {
  cpu_->state.cr0 = kCr0Pe | kCr0Ne | kCr0Ts;
  EXPECT_EQ(Run({0x9b}), kCompleted);
  cpu_->state.cr0 |= kCr0Mp;
  EXPECT_EQ(Run({0x9b}), kVectorNm);
  cpu_->state.cr0 = kCr0Pe | kCr0Ne | kCr0Em | kCr0Mp;
  EXPECT_EQ(Run({0x9b}), kCompleted);
}

TEST_F(X87Cpu, APendingExceptionStopsWaitingInstructionsOnly) {
  MakePending();
  EXPECT_EQ(Run({0x9b}), kVectorMf) << "FWAIT";
  EXPECT_EQ(Run({0xd9, 0xe8}), kVectorMf) << "FLD1";
  EXPECT_EQ(Run({0xd9, 0x29}), kVectorMf) << "FLDCW";
  EXPECT_EQ(Run({0xdf, 0xe0}), kCompleted) << "FNSTSW AX";
  EXPECT_EQ(cpu_->state.regs[kEax] & 0xffff, fpu().sw);
  EXPECT_EQ(Run({0xdb, 0xe2}), kCompleted) << "FNCLEX";
  EXPECT_EQ(Run({0x9b}), kCompleted);
}

TEST_F(X87Cpu, WithoutNeAPendingExceptionIsIgnored) {
  MakePending();
  cpu_->state.cr0 &= ~kCr0Ne;
  EXPECT_EQ(Run({0xd9, 0xe8}), kCompleted);
  EXPECT_EQ(fpu().St(0), kFloat80One);
}

TEST_F(X87Cpu, FormsThatDoNotExistAreUndefinedBeforeAnythingElse) {
  cpu_->state.cr0 |= kCr0Ts;
  EXPECT_EQ(Run({0xd9, 0xd1}), kVectorUd);
  EXPECT_EQ(Run({0xd9, 0x09}), kVectorUd);
  EXPECT_EQ(Run({0xdb, 0x21}), kVectorUd);
}

TEST_F(X87Cpu, AStoreThatFaultsLeavesTheStackAlone) {
  EXPECT_EQ(Run({0xd9, 0xe8}), kCompleted);
  cpu_->state.seg[static_cast<u8>(Seg::kDs)].Set(0x10, 0, kData + 2, 0x4093);
  EXPECT_EQ(Run({0xd9, 0x19}), kVectorGp) << "FSTP m32";
  EXPECT_FALSE(fpu().IsEmpty(0));
  EXPECT_EQ(cpu_->last_event().eip, kCode);
}

TEST_F(X87Cpu, PointersNameTheLastInstructionThatWasNotControl) {
  EXPECT_EQ(Run({0xd9, 0xe8}), kCompleted);
  EXPECT_EQ(Run({0xd9, 0x19}), kCompleted);
  EXPECT_EQ(fpu().fop, 0x119);
  EXPECT_EQ(fpu().fip, kCode);
  EXPECT_EQ(fpu().fcs, 0x08);
  EXPECT_EQ(fpu().fdp, kData);
  EXPECT_EQ(fpu().fds, 0x10);
  EXPECT_EQ(Run({0xd9, 0x39}), kCompleted) << "FNSTCW";
  EXPECT_EQ(fpu().fop, 0x119);
  EXPECT_EQ(Word(kData) & 0xffff, 0x037fu);
}

TEST_F(X87Cpu, ComparisonReachesTheProcessorsFlags) {
  EXPECT_EQ(Run({0xd9, 0xe8}), kCompleted);  // FLD1
  EXPECT_EQ(Run({0xd9, 0xee}), kCompleted);  // FLDZ
  cpu_->SetEflags(0x8d7);
  EXPECT_EQ(Run({0xdb, 0xf1}), kCompleted);  // FCOMI: 0 < 1
  EXPECT_EQ(cpu_->Eflags() & 0x8d5, kEflagsCf);
}

TEST_F(X87Cpu, FnsaveStoresTheImageAndInitialises) {
  EXPECT_EQ(Run({0xd9, 0xeb}), kCompleted);  // FLDPI
  EXPECT_EQ(Run({0xdd, 0x31}), kCompleted);
  EXPECT_EQ(Word(kData), 0xffff037fu);
  EXPECT_EQ(memory_->Load<u16>(Mpa(kData + 28 + 8)), 0x4000);
  EXPECT_EQ(fpu().valid, 0);
  EXPECT_EQ(Run({0xdd, 0x21}), kCompleted);  // FRSTOR
  EXPECT_EQ(fpu().St(0).sign_exp, 0x4000);
}

TEST_F(X87Cpu, FxsaveWants16ByteAlignment) {
  cpu_->state.regs[kEcx] = kData + 8;
  EXPECT_EQ(Run({0x0f, 0xae, 0x01}), kVectorGp);
  cpu_->state.regs[kEcx] = kData;
  memory_->Fill(Mpa(kData), 0xaa, kFxImageSize);
  EXPECT_EQ(Run({0x0f, 0xae, 0x01}), kCompleted);
  EXPECT_EQ(Word(kData + 28), kMxcsrMask);
  EXPECT_EQ(Word(kData + kFxImageWritten), 0xaaaaaaaau);
}

TEST_F(X87Cpu, FxrstorChecksMxcsr) {
  EXPECT_EQ(Run({0x0f, 0xae, 0x01}), kCompleted);
  EXPECT_EQ(Run({0x0f, 0xae, 0x09}), kCompleted);
  memory_->Store<u32>(Mpa(kData + 24), 0x00010000);
  EXPECT_EQ(Run({0x0f, 0xae, 0x09}), kVectorGp);
}

}  // namespace
}  // namespace lgx
