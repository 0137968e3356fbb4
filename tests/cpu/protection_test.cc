// Segments and gates: loads, call gates with parameters, 16-bit and expand-down stacks,
// page crossings. Expected values: SDM volume 3, "Protection", volume 2 for each
// instruction.
#include "cpu/protection.h"

#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;
constexpr u32 kInner = kCode + 0x800;  // where call gates lead
constexpr u16 kGate = CpuMachine::kFree;
constexpr u16 kOther = CpuMachine::kFree + 8;
constexpr u16 kSegment = kAttrPresent | kAttrS;

u16 Dpl(u32 dpl) { return static_cast<u16>(dpl << kAttrDplShift); }

class ProtectionTest : public CpuTest {
 protected:
  void PutCallGate(u8 type, u16 selector, u32 offset, u32 dpl, u32 params) {
    const u32 at = CpuMachine::kGdt + kGate;
    m.PutLong(at, u32{selector} << 16 | (offset & 0xffff));
    m.PutLong(at + 4,
              (offset & 0xffff0000) | 0x8000 | dpl << 13 | u32{type} << 8 | params);
  }
  static Code Far(u8 opcode, u16 selector) {
    return Code(kCode).Bytes({opcode}).Long(0).Bytes(
        {selector & 0xffu, u32{selector} >> 8});
  }
  void ExpectFault(u8 vector, u32 error) {
    EXPECT_EQ(m.Run(100), StopReason::kHalt);
    EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * vector + 1);
    EXPECT_EQ(m.Long(m.esp()), error);
  }
  u16 Word(u32 at) const { return m.memory->Load<u16>(Mpa(at)); }
};
LGX_FOR_ALL_BINDINGS(ProtectionTest);

// -- loading segment registers
// ----------------------------------------------------------------

// Every type of descriptor into DS and SS, at every combination of CPL, RPL and DPL.
TEST_P(ProtectionTest, TheWholeMatrixOfSegmentLoads) {
  for (u32 type = 0; type < 32; ++type) {
    const bool segment = type >= 16, code = segment && (type & 8) != 0;
    const bool writable = segment && !code && (type & 2) != 0;
    const bool readable = segment && (!code || (type & 2) != 0);
    const bool conforming = code && (type & 4) != 0;
    for (u32 rights = 0; rights < 2 * 4 * 4 * 2 * 2; ++rights) {
      const u32 cpl = (rights & 1) != 0 ? 3 : 0, rpl = rights >> 1 & 3,
                dpl = rights >> 3 & 3;
      const bool present = (rights >> 5 & 1) != 0, stack = (rights >> 6 & 1) != 0;
      m.cpu.state.halted = false;
      m.EnterRing(cpl);
      m.SetDescriptor(kOther, 0, 0xffff,
                      static_cast<u16>(type | Dpl(dpl) | (present ? kAttrPresent : 0)));
      m.eax() = kOther | rpl;
      m.Start(Code(kCode).Bytes({0x8e, stack ? 0xd0u : 0xd8u}));
      m.Run(1);
      const bool fits = stack ? writable && rpl == cpl && dpl == cpl
                              : readable && (conforming || (cpl <= dpl && rpl <= dpl));
      const u32 handler = CpuMachine::kHandlers;
      const u32 expected = !fits     ? handler + 16 * kVectorGp + 1
                           : present ? kCode + 2
                           : stack   ? handler + 16 * kVectorSs + 1
                                     : handler + 16 * kVectorNp + 1;
      ASSERT_EQ(m.eip(), expected) << "type " << type << " CPL " << cpl << " RPL " << rpl
                                   << " DPL " << dpl << (stack ? " SS" : " DS");
      if (!fits || !present) {
        ASSERT_EQ(m.Long(m.esp()), kOther);
      }
      const bool accessed = (m.Byte(CpuMachine::kGdt + kOther + 5) & 1) != 0;
      ASSERT_EQ(accessed, (type & 1) != 0 || (fits && present));
    }
  }
}

