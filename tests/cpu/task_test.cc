// Hardware tasks: every way into a TSS, what is saved and loaded, and the errors of the
// manual's table "Exception Conditions Checked During a Task Switch".
#include "cpu/task.h"

#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kHandlers = CpuMachine::kHandlers;
constexpr u32 kTask = CpuMachine::kCode + 0x1000;  // where the other task begins
constexpr u32 kTss2 = 0x3200;
constexpr u32 kStack2 = 0xb000;
constexpr u16 kTss2Selector = CpuMachine::kFree;  // 0x40
constexpr u16 kGate = CpuMachine::kFree + 8;      // a task gate in the GDT
constexpr u16 kOther = CpuMachine::kFree + 16;    // whatever a test wants
constexpr u16 kAvailable32 = kAttrPresent | kTypeTss32Available;
constexpr u16 kAvailable16 = kAttrPresent | kTypeTss16Available;
constexpr u16 kData = kAttrPresent | kAttrS | kAttrWritable | kAttrAccessed;

class TaskTest : public CpuTest {
 protected:
  TaskTest() {
    m.SetDescriptor(kTss2Selector, kTss2, 0x67, kAvailable32);
    PutGate(CpuMachine::kGdt + kGate, kTss2Selector, 0);
    m.PutLong(kTss2 + 0x20, kTask);
    m.PutLong(kTss2 + 0x24, kEflagsOne);
    for (u32 n = 0; n < 8; ++n) m.PutLong(kTss2 + 0x28 + 4 * n, 0x11111111 * (n + 1));
    m.PutLong(kTss2 + 0x38, kStack2);
    for (u32 n = 0; n < 6; ++n) PutSegment(n, CpuMachine::kData0);
    PutSegment(1, CpuMachine::kCode0);
    m.Put(Code(kTask).Hlt());
  }
  void PutSegment(u32 n, u16 selector) { m.PutLong(kTss2 + 0x48 + 4 * n, selector); }
  void PutGate(u32 at, u16 selector, u32 dpl) {
    m.PutLong(at, u32{selector} << 16);
    m.PutLong(at + 4, 0x8500 | dpl << 13);
  }
  void Use16BitTask() {
    m.SetDescriptor(kTss2Selector, kTss2, 0x2b, kAvailable16);
    m.memory->Store<u16>(Mpa(kTss2 + 0x0e), 0x7000);
    m.memory->Store<u16>(Mpa(kTss2 + 0x10), kEflagsOne);
    for (u32 n = 0; n < 8; ++n) m.memory->Store<u16>(Mpa(kTss2 + 0x12 + 2 * n), 0x7ffe);
    for (u32 n = 0; n < 4; ++n) {
      m.memory->Store<u16>(Mpa(kTss2 + 0x22 + 2 * n),
                           n == 1 ? CpuMachine::kCode0 : CpuMachine::kData0);
    }
    m.memory->Store<u16>(Mpa(kTss2 + 0x2a), 0);
    m.Put(Code(0x7000).Hlt());
  }
  Code Far(u8 opcode, u16 selector) {
    return Code(kCode)
        .Bytes({opcode})
        .Long(0x12345678)
        .Bytes({selector & 0xffu, u32{selector} >> 8});
  }
  Code Jump() { return Far(0xea, kTss2Selector); }
  Code Call() { return Far(0x9a, kTss2Selector); }
  bool Busy(u16 selector) const {
    return (m.Byte(CpuMachine::kGdt + selector + 5) & 2) != 0;
  }
  void ExpectHalt(u32 eip) {
    EXPECT_EQ(m.Run(100), StopReason::kHalt);
    EXPECT_EQ(m.eip(), eip + 1);
  }
  // The handler of `vector` runs on the stack at `stack` with this error code.
  void ExpectFault(u8 vector, u32 error) {
    ExpectHalt(kHandlers + 16 * vector);
    EXPECT_EQ(m.Long(m.esp()), error);
  }
};
LGX_FOR_ALL_BINDINGS(TaskTest);

