// Delivery through the IDT and the way back: rings, stacks, error codes, double faults.
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kHandlers = CpuMachine::kHandlers;

class InterruptTest : public CpuTest {
 protected:
  // What the handler of `vector` finds on its stack when its HLT has run.
  u32 Pushed(u32 index) const {
    return m.Long(const_cast<CpuMachine&>(m).esp() + 4 * index);
  }
  void ExpectHandler(u8 vector) {
    EXPECT_EQ(m.Run(100), StopReason::kHalt);
    EXPECT_EQ(m.eip(), kHandlers + 16 * vector + 1);
  }
};
LGX_FOR_ALL_BINDINGS(InterruptTest);

TEST_P(InterruptTest, FromRing3ToRing0TheStackComesFromTheTss) {
  m.EnterRing(3);
  m.cpu.SetEflags(m.cpu.Eflags() | kEflagsIf | kEflagsCf);
  m.Start(Code(kCode).Nop().Int(0x80));
  ExpectHandler(0x80);
  EXPECT_EQ(m.cpu.state.cpl, 0);
  EXPECT_EQ(m.Selector(Seg::kCs), CpuMachine::kCode0);
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData0);
  EXPECT_EQ(m.Selector(Seg::kDs), CpuMachine::kData3) << "data segments stay";
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 20);
  EXPECT_EQ(Pushed(0), kCode + 3);
  EXPECT_EQ(Pushed(1), CpuMachine::kCode3);
  EXPECT_EQ(Pushed(2), kEflagsOne | kEflagsIf | kEflagsCf);
  EXPECT_EQ(Pushed(3), CpuMachine::kStack3);
  EXPECT_EQ(Pushed(4), CpuMachine::kData3);
  EXPECT_EQ(m.cpu.state.eflags_rest & kEflagsIf, 0u);
}

TEST_P(InterruptTest, FromRing3ToRing1AndBack) {
  // As a Guest's system call under lguest: straight to its ring-1 kernel.
  m.SetGate(0x80, CpuMachine::kCode1, 3, true);
  m.Put(Code(kHandlers + 16 * 0x80).Inc(kEbx).Iret());
  m.EnterRing(3);
  m.cpu.SetEflags(m.cpu.Eflags() | kEflagsIf);
  m.Start(Code(kCode).Int(0x80).Inc(kEcx).Jmp(kCode + 3));
  m.Run(2);
  EXPECT_EQ(m.cpu.state.cpl, 1);
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData1);
  EXPECT_EQ(m.esp(), CpuMachine::kStack1 - 20);
  EXPECT_NE(m.cpu.state.eflags_rest & kEflagsIf, 0u) << "a trap gate";
  m.Run(2);
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 1u);
  EXPECT_EQ(m.esp(), CpuMachine::kStack3);
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData3);
}

TEST_P(InterruptTest, WithinARingTheStackStays) {
  m.Start(Code(kCode).Int(0x30));
  ExpectHandler(0x30);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 12);
  EXPECT_EQ(Pushed(0), kCode + 2);
  EXPECT_EQ(Pushed(1), CpuMachine::kCode0);
}

TEST_P(InterruptTest, IntNFromRing3NeedsTheGatesDpl) {
  m.EnterRing(3);
  m.Start(Code(kCode).Int(0x30));
  ExpectHandler(kVectorGp);
  EXPECT_EQ(Pushed(0), 0x30u * 8 + 2);
  EXPECT_EQ(Pushed(1), kCode);
  EXPECT_NE(Pushed(3) & kEflagsRf, 0u) << "faults save RF = 1";
}

TEST_P(InterruptTest, Int1NeedsNoDpl) {
  m.EnterRing(3);
  m.Start(Code(kCode).Bytes({0xf1}));
  ExpectHandler(kVectorDb);
  EXPECT_EQ(Pushed(0), kCode + 1);
}

TEST_P(InterruptTest, AHardwareInterruptAsksForNoDpl) {
  m.EnterRing(3);
  m.cpu.SetEflags(m.cpu.Eflags() | kEflagsIf);
  m.Start(Code(kCode).Nop(4));
  m.Run(1);
  m.cpu.RaiseInterrupt(0x30);
  ExpectHandler(0x30);
  EXPECT_EQ(Pushed(0), kCode + 1);
}