// Far JMP to every type of segment.
TEST_P(ProtectionTest, TheWholeMatrixOfFarJumps) {
  for (u32 type = 16; type < 32; ++type) {
    const bool code = (type & 8) != 0, conforming = code && (type & 4) != 0;
    for (u32 rights = 0; rights < 2 * 4 * 4 * 2; ++rights) {
      const u32 cpl = (rights & 1) != 0 ? 3 : 0, rpl = rights >> 1 & 3,
                dpl = rights >> 3 & 3;
      const bool present = (rights >> 5 & 1) != 0;
      m.cpu.state.halted = false;
      m.EnterRing(cpl);
      m.SetDescriptor(
          kOther, kInner, 0xffff,
          static_cast<u16>(type | Dpl(dpl) | kAttrDb | (present ? kAttrPresent : 0)));
      m.Start(Far(0xea, static_cast<u16>(kOther | rpl)));
      m.Run(1);
      const bool fits = code && (conforming ? dpl <= cpl : rpl <= cpl && dpl == cpl);
      const u32 expected = !fits     ? CpuMachine::kHandlers + 16 * kVectorGp + 1
                           : present ? 0
                                     : CpuMachine::kHandlers + 16 * kVectorNp + 1;
      ASSERT_EQ(m.eip(), expected)
          << "type " << type << " CPL " << cpl << " RPL " << rpl << " DPL " << dpl;
      if (expected == 0) {
        ASSERT_EQ(m.Selector(Seg::kCs), (kOther & ~3) | cpl);
      }
    }
  }
}

// -- call gates
// -------------------------------------------------------------------------------

TEST_P(ProtectionTest, ACallGateCopiesParametersToTheInnerStack) {
  PutCallGate(kTypeCallGate32, CpuMachine::kCode0, kInner, 3, 2);
  m.Put(Code(kInner).Bytes({0xca, 8, 0}));  // RETF 8
  m.EnterRing(3);
  m.esp() -= 8;
  m.PutLong(m.esp(), 0x11111111);
  m.PutLong(m.esp() + 4, 0x22222222);
  m.Start(Far(0x9a, kGate | 3).Nop());
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 0);
  EXPECT_EQ(m.eip(), kInner);
  const u32 frame[] = {kCode + 7,  CpuMachine::kCode3,      0x11111111,
                       0x22222222, CpuMachine::kStack3 - 8, CpuMachine::kData3};
  ASSERT_EQ(m.esp(), CpuMachine::kStack0 - sizeof frame);
  for (u32 i = 0; i < 6; ++i) EXPECT_EQ(m.Long(m.esp() + 4 * i), frame[i]) << i;
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.esp(), CpuMachine::kStack3) << "released on both stacks";
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData3);
}

TEST_P(ProtectionTest, A16BitCallGateCopiesWords) {
  PutCallGate(kTypeCallGate16, CpuMachine::kCode0, 0x7000, 3, 3);
  m.EnterRing(3);
  m.esp() -= 6;
  m.PutLong(m.esp(), 0x22221111);
  m.PutLong(m.esp() + 4, 0x3333);
  m.Start(Far(0x9a, kGate | 3));
  m.Run(1);
  EXPECT_EQ(m.eip(), 0x7000u);
  const u16 frame[] = {(kCode + 7) & 0xffff,
                       CpuMachine::kCode3,
                       0x1111,
                       0x2222,
                       0x3333,
                       (CpuMachine::kStack3 - 6) & 0xffff,
                       CpuMachine::kData3};
  ASSERT_EQ(m.esp(), CpuMachine::kStack0 - sizeof frame);
  for (u32 i = 0; i < 7; ++i) EXPECT_EQ(Word(m.esp() + 2 * i), frame[i]) << i;
}

TEST_P(ProtectionTest, WhatCallGatesRefuse) {
  struct Case {
    const char* name;
    u32 gate_dpl;
    u16 gate_rpl;
    bool gate_present;
    u16 target;
    u32 offset;
    u8 vector;
    u32 error;
  };
  static constexpr Case kCases[] = {
      {"gate DPL below CPL", 2, 3, true, CpuMachine::kCode0, kInner, kVectorGp, kGate},
      {"gate absent", 3, 3, false, CpuMachine::kCode0, kInner, kVectorNp, kGate},
      {"null target", 3, 3, true, 3, kInner, kVectorGp, 0},
      {"data target", 3, 3, true, CpuMachine::kData0, kInner, kVectorGp,
       CpuMachine::kData0},
      {"outside the GDT", 3, 3, true, 0x1000, kInner, kVectorGp, 0x1000},
      {"behind the limit", 3, 3, true, kOther, 0x20000, kVectorGp, 0},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    m.cpu.state.halted = false;
    m.SetDescriptor(kOther, 0, 0xffff, kSegment | kAttrCode | kAttrDb);
    PutCallGate(kTypeCallGate32, c.target, c.offset, c.gate_dpl, 0);
    if (!c.gate_present) m.memory->Store<u8>(Mpa(CpuMachine::kGdt + kGate + 5), 0x6c);
    m.EnterRing(3);
    m.Start(Far(0x9a, static_cast<u16>(kGate | c.gate_rpl)));
    ExpectFault(c.vector, c.error);
    EXPECT_EQ(m.Long(m.esp() + 4), kCode);
  }
}