TEST_P(TaskTest, AJumpSavesTheOldTaskAndLoadsTheNewOne) {
  m.cpu.state.dr[7] = kDr7Ones | 0x3ff;
  m.cpu.Gpr(kEbx) = 0xdeadbeef;
  m.cpu.SetEflags(kEflagsCf | kEflagsNt);
  m.Start(Jump());
  ExpectHalt(kTask);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x20), kCode + 7);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x24), kEflagsOne | kEflagsCf | kEflagsNt);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x34), 0xdeadbeefu);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x4c), CpuMachine::kCode0);
  EXPECT_EQ(m.eax(), 0x11111111u);
  EXPECT_EQ(m.cpu.Gpr(kEdi), 0x88888888u);
  EXPECT_EQ(m.esp(), kStack2);
  EXPECT_EQ(m.cpu.Eflags(), kEflagsOne) << "NT as in the TSS";
  EXPECT_EQ(m.cpu.state.tr.selector, kTss2Selector);
  EXPECT_NE(m.cpu.state.cr0 & kCr0Ts, 0u);
  EXPECT_EQ(m.cpu.state.dr[7], kDr7Ones | 0x2aau) << "local breakpoints end";
  EXPECT_FALSE(Busy(CpuMachine::kTssSelector));
  EXPECT_TRUE(Busy(kTss2Selector));
  EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss2)), 0) << "no link";
}

TEST_P(TaskTest, ACallLinksAndIretReturns) {
  m.Put(Code(kTask).Iret().Hlt());
  m.Start(Call().Hlt());
  m.Run(1);
  EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss2)), CpuMachine::kTssSelector);
  EXPECT_TRUE(Busy(CpuMachine::kTssSelector));
  EXPECT_TRUE(Busy(kTss2Selector));
  EXPECT_NE(m.cpu.Eflags() & kEflagsNt, 0u);
  ExpectHalt(kCode + 7);
  EXPECT_EQ(m.cpu.state.tr.selector, CpuMachine::kTssSelector);
  EXPECT_FALSE(Busy(kTss2Selector));
  EXPECT_TRUE(Busy(CpuMachine::kTssSelector));
  EXPECT_EQ(m.Long(kTss2 + 0x20), kTask + 1) << "behind the IRET";
  EXPECT_EQ(m.Long(kTss2 + 0x24) & kEflagsNt, 0u) << "the saved NT is cleared";
  EXPECT_EQ(m.cpu.Eflags() & kEflagsNt, 0u);
}

TEST_P(TaskTest, ThroughATaskGateOfTheGdtAndByAnOuterRing) {
  PutGate(CpuMachine::kGdt + kGate, kTss2Selector, 3);
  m.EnterRing(3);
  m.Start(Far(0x9a, kGate | 3));
  ExpectHalt(kTask);
  EXPECT_EQ(m.cpu.state.cpl, 0);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x4c), CpuMachine::kCode3);
}

TEST_P(TaskTest, ThroughATaskGateOfTheIdt) {
  PutGate(CpuMachine::kIdt + 8 * 0x30, kTss2Selector, 0);
  m.cpu.SetEflags(kEflagsIf);
  m.Start(Code(kCode).Nop(4));
  m.cpu.RaiseInterrupt(0x30);
  ExpectHalt(kTask);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x20), kCode);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x24), kEflagsOne | kEflagsIf);
  EXPECT_EQ(m.esp(), kStack2) << "no error code";
}

TEST_P(TaskTest, AFaultThroughATaskGatePushesItsErrorCodeThere) {
  PutGate(CpuMachine::kIdt + 8 * kVectorGp, kTss2Selector, 0);
  m.eax() = 0x7fff;
  m.Start(Code(kCode).Bytes({0x8e, 0xc0}));  // MOV ES, AX
  ExpectHalt(kTask);
  EXPECT_EQ(m.esp(), kStack2 - 4);
  EXPECT_EQ(m.Long(m.esp()), 0x7ffcu);
  EXPECT_EQ(m.Long(CpuMachine::kTss + 0x20), kCode) << "the instruction itself";
  EXPECT_NE(m.Long(CpuMachine::kTss + 0x24) & kEflagsRf, 0u);
}

TEST_P(TaskTest, IntNThroughATaskGateNeedsTheGatesDpl) {
  PutGate(CpuMachine::kIdt + 8 * 0x30, kTss2Selector, 0);
  m.EnterRing(3);
  m.Start(Code(kCode).Int(0x30));
  ExpectFault(kVectorGp, 0x30 * 8 + 2);
}

