// Run(): exact counts, deadlines, interrupts and single steps.
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

class RunTest : public CpuTest {
 protected:
  // Counts down from `rounds`: blocks of several lengths, a call, a rep.
  void StartMixedLoop(u32 rounds) {
    const u32 f = kCode + 0x100;
    m.Put(Code(f).Inc(kEbx).Ret());
    Code code(kCode);
    code.MovImm(kEbp, rounds);
    const u32 loop = code.Here();
    code.Call(f).Nop(3).MovImm(kEdi, kData).MovImm(kEcx, 5).Bytes({0xf3, 0xab});
    code.Call(f).Inc(kEsi).Dec(kEbp).Jnz(loop).Hlt();
    m.Start(code);
  }
  // Instructions of StartMixedLoop: each call runs three, the rep counts its five
  // elements.
  static constexpr u64 kPerRound = 3 + 3 + 2 + 5 + 3 + 3;
  static u64 All(u32 rounds) { return 1 + rounds * kPerRound + 1; }

  static constexpr u32 kCode = CpuMachine::kCode;
  static constexpr u32 kData = CpuMachine::kData;
};
LGX_FOR_ALL_BINDINGS(RunTest);

TEST_P(RunTest, EveryInstructionAndEveryIterationIsCountedOnce) {
  StartMixedLoop(10);
  EXPECT_EQ(m.Run(10'000), StopReason::kHalt);
  EXPECT_EQ(m.cpu.retired(), All(10));
  EXPECT_EQ(m.cpu.Gpr(kEbx), 20u);
}

TEST_P(RunTest, StopsAtAnyCountExactly) {
  StartMixedLoop(5);
  for (u64 n = 1; n < All(5); ++n) {
    ASSERT_EQ(m.cpu.Run(n), StopReason::kDeadline);
    ASSERT_EQ(m.cpu.retired(), n);
  }
  EXPECT_EQ(m.cpu.Run(All(5)), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 10u);
}

TEST_P(RunTest, TheStateAtACountDoesNotDependOnHowItWasReached) {
  StartMixedLoop(4);
  for (u64 n = 1; n < All(4); ++n) {
    m.cpu.Run(n);
    CpuMachine other(GetParam());
    other.memory->Write(Mpa(kCode), m.memory->ReadPointer(Mfn(kCode >> 12)), kPageSize);
    other.cpu.Run(n);
    ASSERT_EQ(Describe(m.cpu), Describe(other.cpu));
    ASSERT_EQ(HashMemory(*m.memory), HashMemory(*other.memory));
  }
}

TEST_P(RunTest, ADeadlineThatHasPassedRunsNothing) {
  m.Start(Code(kCode).Nop(8).Hlt());
  EXPECT_EQ(m.cpu.Run(4), StopReason::kDeadline);
  EXPECT_EQ(m.cpu.Run(4), StopReason::kDeadline);
  EXPECT_EQ(m.cpu.Run(2), StopReason::kDeadline);
  EXPECT_EQ(m.cpu.retired(), 4u);
  EXPECT_EQ(m.eip(), kCode + 4);
}

TEST_P(RunTest, AFaultingInstructionIsNotCounted) {
  m.Start(Code(kCode).Nop(2).Bytes({0x0f, 0x0b}));
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.retired(), 2u + 1) << "two NOPs and the handler's HLT";
  EXPECT_EQ(m.Long(m.esp()), kCode + 2);
}

TEST_P(RunTest, RdtscCountsTheInstructionsBeforeIt) {
  m.cpu.set_tsc_offset(1000);
  m.Start(Code(kCode).Nop(5).Bytes({0x0f, 0x31}).Hlt());
  m.Run(100);
  EXPECT_EQ(m.eax(), 1005u);
}

TEST_P(RunTest, AStopRequestIsHonouredBeforeTheNextBlock) {
  m.Start(Code(kCode).Nop(2).Jmp(kCode));
  m.cpu.RequestStop();
  EXPECT_EQ(m.Run(100), StopReason::kRequest);
  EXPECT_EQ(m.cpu.retired(), 0u);
  EXPECT_EQ(m.Run(100), StopReason::kDeadline);
}

// -- interrupts -------------------------------------------------------------------------

TEST_P(RunTest, AnInterruptComesBetweenTheChosenInstructions) {
  for (u64 n = 0; n < 12; ++n) {
    CpuMachine machine(GetParam());
    machine.cpu.state.eflags_rest |= kEflagsIf;
    machine.cpu.EflagsRestChanged();
    machine.Start(Code(kCode).Nop(12).Hlt());
    machine.cpu.Run(n);
    EXPECT_TRUE(machine.cpu.RaiseInterrupt(0x30));
    EXPECT_FALSE(machine.cpu.RaiseInterrupt(0x31)) << "one can wait at a time";
    EXPECT_EQ(machine.Run(100), StopReason::kHalt);
    EXPECT_EQ(machine.eip(), CpuMachine::kHandlers + 16 * 0x30 + 1);
    EXPECT_EQ(machine.Long(machine.esp()), kCode + n);
    EXPECT_EQ(machine.cpu.retired(), n + 1);
    EXPECT_EQ(machine.cpu.state.eflags_rest & kEflagsIf, 0u) << "an interrupt gate";
  }
}

TEST_P(RunTest, AnInterruptWaitsForIf) {
  m.Start(Code(kCode).Nop(3).Bytes({0xfb}).Inc(kEax).Inc(kEax).Hlt());  // STI
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eax(), 1u) << "the instruction behind STI still runs first";
  EXPECT_EQ(m.Long(m.esp()), kCode + 5);
}