TEST_P(ProtectionTest, TheInnerStackOfACallIsChecked) {
  struct Case {
    const char* name;
    u32 tss_limit;
    u16 ss;
    u16 attr;  // of kOther
    u8 vector;
    u32 error;
  };
  // The handlers stay in ring 1, whose stack is good.
  static constexpr Case kCases[] = {
      {"null", 0x67, 0, 0, kVectorTs, 0},
      {"outside the GDT", 0x67, 0x1000, 0, kVectorTs, 0x1000},
      {"RPL 1", 0x67, kOther | 1, kSegment | kAttrWritable, kVectorTs, kOther},
      {"DPL 1", 0x67, kOther, kSegment | kAttrWritable | 1 << kAttrDplShift, kVectorTs,
       kOther},
      {"read-only", 0x67, kOther, kSegment, kVectorTs, kOther},
      {"absent", 0x67, kOther, kAttrS | kAttrWritable, kVectorSs, kOther},
      {"no room", 0x67, kOther, kSegment | kAttrWritable | kAttrDb, kVectorSs, kOther},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    PutCallGate(kTypeCallGate32, CpuMachine::kCode0, kInner, 3, 0);
    m.SetDescriptor(kOther, 0, 0xff, c.attr);
    m.PutLong(CpuMachine::kTss + 8, c.ss);
    m.cpu.state.tr.limit = c.tss_limit;
    m.SetGate(c.vector, CpuMachine::kCode1, 0);
    const u32 handler = CpuMachine::kHandlers + 16 * c.vector;
    m.Put(Code(handler).Jmp(handler));
    m.EnterRing(3);
    m.Start(Far(0x9a, kGate | 3));
    m.Run(2);
    EXPECT_EQ(m.eip(), handler);
    EXPECT_EQ(m.cpu.state.cpl, 1);
    EXPECT_EQ(m.Long(m.esp()), c.error);
  }
}

TEST_P(ProtectionTest, ATssTooShortForTheStackIsTsOfTheTss) {
  m.cpu.state.tr.limit = 8;  // ESP0 fits, SS0 does not
  m.SetGate(kVectorTs, CpuMachine::kCode3, 0);
  const u32 handler = CpuMachine::kHandlers + 16 * kVectorTs;
  m.Put(Code(handler).Jmp(handler));
  m.EnterRing(3);
  m.Start(Code(kCode).Int(0x80));
  m.Run(2);
  EXPECT_EQ(m.eip(), handler);
  EXPECT_EQ(m.Long(m.esp()), CpuMachine::kTssSelector);
}

// -- stacks
// -----------------------------------------------------------------------------------

TEST_P(ProtectionTest, A16BitStackWrapsAndKeepsTheUpperHalf) {
  m.cpu.segment(Seg::kSs).Set(CpuMachine::kData0, kData, 0xffff,
                              kSegment | kAttrWritable);
  m.cpu.StateChanged();
  m.esp() = 0x12340000;
  m.eax() = 0xcafebabe;
  m.Start(Code(kCode).Bytes({0x50, 0x5b}).Hlt());  // PUSH EAX, POP EBX
  m.Run(1);
  EXPECT_EQ(m.esp(), 0x1234fffcu);
  EXPECT_EQ(m.Long(kData + 0xfffc), 0xcafebabeu);
  m.Run(1);
  EXPECT_EQ(m.esp(), 0x12340000u);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0xcafebabeu);
}

TEST_P(ProtectionTest, AStackSlotAcrossTheLimitIsSs) {
  m.SetGate(kVectorSs, CpuMachine::kCode0, 0);
  m.EnterRing(3);
  m.cpu.segment(Seg::kSs).Set(CpuMachine::kData3, kData, 0xffff,
                              kSegment | kAttrWritable | Dpl(3));
  m.cpu.StateChanged();
  m.esp() = 2;
  m.Start(Code(kCode).Bytes({0x50}));
  ExpectFault(kVectorSs, 0);
  EXPECT_EQ(m.Long(m.esp() + 16), 2u) << "ESP is unchanged";
}

