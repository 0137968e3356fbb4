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

TEST_P(QuickEventTest, PopOfASegmentSeesAChangedDescriptor) {
  m.SetDescriptor(CpuMachine::kFree, 0, 0xffffffff, 0xc093);
  m.Start(
      Code(kCode).Bytes({0x06, 0x6a, CpuMachine::kFree, 0x07}).Bytes({0x07}).Jmp(kCode));
  m.Run(50);  // push %es; push $kFree; pop %es; pop %es
  EXPECT_EQ(m.Selector(Seg::kEs), CpuMachine::kData0);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0);
  EXPECT_EQ(m.Long(m.esp() - 4), CpuMachine::kData0);
  m.Run(3);
  EXPECT_EQ(m.Selector(Seg::kEs), CpuMachine::kFree);
  EXPECT_TRUE(m.cpu.segment(Seg::kEs).IsFlatData());
  m.Run(2);
  m.SetDescriptor(CpuMachine::kFree, 0x5000, 0xff, 0x4092);  // not accessed yet
  m.Run(3);
  EXPECT_EQ(m.cpu.segment(Seg::kEs).base, 0x5000u);
  EXPECT_EQ(m.Byte(CpuMachine::kGdt + CpuMachine::kFree + 5), 0x93);
  m.Run(2);
  m.SetDescriptor(CpuMachine::kFree, 0, 0xffffffff, 0xc013);  // not present
  m.Run(3);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorNp + 1) << "the HLT of the handler of #NP";
}

TEST_P(QuickEventTest, SegmentsThatAMorePrivilegedRingHasAreRefused) {
  m.EnterRing(3);
  m.Start(Code(kCode).Bytes({0x6a, CpuMachine::kData3, 0x1f}).Jmp(kCode));
  m.Run(30);  // push $kData3; pop %ds
  EXPECT_EQ(m.Selector(Seg::kDs), CpuMachine::kData3);
  m.Start(Code(kCode).Bytes({0x6a, CpuMachine::kData1, 0x1f}).Jmp(kCode));
  m.Run(2);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 1) << "the HLT of the handler of #GP";
}

TEST_P(QuickEventTest, PushesOfSegmentsAndFlagsWriteFourBytes) {
  m.PutLong(CpuMachine::kStack0 - 4, 0xffffffff);
  m.PutLong(CpuMachine::kStack0 - 8, 0xffffffff);
  m.cpu.SetEflags(kEflagsCf | kEflagsZf | kEflagsDf);
  m.Start(Code(kCode).Bytes({0x1e, 0x9c}));  // push %ds; pushf
  m.Run(2);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 8);
  EXPECT_EQ(m.Long(m.esp() + 4), CpuMachine::kData0);
  EXPECT_EQ(m.Long(m.esp()), kEflagsCf | kEflagsZf | kEflagsDf | kEflagsOne);
}

TEST_P(QuickEventTest, TheTaskRegisterMarksItsSegmentBusy) {
  constexpr u32 kType = CpuMachine::kGdt + CpuMachine::kFree + 5;
  m.SetDescriptor(CpuMachine::kFree, 0x3000, 0x67, 0x0089);
  // A busy one would be refused, so the loop frees it: mov $kFree, %eax; ltr %ax
  m.Start(Code(kCode)
              .MovImm(kEax, CpuMachine::kFree)
              .Bytes({0x0f, 0x00, 0xd8})
              .StoreByte(kType, 0x89)
              .Jmp(kCode));
  m.Run(40);
  m.Run(2);
  EXPECT_EQ(m.Byte(kType), 0x8b);
  EXPECT_EQ(m.cpu.state.tr.selector, CpuMachine::kFree);
  EXPECT_EQ(m.cpu.state.tr.base, 0x3000u);
  EXPECT_EQ(m.cpu.state.tr.attr & 0xf, kTypeTss32Busy);
  m.eip() = kCode;
  m.Run(2);
  EXPECT_EQ(m.eip(), kHandlers + 16 * kVectorGp + 1) << "the HLT of the handler of #GP";
}

TEST_P(QuickEventTest, FarCallPushesAndSeesAChangedDescriptor) {
  m.SetDescriptor(CpuMachine::kFree, 0, 0xffffffff, 0xc09b);
  const u32 to = kCode + 0x100;
  Code call(kCode);  // lcall $kFree, $to
  call.Bytes({0x9a}).Long(to).Bytes({CpuMachine::kFree, 0});
  m.Start(call.Jmp(kCode));
  m.Put(Code(to).Bytes({0xcb}));  // lret
  m.Run(30);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0);
  m.Run(1);
  EXPECT_EQ(m.eip(), to);
  EXPECT_EQ(m.Selector(Seg::kCs), CpuMachine::kFree);
  EXPECT_EQ(m.esp(), CpuMachine::kStack0 - 8);
  EXPECT_EQ(m.Long(m.esp()), kCode + 7);
  EXPECT_EQ(m.Long(m.esp() + 4), CpuMachine::kCode0);
  m.Run(2);
  m.SetDescriptor(CpuMachine::kFree, 0, kCode + 0xff, 0x409b);  // ends before the target
  m.Run(1);
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
  // Of two rings, at the same place of two tables.
  const u64 ring0 = 0x00cf93000000ffff, ring1 = 0x00cfb3000000ffff;
  const CachedDescriptor& first = cache.Decode(0x10, ring0);
  EXPECT_TRUE(cache.Decode(0x10, ring1).IsDataFor(0x11, 1));
  EXPECT_EQ(first.bytes, ring0);
  EXPECT_TRUE(first.IsDataFor(0x10, 0));
  EXPECT_FALSE(first.IsDataFor(0x11, 0));
  EXPECT_FALSE(first.IsDataFor(0x10, 1));
}

}  // namespace
}  // namespace lgx
