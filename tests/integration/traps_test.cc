// Traps that reach the Guest, directly or reflected, with the CPU and the Host both real.
#include "tests/integration/guest_test.h"

namespace lgx::test {
namespace {

constexpr u32 kEflagsInterrupt = 0x200;

class Traps : public GuestTest {
 protected:
  // A handler that reports `words` words of its frame and ends the run.
  void ReportFrame(u32 words) {
    handler.UseKernelData();
    handler.PopResults(0, words);
    handler.PowerOff();
  }
};

TEST_P(Traps, T03_7_OnlyATsSetByTheGuestBringsTrap7) {
  handler.Count(ResultAt(0));
  handler.Hypercall(8, 0);
  handler.Iret();
  text.Init();
  text.LoadGate(7, kTinyHandlers, Gate::kInterrupt);
  text.Hypercall(8, 8);    // TS on
  text.Raw({0xdb, 0xe3});  // fninit: the handler runs, then again
  text.Raw({0xd9, 0xe8});  // fld1
  text.Hypercall(19);      // an exit and an entry in between
  text.Raw({0xd9, 0x1d, ResultAt(1) & 0xff, ResultAt(1) >> 8 & 0xff,
            ResultAt(1) >> 16 & 0xff, ResultAt(1) >> 24});  // fstp dword [result 1]
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 1u);
  EXPECT_EQ(guest.Result(1), 0x3f800000u);
  EXPECT_GE(guest.stats().Get("crossing.cause.trap_7"), 1u);
}

TEST_P(Traps, T03_7_WithTsClearTheGuestHearsNothingThoughCr0HasTs) {
  handler.Count(ResultAt(0));
  handler.Iret();
  text.Init();
  text.LoadGate(7, kTinyHandlers, Gate::kInterrupt);
  text.Hypercall(8, 8);    // CR0.TS is set at the entry after this one ...
  text.Hypercall(8, 0);    // ... and nobody clears it here
  text.Raw({0xdb, 0xe3});  // fninit
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0u);
}

TEST_P(Traps, T03_8_SysenterInRing3IsAProtectionFault) {
  ReportFrame(3);
  text.Init();
  text.LoadGate(13, kTinyHandlers, Gate::kInterrupt);
  text.ToRing3(kTinyProgram);
  program.Raw({0x0f, 0x34});  // sysenter
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0u) << "error code";
  EXPECT_EQ(guest.Result(1), kTinyProgram);
  EXPECT_EQ(guest.Result(2), kGuestUserCs);
}

TEST_P(Traps, T05_16_ASystemCallThroughATrapGateNeverLeavesTheGuest) {
  u64 crossings[2];
  for (u32 run = 0; run < 2; ++run) {
    TinyGuest one(mode());
    one.config.host.timer_hz = 0;
    one.config.limits.instructions = 20'000'000;
    one.handler.Raw({0x3d, 1, 0, 0, 0});  // cmp eax, 1
    one.handler.Raw({0x75, 0x05});        // jne over the jump
    const Assembler::Label end = one.handler.NewLabel();
    one.handler.Jmp(end);
    one.handler.Count(ResultAt(0));
    one.handler.Iret();
    one.handler.Bind(end);
    one.handler.PopResults(1, 5);
    one.handler.PowerOff();
    one.text.Init();
    one.text.Put(kIrqEnabledAt, kEflagsInterrupt);
    one.text.LoadGate(kSyscallVector, kTinyHandlers, Gate::kTrap, 3);
    one.text.ToRing3(kTinyProgram);
    one.program.UseUserData();
    one.program.Mov(kEcx, Imm{run == 0 ? 10u : 10'000u});
    one.program.Mov(kEax, Imm{0});
    one.program.Int(kSyscallVector);
    one.program.Raw({0xe2, 0xfc});  // loop to the int
    one.program.Mov(kEax, Imm{1});
    const u32 last = one.program.address() + 2;
    one.program.Int(kSyscallVector);
    EXPECT_EQ(NameOf(one.Run().kind), std::string("power-off"));
    EXPECT_EQ(one.Result(0), run == 0 ? 10u : 10'000u);
    // The frame that the CPU itself has pushed on ss1:esp1.
    EXPECT_EQ(one.Result(1), last);
    EXPECT_EQ(one.Result(2), kGuestUserCs);
    EXPECT_EQ(one.Result(3) & kEflagsInterrupt, kEflagsInterrupt);
    EXPECT_EQ(one.Result(4), kTinyUserStackEnd);
    EXPECT_EQ(one.Result(5), kGuestUserDs);
    EXPECT_EQ(one.Word(kIrqEnabledAt), kEflagsInterrupt) << "a trap gate leaves it alone";
    crossings[run] = one.stats().Get("crossing.count");
  }
  EXPECT_EQ(crossings[0], crossings[1]);
}

TEST_P(Traps, T05_17_Int3OfAProgramComesThroughTheHost) {
  ReportFrame(2);
  text.Init();
  text.LoadGate(3, kTinyHandlers, Gate::kInterrupt, 3);
  text.ToRing3(kTinyProgram);
  program.Raw({0xcc});
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), kTinyProgram + 1) << "behind the int3";
  EXPECT_EQ(guest.Result(1), kGuestUserCs);
  EXPECT_EQ(guest.stats().Get("crossing.cause.trap_3"), 1u);
}

TEST_P(Traps, T06_10_TheHostsSegmentsAreOutOfReachOfRing1) {
  ReportFrame(3);
  text.Init();
  text.LoadGate(13, kTinyHandlers, Gate::kInterrupt);
  text.Mov(kEax, Imm{0x58});
  const u32 load = text.address();
  text.Mov(Seg::kDs, Low16(kEax));
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0x58u) << "error code";
  EXPECT_EQ(guest.Result(1), load);
  EXPECT_EQ(guest.Result(2), kGuestKernelCs);
}