TEST_P(ProtectionTest, ExpandDownDataLiesAboveItsLimit) {
  struct Case {
    bool wide;  // B
    u32 offset;
    bool inside;
  };
  static constexpr Case kCases[] = {
      {true, 0x1000, true},  {true, 0xfff, false},   {true, 0, false},
      {false, 0xfffc, true}, {false, 0xfffd, false}, {false, 0x10000, false},
      {true, 0x10000, true}, {false, 0x0ffc, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.offset);
    m.cpu.state.halted = false;
    m.EnterRing(0);
    const u16 wide = c.wide ? kAttrDb : 0;
    m.SetDescriptor(kOther, kData, 0xfff,
                    kSegment | kAttrWritable | kAttrExpandDown | wide);
    m.eax() = kOther;
    m.Start(Code(kCode).Bytes({0x8e, 0xe0, 0x64, 0xa3}).Long(c.offset).Hlt());
    EXPECT_EQ(m.Run(10), StopReason::kHalt);
    EXPECT_EQ(m.eip(), c.inside ? kCode + 9 : CpuMachine::kHandlers + 16 * kVectorGp + 1);
  }
}

TEST_P(ProtectionTest, StringsMeetTheLimitElementByElement) {
  m.SetDescriptor(kOther, kData, 0xff, kSegment | kAttrWritable | kAttrDb);
  m.eax() = kOther;
  m.cpu.Gpr(kEcx) = 10;
  m.cpu.Gpr(kEdi) = 0xf6;
  m.Start(Code(kCode).Bytes({0x8e, 0xc0, 0xf3, 0xab}).Hlt());
  ExpectFault(kVectorGp, 0);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 8u);
  EXPECT_EQ(m.cpu.Gpr(kEdi), 0xfeu);
  EXPECT_EQ(m.Long(m.esp() + 4), kCode + 2);
}

TEST_P(ProtectionTest, A16BitStringWrapsAt64K) {
  m.cpu.Gpr(kEcx) = 0x12340003;
  m.cpu.Gpr(kEdi) = 0x5678fffe;
  m.eax() = 0x77;
  m.cpu.segment(Seg::kEs).Set(CpuMachine::kData0, kData, 0xffff,
                              kSegment | kAttrWritable);
  m.cpu.StateChanged();
  m.Start(Code(kCode).Bytes({0x67, 0xf3, 0xaa}).Hlt());  // REP STOSB, 16-bit addresses
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEdi), 0x56780001u);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0x12340000u);
  EXPECT_EQ(m.Byte(kData + 0xfffe), 0x77);
  EXPECT_EQ(m.Byte(kData + 0xffff), 0x77);
  EXPECT_EQ(m.Byte(kData), 0x77);
}

// -- instructions on two pages
// ----------------------------------------------------------------

TEST_P(ProtectionTest, AnInstructionAcrossPagesFaultsOnThePageThatIsMissing) {
  for (const bool pae : {false, true}) {
    for (const bool second : {false, true}) {
      CpuMachine fresh(GetParam());
      fresh.EnablePaging(pae);
      const u32 at = kCode + 0xffe;
      fresh.Put(Code(at).MovImm(kEax, 0x12345678));
      fresh.Start(Code(kCode).Jmp(at));
      const u32 missing = second ? kCode + 0x1000 : kCode;
      fresh.Run(1);
      fresh.SetPte(missing, 0);
      fresh.Run(1);
      EXPECT_EQ(fresh.eip(), CpuMachine::kHandlers + 16 * kVectorPf + 1);
      EXPECT_EQ(fresh.cpu.state.cr2, second ? kCode + 0x1000 : at);
      EXPECT_EQ(fresh.Long(fresh.esp()), pae ? kPfFetch : 0u);
      EXPECT_EQ(fresh.Long(fresh.esp() + 4), at);
    }
  }
}

TEST_P(ProtectionTest, AStoreAcrossPagesWritesNothingIfThePageBehindIsMissing) {
  m.EnablePaging(false);
  m.SetPte(kData + 0x1000, 0);
  m.PutLong(kData + 0xffc, 0);
  m.Start(Code(kCode).StoreLong(kData + 0xffe, 0xffffffff));
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cr2, kData + 0x1000);
  EXPECT_EQ(m.Long(kData + 0xffc), 0u);
}

}  // namespace
}  // namespace lgx
