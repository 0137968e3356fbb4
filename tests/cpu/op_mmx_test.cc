// MMX as the x87 unit sees it, and when it may run (SDM volume 3, chapter 12). What the
// instructions compute is in the vector corpus.
#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

class MmxTest : public CpuTest {
 protected:
  void SetUp() override {
    m.cpu.set_model(FullCpuModel());
    m.EnterRing(0);
    m.cpu.set_stop_at_events(true);
    fpu().SetTop(5);
    fpu().valid = 0x12;
    fpu().regs[0] = {0x0102030405060708, 0x3fff};
    fpu().regs[1] = {0x1010101010101010, 0x4000};
  }
  FpuState& fpu() { return m.cpu.state.fpu; }
  // -1: it completes.
  int Execute(std::initializer_list<u32> bytes) {
    m.cpu.StateChanged();
    m.Start(Code(CpuMachine::kCode).Bytes(bytes).Hlt());
    return m.Run(1) == StopReason::kEvent ? m.cpu.last_event().fault.vector : -1;
  }
};
LGX_FOR_ALL_BINDINGS(MmxTest);

TEST_P(MmxTest, AnInstructionResetsTopAndMarksAllRegistersValid) {
  ASSERT_EQ(Execute({0x0f, 0xfc, 0xc1}), -1);  // PADDB mm0, mm1
  EXPECT_EQ(fpu().Top(), 0u);
  EXPECT_EQ(fpu().valid, 0xff);
  EXPECT_EQ(fpu().regs[0].significand, 0x1112131415161718u);
  EXPECT_EQ(fpu().regs[0].sign_exp, 0xffff);
  EXPECT_EQ(fpu().regs[1].sign_exp, 0x4000) << "only the written register changes";
}

TEST_P(MmxTest, EmmsEmptiesAllRegisters) {
  ASSERT_EQ(Execute({0x0f, 0x77}), -1);
  EXPECT_EQ(fpu().valid, 0);
  EXPECT_EQ(fpu().Top(), 0u);
  EXPECT_EQ(fpu().regs[0].sign_exp, 0x3fff);
}

TEST_P(MmxTest, EmulationIsUndefinedAndTaskSwitchedIsNotAvailable) {
  m.cpu.state.cr0 |= kCr0Ts;
  EXPECT_EQ(Execute({0x0f, 0xfc, 0xc1}), kVectorNm);
  EXPECT_EQ(Execute({0x0f, 0x77}), kVectorNm);
  m.cpu.state.cr0 |= kCr0Em;
  EXPECT_EQ(Execute({0x0f, 0xfc, 0xc1}), kVectorUd);
  EXPECT_EQ(fpu().Top(), 5u);
}

TEST_P(MmxTest, APendingX87ExceptionComesFirst) {
  m.cpu.state.cr0 |= kCr0Ne;
  fpu().cw = 0x037e;  // invalid operation unmasked
  fpu().sw |= 1;
  FpuUpdateSummary(fpu());
  EXPECT_EQ(Execute({0x0f, 0xfc, 0xc1}), kVectorMf);
  EXPECT_EQ(Execute({0x0f, 0x77}), kVectorMf);
  EXPECT_EQ(fpu().valid, 0x12) << "nothing has changed";
}

TEST_P(MmxTest, AFaultingOperandLeavesTheX87UnitAlone) {
  m.cpu.segment(Seg::kDs).SetNull(0);
  EXPECT_EQ(Execute({0x0f, 0xfc, 0x05, 0, 0, 2, 0}), kVectorGp);
  EXPECT_EQ(fpu().Top(), 5u);
  EXPECT_EQ(fpu().valid, 0x12);
}

// MASKMOVQ writes what its mask selects, to DS:EDI even if EBP is in the ModRM byte.
TEST_P(MmxTest, MaskmovqWritesSelectedBytesThroughDs) {
  m.cpu.Gpr(kEdi) = CpuMachine::kData;
  m.PutLong(CpuMachine::kData, 0xeeeeeeee);
  m.PutLong(CpuMachine::kData + 4, 0xeeeeeeee);
  fpu().regs[5].significand = 0x8000000000800080;
  m.cpu.segment(Seg::kSs).SetNull(0);
  ASSERT_EQ(Execute({0x0f, 0xf7, 0xc5}), -1);  // mm0, mm5
  EXPECT_EQ(m.Long(CpuMachine::kData), 0xee06ee08u);
  EXPECT_EQ(m.Long(CpuMachine::kData + 4), 0x01eeeeeeu);
}

// The word of PEXTRW and PINSRW is chosen modulo four.
TEST_P(MmxTest, WordsAreChosenModuloFour) {
  ASSERT_EQ(Execute({0x0f, 0xc5, 0xc8, 0xfe}), -1);  // PEXTRW ecx, mm0, 0xfe
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0x0304u);
}

}  // namespace
}  // namespace lgx
