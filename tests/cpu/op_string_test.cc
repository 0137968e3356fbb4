// REP instructions: counted element by element, broken off and taken up again, equal to
// single elements in every case.
#include <gtest/gtest.h>

#include <random>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;

class StringTest : public CpuTest {
 protected:
  void Set(CpuMachine& machine, u32 ecx, u32 esi, u32 edi, u32 eax = 0) {
    machine.cpu.Gpr(kEcx) = ecx;
    machine.cpu.Gpr(kEsi) = esi;
    machine.cpu.Gpr(kEdi) = edi;
    machine.eax() = eax;
  }
};
LGX_FOR_ALL_BINDINGS(StringTest);

TEST_P(StringTest, ACountOfZeroIsOneInstruction) {
  Set(m, 0, kData, kData + 64);
  m.Start(Code(kCode).Bytes({0xf3, 0xa4}).Hlt());
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.retired(), 2u);
  EXPECT_EQ(m.cpu.Gpr(kEsi), kData);
}

TEST_P(StringTest, AFaultLeavesTheRegistersAtItsElement) {
  m.EnablePaging(false);
  m.SetPte(kData + 0x2000, 0);
  m.cpu.set_stop_at_events(true);
  Set(m, 100, kData, kData + 0x2000 - 40);
  m.Start(Code(kCode).Bytes({0xf3, 0xa5}));  // MOVSD: ten fit
  EXPECT_EQ(m.Run(1000), StopReason::kEvent);
  EXPECT_EQ(m.cpu.last_event().fault.vector, kVectorPf);
  EXPECT_EQ(m.cpu.last_event().fault.cr2, kData + 0x2000);
  EXPECT_EQ(m.eip(), kCode);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 90u);
  EXPECT_EQ(m.cpu.Gpr(kEsi), kData + 40);
  EXPECT_EQ(m.cpu.Gpr(kEdi), kData + 0x2000);
  EXPECT_EQ(m.cpu.retired(), 10u);
  m.SetPte(kData + 0x2000, (kData + 0x2000) | 7);
  m.cpu.set_stop_at_events(false);
  m.Put(Code(kCode + 2).Hlt());
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0u);
  EXPECT_EQ(m.cpu.retired(), 101u);
}

TEST_P(StringTest, ComparisonsChangeTheFlagsWhenTheyEnd) {
  // REPNE SCASB over zeros into an absent page: the flags are those from before.
  m.EnablePaging(false);
  m.SetPte(kData + 0x1000, 0);
  m.cpu.set_stop_at_events(true);
  m.cpu.SetEflags(kEflagsOne | kEflagsOf | kEflagsSf | kEflagsPf);
  Set(m, 100, 0, kData + 0xff0, 0x55);
  m.Start(Code(kCode).Bytes({0xf2, 0xae}));
  m.cpu.Run(4);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 96u);
  EXPECT_EQ(m.cpu.Eflags(), kEflagsOne | kEflagsOf | kEflagsSf | kEflagsPf);
  EXPECT_EQ(m.Run(1000), StopReason::kEvent);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 84u);
  EXPECT_EQ(m.cpu.Eflags(), kEflagsOne | kEflagsOf | kEflagsSf | kEflagsPf);
  m.memory->Store<u8>(Mpa(kData + 0x1004), 0x55);
  m.SetPte(kData + 0x1000, (kData + 0x1000) | 7);
  m.Run(5);
  EXPECT_EQ(m.cpu.Gpr(kEdi), kData + 0x1005);
  EXPECT_EQ(m.cpu.state.flags.Arithmetic(), kEflagsZf | kEflagsPf);
}

TEST_P(StringTest, SixteenBitAddressesWrapInTheirLowHalf) {
  Set(m, 0x00010002, 0x1234ffff, 0xabcd2000);
  m.memory->Store<u8>(Mpa(0xffff), 0x5a);
  m.memory->Store<u8>(Mpa(0x0000), 0xa5);
  m.Start(Code(kCode).Bytes({0x67, 0xf3, 0xa4}).Hlt());
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.Byte(0x2000), 0x5a);
  EXPECT_EQ(m.Byte(0x2001), 0xa5);
  EXPECT_EQ(m.cpu.Gpr(kEsi), 0x12340001u);
  EXPECT_EQ(m.cpu.Gpr(kEdi), 0xabcd2002u);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0x00010000u);
}

// Any string instruction with any operands: at once and one element at a time.
TEST_P(StringTest, ARunOfElementsIsTheSameAsSingleElements) {
  std::mt19937 random(77);
  const auto below = [&random](u32 n) { return static_cast<u32>(random() % n); };
  constexpr u8 kOpcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
  for (int i = 0; i < 400; ++i) {
    const u8 opcode = kOpcodes[below(10)];
    Code code(kCode);
    if (below(3) == 0) code.Bytes({0x66});
    code.Bytes({below(2) != 0 ? 0xf3u : 0xf2u, opcode}).Hlt();
    // Overlapping ranges at small distances are what copies get wrong.
    const u32 esi = kData + 0xf80 + below(0x100);
    const u32 edi = below(2) != 0 ? esi + below(16) - 8 : kData + 0x2f80 + below(0x100);
    const u32 ecx = below(80), eflags = kEflagsOne | (below(4) == 0 ? kEflagsDf : 0);
    const u8 fill = static_cast<u8>(below(3));
    std::string described[2];
    u64 memory[2] = {};
    for (int single = 0; single < 2; ++single) {
      CpuMachine machine(GetParam());
      std::mt19937 bytes(static_cast<u32>(i));
      for (u32 at = kData; at < kData + 0x4000; ++at) {
        // Mostly equal bytes, so that comparisons run on.
        const u8 value = bytes() % 16 == 0 ? 1 : fill;
        machine.memory->Store<u8>(Mpa(at), value);
      }
      machine.cpu.SetEflags(eflags);
      Set(machine, ecx, esi, edi, fill * 0x01010101u);
      machine.Start(code);
      if (single == 0) {
        machine.Run(10'000);
      } else {
        while (machine.Run(1) == StopReason::kDeadline) continue;
      }
      described[single] = Describe(machine.cpu);
      memory[single] = HashMemory(*machine.memory);
    }
    ASSERT_EQ(described[0], described[1]) << "round " << i;
    ASSERT_EQ(memory[0], memory[1]) << "round " << i;
  }
}

}  // namespace
}  // namespace lgx
