#include "machine/machine.h"

#include <gtest/gtest.h>

#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::Gate;
using test::kTinyHandlers;
using test::kTinyTexts;
using test::ResultAt;
using test::TinyGuest;

// ---- why a run is over

void ExpectEnding(TinyGuest& guest, Ending::Kind kind, const std::string& reason) {
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), NameOf(kind));
  EXPECT_NE(ending.reason.find(reason), std::string::npos) << ending.reason;
}

TEST(MachineEnding, PowerDownIsTheOnlyTextThatIsNoCrash) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  ExpectEnding(guest, Ending::Kind::kPowerOff, "Power down");
}

TEST(MachineEnding, AnyOtherTextIsTheGuestsOwnCrash) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Crash();
  ExpectEnding(guest, Ending::Kind::kCrash, "tiny but broken");
}

TEST(MachineEnding, ARestartIsAskedFor) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Restart();
  ExpectEnding(guest, Ending::Kind::kRestart, "restart");
}

TEST(MachineEnding, BreakingTheRulesEndsWithLguestsWords) {
  TinyGuest guest;
  guest.text.Hlt();
  ExpectEnding(guest, Ending::Kind::kKilled, "unhandled trap 13 at 0x100000 (0)");
}

TEST(MachineEnding, AHypercallBeforeInitKills) {
  TinyGuest guest;
  guest.text.Hypercall(17, 0x1000);
  ExpectEnding(guest, Ending::Kind::kKilled, "hypercall 17 before INIT");
}

TEST(MachineEnding, ANotificationOutsideMemoryKills) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Hypercall(17, 0x0fff0000);
  ExpectEnding(guest, Ending::Kind::kKilled, "Bad NOTIFY 0x0fff0000");
}

TEST(MachineEnding, WithNothingToWaitForSleepingIsTheEnd) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Hypercall(10);  // HALT
  ExpectEnding(guest, Ending::Kind::kLimit, "sleeps for ever");
}

