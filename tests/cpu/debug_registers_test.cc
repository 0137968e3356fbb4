// Breakpoints, single steps and the flags around them (SDM volume 3, "Debug Exceptions").
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;
constexpr u32 kHandler = CpuMachine::kHandlers + 16 * kVectorDb;

enum Kind : u32 { kExecute = 0, kWrite = 1, kPort = 2, kAccess = 3 };
enum Length : u32 { kOne = 0, kTwo = 1, kEight = 2, kFour = 3 };

class DebugTest : public CpuTest {
 protected:
  void Watch(u32 n, u32 at, Kind kind, Length length) {
    CpuState& s = m.cpu.state;
    s.dr[n] = at;
    s.dr[7] |= 2u << (2 * n) | (kind | length << 2) << (16 + 4 * n);
    m.cpu.StateChanged();
  }
  // Runs into the #DB handler; what it sees.
  void ExpectDebug(u32 eip, u32 dr6) {
    EXPECT_EQ(m.Run(100), StopReason::kHalt);
    EXPECT_EQ(m.eip(), kHandler + 1);
    EXPECT_EQ(m.Long(m.esp()), eip);
    EXPECT_EQ(m.cpu.state.dr[6], kDr6Ones | dr6);
  }
  u32 SavedFlags() { return m.Long(m.esp() + 8); }
};
LGX_FOR_ALL_BINDINGS(DebugTest);

TEST_P(DebugTest, AnInstructionBreakpointComesBeforeTheInstruction) {
  Watch(1, kCode + 2, kExecute, kOne);
  m.Start(Code(kCode).Inc(kEax).Inc(kEax).Inc(kEbx).Hlt());
  ExpectDebug(kCode + 2, 2);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0u);
  EXPECT_EQ(SavedFlags() & kEflagsRf, 0u);
}

TEST_P(DebugTest, ResumeFlagPassesOverItOnce) {
  Watch(0, kCode + 1, kExecute, kOne);
  // The handler sets RF in its frame; the loop comes by twice.
  m.Put(Code(kHandler).Inc(kEcx).Bytes({0x81, 0x4c, 0x24, 0x08}).Long(kEflagsRf).Iret());
  m.cpu.Gpr(kEdx) = 2;
  m.Start(Code(kCode).Nop().Inc(kEbx).Dec(kEdx).Jnz(kCode).Hlt());
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 2u);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 2u);
}

TEST_P(DebugTest, DataBreakpointsTrapAfterTheAccess) {
  struct Case {
    const char* name;
    Kind kind;
    Length length;
    u32 at;      // DR0, relative to kData
    u32 access;  // relative to kData
    u8 opcode;   // A1: load EAX, A3: store EAX, A0, A2: one byte
    bool hit;
  };
  static constexpr Case kCases[] = {
      {"write, by a write", kWrite, kFour, 0, 0, 0xa3, true},
      {"write, by a read", kWrite, kFour, 0, 0, 0xa1, false},
      {"access, by a read", kAccess, kFour, 0, 0, 0xa1, true},
      {"access, by a write", kAccess, kFour, 0, 0, 0xa3, true},
      {"last byte of four", kAccess, kFour, 0, 3, 0xa2, true},
      {"byte behind four", kAccess, kFour, 0, 4, 0xa2, false},
      {"byte before", kAccess, kTwo, 4, 3, 0xa2, false},
      {"access that reaches in", kAccess, kOne, 7, 4, 0xa1, true},
      {"access that starts before", kAccess, kTwo, 8, 5, 0xa3, true},
      {"access that ends before", kAccess, kTwo, 8, 4, 0xa3, false},
      {"low bits of the address are ignored", kAccess, kFour, 3, 0, 0xa0, true},
      {"two bytes at an odd address", kAccess, kTwo, 5, 4, 0xa0, true},
      {"eight bytes", kWrite, kEight, 8, 15, 0xa2, true},
      {"eight bytes, behind", kWrite, kEight, 8, 16, 0xa2, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    CpuMachine fresh(GetParam());
    CpuState& s = fresh.cpu.state;
    s.dr[0] = kData + c.at;
    s.dr[7] = kDr7Ones | 1 | (c.kind | c.length << 2) << 16;
    fresh.cpu.StateChanged();
    fresh.Start(Code(kCode).Nop().Bytes({c.opcode}).Long(kData + c.access).Nop().Hlt());
    EXPECT_EQ(fresh.Run(100), StopReason::kHalt);
    EXPECT_EQ(fresh.eip(), c.hit ? kHandler + 1 : kCode + 8);
    if (c.hit) {
      EXPECT_EQ(fresh.Long(fresh.esp()), kCode + 6);
    }
    EXPECT_EQ(s.dr[6], kDr6Ones | (c.hit ? 1 : 0));
  }
}

TEST_P(DebugTest, ADisabledBreakpointIsNone) {
  m.cpu.state.dr[0] = kData;
  m.cpu.state.dr[7] = kDr7Ones | (kAccess | kFour << 2) << 16;
  m.cpu.StateChanged();
  m.Start(Code(kCode).StoreEax(kData).Hlt());
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eip(), kCode + 6);
}

