// Real mode and virtual-8086 mode, as far as a boot sector, a ROM or a VM86 task goes.
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u16 kParagraph = kCode >> 4;
constexpr u32 kHandler = 0x400;  // of every vector, in real mode

class RealModeTest : public CpuTest {
 protected:
  void EnterReal() {
    CpuState& s = m.cpu.state;
    s.cr0 &= ~kCr0Pe;
    for (Segment& g : s.seg) g.Set(kParagraph, kCode, 0xffff, 0x93);
    s.idtr = {0, 0x3ff};
    for (u32 vector = 0; vector < 256; ++vector) {
      m.PutLong(4 * vector, (kHandler >> 4) << 16 | vector);
    }
    for (u32 vector = 0; vector < 256; ++vector) {
      m.memory->Store<u8>(Mpa(kHandler + vector), 0xf4);
    }
    m.esp() = 0x1000;
    m.eip() = 0;
    m.cpu.StateChanged();
  }
  void ExpectVector(u8 vector) {
    EXPECT_EQ(m.Run(10), StopReason::kHalt);
    EXPECT_EQ(m.Selector(Seg::kCs), kHandler >> 4);
    EXPECT_EQ(m.eip(), vector + 1u);
  }
  u16 Stacked(u32 index) {
    return m.memory->Load<u16>(Mpa(kCode + (m.esp() & 0xffff) + 2 * index));
  }
  void EnterV86(u32 flags) {
    m.EnterRing(3);
    m.cpu.state.halted = false;
    m.cpu.SetEflags(kEflagsVm | flags);
    for (Segment& s : m.cpu.state.seg) s.Set(kParagraph, kCode, 0xffff, 0xf3);
    m.esp() = 0x1000;
    m.eip() = 0;
    m.cpu.StateChanged();
  }
};
LGX_FOR_ALL_BINDINGS(RealModeTest);

TEST_P(RealModeTest, AnInterruptTakesThreeWordsAndNoErrorCode) {
  EnterReal();
  m.cpu.SetEflags(kEflagsIf | kEflagsCf);
  m.Put(Code(kCode).Nop().Int(0x21));
  ExpectVector(0x21);
  EXPECT_EQ(m.esp(), 0x1000u - 6);
  EXPECT_EQ(Stacked(0), 3);
  EXPECT_EQ(Stacked(1), kParagraph);
  EXPECT_EQ(Stacked(2), kEflagsOne | kEflagsIf | kEflagsCf);
  EXPECT_EQ(m.cpu.Eflags() & kEflagsIf, 0u);
}

TEST_P(RealModeTest, AccessesBehind64KFault) {
  struct Case {
    std::initializer_list<u32> bytes;
    u8 vector;
  };
  const Case cases[] = {
      {{0xa1, 0xff, 0xff}, kVectorGp},                 // MOV AX, [FFFF]
      {{0x67, 0xa0, 0, 0, 1, 0}, kVectorGp},           // MOV AL, [10000]
      {{0x8b, 0x46, 0x00}, kVectorSs},                 // MOV AX, [BP], BP = FFFF
      {{0x66, 0xe9, 0, 0, 1, 0}, kVectorGp},           // JMP 10006
      {{0x66, 0xea, 0, 0, 1, 0, 0, 0x10}, kVectorGp},  // JMP 1000:10000
      {{0x0f, 0x00, 0xc0}, kVectorUd},                 // SLDT
      {{0x63, 0xc0}, kVectorUd},                       // ARPL
      {{0x0f, 0x02, 0xc0}, kVectorUd},                 // LAR
  };
  for (const Case& c : cases) {
    CpuMachine fresh(GetParam());
    EnterReal();
    m.cpu.state.halted = false;
    m.cpu.Gpr(kEbp) = 0xffff;
    m.Put(Code(kCode).Bytes(c.bytes));
    ExpectVector(c.vector);
    EXPECT_EQ(Stacked(0), 0) << "a fault";
  }
}

TEST_P(RealModeTest, AVectorBehindTheIdtEndsInShutdown) {
  EnterReal();
  m.cpu.state.idtr.limit = 3;
  m.Put(Code(kCode).Int(0x21));
  EXPECT_EQ(m.Run(10), StopReason::kShutdown);
}

TEST_P(RealModeTest, IntoProtectedModeAndBack) {
  EnterReal();
  m.cpu.state.gdtr = {CpuMachine::kGdt, 0xfff};
  Code code(kCode);
  code.Bytes({0x0f, 0x20, 0xc0, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0});  // CR0 |= PE
  const u32 after = code.Here() + 8;
  code.Bytes({0x66, 0xea}).Long(after).Bytes({CpuMachine::kCode0, 0});
  code.Bytes({0x66, 0xb8, CpuMachine::kData0, 0, 0x8e, 0xd8});  // MOV AX; MOV DS, AX
  code.StoreLong(CpuMachine::kData, 0x12345678).Hlt();
  m.Put(code);
  EXPECT_EQ(m.Run(20), StopReason::kHalt);
  EXPECT_EQ(m.Long(CpuMachine::kData), 0x12345678u);
  EXPECT_EQ(m.cpu.state.cpl, 0);
}