TEST_P(InterruptTest, AnAbsentGateIsNpWithItsNumber) {
  m.PutLong(CpuMachine::kIdt + 8 * 0x30 + 4, 0x0e00);
  m.Start(Code(kCode).Int(0x30));
  ExpectHandler(kVectorNp);
  EXPECT_EQ(Pushed(0), 0x30u * 8 + 2) << "no EXT: the program asked for it";
}

TEST_P(InterruptTest, AnAbsentGateOfAnInterruptHasExt) {
  m.PutLong(CpuMachine::kIdt + 8 * 0x30 + 4, 0x0e00);
  m.cpu.SetEflags(m.cpu.Eflags() | kEflagsIf);
  m.Start(Code(kCode).Nop(4));
  m.cpu.RaiseInterrupt(0x30);
  ExpectHandler(kVectorNp);
  EXPECT_EQ(Pushed(0), 0x30u * 8 + 2 + 1);
}

TEST_P(InterruptTest, AVectorBehindTheIdtIsGp) {
  m.cpu.state.idtr.limit = 0x2f * 8 + 7;
  m.Start(Code(kCode).Int(0x30));
  ExpectHandler(kVectorGp);
  EXPECT_EQ(Pushed(0), 0x30u * 8 + 2);
}

TEST_P(InterruptTest, ANullStackInTheTssIsTs) {
  m.PutLong(CpuMachine::kTss + 8, 0);
  m.SetGate(kVectorTs, CpuMachine::kCode1, 0);
  const u32 handler = kHandlers + 16 * kVectorTs;
  m.Put(Code(handler).Jmp(handler));
  m.EnterRing(3);
  m.Start(Code(kCode).Int(0x80));
  m.Run(2);
  EXPECT_EQ(m.eip(), handler);
  EXPECT_EQ(m.cpu.state.cpl, 1);
  EXPECT_EQ(Pushed(0), 0u);
  EXPECT_EQ(Pushed(1), kCode);
}

TEST_P(InterruptTest, ErrorCodesArePushedLast) {
  m.EnablePaging(false);
  m.SetPte(0x30000, 0);
  m.EnterRing(3);
  m.Start(Code(kCode).StoreByte(0x30123, 1));
  ExpectHandler(kVectorPf);
  EXPECT_EQ(Pushed(0), kPfUser | kPfWrite);
  EXPECT_EQ(Pushed(1), kCode);
  EXPECT_EQ(m.cpu.state.cr2, 0x30123u);
}

// -- faults during delivery -------------------------------------------------------------

TEST_P(InterruptTest, AFaultInDeliveringAContributoryFaultIsADoubleFault) {
  m.PutLong(CpuMachine::kIdt + 8 * kVectorGp + 4, 0x0e00);  // #GP: gate not present
  m.cpu.state.eip = kCode;
  m.Start(Code(kCode).Nop().Bytes({0x8e, 0xc0}));  // MOV ES, AX
  m.eax() = 0x7fff;
  ExpectHandler(kVectorDf);
  EXPECT_EQ(Pushed(0), 0u);
  EXPECT_EQ(Pushed(1), kCode + 1);
}

TEST_P(InterruptTest, AFaultInDeliveringABenignOneIsJustThatFault) {
  m.PutLong(CpuMachine::kIdt + 8 * kVectorUd + 4, 0x0e00);
  m.Start(Code(kCode).Bytes({0x0f, 0x0b}));
  ExpectHandler(kVectorNp);
  EXPECT_EQ(Pushed(0), kVectorUd * 8u + 2 + 1);
  EXPECT_EQ(Pushed(1), kCode);
}

TEST_P(InterruptTest, APageFaultInDeliveringAPageFaultIsADoubleFaultWithTheLastCr2) {
  m.EnablePaging(false);
  m.SetPte(0x30000, 0);
  m.EnterRing(3);
  m.PutLong(CpuMachine::kTss + 4, 0x38010);  // the ring-0 stack: present ...
  m.SetPte(0x37000, 0);
  m.SetPte(0x38000, 0);  // ... no longer
  m.Start(Code(kCode).LoadEax(0x30004));
  EXPECT_EQ(m.Run(100), StopReason::kShutdown) << "the #DF needs that stack too";
  EXPECT_EQ(m.cpu.state.cr2, 0x3800cu);
}

TEST_P(InterruptTest, ADoubleFaultThatCannotBeDeliveredShutsDown) {
  m.cpu.state.idtr.limit = 0;
  m.Start(Code(kCode).Nop(3).Bytes({0x0f, 0x0b}));
  EXPECT_EQ(m.Run(100), StopReason::kShutdown);
  EXPECT_EQ(m.cpu.retired(), 3u);
}