TEST_P(DebugTest, ReadModifyWriteAndTheStackAreWatched) {
  Watch(0, kData, kWrite, kFour);
  Watch(3, CpuMachine::kStack0 - 0x104, kWrite, kFour);
  m.Put(Code(kHandler).Bytes({0x03, 0x35}).Long(kData + 0x100).Iret());
  m.PutLong(kData + 0x100, 1);
  Code code(kCode);
  code.Bytes({0xff, 0x05}).Long(kData);  // INC
  code.MovImm(kEsp, CpuMachine::kStack0 - 0x100).Bytes({0x50}).Hlt();
  m.Start(code);
  m.Run(2);
  EXPECT_EQ(m.cpu.state.dr[6], kDr6Ones | 1);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.state.dr[6], kDr6Ones | 8) << "the earlier bit is replaced";
}

TEST_P(DebugTest, ARepTrapsAfterTheIterationAndSavesRf) {
  Watch(0, kData + 4, kWrite, kFour);
  m.cpu.Gpr(kEcx) = 4;
  m.cpu.Gpr(kEdi) = kData;
  m.Start(Code(kCode).Bytes({0xf3, 0xab}).Hlt());
  ExpectDebug(kCode, 1);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 2u);
  EXPECT_NE(SavedFlags() & kEflagsRf, 0u);
}

TEST_P(DebugTest, AnInstructionThatFaultsDoesNotTrap) {
  Watch(0, kData, kAccess, kFour);
  m.EnablePaging(false);
  m.SetPte(kData + 0x1000, 0);
  // PUSH [kData] onto a stack that is not there.
  m.esp() = kData + 0x2000;
  m.SetPte(kData + 0x1000, 0);
  m.cpu.StateChanged();
  m.PutLong(CpuMachine::kIdt + 8 * kVectorPf, 0);
  m.cpu.state.tr.limit = 0;
  m.Start(Code(kCode).Bytes({0xff, 0x35}).Long(kData));
  EXPECT_EQ(m.Run(100), StopReason::kShutdown);
  EXPECT_EQ(m.cpu.state.dr[6], kDr6Ones);
}

TEST_P(DebugTest, PortsAreWatchedWithDebugExtensionsOnly) {
  for (const bool extensions : {false, true}) {
    CpuMachine fresh(GetParam());
    CpuState& s = fresh.cpu.state;
    s.cr4 = extensions ? kCr4De : 0;
    s.dr[2] = 0x80;
    s.dr[7] = kDr7Ones | 2u << 4 | (kPort | kTwo << 2) << 24;
    fresh.cpu.StateChanged();
    fresh.Start(Code(kCode).Bytes({0xe6, 0x81, 0x90, 0xf4}));  // OUT 0x81, AL
    EXPECT_EQ(fresh.Run(100), StopReason::kHalt);
    EXPECT_EQ(fresh.eip(), extensions ? kHandler + 1 : kCode + 4);
    EXPECT_EQ(s.dr[6], kDr6Ones | (extensions ? 4 : 0));
  }
}

TEST_P(DebugTest, GeneralDetectFaultsAndOpensTheRegisters) {
  m.cpu.state.dr[7] = kDr7Ones | kDr7Gd;
  m.Start(Code(kCode).Nop().Bytes({0x0f, 0x21, 0xc0}));  // MOV EAX, DR0
  ExpectDebug(kCode + 1, kDr6Bd);
  EXPECT_EQ(m.cpu.state.dr[7], kDr7Ones);
  EXPECT_NE(SavedFlags() & kEflagsRf, 0u);
}

TEST_P(DebugTest, AccessRules) {
  struct Case {
    const char* name;
    u32 cr4;
    u32 ring;
    u32 modrm;
    u8 vector;  // 0: none
  };
  static constexpr Case kCases[] = {
      {"DR4 is DR6", 0, 0, 0xe0, 0},
      {"DR5 is DR7", 0, 0, 0xe8, 0},
      {"DR4 with DE", kCr4De, 0, 0xe0, kVectorUd},
      {"DR5 with DE", kCr4De, 0, 0xe8, kVectorUd},
      {"ring 3", 0, 3, 0xc0, kVectorGp},
      {"DR4 with DE in ring 3", kCr4De, 3, 0xe0, kVectorUd},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    CpuMachine fresh(GetParam());
    fresh.cpu.state.cr4 = c.cr4;
    fresh.EnterRing(c.ring);
    fresh.Start(Code(kCode).Bytes({0x0f, 0x21, c.modrm}).Hlt());
    fresh.Run(2);
    const u32 handler = CpuMachine::kHandlers + 16 * c.vector;
    EXPECT_EQ(fresh.eip(), c.vector == 0 ? kCode + 4 : handler + 1);
  }
}

