// The short way through gates and back: it sees every change of a table at once, and
// leaves what it is not made for to the long way.
#include <gtest/gtest.h>

#include "cpu/descriptor_cache.h"
#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kHandlers = CpuMachine::kHandlers;

class QuickEventTest : public CpuTest {
 protected:
  // Ring 3: INT 0x80 again and again, counted in EBX by the handler in ring 0.
  void StartCalls() {
    m.SetGate(0x80, CpuMachine::kCode0, 3);
    m.Put(Code(kHandlers + 16 * 0x80).Inc(kEbx).Iret());
    m.EnterRing(3);
    m.Start(Code(kCode).Int(0x80).Jmp(kCode));
  }
  void Calls(u32 count) { m.Run(u64{4} * count); }
};
LGX_FOR_ALL_BINDINGS(QuickEventTest);

TEST_P(QuickEventTest, ManyCallsLeaveNothingBehind) {
  StartCalls();
  Calls(1000);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1000u);
  EXPECT_EQ(m.esp(), CpuMachine::kStack3);
  EXPECT_EQ(m.cpu.state.cpl, 3);
  EXPECT_EQ(m.Selector(Seg::kCs), CpuMachine::kCode3);
  EXPECT_EQ(m.Selector(Seg::kSs), CpuMachine::kData3);
}

TEST_P(QuickEventTest, ChangedGateIsUsed) {
  StartCalls();
  Calls(10);
  m.SetGate(0x80, CpuMachine::kCode1, 3);
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cpl, 1);
  EXPECT_EQ(m.esp(), CpuMachine::kStack1 - 20);
}

TEST_P(QuickEventTest, ChangedDescriptorIsUsed) {
  StartCalls();
  Calls(10);
  // The handler's code segment ends before the handler.
  m.SetDescriptor(CpuMachine::kCode0, 0, kHandlers, 0x409b);
  m.SetGate(kVectorGp, CpuMachine::kCode1, 0);
  m.Run(1);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 0u) << "the handler of #GP";
  EXPECT_EQ(m.cpu.state.cpl, 1);
}

TEST_P(QuickEventTest, ChangedStackInTheTssIsUsed) {
  StartCalls();
  Calls(10);
  m.PutLong(CpuMachine::kTss + 4, CpuMachine::kStack0 - 64);
  m.Run(1);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 64 - 20);
}

TEST_P(QuickEventTest, FrameOverTwoPagesIsWritten) {
  StartCalls();
  m.PutLong(CpuMachine::kTss + 4, 0x7008);
  Calls(10);
  m.Run(1);
  EXPECT_EQ(m.esp(), 0x7008u - 20);
  EXPECT_EQ(m.Long(m.esp()), kCode + 2);
  EXPECT_EQ(m.Long(m.esp() + 12), CpuMachine::kStack3);
  m.Run(3);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 11u);
}

TEST_P(QuickEventTest, AccessedBitsAreSet) {
  StartCalls();
  Calls(10);
  m.SetDescriptor(CpuMachine::kCode0, 0, 0xffffffff, 0xc09a);
  m.SetDescriptor(CpuMachine::kData0, 0, 0xffffffff, 0xc092);
  m.Run(1);
  EXPECT_EQ(m.Byte(CpuMachine::kGdt + CpuMachine::kCode0 + 5), 0x9b);
  EXPECT_EQ(m.Byte(CpuMachine::kGdt + CpuMachine::kData0 + 5), 0x93);
}

TEST_P(QuickEventTest, LoadOfASegmentSeesAChangedDescriptor) {
  m.SetDescriptor(CpuMachine::kFree, 0x1000, 0xfff, 0x40f3);
  m.EnterRing(3);
  m.eax() = CpuMachine::kFree | 3;
  m.Start(Code(kCode).Bytes({0x8e, 0xe0}).Jmp(kCode));  // mov %eax, %fs
  m.Run(10);
  EXPECT_EQ(m.cpu.segment(Seg::kFs).base, 0x1000u);
  m.SetDescriptor(CpuMachine::kFree, 0x2000, 0xff, 0x40f3);
  m.Run(2);
  EXPECT_EQ(m.cpu.segment(Seg::kFs).base, 0x2000u);
  EXPECT_EQ(m.cpu.segment(Seg::kFs).limit, 0xffu);
  EXPECT_FALSE(m.cpu.segment(Seg::kFs).Contains(0x100, 1));
  m.SetDescriptor(CpuMachine::kFree, 0x2000, 0xff, 0x4093);  // DPL 0
  m.Run(2);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 1) << "the HLT of the handler of #GP";
}

TEST_P(QuickEventTest, ANullSegmentIsLoadedAndRefusesAccesses) {
  m.eax() = 2;  // null, whatever its RPL
  m.Start(Code(kCode).Bytes({0x8e, 0xc0}).Bytes({0x26, 0xa1, 0, 0, 0, 0}));
  m.Run(1);  // mov %eax, %es; mov %es:0, %eax
  EXPECT_EQ(m.Selector(Seg::kEs), 2);
  EXPECT_FALSE(m.cpu.segment(Seg::kEs).Contains(0, 1));
  m.Run(1);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 1) << "the HLT of the handler of #GP";
}

TEST_P(QuickEventTest, FarJumpSeesAChangedDescriptor) {
  m.SetDescriptor(CpuMachine::kFree, 0, 0xffffffff, 0xc09b);
  const u32 to = kCode + 0x100;
  Code jump(kCode);  // ljmp $kFree, $to
  jump.Bytes({0xea}).Long(to).Bytes({CpuMachine::kFree, 0});
  m.Start(jump);
  m.Put(Code(to).Jmp(kCode));
  m.Run(20);
  EXPECT_EQ(m.Selector(Seg::kCs), CpuMachine::kFree);
  m.Run(1);
  EXPECT_EQ(m.eip(), to);
  m.Run(1);
  m.SetDescriptor(CpuMachine::kFree, 0, kCode + 0xff, 0x409b);  // ends before the target
  m.Run(1);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 1) << "the HLT of the handler of #GP";
}

TEST_P(QuickEventTest, WithPagingAStackThatIsGoneFaults) {
  m.EnablePaging(false);
  StartCalls();
  Calls(10);
  m.SetGate(kVectorPf, CpuMachine::kCode1, 0);
  m.SetPte(CpuMachine::kStack0 - 20, 0);
  m.Run(1);
  EXPECT_EQ(m.cpu.state.cr2, CpuMachine::kStack0 - 4);
  EXPECT_EQ(m.cpu.state.cpl, 1);
}

TEST(DescriptorCache, AnEntryAnswersOnlyForItsBytes) {
  DescriptorCache cache;
  const u64 flat = 0x00cf9b000000ffff, small = 0x00409b0000000fff;
  EXPECT_EQ(cache.Decode(8, flat).segment.limit, 0xffffffff);
  EXPECT_EQ(cache.Decode(8, small).segment.limit, 0xfffu);
  EXPECT_EQ(cache.Decode(8, flat).segment.limit, 0xffffffff);
  EXPECT_EQ(cache.Decode(16, 0).segment.limit, 0u);
  EXPECT_FALSE(DescriptorCache::Compete(0x08, 0x10));
  EXPECT_TRUE(DescriptorCache::Compete(0x08, 0x108));
}

}  // namespace
}  // namespace lgx