// -- IRET -------------------------------------------------------------------------------

class IretTest : public CpuTest {
 protected:
  // A frame on the ring-0 stack; IRET at kCode.
  void PushFrame(std::initializer_list<u32> words) {
    m.esp() -= 4 * static_cast<u32>(words.size());
    u32 at = m.esp();
    for (const u32 word : words) {
      m.PutLong(at, word);
      at += 4;
    }
    m.Start(Code(kCode).Iret());
  }
};
LGX_FOR_ALL_BINDINGS(IretTest);

TEST_P(IretTest, ToAnOuterRingNullsWhatThatRingMayNotUse) {
  m.cpu.segment(Seg::kFs).SetNull(3);
  m.cpu.segment(Seg::kGs) = m.cpu.segment(Seg::kDs);
  m.cpu.segment(Seg::kGs).attr |= 3 << kAttrDplShift;  // a segment of ring 3
  PushFrame(
      {0x12000, CpuMachine::kCode3, kEflagsIf | kEflagsOne, 0xabc0, CpuMachine::kData3});
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.eip(), 0x12000u);
  EXPECT_EQ(m.esp(), 0xabc0u);
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData3);
  EXPECT_EQ(m.Selector(Seg::kDs), 0) << "was a ring-0 segment";
  EXPECT_EQ(m.Selector(Seg::kEs), 0);
  EXPECT_EQ(m.Selector(Seg::kFs), 3) << "was null already";
  EXPECT_EQ(m.Selector(Seg::kGs), CpuMachine::kData0) << "has DPL 3";
  EXPECT_NE(m.cpu.state.eflags_rest & kEflagsIf, 0u);
}

TEST_P(IretTest, OnlyRing0ChangesIoplAndOnlyIoplChangesIf) {
  const u32 image = kEflagsOne | kEflagsIf | kEflagsIopl | kEflagsAc | kEflagsCf;
  m.EnterRing(3);
  m.esp() -= 12;
  m.PutLong(m.esp(), kCode + 0x100);
  m.PutLong(m.esp() + 4, CpuMachine::kCode3);
  m.PutLong(m.esp() + 8, image);
  m.Start(Code(kCode).Iret());
  m.Run(1);
  EXPECT_EQ(m.cpu.Eflags(), kEflagsOne | kEflagsAc | kEflagsCf);
  m.EnterRing(0);
  m.cpu.SetEflags(kEflagsOne);
  PushFrame({kCode + 0x100, CpuMachine::kCode0, image});
  m.Run(1);
  EXPECT_EQ(m.cpu.Eflags(), image);
}

TEST_P(IretTest, ABadReturnChangesNothing) {
  struct {
    u32 cs, ss;
    u8 vector;
    u32 error;
  } const rows[] = {
      {0, 0, kVectorGp, 0},                                       // null CS
      {0x3fb, 0, kVectorGp, 0x3f8},                               // no such descriptor
      {CpuMachine::kData3, CpuMachine::kData3, kVectorGp, 0x30},  // data as code
      {CpuMachine::kCode3, 0, kVectorGp, 0},                      // null SS
      {CpuMachine::kCode3, CpuMachine::kData0, kVectorGp, 0x10},  // SS of another ring
      {CpuMachine::kCode0 | 3, CpuMachine::kData3, kVectorGp, 0x08},  // RPL against DPL
  };
  for (const auto& row : rows) {
    CpuMachine fresh(GetParam());
    fresh.cpu.set_stop_at_events(true);
    fresh.esp() -= 20;
    u32 at = fresh.esp();
    for (const u32 word : {0x12000u, row.cs, kEflagsOne | kEflagsIf, 0xabc0u, row.ss}) {
      fresh.PutLong(at, word);
      at += 4;
    }
    fresh.Start(Code(kCode).Iret());
    EXPECT_EQ(fresh.Run(5), StopReason::kEvent);
    EXPECT_EQ(fresh.cpu.last_event().fault.vector, row.vector);
    EXPECT_EQ(fresh.cpu.last_event().fault.error, row.error);
    EXPECT_EQ(fresh.esp(), CpuMachine::kStack0 - 20);
    EXPECT_EQ(fresh.cpu.state.cpl, 0);
    EXPECT_EQ(fresh.cpu.Eflags(), kEflagsOne);
    EXPECT_EQ(fresh.cpu.retired(), 0u);
  }
}

}  // namespace
}  // namespace lgx