TEST_P(TaskTest, A16BitTaskHasNoFsAndGs) {
  Use16BitTask();
  m.Start(Call());
  ExpectHalt(0x7000);
  EXPECT_EQ(m.eax(), 0xffff7ffeu);
  EXPECT_EQ(m.Selector(Seg::kFs), 0);
  EXPECT_EQ(m.cpu.segment(Seg::kGs).attr & kAttrPresent, 0);
  EXPECT_EQ(m.Selector(Seg::kDs), CpuMachine::kData0);
  EXPECT_TRUE(m.cpu.state.eflags_rest & kEflagsNt);
}

TEST_P(TaskTest, A16BitTaskIsSavedIn16Bits) {
  Use16BitTask();
  m.Put(Code(0x7000).MovImm(kEsi, 0x12345678).Iret());
  m.memory->Store<u32>(Mpa(kTss2 + 0x2c), 0xa5a5a5a5);
  m.Start(Call().Hlt());
  ExpectHalt(kCode + 7);
  EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss2 + 0x1e)), 0x5678);
  EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss2 + 0x0e)), 0x7006);
  EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss2 + 0x28)), CpuMachine::kData0);
  EXPECT_EQ(m.Long(kTss2 + 0x2c), 0xa5a5a5a5u);
}

TEST_P(TaskTest, Cr3ComesWithTheTaskWherePagingIsOn) {
  m.EnablePaging(false);
  m.memory->Store<u32>(Mpa(0x90000), m.Long(CpuMachine::kTables));
  m.PutLong(kTss2 + 0x1c, 0x90000);
  m.Start(Jump());
  ExpectHalt(kTask);
  EXPECT_EQ(m.cpu.state.cr3, 0x90000u);
}

TEST_P(TaskTest, TheTBitTrapsBeforeTheFirstInstruction) {
  m.PutLong(kTss2 + 0x64, 1);
  m.Start(Jump());
  ExpectHalt(kHandlers + 16 * kVectorDb);
  EXPECT_EQ(m.Long(m.esp()), kTask);
  EXPECT_EQ(m.cpu.state.dr[6], kDr6Ones | kDr6Bt);
}

TEST_P(TaskTest, AVirtual8086TaskStartsInRing3WithRealSegments) {
  m.PutLong(kTss2 + 0x24, kEflagsOne | kEflagsVm | kEflagsIopl);
  m.PutLong(kTss2 + 0x20, 0x10);
  for (u32 n = 0; n < 6; ++n) PutSegment(n, 0x1100);
  m.Put(Code(0x11010).Bytes({0x8c, 0xd8}).Int(0x30));  // MOV AX, DS
  m.Start(Call());
  m.Run(2);
  EXPECT_TRUE(m.cpu.V86());
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.eax() & 0xffff, 0x1100u);
  EXPECT_EQ(m.cpu.segment(Seg::kCs).base, 0x11000u);
}

// -- refusals, in the old task
// ----------------------------------------------------------------

TEST_P(TaskTest, WhatJmpAndCallRefuse) {
  struct Case {
    const char* name;
    u16 selector;
    u16 attr;
    u32 limit;
    u8 vector;
  };
  static constexpr Case kCases[] = {
      {"busy", kTss2Selector, kAttrPresent | kTypeTss32Busy, 0x67, kVectorGp},
      {"busy, 16 bits", kTss2Selector, kAttrPresent | kTypeTss16Busy, 0x2b, kVectorGp},
      {"not present", kTss2Selector, kTypeTss32Available, 0x67, kVectorNp},
      {"too short", kTss2Selector, kAvailable32, 0x66, kVectorTs},
      {"too short, 16 bits", kTss2Selector, kAvailable16, 0x2a, kVectorTs},
      {"RPL above DPL", kTss2Selector | 1, kAvailable32, 0x67, kVectorGp},
      {"an LDT", kTss2Selector, kAttrPresent | kTypeLdt, 0x67, kVectorGp},
  };
  for (const Case& c : kCases) {
    for (const u8 opcode : {0xea, 0x9a}) {
      SCOPED_TRACE(c.name);
      CpuMachine fresh(GetParam());
      fresh.SetDescriptor(kTss2Selector, kTss2, c.limit, c.attr);
      fresh.Start(Far(opcode, c.selector));
      EXPECT_EQ(fresh.Run(100), StopReason::kHalt);
      EXPECT_EQ(fresh.eip(), kHandlers + 16 * c.vector + 1);
      EXPECT_EQ(fresh.Long(fresh.esp()), kTss2Selector);
      EXPECT_EQ(fresh.Long(fresh.esp() + 4), kCode);
      EXPECT_EQ(fresh.cpu.state.tr.selector, CpuMachine::kTssSelector);
    }
  }
}