TEST_P(RealModeTest, ALimitFromProtectedModeStays) {
  EnterReal();
  m.cpu.segment(Seg::kDs).Set(0, 0, 0xffffffff, 0x93);
  m.cpu.StateChanged();
  m.Put(Code(kCode).Bytes({0x8e, 0xd8, 0x67, 0xa3}).Long(0x30000).Hlt());
  m.eax() = 0x1000;
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.memory->Load<u16>(Mpa(0x40000)), 0x1000);
}

// -- virtual-8086 mode
// ------------------------------------------------------------------------

TEST_P(RealModeTest, WhatAsksForIoplInVirtual8086Mode) {
  struct Case {
    const char* name;
    std::initializer_list<u32> bytes;
    bool asks;
  };
  const Case cases[] = {
      {"CLI", {0xfa}, true},   {"STI", {0xfb}, true},          {"PUSHF", {0x9c}, true},
      {"POPF", {0x9d}, true},  {"INT n", {0xcd, 0x30}, true},  {"IRET", {0xcf}, true},
      {"INT3", {0xcc}, false}, {"PUSHFD", {0x66, 0x9c}, true},
  };
  m.SetGate(0x30, CpuMachine::kCode0, 3);
  m.SetGate(kVectorBp, CpuMachine::kCode0, 3);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EnterV86(0);
    m.Put(Code(kCode).Bytes(c.bytes).Nop());
    m.Run(1);
    const bool refused = m.eip() == CpuMachine::kHandlers + 16 * kVectorGp + 1;
    EXPECT_EQ(refused, c.asks);
    EnterV86(kEflagsIopl);
    m.memory->Store<u64>(Mpa(kCode + 0x1000), 0);
    m.Put(Code(kCode).Bytes(c.bytes).Nop());
    m.Run(1);
    EXPECT_NE(m.eip(), CpuMachine::kHandlers + 16 * kVectorGp + 1);
  }
}

TEST_P(RealModeTest, AnInterruptInVirtual8086ModeSavesAllSegments) {
  EnterV86(kEflagsIopl | kEflagsIf);
  m.cpu.segment(Seg::kGs).Set(0x1234, 0x12340, 0xffff, 0xf3);
  m.SetGate(0x30, CpuMachine::kCode0, 3);
  m.Put(Code(kCode).Int(0x30));
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_FALSE(m.cpu.V86());
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 36);
  const u32 frame[] = {
      2,          kParagraph, kEflagsOne | kEflagsVm | kEflagsIopl | kEflagsIf,
      0x1000,     kParagraph, kParagraph,
      kParagraph, kParagraph, 0x1234};
  for (u32 i = 0; i < 9; ++i) EXPECT_EQ(m.Long(m.esp() + 4 * i), frame[i]) << i;
  for (const Seg seg : {Seg::kDs, Seg::kEs, Seg::kFs, Seg::kGs}) {
    EXPECT_EQ(m.Selector(seg), 0);
    EXPECT_EQ(m.cpu.segment(seg).attr & kAttrPresent, 0);
  }
}

TEST_P(RealModeTest, AHandlerOutsideRing0IsGpOfItsSelector) {
  EnterV86(kEflagsIopl);
  m.SetGate(0x30, CpuMachine::kCode3, 3);
  m.Put(Code(kCode).Int(0x30));
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * kVectorGp + 1);
  EXPECT_EQ(m.Long(m.esp()), CpuMachine::kCode3 & ~3u);
}

TEST_P(RealModeTest, IretdFromRing0EntersVirtual8086Mode) {
  m.EnterRing(0);
  const u32 frame[] = {0x10,   kParagraph, kEflagsOne | kEflagsVm | kEflagsIf,
                       0x900,  0x1111,     0x2222,
                       0x3333, 0x4444,     0x5555};
  m.esp() -= sizeof frame;
  for (u32 i = 0; i < 9; ++i) m.PutLong(m.esp() + 4 * i, frame[i]);
  m.Start(Code(kCode).Iret());
  m.Run(1);
  EXPECT_TRUE(m.cpu.V86());
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.eip(), 0x10u);
  EXPECT_EQ(m.esp(), 0x900u);
  const u16 selectors[] = {0x2222, kParagraph, 0x1111, 0x3333, 0x4444, 0x5555};
  for (u32 n = 0; n < kSegments; ++n) {
    EXPECT_EQ(m.cpu.state.seg[n].selector, selectors[n]);
    EXPECT_EQ(m.cpu.state.seg[n].base, u32{selectors[n]} << 4);
    EXPECT_EQ(m.cpu.state.seg[n].limit, 0xffffu);
  }
}

TEST_P(RealModeTest, TheVmBitIsOutOfReachOfPopfAndOfOuterRings) {
  m.EnterRing(0);
  m.PutLong(m.esp() - 4, kEflagsVm | kEflagsRf | kEflagsOne);
  m.esp() -= 4;
  m.Start(Code(kCode).Bytes({0x9d}));
  m.Run(1);
  EXPECT_EQ(m.cpu.Eflags(), kEflagsOne);
  EXPECT_FALSE(m.cpu.ResumeFlag());
}

}  // namespace
}  // namespace lgx
