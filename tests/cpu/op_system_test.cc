// Control registers, the rules of the TLB, SYSENTER and SYSEXIT.
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;
constexpr u32 kTables = CpuMachine::kTables;

class SystemTest : public CpuTest {
 protected:
  bool Faults(const Code& code, u8 vector) {
    m.cpu.state.halted = false;
    m.Start(code);
    m.Run(1);
    return m.eip() == CpuMachine::kHandlers + 16 * vector + 1;
  }
  static Code ToCr(u32 n) { return Code(kCode).Bytes({0x0f, 0x22, 0xc0 | n << 3}); }
};
LGX_FOR_ALL_BINDINGS(SystemTest);

TEST_P(SystemTest, WhatControlRegistersRefuse) {
  struct Case {
    const char* name;
    u32 cr, value;
    bool refused;
  };
  static constexpr Case kCases[] = {
      {"PG without PE", 0, kCr0Pg, true},
      {"NW without CD", 0, kCr0Pe | kCr0Nw, true},
      {"NW with CD", 0, kCr0Pe | kCr0Nw | kCr0Cd, false},
      {"reserved bits of CR0 are ignored", 0, kCr0Pe | 0x1000, false},
      {"a reserved bit of CR4", 4, 1u << 31, true},
      {"VME does not exist", 4, kCr4Vme, true},
      {"PVI does not exist", 4, kCr4Pvi, true},
      {"DE", 4, kCr4De, false},
      {"PGE", 4, kCr4Pge, false},
  };
  m.cpu.set_model(FullCpuModel());
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    m.EnterRing(0);
    m.eax() = c.value;
    EXPECT_EQ(Faults(ToCr(c.cr), kVectorGp), c.refused);
    m.cpu.state.cr0 = kCr0Pe | kCr0Et;
    m.cpu.state.cr4 = 0;
  }
}

TEST_P(SystemTest, RegistersWithoutANumberAreUndefined) {
  for (const u32 n : {1u, 5u, 6u, 7u}) {
    m.EnterRing(0);
    EXPECT_TRUE(Faults(ToCr(n), kVectorUd)) << n;
    m.EnterRing(0);
    EXPECT_TRUE(Faults(Code(kCode).Bytes({0x0f, 0x20, 0xc0 | n << 3}), kVectorUd)) << n;
  }
}

TEST_P(SystemTest, LmswSetsPeAndDoesNotClearIt) {
  m.EnterRing(0);
  m.eax() = 0xfff0 | kCr0Ts;
  m.Start(Code(kCode).Bytes({0x0f, 0x01, 0xf0}));
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cr0, kCr0Pe | kCr0Et | kCr0Ts);
}

// -- the PDPT registers
// -----------------------------------------------------------------------

TEST_P(SystemTest, PdptEntriesAreReadByALoadOfCr3Only) {
  m.cpu.set_model(FullCpuModel());
  m.EnablePaging(true);
  m.cpu.state.cr4 |= kCr4Pae;
  m.PutLong(kTables, 0);  // in memory alone
  m.eax() = m.cpu.state.cr0 ^ kCr0Ts;
  m.Start(ToCr(0).Nop());
  m.Run(2);
  EXPECT_EQ(m.eip(), kCode + 4) << "TS leaves them alone";
  m.eax() = kTables;
  m.PutLong(CpuMachine::kIdt + 8 * kVectorPf, 0);
  m.Start(ToCr(3).Nop());
  EXPECT_EQ(m.Run(2), StopReason::kShutdown) << "nothing is mapped any more";
}

TEST_P(SystemTest, AReservedBitInAPresentPdptEntryRefusesTheLoad) {
  m.EnablePaging(true);
  m.PutLong(kTables + 8, 0x3);
  m.eax() = kTables;
  EXPECT_TRUE(Faults(ToCr(3), kVectorGp));
  m.EnterRing(0);
  m.PutLong(kTables + 8, 0x2);
  m.eax() = kTables;
  EXPECT_FALSE(Faults(ToCr(3), kVectorGp)) << "an absent entry may hold anything";
}

// -- translations
// -----------------------------------------------------------------------------

// What software does after changing a table: INVLPG, a load of CR3, a toggle of PGE. The
// new mapping is seen after each, for ordinary and for global pages where the manual says
// so.
TEST_P(SystemTest, ANewMappingIsSeenAfterEachWayToFlush) {
  constexpr u32 kGlobal = 0x100;
  enum Way { kInvlpg, kCr3, kPge };
  m.cpu.set_model(FullCpuModel());
  for (const bool pae : {false, true}) {
    for (const u32 global : {0u, kGlobal}) {
      for (const Way way : {kInvlpg, kCr3, kPge}) {
        if (way == kCr3 && global != 0) continue;  // need not
        CpuMachine fresh(GetParam());
        fresh.cpu.set_model(FullCpuModel());
        fresh.EnablePaging(pae);
        fresh.cpu.state.cr4 |= kCr4Pge;
        fresh.cpu.StateChanged();
        fresh.SetPte(kData, kData | 7 | global);
        fresh.PutLong(kData, 1);
        fresh.PutLong(kData + 0x1000, 2);
        Code code(kCode);
        code.LoadEax(kData).Bytes({0x89, 0xc3});  // MOV EBX, EAX
        const u32 pte = static_cast<u32>(fresh.PteOf(kData).value);
        code.StoreLong(pte, (kData + 0x1000) | 7 | global);
        if (way == kInvlpg) code.Bytes({0x0f, 0x01, 0x3d}).Long(kData);
        if (way == kCr3) code.Bytes({0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8});
        if (way == kPge) {
          code.Bytes({0x0f, 0x20, 0xe0, 0x34, 0x80, 0x0f, 0x22, 0xe0});
          code.Bytes({0x34, 0x80, 0x0f, 0x22, 0xe0});
        }
        fresh.Start(code.LoadEax(kData).Hlt());
        EXPECT_EQ(fresh.Run(20), StopReason::kHalt);
        EXPECT_EQ(fresh.cpu.Gpr(kEbx), 1u);
        EXPECT_EQ(fresh.eax(), 2u);
      }
    }
  }
}