TEST_P(RunTest, StiThenCliLetsNothingIn) {
  m.Start(Code(kCode).Bytes({0xfb, 0xfa}).Nop(4).Hlt());
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eip(), kCode + 7);
  EXPECT_TRUE(m.cpu.interrupt_waiting());
}

TEST_P(RunTest, MovSsShieldsOneInstruction) {
  m.cpu.state.eflags_rest |= kEflagsIf;
  m.cpu.EflagsRestChanged();
  m.eax() = CpuMachine::kData0;
  m.Start(Code(kCode).Nop(1).Bytes({0x8e, 0xd0}).Inc(kEbx).Inc(kEbx).Hlt());
  m.cpu.Run(2);
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.Long(m.esp()), kCode + 4);
}

TEST_P(RunTest, AnInterruptEndsAHalt) {
  m.cpu.state.eflags_rest |= kEflagsIf;
  m.cpu.EflagsRestChanged();
  m.Start(Code(kCode).Hlt().Inc(kEax).Hlt());
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.Run(100), StopReason::kHalt) << "and again: nothing woke it";
  EXPECT_EQ(m.cpu.retired(), 1u);
  m.Put(Code(CpuMachine::kHandlers + 16 * 0x30).Iret());
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eax(), 1u);
}

TEST_P(RunTest, AnNmiNeedsNoIf) {
  m.Start(Code(kCode).Nop(4).Hlt());
  m.Run(2);
  m.cpu.RaiseNmi();
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * kVectorNmi + 1);
  EXPECT_EQ(m.Long(m.esp()), kCode + 2);
}

TEST_P(RunTest, AnInterruptBreaksIntoARepAtTheCount) {
  m.cpu.state.eflags_rest |= kEflagsIf;
  m.cpu.EflagsRestChanged();
  m.Put(Code(CpuMachine::kHandlers + 16 * 0x30).Inc(kEbx).Iret());
  m.Start(Code(kCode)
              .MovImm(kEdi, kData)
              .MovImm(kEcx, 100)
              .MovImm(kEax, 0x11)
              .Bytes({0xf3, 0xaa})
              .Hlt());
  m.cpu.Run(3 + 40);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 60u);
  EXPECT_EQ(m.cpu.Gpr(kEdi), kData + 40);
  EXPECT_EQ(m.eip(), kCode + 15);
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0u);
  EXPECT_EQ(m.Byte(kData + 99), 0x11);
  EXPECT_EQ(m.Byte(kData + 100), 0);
  EXPECT_EQ(m.cpu.retired(), 3u + 100 + 2 + 1);
}

TEST_P(RunTest, StoppingAtEventsDeliversNothing) {
  m.cpu.set_stop_at_events(true);
  m.cpu.state.eflags_rest |= kEflagsIf;
  m.cpu.EflagsRestChanged();
  m.Start(Code(kCode).Nop(2).Int(0x80).Bytes({0x0f, 0x0b}));
  EXPECT_EQ(m.Run(100), StopReason::kEvent);
  EXPECT_EQ(m.cpu.last_event().kind, EventKind::kSoftware);
  EXPECT_EQ(m.cpu.last_event().fault.vector, 0x80);
  EXPECT_EQ(m.cpu.last_event().eip, kCode + 4);
  EXPECT_EQ(m.Run(100), StopReason::kEvent);
  EXPECT_EQ(m.cpu.last_event().fault.vector, kVectorUd);
  EXPECT_EQ(m.cpu.last_event().eip, kCode + 4);
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(100), StopReason::kEvent);
  EXPECT_EQ(m.cpu.last_event().kind, EventKind::kInterrupt);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0);
}

// -- single steps -----------------------------------------------------------------------