TEST_P(TaskTest, ATaskGateIsCheckedBeforeItsTss) {
  m.Start(Far(0xea, kGate | 3));
  ExpectFault(kVectorGp, kGate);
}

TEST_P(TaskTest, AnAbsentTaskGateIsNpOfTheGate) {
  m.PutLong(CpuMachine::kGdt + kGate + 4, 0x0500);
  m.Start(Far(0xea, kGate));
  ExpectFault(kVectorNp, kGate);
}

TEST_P(TaskTest, ATaskGateToTheLdtIsGp) {
  PutGate(CpuMachine::kGdt + kGate, kTss2Selector | 4, 0);
  m.Start(Far(0xea, kGate));
  ExpectFault(kVectorGp, kTss2Selector | 4);
}

TEST_P(TaskTest, AnInterruptThroughAGateToABusyTaskHasExt) {
  PutGate(CpuMachine::kIdt + 8 * 0x30, CpuMachine::kTssSelector, 0);
  m.cpu.SetEflags(kEflagsIf);
  m.Start(Code(kCode).Nop(4));
  m.cpu.RaiseInterrupt(0x30);
  ExpectFault(kVectorGp, CpuMachine::kTssSelector | 1);
}

TEST_P(TaskTest, WhatIretWithNtRefuses) {
  struct Case {
    const char* name;
    u16 link;
    u16 attr;
    u8 vector;
  };
  static constexpr Case kCases[] = {
      {"not busy", kTss2Selector, kAvailable32, kVectorTs},
      {"in the LDT", kTss2Selector | 4, kAttrPresent | kTypeTss32Busy, kVectorTs},
      {"outside the GDT", 0x1000, kAttrPresent | kTypeTss32Busy, kVectorTs},
      {"not present", kTss2Selector, kTypeTss32Busy, kVectorNp},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    CpuMachine fresh(GetParam());
    fresh.SetDescriptor(kTss2Selector, kTss2, 0x67, c.attr);
    fresh.PutLong(CpuMachine::kTss, c.link);
    fresh.cpu.SetEflags(kEflagsNt);
    fresh.Start(Code(kCode).Iret());
    EXPECT_EQ(fresh.Run(100), StopReason::kHalt);
    EXPECT_EQ(fresh.eip(), kHandlers + 16 * c.vector + 1);
    EXPECT_EQ(fresh.Long(fresh.esp()), c.link);
  }
}

TEST_P(TaskTest, ANewTssThatIsNotMappedFaultsInTheOldTask) {
  m.EnablePaging(false);
  m.SetDescriptor(kTss2Selector, 0x30ff0, 0x67, kAvailable32);
  m.SetPte(0x31000, 0);
  m.Start(Jump());
  ExpectFault(kVectorPf, 0);
  EXPECT_EQ(m.cpu.state.cr2, 0x31000u);
  EXPECT_EQ(m.cpu.state.tr.selector, CpuMachine::kTssSelector);
  EXPECT_TRUE(Busy(CpuMachine::kTssSelector)) << "nothing has changed";
}

// -- faults in the new task
// -------------------------------------------------------------------