// A Guest that wakes every virtual second and never says a word.
void WriteSleeper(TinyGuest& guest) {
  guest.handler.Count(ResultAt(0));
  guest.handler.Iret();
  guest.text.Init();
  guest.text.LoadGate(32, kTinyHandlers, Gate::kInterrupt);
  const test::TinyCode::Label again = guest.text.NewLabel();
  guest.text.Bind(again);
  guest.text.SetClock(1'000'000'000);
  guest.text.Hypercall(10);
  guest.text.Jmp(again);
}

TEST(MachineEnding, SilenceForTheIdleTimeEndsIt) {
  TinyGuest guest;
  WriteSleeper(guest);
  guest.config.limits.max_idle_ns = 10'500'000'000;
  ExpectEnding(guest, Ending::Kind::kLimit, "--max-idle");
  EXPECT_EQ(guest.Result(0), 10u);
}

TEST(MachineEnding, VirtualTimeAlsoPassesInSleep) {
  TinyGuest guest;
  WriteSleeper(guest);
  guest.config.limits.virtual_ns = 7'300'000'000;
  ExpectEnding(guest, Ending::Kind::kLimit, "virtual time");
  EXPECT_EQ(guest.Result(0), 7u);
  EXPECT_GE(guest.machine().virtual_ns(), 7'300'000'000u);
  EXPECT_LT(guest.machine().virtual_ns(), 7'300'100'000u);
}

TEST(MachineEnding, TheInstructionLimitEndsATightLoop) {
  // The limit is an event like any other: it takes the way out through the Switcher.
  constexpr u64 kWayOut = 100;
  for (const u64 limit : {u64{50'000}, u64{50'001}, u64{50'002}}) {
    TinyGuest guest;
    guest.text.Init();
    guest.text.SpinForEver();
    guest.config.limits.instructions = limit;
    ExpectEnding(guest, Ending::Kind::kLimit, "limit of instructions");
    EXPECT_GE(guest.machine().instructions(), limit);
    EXPECT_LT(guest.machine().instructions(), limit + kWayOut);
  }
}

TEST(MachineEnding, APointInInstructionsIsReachedThere) {
  constexpr u64 kWayOut = 100;
  for (const u64 point : {u64{3'000}, u64{150'001}}) {
    TinyGuest guest;
    guest.text.Init();
    guest.text.SpinForEver();
    guest.config.limits.until_instructions = point;
    ExpectEnding(guest, Ending::Kind::kReached, "point of --until");
    EXPECT_GE(guest.machine().instructions(), point);
    EXPECT_LT(guest.machine().instructions(), point + kWayOut);
  }
}

struct EventCase {
  ConsoleEventKind event;
  Ending::Kind ending;
};

TEST(MachineEnding, EventsOfTheConsoleEndIt) {
  for (const EventCase& c : {
           EventCase{ConsoleEventKind::kQuit, Ending::Kind::kQuit},
           EventCase{ConsoleEventKind::kThreeCtrlC, Ending::Kind::kThreeCtrlC},
           EventCase{ConsoleEventKind::kSignal, Ending::Kind::kSignal},
           EventCase{ConsoleEventKind::kOutputClosed, Ending::Kind::kOutputClosed},
           EventCase{ConsoleEventKind::kOutputFailed, Ending::Kind::kHostRefused},
           EventCase{ConsoleEventKind::kTimeout, Ending::Kind::kTimeout},
       }) {
    TinyGuest guest;
    guest.text.Init();
    guest.text.SpinForEver();
    guest.console.Post({c.event, 15, "no room"});
    const Ending ending = guest.Run();
    EXPECT_STREQ(NameOf(ending.kind), NameOf(c.ending));
    if (c.ending == Ending::Kind::kSignal) {
      EXPECT_EQ(ending.value, 15);
    }
    if (c.ending == Ending::Kind::kHostRefused) {
      EXPECT_EQ(ending.reason, "no room");
    }
  }
}

// ---- in turns

TEST(MachineTurns, EachStopsAtItsTimeAndTheGuestGoesOn) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.SpinForEver();
  Machine& machine = guest.Boot();
  EXPECT_EQ(machine.RunUntil(1'000'000), Machine::Stop::kReached);
  EXPECT_GE(machine.virtual_ns(), 1'000'000u);
  EXPECT_LT(machine.virtual_ns(), 1'010'000u);
  const u64 instructions = machine.instructions();
  EXPECT_EQ(machine.RunUntil(2'000'000), Machine::Stop::kReached);
  EXPECT_GT(machine.instructions(), instructions + 90'000);
}

TEST(MachineTurns, ASleepingGuestIsAtTheEndOfTheTurnAtOnce) {
  TinyGuest guest;
  WriteSleeper(guest);
  Machine& machine = guest.Boot();
  EXPECT_EQ(machine.RunUntil(500'000'000), Machine::Stop::kAsleep);
  EXPECT_EQ(machine.virtual_ns(), 500'000'000u);
  EXPECT_GE(machine.WakeNs().value_or(0), 1'000'000'000u);
  EXPECT_EQ(machine.RunUntil(3'500'000'000), Machine::Stop::kAsleep);
  EXPECT_EQ(guest.Result(0), 3u);
}

TEST(MachineTurns, ADeathAtTheEndOfATurnIsNoNotification) {
  // The end of the turn must fall into the way out of SHUTDOWN, so several are tried.
  for (u64 step = 1000; step < 2000; step += 110) {
    TinyGuest guest;
    guest.text.Init();
    guest.text.PowerOff();
    Machine& machine = guest.Boot();
    for (u64 ns = step; machine.RunUntil(ns) != Machine::Stop::kEnded; ns += step) {
      ASSERT_LT(ns, 1'000'000u);
    }
    EXPECT_STREQ(NameOf(machine.ending().kind), "power-off") << machine.ending().reason;
  }
}

// ---- what happens on the way

TEST(Machine, EarlyTextReachesTheConsole) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.Hypercall(17, kTinyTexts);  // NOTIFY with the address of a text
  guest.text.PowerOff();
  EXPECT_STREQ(NameOf(guest.Run().kind), "power-off");
  EXPECT_EQ(guest.console.output(), "Power down");
}

TEST(Machine, TheHostsTimerTicksInVirtualTime) {
  for (const u32 hz : {0u, 100u, 1000u, 10'000u}) {
    TinyGuest guest;
    guest.config.host.timer_hz = hz;
    guest.config.limits.virtual_ns = 50'000'000;
    guest.text.Init();
    guest.text.SpinForEver();
    guest.Run();
    // The end of the time is one more interrupt, unless a tick falls on it.
    EXPECT_NEAR(guest.stats().Get("crossing.cause.host_irq"), hz / 20.0, 1.0) << hz;
  }
}

TEST(Machine, TheHashSeesEverythingAGuestCouldNotice) {
  const auto hash_of = [](u32 register_value, u32 memory_value, u64 seed) {
    TinyGuest guest;
    guest.config.rng.present = true;
    guest.config.rng.seed = seed;
    guest.text.Init();
    guest.text.Put(ResultAt(0), memory_value);
    guest.text.Hypercall(2, kTinyTexts, 1, register_value);
    guest.Run();
    return guest.machine().Hash();
  };
  const u64 hash = hash_of(1, 2, 3);
  EXPECT_EQ(hash, hash_of(1, 2, 3));
  EXPECT_NE(hash, hash_of(0, 2, 3)) << "a register";
  EXPECT_NE(hash, hash_of(1, 0, 3)) << "memory";
  EXPECT_NE(hash, hash_of(1, 2, 0)) << "a device";
}

TEST(Machine, EveryCounterOfTheComparisonHasItsName) {
  TinyGuest guest;
  guest.text.Init();
  guest.text.PowerOff();
  guest.Run();
  const Stats stats = guest.stats();
  for (const char* name : {"crossing.count",
                           "hypercall.count",
                           "hypercall.async",
                           "crossing.cause.page_fault",
                           "mmu.fault.guest",
                           "mmu.demand.filled",
                           "crossing.cause.trap_13",
                           "crossing.cause.trap_7",
                           "crossing.cause.host_irq",
                           "shadow.flush.full",
                           "shadow.flush.user",
                           "hypercall.NEW_PGTABLE.count",
                           "hypercall.FLUSH_TLB.count",
                           "hypercall.LOAD_IDT_ENTRY.count",
                           "hypercall.LOAD_GDT_ENTRY.count",
                           "hypercall.SET_STACK.count",
                           "hypercall.LOAD_TLS.count",
                           "hypercall.SET_CLOCKEVENT.count",
                           "hypercall.HALT.count",
                           "hypercall.SET_PMD.count",
                           "hypercall.SET_PTE.count",
                           "hypercall.SET_PTE.async",
                           "hypercall.SET_PGD.count",
                           "hypercall.NOTIFY.count",
                           "hypercall.SEND_INTERRUPTS.count",
                           "irq.injected.0",
                           "irq.injected.2",
                           "cpu.instructions",
                           "time.virtual_ns"}) {
    EXPECT_TRUE(stats.counters().contains(name)) << name;
  }
  EXPECT_EQ(stats.Get("hypercall.count"), 5u);  // INIT, two GDT entries, stack, SHUTDOWN
  EXPECT_EQ(stats.Get("cpu.instructions"), guest.machine().instructions());
}

// A second passes whenever somebody looks.
class SlowTime final : public RealTime {
 public:
  u64 NowNs() override { return now_ += 1'000'000'000; }
  i64 Date() override { return 1'700'000'000; }
  u64 now_ = 5;
};

TEST(Machine, TheClockFollowsTheHostIfAsked) {
  SlowTime time;
  TinyGuest guest;
  guest.config.clock.mode = MachineConfig::Clock::Mode::kHost;
  guest.config.limits.virtual_ns = 10'000'000'000;
  guest.real_time = &time;
  guest.text.Init();
  guest.text.SpinForEver();
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), "limit");
  EXPECT_GE(guest.machine().virtual_ns(), 10'000'000'000u);
  EXPECT_LT(guest.machine().virtual_ns(), 12'000'000'000u);
  // With so few instructions: it was not they that made the time pass.
  EXPECT_LT(guest.machine().instructions(), 2'000'000u);
  EXPECT_EQ(guest.Word(test::kTinyData + kAbiR.data.tv_sec), 1'700'000'000u);
}

TEST(Machine, APoolThatIsTooSmallIsToldWithTheNextStep) {
  TinyGuest guest;
  guest.config.guest.shadow_pool = 2 * kPageSize;
  const std::vector<u8> file = guest.MakeKernel();
  const KernelImage kernel = *InspectKernel(file, "tiny");
  const BootRequest request{guest.config, kernel,         file,
                            {},           Generation::kR, PagingMode::kPae};
  const auto machine = Machine::Create(request, guest.console, nullptr);
  if (machine.ok()) {
    // Room enough to start; the Guest is killed when it runs out.
    EXPECT_STREQ(NameOf((*machine)->Run().kind), "killed");
  } else {
    EXPECT_NE(MessageOf(machine.status()).find("guest.shadow_pool"), std::string::npos)
        << machine.status();
  }
}

TEST(Machine, RunningOutOfShadowPagesKillsTheGuest) {
  TinyGuest guest;
  guest.config.guest.shadow_pool = 4 * kPageSize;
  guest.text.Init();
  for (u32 i = 0; i < 64; ++i) {  // one table of the shadow each
    guest.text.Mov(kEax, DwordAt(0xc0000000 - (i + 1) * 0x00400000));
  }
  guest.text.PowerOff();
  const Ending ending = guest.Run();
  EXPECT_STREQ(NameOf(ending.kind), "killed");
  EXPECT_FALSE(ending.reason.empty());
}

}  // namespace
}  // namespace lgx
