// Bits of registers and of strings of bits in memory, and shifts of two words, where they
// have handlers of their own. Results by the manual.
#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;

class OpBitsTest : public CpuTest {
 protected:
  // The instruction, behind a NOP so that it is not alone in its block.
  void Do(std::initializer_list<u32> bytes) {
    m.Start(Code(kCode).Nop().Bytes(bytes).Nop());
    m.Run(2);
  }
  bool Cf() const { return (m.cpu.Eflags() & kEflagsCf) != 0; }
};
LGX_FOR_ALL_BINDINGS(OpBitsTest);

TEST_P(OpBitsTest, OnlyCfChanges) {
  m.eax() = 1u << 7;
  m.cpu.Gpr(kEcx) = 32 + 7;  // modulo 32 in a register
  for (const u32 before : {u32{kEflagsArithmetic}, u32{0}}) {
    m.cpu.SetEflags(before);
    Do({0x0f, 0xa3, 0xc8});  // bt %ecx, %eax
    EXPECT_EQ(m.cpu.Eflags() & kEflagsArithmetic, before | kEflagsCf);
    m.cpu.SetEflags(before);
    Do({0x0f, 0xba, 0xe0, 6});  // bt $6, %eax
    EXPECT_EQ(m.cpu.Eflags() & kEflagsArithmetic, before & ~kEflagsCf);
  }
}

TEST_P(OpBitsTest, RegistersAreSetResetAndComplemented) {
  m.eax() = 0;
  m.cpu.Gpr(kEcx) = 31;
  Do({0x0f, 0xab, 0xc8});  // bts %ecx, %eax
  EXPECT_EQ(m.eax(), 1u << 31);
  EXPECT_FALSE(Cf());
  Do({0x0f, 0xba, 0xf8, 0x24});  // btc $36, %eax: bit 4
  EXPECT_EQ(m.eax(), 1u << 31 | 1u << 4);
  EXPECT_FALSE(Cf());
  Do({0x0f, 0xb3, 0xc8});  // btr %ecx, %eax
  EXPECT_EQ(m.eax(), 1u << 4);
  EXPECT_TRUE(Cf());
  Do({0x0f, 0xba, 0xf0, 4});  // btr $4, %eax
  EXPECT_EQ(m.eax(), 0u);
  EXPECT_TRUE(Cf());
}

TEST_P(OpBitsTest, ARegisterNamesAnyBitAroundTheOperand) {
  m.cpu.Gpr(kEdx) = kData + 64;
  m.eax() = static_cast<u32>(-33);  // bit 31 of the word before the last
  Do({0x0f, 0xab, 0x02});           // bts %eax, (%edx)
  EXPECT_EQ(m.Long(kData + 56), 1u << 31);
  EXPECT_FALSE(Cf());
  m.eax() = 95;
  Do({0x0f, 0xbb, 0x02});  // btc %eax, (%edx)
  EXPECT_EQ(m.Long(kData + 72), 1u << 31);
  Do({0x0f, 0xa3, 0x02});  // bt %eax, (%edx)
  EXPECT_TRUE(Cf());
  m.cpu.Gpr(kEcx) = 2;
  m.eax() = 31;
  Do({0xf0, 0x0f, 0xb3, 0x04, 0x8a});  // lock btr %eax, (%edx,%ecx,4)
  EXPECT_EQ(m.Long(kData + 72), 0u);
  EXPECT_TRUE(Cf());
}

TEST_P(OpBitsTest, AnImmediateNamesABitOfTheOperand) {
  m.cpu.Gpr(kEdx) = kData;
  Do({0x0f, 0xba, 0x6a, 4, 33});  // btsl $33, 4(%edx)
  EXPECT_EQ(m.Long(kData + 4), 2u);
  EXPECT_EQ(m.Long(kData + 8), 0u);
  Do({0x0f, 0xba, 0x62, 4, 1});  // btl $1, 4(%edx)
  EXPECT_TRUE(Cf());
  Do({0x0f, 0xba, 0x7a, 4, 0});  // btcl $0, 4(%edx)
  EXPECT_EQ(m.Long(kData + 4), 3u);
  EXPECT_FALSE(Cf());
}

TEST_P(OpBitsTest, ABitOnAPageThatMayNotBeWrittenFaultsAndCanBeTested) {
  m.EnablePaging(false);
  m.cpu.state.cr0 |= kCr0Wp;
  m.cpu.StateChanged();
  m.SetPte(kData + 0x1000, (kData + 0x1000) | 1);
  m.cpu.Gpr(kEdx) = kData + 0xffc;
  m.eax() = 32;
  Do({0x0f, 0xa3, 0x02});  // bt %eax, (%edx)
  EXPECT_EQ(m.eip(), kCode + 4);
  m.SetGate(kVectorPf, CpuMachine::kCode0, 0);
  Do({0x0f, 0xab, 0x02});  // bts %eax, (%edx)
  EXPECT_EQ(m.cpu.state.cr2, kData + 0x1000);
  EXPECT_EQ(m.Long(kData + 0x1000), 0u);
}

TEST_P(OpBitsTest, DoubleShiftsMoveBitsFromTheOtherRegister) {
  m.eax() = 0x80000001;
  m.cpu.Gpr(kEdx) = 0xa0000005;
  Do({0x0f, 0xa4, 0xd0, 4});  // shld $4, %edx, %eax
  EXPECT_EQ(m.eax(), 0x0000001au);
  EXPECT_FALSE(Cf()) << "bit 28 was the last to go";
  Do({0x0f, 0xac, 0xd0, 2});  // shrd $2, %edx, %eax
  EXPECT_EQ(m.eax(), 0x40000006u);
  EXPECT_TRUE(Cf());
  EXPECT_EQ(m.cpu.Gpr(kEdx), 0xa0000005u);
  m.cpu.SetEflags(kEflagsArithmetic);
  Do({0x0f, 0xac, 0xd0, 32});  // by 0: nothing changes
  EXPECT_EQ(m.eax(), 0x40000006u);
  EXPECT_EQ(m.cpu.Eflags() & kEflagsArithmetic, u32{kEflagsArithmetic});
  m.eax() = 0x80000000;
  Do({0x0f, 0xa4, 0xd0, 1});  // OF: the sign has changed
  EXPECT_EQ(m.eax(), 1u);
  EXPECT_EQ(m.cpu.Eflags() & (kEflagsCf | kEflagsOf | kEflagsSf | kEflagsZf),
            kEflagsCf | kEflagsOf);
}

TEST_P(OpBitsTest, CallsAndJumpsToOtherPagesSeeCodeThatChanges) {
  const u32 far = kCode + 0x3000;
  m.Start(Code(kCode).Call(far).Jmp(far + 0x100));
  m.Put(Code(far).Inc(kEcx).Ret());
  m.Put(Code(far + 0x100).Jmp(kCode));
  m.cpu.Gpr(kEcx) = 0;
  m.Run(50);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 10u);
  EXPECT_EQ(m.eip(), kCode);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0);
  m.Put(Code(far).Dec(kEcx).Ret());
  m.Run(25);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 5u);
}

}  // namespace
}  // namespace lgx
