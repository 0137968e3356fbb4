// IN and OUT: who may, by IOPL and by the bitmap of the TSS (SDM volume 1, "I/O
// Permission Bit Map").
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kTss = CpuMachine::kTss;

class Ports final : public PortBus {
 public:
  u32 In(u16 port, u32) override { return port; }
  void Out(u16 port, u32 bytes, u32 value) override {
    last_port = port;
    last_bytes = bytes;
    last_value = value;
    ++count;
  }
  u16 last_port = 0;
  u32 last_bytes = 0, last_value = 0, count = 0;
};

class IoTest : public CpuTest {
 protected:
  IoTest() {
    m.cpu.set_ports(&ports_);
    // A bitmap for ports 0 ... 0x1f: all allowed but 9 and 0x10, then the byte of ones.
    m.cpu.state.tr.limit = 0x68 + 4;
    m.PutLong(kTss + 0x68, 0x00010200);
    m.PutLong(kTss + 0x6c, 0xff);
  }
  ~IoTest() override { m.cpu.set_ports(nullptr); }
  bool Refused(const Code& code) {
    m.cpu.state.halted = false;
    m.Start(code);
    m.Run(1);
    const bool refused = m.eip() == CpuMachine::kHandlers + 16 * kVectorGp + 1;
    if (refused) {
      EXPECT_EQ(m.Long(m.esp()), 0u);
    }
    m.EnterRing(3);
    return refused;
  }
  Ports ports_;
};
LGX_FOR_ALL_BINDINGS(IoTest);

TEST_P(IoTest, TheBitmapDecidesWhereCplIsAboveIopl) {
  struct Case {
    u32 port;
    u8 opcode;  // E6: OUT byte, E7: OUT doubleword; 66 before it: word
    bool refused;
  };
  static constexpr Case kCases[] = {
      {0x08, 0xe6, false}, {0x09, 0xe6, true},  {0x0a, 0xe6, false}, {0x08, 0xe7, true},
      {0x05, 0xe7, false}, {0x06, 0xe7, true},  {0x0c, 0xe7, false}, {0x0d, 0xe7, true},
      {0x1f, 0xe6, false}, {0x1f, 0xe7, true},  {0x20, 0xe6, true},  {0xff, 0xe6, true},
      {0x09, 0xe4, true},  {0x0a, 0xe4, false},
  };
  m.EnterRing(3);
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.port);
    EXPECT_EQ(Refused(Code(kCode).Bytes({c.opcode, c.port})), c.refused);
  }
}

TEST_P(IoTest, WithIoplNothingElseIsAsked) {
  m.EnterRing(3);
  m.cpu.SetEflags(kEflagsIopl);
  EXPECT_FALSE(Refused(Code(kCode).Bytes({0xe6, 0x09})));
}

TEST_P(IoTest, WithoutABitmapNothingIsAllowed) {
  m.EnterRing(3);
  m.memory->Store<u16>(Mpa(kTss + 0x66), 0xffff);
  EXPECT_TRUE(Refused(Code(kCode).Bytes({0xe6, 0x08})));
  m.memory->Store<u16>(Mpa(kTss + 0x66), 0x68);
  m.cpu.state.tr.limit = 0x67;
  EXPECT_TRUE(Refused(Code(kCode).Bytes({0xe6, 0x08})));
}

TEST_P(IoTest, A16BitTssHasNoBitmap) {
  m.EnterRing(3);
  m.cpu.state.tr.attr = kAttrPresent | kTypeTss16Busy;
  m.PutLong(kTss + 2, CpuMachine::kStack0);
  m.PutLong(kTss + 4, CpuMachine::kData0);
  EXPECT_TRUE(Refused(Code(kCode).Bytes({0xe6, 0x08})));
}

TEST_P(IoTest, ABitmapOnAMissingPageIsAPageFault) {
  constexpr u32 kFarTss = 0x30000;
  m.EnablePaging(false);
  m.cpu.state.tr.Set(CpuMachine::kTssSelector, kFarTss, 0x1067,
                     kAttrPresent | kTypeTss32Busy);
  m.PutLong(kFarTss + 4, CpuMachine::kStack0);
  m.PutLong(kFarTss + 8, CpuMachine::kData0);
  m.memory->Store<u16>(Mpa(kFarTss + 0x66), 0xfff);
  m.SetPte(kFarTss + 0x1000, 0);
  m.EnterRing(3);
  m.Start(Code(kCode).Bytes({0xe6, 0x08}));
  m.Run(1);
  EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * kVectorPf + 1);
  EXPECT_EQ(m.cpu.state.cr2, kFarTss + 0x1000);
  EXPECT_EQ(m.Long(m.esp()), 0u) << "a supervisor's access";
}

TEST_P(IoTest, Virtual8086ModeAsksTheBitmapWhateverIopl) {
  for (const u32 port : {0x08u, 0x09u}) {
    m.EnterRing(3);
    m.cpu.state.halted = false;
    m.cpu.SetEflags(kEflagsVm | kEflagsIopl);
    for (Segment& s : m.cpu.state.seg) s.Set(0x1000, kCode, 0xffff, 0xf3);
    m.cpu.StateChanged();
    m.Put(Code(kCode).Bytes({0xe6, port}));
    m.eip() = 0;
    m.Run(1);
    EXPECT_EQ(m.cpu.V86(), port == 0x08);
  }
}

TEST_P(IoTest, StringsGoElementByElement) {
  m.EnterRing(0);
  m.cpu.Gpr(kEcx) = 3;
  m.cpu.Gpr(kEdx) = 0x10;
  m.cpu.Gpr(kEsi) = CpuMachine::kData;
  m.PutLong(CpuMachine::kData, 0x00332211);
  m.Start(Code(kCode).Bytes({0xf3, 0x6e}).Hlt());  // REP OUTSB
  m.Run(2);
  EXPECT_EQ(ports_.count, 2u);
  EXPECT_EQ(ports_.last_value, 0x22u);
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(ports_.last_value, 0x33u);
  EXPECT_EQ(m.cpu.Gpr(kEsi), CpuMachine::kData + 3);
}

}  // namespace
}  // namespace lgx