TEST_P(Traps, T06_11_ALoadedSegmentThatIsTakenAwayKillsAtTheNextEntry) {
  text.Init();
  text.LoadGdt(20, 0x0000ffff, 0x00cf9200);
  text.Mov(kEax, Imm{20 * 8});
  text.Mov(Seg::kDs, Low16(kEax));
  text.LoadGdt(20, 0, 0);
  text.PowerOff();
  ExpectKilled("unhandled trap 256 at 0x");
}

TEST_P(Traps, T06_12_LoadingSegmentsDoesNotWriteToTheDescriptorTable) {
  text.Init();
  text.LoadGdt(20, 0x0000ffff, 0x00cf9200);  // accessed bit clear
  text.Hypercall(19);
  constexpr u32 kTable = ResultAt(2), kBefore = ResultAt(0x100), kAfter = ResultAt(0x200);
  text.Raw({0x0f, 0x01, 0x05, (kTable - 2) & 0xff, (kTable - 2) >> 8 & 0xff,
            (kTable - 2) >> 16 & 0xff, (kTable - 2) >> 24});  // sgdt
  for (const u32 copy : {kBefore, kAfter}) {
    for (const u32 selector : {0x69u, 0x7bu, 20u * 8, 0u, 0x69u}) {
      text.Mov(kEax, Imm{selector});
      for (const Seg seg : {Seg::kEs, Seg::kFs, Seg::kGs}) text.Mov(seg, Low16(kEax));
    }
    // Ring 1 may read the table: it is a supervisor page, mapped read-only.
    text.Mov(kEsi, DwordAt(kTable));
    text.Mov(kEdi, Imm{copy});
    text.Mov(kEcx, Imm{64});
    text.Raw({0xf3, 0xa5});  // rep movsd
  }
  text.PowerOff();
  ExpectPowerOff();
  for (u32 i = 0; i < 64; ++i) {
    EXPECT_EQ(guest.Word(kBefore + 4 * i), guest.Word(kAfter + 4 * i)) << i;
  }
  EXPECT_EQ(guest.Word(kAfter + 20 * 8 + 4), 0x00cfb300u) << "set by the Host beforehand";
}

// A read-only page of the Guest stays read-only, and what it is told about the fault is
// what the hardware said.
TEST_P(Traps, T03_14_AReflectedPageFaultTellsTheAddress) {
  ReportFrame(2);
  text.Init();
  text.LoadGate(14, kTinyHandlers, Gate::kInterrupt);
  const u32 store = text.address();
  text.Put(0x0f000000, 1u);  // nothing is mapped there
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 2u) << "error code: a write, not present";
  EXPECT_EQ(guest.Result(1), store);
  EXPECT_EQ(guest.Word(kCr2At), 0x0f000000u);
  EXPECT_EQ(guest.stats().Get("mmu.fault.guest"), 1u);
}

TEST_P(Traps, Q10_AnInterruptGateOnTheSyscallVectorSwallowsTheCall) {
  handler.Count(ResultAt(0));
  handler.Iret();
  text.Init();
  text.LoadGate(kSyscallVector, kTinyHandlers, Gate::kInterrupt, 3);
  text.Int(kSyscallVector);
  text.Put(ResultAt(1), 1u);
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0u);
  EXPECT_EQ(guest.Result(1), 1u) << "execution goes on behind the int";
}

TEST_P(Traps, Q24_IntOfAVectorWithErrorCodeNeverCrashesTheProgram) {
  text.Init();
  text.LoadGate(10, kTinyHandlers, Gate::kInterrupt, 3);
  text.Int(10);
  text.PowerOff();
  const Ending ending = guest.Run();
  EXPECT_NE(NameOf(ending.kind), std::string("restart"))
      << "it ends, one way or the other";
}

LGX_INSTANTIATE_GUEST_TEST(Traps);

}  // namespace
}  // namespace lgx::test