class SingleStep : public CpuTest {
 protected:
  // The #DB handler counts in EBX and remembers the last saved EIP in EDX.
  SingleStep() {
    Code handler(CpuMachine::kHandlers + 16 * kVectorDb);
    handler.Inc(kEbx).Bytes({0x8b, 0x14, 0x24}).Iret();  // MOV EDX, [ESP]
    m.Put(handler);
  }
  // POPF with TF, then `code` (at kCode + 6).
  void StepThrough(const Code& code) {
    Code start(kCode);
    start.Bytes({0x68}).Long(kEflagsTf | kEflagsOne).Bytes({0x9d});  // PUSH imm32; POPF
    m.Start(start);
    m.Put(code);
  }
  static constexpr u32 kCode = CpuMachine::kCode;
  static constexpr u32 kStepped = kCode + 6;
};
LGX_FOR_ALL_BINDINGS(SingleStep);

TEST_P(SingleStep, TrapsAfterEachInstructionButNotAfterThePopf) {
  StepThrough(Code(kStepped).Nop(3).Inc(kEax).Hlt());
  m.cpu.Run(2 + 4 * 4);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 4u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped + 4);
  EXPECT_EQ(m.eax(), 1u);
  EXPECT_NE(m.cpu.state.dr[6] & (1u << 14), 0u);
}

TEST_P(SingleStep, TrapsAfterEachIterationOfARep) {
  m.cpu.Gpr(kEdi) = CpuMachine::kData;
  m.cpu.Gpr(kEcx) = 3;
  StepThrough(Code(kStepped).Bytes({0xf3, 0xaa}).Nop(2).Hlt());
  m.cpu.Run(2 + 4);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 2u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped) << "the REP has more to do";
  m.cpu.Run(2 + 3 * 4);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 3u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped + 2);
}

TEST_P(SingleStep, AFaultTrapsOnlyForItsHandler) {
  m.Put(Code(CpuMachine::kHandlers + 16 * kVectorUd)
            .Bytes({0xff, 0x04, 0x24, 0xff, 0x04, 0x24})
            .Iret());
  StepThrough(Code(kStepped).Bytes({0x0f, 0x0b}).Nop(2).Hlt());  // skipped by the handler
  m.cpu.Run(2 + 3 + 4);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped + 3);
}

TEST_P(SingleStep, MovSsDelaysTheTrap) {
  m.eax() = CpuMachine::kData0;
  StepThrough(Code(kStepped).Bytes({0x8e, 0xd0}).Nop(2).Hlt());
  m.cpu.Run(2 + 2 + 3);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped + 3) << "one trap for the two";
}

TEST_P(SingleStep, AnIntNeedsNoTrapOfItsOwn) {
  m.Put(Code(CpuMachine::kHandlers + 16 * 0x80).Iret());
  StepThrough(Code(kStepped).Int(0x80).Nop(2).Hlt());
  m.cpu.Run(2 + 1 + 1 + 4);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.Gpr(kEdx), kStepped + 3);
}

// The trap gate of #UD leaves IF set: what waits is delivered before the handler runs.
TEST_P(RunTest, AnInterruptBehindAFaultComesBeforeTheHandlersFirstInstruction) {
  m.SetGate(kVectorUd, CpuMachine::kCode0, 0, true);
  m.Put(Code(CpuMachine::kHandlers + 16 * kVectorUd).Nop(8));
  m.Start(Code(kCode).Bytes({0xfb, 0x0f, 0x0b}));  // STI; UD2
  ASSERT_TRUE(m.cpu.RaiseInterrupt(0x20));
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.retired(), 2u);  // STI, and the interrupt handler's HLT
  EXPECT_EQ(m.Long(m.esp()), CpuMachine::kHandlers + 16 * kVectorUd);
  EXPECT_EQ(m.Long(m.esp() + 12), kCode + 1);
}

// A handler that faults at its first instruction completes none, forever.
TEST_P(RunTest, FaultsInARowDoNotStopTime) {
  m.Put(Code(CpuMachine::kHandlers + 16 * kVectorUd).Bytes({0x0f, 0x0b}));
  m.Start(Code(kCode).Nop(1).Bytes({0x0f, 0x0b}));
  m.cpu.segment(Seg::kSs).Set(CpuMachine::kData0, kData, 0xffffffff,
                              m.cpu.segment(Seg::kSs).attr);  // pushes hit nothing else
  m.cpu.StateChanged();
  EXPECT_EQ(m.cpu.Run(1000), StopReason::kDeadline);
  EXPECT_EQ(m.cpu.retired(), 1000u);
  EXPECT_EQ(m.cpu.stats().faults, 256u + 999u);
  EXPECT_EQ(m.cpu.Run(1001), StopReason::kDeadline);
  EXPECT_EQ(m.cpu.stats().faults, 256u + 1000u);
}

}  // namespace
}  // namespace lgx