// No flush at all: what a store changes in a table counts at once, whatever stores.
TEST_P(SystemTest, ANewMappingIsSeenWhateverStoresIt) {
  struct Way {
    const char* name;
    u32 ecx;
    std::initializer_list<u32> bytes;
  };
  constexpr u32 kNew = kData + 0x1007;
  const Way ways[] = {
      {"MOV [EBX], ECX", kNew, {0x89, 0x0b}},
      {"MOV [EBX], CX", kNew, {0x66, 0x89, 0x0b}},
      {"MOV [EBX+1], CH", kNew, {0x88, 0x6b, 0x01}},
      {"XOR [EBX], ECX", 0x1000, {0x31, 0x0b}},
      {"ADD [EBX], ECX", 0x1000, {0x01, 0x0b}},
      {"XCHG [EBX], ECX", kNew, {0x87, 0x0b}},
      {"LEA ESP, [EBX+4]; PUSH ECX", kNew, {0x8d, 0x63, 0x04, 0x51}},
      {"MOV EDI, EBX; MOV EAX, ECX; STOSD", kNew, {0x89, 0xdf, 0x89, 0xc8, 0xab}},
  };
  for (const bool pae : {false, true}) {
    for (const Way& way : ways) {
      SCOPED_TRACE(way.name);
      CpuMachine fresh(GetParam());
      fresh.cpu.set_model(FullCpuModel());
      fresh.EnablePaging(pae);
      fresh.SetPte(kData, kData | 7);
      fresh.PutLong(kData, 1);
      fresh.PutLong(kData + 0x1000, 2);
      Code code(kCode);
      code.MovImm(kEbx, static_cast<u32>(fresh.PteOf(kData).value));
      code.MovImm(kEcx, way.ecx).LoadEax(kData).Bytes({0x89, 0xc2});  // MOV EDX, EAX
      fresh.Start(code.Bytes(way.bytes).LoadEax(kData).Hlt());
      EXPECT_EQ(fresh.Run(20), StopReason::kHalt);
      EXPECT_EQ(fresh.cpu.Gpr(kEdx), 1u);
      EXPECT_EQ(fresh.eax(), 2u);
    }
  }
}

TEST_P(SystemTest, AddressBitsOfPse36AreReserved) {
  m.EnablePaging(false);
  m.cpu.state.cr4 |= kCr4Pse;
  m.cpu.StateChanged();
  m.PutLong(kTables + 4, 0x00402087);  // 4 MiB page, bit 13
  m.Start(Code(kCode).LoadEax(0x400000));
  m.Run(1);
  EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * kVectorPf + 1);
  EXPECT_EQ(m.Long(m.esp()), kPfPresent | kPfReserved);
}

// -- SYSENTER, SYSEXIT
// ------------------------------------------------------------------------

TEST_P(SystemTest, SysenterIsShutWhileItsSelectorIsNull) {
  m.cpu.set_model(FullCpuModel());
  for (const u32 selector : {0u, 3u}) {
    m.EnterRing(3);
    m.cpu.state.sysenter_cs = selector;
    EXPECT_TRUE(Faults(Code(kCode).Bytes({0x0f, 0x34}), kVectorGp));
    m.EnterRing(0);
    EXPECT_TRUE(Faults(Code(kCode).Bytes({0x0f, 0x35}), kVectorGp));
  }
  m.EnterRing(3);
  m.cpu.state.sysenter_cs = 8;
  EXPECT_TRUE(Faults(Code(kCode).Bytes({0x0f, 0x35}), kVectorGp)) << "SYSEXIT in ring 3";
}

TEST_P(SystemTest, SysenterAndSysexitMakeFlatSegmentsOfTheirOwn) {
  m.cpu.set_model(FullCpuModel());
  m.EnterRing(3);
  m.cpu.state.sysenter_cs = 0x100;
  m.cpu.state.sysenter_esp = 0x7000;
  m.cpu.state.sysenter_eip = kCode + 0x100;
  m.cpu.SetEflags(kEflagsIf);
  m.Put(Code(kCode + 0x100).Bytes({0x0f, 0x35}));
  m.Start(Code(kCode).Bytes({0x0f, 0x34}));
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 0);
  EXPECT_EQ(m.eip(), kCode + 0x100);
  EXPECT_EQ(m.esp(), 0x7000u);
  EXPECT_EQ(m.Selector(Seg::kCs), 0x100);
  EXPECT_EQ(m.Selector(Seg::kSs), 0x108);
  EXPECT_EQ(m.cpu.Eflags() & kEflagsIf, 0u);
  m.cpu.Gpr(kEcx) = 0x9000;
  m.cpu.Gpr(kEdx) = kCode + 0x200;
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.eip(), kCode + 0x200);
  EXPECT_EQ(m.esp(), 0x9000u);
  EXPECT_EQ(m.Selector(Seg::kCs), 0x113);
  EXPECT_EQ(m.Selector(Seg::kSs), 0x11b);
  EXPECT_EQ(m.cpu.segment(Seg::kSs).limit, 0xffffffffu);
}

}  // namespace
}  // namespace lgx