TEST_P(DebugTest, ReservedBitsKeepTheirValues) {
  m.eax() = 0xffffffff;
  m.Start(Code(kCode).Bytes({0x0f, 0x23, 0xf0, 0x0f, 0x21, 0xf3}).Hlt());  // DR6
  m.Run(2);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0xffffefffu);
  m.eax() = 0;
  m.Start(Code(kCode).Bytes({0x0f, 0x23, 0xf0, 0x0f, 0x21, 0xf3}));
  m.Run(2);
  EXPECT_EQ(m.cpu.Gpr(kEbx), kDr6Ones);
  m.Start(Code(kCode).Bytes({0x0f, 0x23, 0xf8, 0x0f, 0x21, 0xfb}));  // DR7
  m.Run(2);
  EXPECT_EQ(m.cpu.Gpr(kEbx), kDr7Ones);
}

TEST_P(DebugTest, MovSsHoldsItsDebugExceptionsBack) {
  // MOV SS, [kData]: the data breakpoint is reported after the next instruction, and a
  // breakpoint on that is not met.
  m.memory->Store<u16>(Mpa(kData), CpuMachine::kData0);
  Watch(0, kData, kAccess, kTwo);
  Watch(1, kCode + 6, kExecute, kOne);
  m.Start(Code(kCode).Bytes({0x8e, 0x15}).Long(kData).Inc(kEbx).Inc(kEbx));
  ExpectDebug(kCode + 7, 1);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
}

TEST_P(DebugTest, AStepAndABreakpointAreOneException) {
  Watch(2, kData, kWrite, kOne);
  m.cpu.SetEflags(kEflagsTf);
  m.Start(Code(kCode).StoreByte(kData, 1).Nop());
  ExpectDebug(kCode + 7, 4 | kDr6Bs);
}

TEST_P(DebugTest, AStepOverHltWakesIt) {
  m.cpu.SetEflags(kEflagsTf);
  m.Start(Code(kCode).Hlt().Nop());
  ExpectDebug(kCode + 1, kDr6Bs);
}

TEST_P(DebugTest, WatchedDataIsWatchedInEveryBlockThatWasThere) {
  // The loop runs from the caches first; then a breakpoint is set by the program itself.
  Code code(kCode);
  code.MovImm(kEcx, 50);
  const u32 loop = code.Here();
  code.StoreEax(kData).Dec(kEcx).Jnz(loop);
  code.MovImm(kEbx, kData).Bytes({0x0f, 0x23, 0xc3});    // MOV DR0, EBX
  code.MovImm(kEbx, 0xd0001).Bytes({0x0f, 0x23, 0xfb});  // MOV DR7, EBX
  code.Jmp(loop);
  m.Start(code);
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  EXPECT_EQ(m.eip(), kHandler + 1);
  EXPECT_EQ(m.Long(m.esp()), loop + 5);
}

// -- NMI, and RF with interrupts
// ------------------------------------------------------------

TEST_P(DebugTest, ASecondNmiWaitsForTheIret) {
  const u32 nmi = CpuMachine::kHandlers + 16 * kVectorNmi;
  m.Put(Code(nmi).Inc(kEbx).Nop().Iret());
  m.Start(Code(kCode).Nop(20));
  m.cpu.RaiseNmi();
  m.Run(1);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  m.cpu.RaiseNmi();
  m.Run(1);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  m.Run(2);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 2u) << "right after the IRET";
}

TEST_P(DebugTest, AnInterruptInsideARepSavesRf) {
  m.SetGate(0x30, CpuMachine::kCode0, 0);
  m.cpu.Gpr(kEcx) = 100;
  m.cpu.Gpr(kEdi) = kData;
  m.cpu.SetEflags(kEflagsIf);
  m.Start(Code(kCode).Bytes({0xf3, 0xaa}).Hlt());
  m.Run(10);
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(5), StopReason::kHalt);
  EXPECT_EQ(m.Long(m.esp()), kCode);
  EXPECT_NE(SavedFlags() & kEflagsRf, 0u);
}

TEST_P(DebugTest, AnInterruptRightAfterAnIretSavesItsRf) {
  m.PutLong(CpuMachine::kStack0 - 12, kCode + 0x100);
  m.PutLong(CpuMachine::kStack0 - 8, CpuMachine::kCode0);
  m.PutLong(CpuMachine::kStack0 - 4, kEflagsOne | kEflagsIf | kEflagsRf);
  m.esp() = CpuMachine::kStack0 - 12;
  m.Put(Code(kCode + 0x100).Nop(2));
  m.Start(Code(kCode).Iret());
  m.Run(1);
  m.cpu.RaiseInterrupt(0x30);
  EXPECT_EQ(m.Run(1), StopReason::kHalt);
  EXPECT_EQ(SavedFlags(), kEflagsOne | kEflagsIf | kEflagsRf);
}

}  // namespace
}  // namespace lgx
