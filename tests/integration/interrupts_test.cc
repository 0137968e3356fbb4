// Virtual interrupts on a whole machine: clock events, the Host's timer, and a Guest that
// does nothing to ask for them.
#include "tests/integration/guest_test.h"

namespace lgx::test {
namespace {

constexpr u32 kOn = 0x200;
constexpr u32 kClockVector = 32;

class Interrupts : public GuestTest {};

TEST_P(Interrupts, T03_15_ATightLoopIsInterruptedWithoutAnyHelpOfTheGuest) {
  guest.config.host.timer_hz = 0;  // only the clock event itself can end the loop
  handler.PutTime(ResultAt(1));
  handler.PowerOff();
  text.Init();
  text.LoadGate(kClockVector, kTinyHandlers, Gate::kInterrupt);
  text.Put(kIrqEnabledAt, kOn);
  text.PutTime(ResultAt(0));
  text.SetClock(1'000'000);
  text.SpinForEver();
  ExpectPowerOff();
  const u32 ticks = guest.Result(1) - guest.Result(0);  // 10 ns each
  EXPECT_GE(ticks, 100'000u);
  EXPECT_LT(ticks, 100'500u);
  EXPECT_EQ(guest.stats().Get("irq.injected.0"), 1u);
}

TEST_P(Interrupts, G01_8_APlainStoreToIrqEnabledIsNoticedWithin10Milliseconds) {
  handler.PutTime(ResultAt(2));
  handler.PowerOff();
  text.Init();
  text.LoadGate(kClockVector, kTinyHandlers, Gate::kInterrupt);
  text.SetClock(1000);
  text.Mov(kEcx, Imm{1000});
  text.Raw({0xe2, 0xfe});  // loop: the clock event comes and must wait
  text.Mov(kEax, DwordAt(kTinyData + kAbiR.data.irq_pending));
  text.Put(ResultAt(0), kEax);
  text.PutTime(ResultAt(1));
  text.Put(kIrqEnabledAt, kOn);
  text.SpinForEver();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), kOn) << "irq_pending tells";
  constexpr u32 kTicksIn10Ms = 1'000'000;
  EXPECT_LT(guest.Result(2) - guest.Result(1), kTicksIn10Ms / 10)
      << "the Host's timer looks every millisecond";
}

TEST_P(Interrupts, G01_9_NothingIsDeliveredWhileTheGuestReturnsFromAnInterrupt) {
  constexpr u32 kDeliveries = 300;
  constexpr u32 kDelta = ResultAt(1), kCount = ResultAt(0), kLog = ResultAt(0x100);
  // Often enough to hit every instruction of the loop.
  guest.config.host.timer_hz = 137'000;
  text.Init();
  const u32 gate_target = kTinyHandlers;
  text.LoadGate(kClockVector, gate_target, Gate::kInterrupt);
  text.Put(kDelta, 200u);
  text.SetClock(200);
  const Assembler::Label loop = text.NewLabel();
  text.Bind(loop);
  const u32 loop_at = text.address();
  text.Pushf();
  text.Push(Imm{kGuestKernelCs});
  text.Push(Imm{loop_at});
  const u32 start = text.address();
  text.Put(kIrqEnabledAt, kOn);
  text.Iret();
  const u32 end = text.address();

  // Logs the interrupted EIP, sets the clock a little later each time, and returns.
  const Assembler::Label done = handler.NewLabel();
  handler.Mov(kEax, Dword(kEsp, 0));
  handler.Mov(kEbx, DwordAt(kCount));
  handler.Raw({0x89, 0x04, 0x9d, kLog & 0xff, kLog >> 8 & 0xff, kLog >> 16 & 0xff,
               kLog >> 24});  // mov [log + 4 ebx], eax
  handler.Count(kCount);
  handler.JumpWhenReached(kCount, kDeliveries, done);
  handler.Add(DwordAt(kDelta), Imm{10});
  handler.Mov(kEax, Imm{9});
  handler.Mov(kEbx, DwordAt(kDelta));
  handler.Int(kLguestTrapEntry);
  handler.Iret();
  handler.Bind(done);
  handler.PowerOff();

  guest.SetNoirqRange(start, end);
  ExpectPowerOff();
  ASSERT_EQ(guest.Word(kCount), kDeliveries);
  for (u32 i = 0; i < kDeliveries; ++i) {
    const u32 eip = guest.Word(kLog + 4 * i);
    EXPECT_TRUE(eip < start || eip >= end) << "delivery " << i << " at " << eip;
    EXPECT_TRUE(eip >= loop_at && eip < end) << "delivery " << i << " at " << eip;
  }
}

TEST_P(Interrupts, T05_18_BitsBesides9DoNotEnableInterrupts) {
  handler.Count(ResultAt(0));
  handler.Iret();
  text.Init();
  text.LoadGate(kClockVector, kTinyHandlers, Gate::kInterrupt);
  text.Put(kIrqEnabledAt, 0x46u);
  text.SetClock(1000);
  text.Mov(kEcx, Imm{300'000});  // three milliseconds, so three ticks of the Host
  text.Raw({0xe2, 0xfe});        // loop
  text.Mov(kEax, DwordAt(kTinyData + kAbiR.data.irq_pending));
  text.Put(ResultAt(1), kEax);
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_EQ(guest.Result(0), 0u);
  EXPECT_EQ(guest.Result(1), kOn);
}

TEST_P(Interrupts, T03_9_AHaltedGuestWakesAtItsClockEvent) {
  handler.PutTime(ResultAt(1));
  handler.Mov(kEax, Dword(kEsp, 8));  // the saved flags
  handler.Put(ResultAt(2), kEax);
  handler.Iret();
  text.Init();
  text.LoadGate(kClockVector, kTinyHandlers, Gate::kInterrupt);
  text.PutTime(ResultAt(0));
  text.SetClock(500'000'000);
  text.Hypercall(10);  // HALT
  text.PowerOff();
  ExpectPowerOff();
  EXPECT_NEAR(guest.Result(1) - guest.Result(0), 50'000'000.0, 1000.0);
  EXPECT_EQ(guest.Result(2) & kOn, kOn) << "a halt enables interrupts";
  EXPECT_LT(guest.machine().instructions(), 10'000u) << "sleeping takes no instructions";
}

LGX_INSTANTIATE_GUEST_TEST(Interrupts);

// The same guest with and without decoded blocks, with and without a Host timer of any
// rate, is interrupted at the very same instruction.
TEST(InterruptPoint, TheInterruptedInstructionIsTheSameUncached) {
  for (const u32 hz : {0u, 1000u, 33'333u}) {
    u64 hashes[2];
    for (const bool cached : {false, true}) {
      TinyGuest guest;
      guest.config.cpu.block_cache = cached;
      guest.config.host.timer_hz = hz;
      guest.handler.PopResults(0, 3);
      guest.handler.PowerOff();
      guest.text.Init();
      guest.text.LoadGate(kClockVector, kTinyHandlers, Gate::kInterrupt);
      guest.text.Put(kIrqEnabledAt, kOn);
      guest.text.SetClock(123'450);
      const u32 loop = guest.text.here();
      guest.text.Raw(
          {0x40, 0x83, 0xc3, 0x03, 0x31, 0xd8});  // inc; add ebx, 3; xor eax, ebx
      guest.text.Raw({0xeb, static_cast<u8>(loop - (guest.text.here() + 2))});
      EXPECT_EQ(NameOf(guest.Run().kind), std::string("power-off"));
      hashes[cached] = guest.machine().Hash();
    }
    EXPECT_EQ(hashes[0], hashes[1]) << hz;
  }
}

}  // namespace
}  // namespace lgx::test