TEST_P(TaskTest, SegmentsOfTheNewTaskAreCheckedThere) {
  struct Case {
    const char* name;
    u32 segment;  // 0 ... 5, 6: the LDT
    u16 selector;
    u16 attr;  // of kOther
    u8 vector;
    u32 error;
  };
  constexpr u16 kReadOnly = kAttrPresent | kAttrS | kAttrAccessed;
  constexpr u16 kDpl3 = 3 << kAttrDplShift;
  static constexpr Case kCases[] = {
      {"CS null", 1, 0, 0, kVectorTs, 0},
      {"CS data", 1, kOther, kData, kVectorTs, kOther},
      {"CS of another DPL", 1, kOther, kAttrPresent | kAttrS | kAttrCode | kDpl3,
       kVectorTs, kOther},
      {"CS absent", 1, kOther, kAttrS | kAttrCode, kVectorNp, kOther},
      {"DS outside the GDT", 3, 0x1000, 0, kVectorTs, 0x1000},
      {"DS execute-only", 3, kOther, kAttrPresent | kAttrS | kAttrCode, kVectorTs,
       kOther},
      {"ES absent", 0, kOther, kAttrS | kAttrWritable, kVectorNp, kOther},
      {"GS below RPL", 5, kOther | 3, kData, kVectorTs, kOther},
      {"the LDT in the LDT", 6, kOther | 4, 0, kVectorTs, kOther | 4},
      {"the LDT is none", 6, kOther, kData, kVectorTs, kOther},
      {"the LDT absent", 6, kOther, kTypeLdt, kVectorTs, kOther},
      {"SS null", 2, 0, 0, kVectorTs, 0},
      {"SS read-only", 2, kOther, kReadOnly, kVectorTs, kOther},
      {"SS of RPL 3", 2, kOther | 3, kData | kDpl3, kVectorTs, kOther},
      {"SS of DPL 3", 2, kOther, kData | kDpl3, kVectorTs, kOther},
      {"SS absent", 2, kOther, kAttrS | kAttrWritable, kVectorSs, kOther},
  };
  // The handler is a task as well: the new one may have no stack.
  constexpr u32 kTss3 = 0x3400, kHandler = kTask + 0x100, kStack = 0xc000;
  constexpr u16 kTss3Selector = kOther + 8;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    m.SetDescriptor(kTss2Selector, kTss2, 0x67, kAvailable32);
    m.SetDescriptor(CpuMachine::kTssSelector, CpuMachine::kTss, 0x67,
                    kAttrPresent | kTypeTss32Busy);
    m.cpu.state.tr.Set(CpuMachine::kTssSelector, CpuMachine::kTss, 0x67,
                       kAttrPresent | kTypeTss32Busy);
    m.cpu.state.halted = false;
    m.cpu.state.ldtr.SetNull(0);
    m.cpu.SetEflags(0);
    m.EnterRing(0);
    m.SetDescriptor(kTss3Selector, kTss3, 0x67, kAvailable32);
    for (u32 n = 0; n < 6; ++n) {
      PutSegment(n, n == 1 ? CpuMachine::kCode0 : CpuMachine::kData0);
      m.PutLong(kTss3 + 0x48 + 4 * n, n == 1 ? CpuMachine::kCode0 : CpuMachine::kData0);
    }
    m.PutLong(kTss2 + 0x60, 0);
    m.PutLong(kTss3 + 0x20, kHandler);
    m.PutLong(kTss3 + 0x24, kEflagsOne);
    m.PutLong(kTss3 + 0x38, kStack);
    m.Put(Code(kHandler).Hlt());
    for (const u8 vector : {kVectorTs, kVectorNp, kVectorSs}) {
      PutGate(CpuMachine::kIdt + 8 * vector, vector == c.vector ? kTss3Selector : 0, 0);
    }
    m.SetDescriptor(kOther, 0, 0xffff, c.attr);
    c.segment == 6 ? m.PutLong(kTss2 + 0x60, c.selector)
                   : PutSegment(c.segment, c.selector);
    m.Start(Jump());
    ExpectHalt(kHandler);
    EXPECT_EQ(m.Long(kStack - 4), c.error);
    EXPECT_EQ(m.Long(kTss2 + 0x20), kTask) << "the new task's first instruction";
    EXPECT_EQ(m.memory->Load<u16>(Mpa(kTss3)), kTss2Selector) << "it happened in there";
    EXPECT_FALSE(Busy(CpuMachine::kTssSelector));
  }
}

TEST_P(TaskTest, AnEipBehindTheLimitIsGpInTheNewTask) {
  m.SetDescriptor(kOther, 0, 0xffff, kAttrPresent | kAttrS | kAttrCode | kAttrDb);
  PutSegment(1, kOther);
  m.Start(Jump());
  ExpectFault(kVectorGp, 0);
  EXPECT_EQ(m.Long(m.esp() + 4), kTask);
  EXPECT_EQ(m.esp(), kStack2 - 16);
}

}  // namespace
}  // namespace lgx
