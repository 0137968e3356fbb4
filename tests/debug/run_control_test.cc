#include "debug/run_control.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "tests/debug/busy_guest.h"

namespace lgx {
namespace {

using test::BusyGuest;
using Why = StopReport::Why;

struct Outcome {
  std::string ending;
  u64 instructions;
  u64 hash;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
void PrintTo(const Outcome& o, std::ostream* out) {
  *out << o.ending << " after " << o.instructions << ", hash " << std::hex << o.hash;
}

Outcome OutcomeOf(const Machine& machine) {
  return {NameOf(machine.ending().kind), machine.instructions(), machine.Hash()};
}

// In both formats, with decoded blocks kept and without.
class RunControlTest : public ::testing::TestWithParam<std::tuple<PagingMode, bool>> {
 protected:
  RunControlTest() : guest(std::get<0>(GetParam())) {
    BusyGuest alone(std::get<0>(GetParam()));
    alone.Run();
    expected = OutcomeOf(alone.machine());
    EXPECT_EQ(expected.ending, "power-off");
    guest.config.cpu.block_cache = std::get<1>(GetParam());
  }
  u32 WordAt(const RunControl& control, Space space, u64 at) const {
    u8 bytes[4] = {};
    EXPECT_EQ(control.ReadMemory(space, at, bytes), 4u);
    return LoadLe<u32>(bytes);
  }
  void ExpectSameEnd(RunControl& control) {
    control.Continue();
    EXPECT_EQ(control.last().why, Why::kEnded);
    EXPECT_EQ(OutcomeOf(guest.machine()), expected);
  }
  static StopPlace Code(u64 at) {
    StopPlace place;
    place.address = at;
    return place;
  }
  static StopPlace Data(u8 access, Space space, u64 at, u32 len = 4) {
    StopPlace place;
    place.access = access;
    place.space = space;
    place.address = at;
    place.len = len;
    return place;
  }

  BusyGuest guest;
  Outcome expected;
};

TEST_P(RunControlTest, ARunInPiecesIsTheSameRun) {
  for (const u64 piece : {u64{1}, u64{7}, u64{1000}}) {
    BusyGuest other(std::get<0>(GetParam()));
    Machine& machine = other.Boot();
    Machine::Stop stop = Machine::Stop::kReached;
    while (stop == Machine::Stop::kReached) {
      const u64 goal = machine.instructions() + piece;
      stop = machine.RunToInstruction(goal);
      if (stop == Machine::Stop::kReached) {
        ASSERT_EQ(machine.instructions(), goal);
      }
    }
    EXPECT_EQ(OutcomeOf(machine), expected) << "in pieces of " << piece;
  }
}

TEST_P(RunControlTest, EverySingleStepLeavesTheRunAsItIs) {
  RunControl control(guest.Boot());
  std::set<Party> parties;
  std::set<u32> vectors;
  u64 events = 0;
  while (!control.ended()) {
    const StopReport before = control.last();
    const StopReport& now = control.Step();
    parties.insert(now.party);
    if (now.why == Why::kEvent) {
      ++events;
      vectors.insert(now.event->fault.vector);
    } else if (now.why == Why::kStep) {
      ASSERT_EQ(now.instructions, before.instructions + 1);
    }
  }
  EXPECT_EQ(OutcomeOf(guest.machine()), expected);
  EXPECT_EQ(parties.size(), 4u);
  EXPECT_EQ(vectors, (std::set<u32>{14, 0x1f, 0x80, 0xef}));
  EXPECT_GT(events, 10u);
}

TEST_P(RunControlTest, ABreakpointIsMetEachTimeBeforeItsInstruction) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(control.Add(Code(guest.program_loop)).ok());
  u32 met = 0;
  while (control.Continue().why == Why::kBreakpoint && met < 20) {
    EXPECT_EQ(control.last().lin.value, guest.program_loop);
    EXPECT_EQ(control.last().party, Party::kGuestUser);
    EXPECT_EQ(WordAt(control, Space::kLinear, BusyGuest::kRounds), met);
    ++met;
  }
  EXPECT_EQ(met, 20u);
  EXPECT_EQ(control.places()[0].hits, 21u);
  control.Find(1)->enabled = false;
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, ManyStepsStopAtABreakpoint) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(control.Add(Code(guest.program_loop)).ok());
  ASSERT_EQ(control.Continue().why, Why::kBreakpoint);
  ASSERT_EQ(control.Step(100'000).why, Why::kBreakpoint);
  EXPECT_EQ(control.last().lin.value, guest.program_loop);
  EXPECT_EQ(WordAt(control, Space::kLinear, BusyGuest::kRounds), 1u);
  control.Remove(1);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, ABreakpointCanLetHitsPass) {
  RunControl control(guest.Boot());
  StopPlace place = Code(guest.call_handler);
  place.ignore = 9;
  ASSERT_TRUE(control.Add(place).ok());
  ASSERT_EQ(control.Continue().why, Why::kBreakpoint);
  EXPECT_EQ(WordAt(control, Space::kLinear, BusyGuest::kCalls), 9u);
  EXPECT_EQ(control.last().party, Party::kGuestKernel);
  EXPECT_TRUE(control.Remove(1));
  EXPECT_FALSE(control.Remove(1));
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, BreakpointsByMachineAndGuestPhysicalAddressMeetTheSameByte) {
  for (const Space space : {Space::kGuestPhysical, Space::kMachine}) {
    BusyGuest other(std::get<0>(GetParam()));
    RunControl control(other.Boot());
    const std::optional<Mpa> mpa =
        control.Translate(Space::kGuestPhysical, other.program_loop);
    ASSERT_TRUE(mpa);
    ASSERT_TRUE(control
                    .Add({.space = space,
                          .address = space == Space::kMachine ? mpa->value
                                                              : u64{other.program_loop}})
                    .ok());
    ASSERT_EQ(control.Continue().why, Why::kBreakpoint);
    EXPECT_EQ(control.last().lin.value, other.program_loop);
  }
}

TEST_P(RunControlTest, AWriteWatchpointSeesRings1And3AndTellsOldAndNew) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(
      control.Add(Data(StopPlace::kWrite, Space::kLinear, BusyGuest::kRounds)).ok());
  ASSERT_TRUE(
      control.Add(Data(StopPlace::kWrite, Space::kLinear, BusyGuest::kCalls)).ok());
  for (u32 i = 0; i < 6; ++i) {
    const StopReport& stop = control.Continue();
    ASSERT_EQ(stop.why, Why::kWatchpoint);
    EXPECT_EQ(stop.place, i % 2 + 1);
    EXPECT_EQ(stop.party, i % 2 == 0 ? Party::kGuestUser : Party::kGuestKernel);
    EXPECT_TRUE(stop.watch->write);
    ASSERT_EQ(stop.watch->new_value.size(), 4u);
    EXPECT_EQ(LoadLe<u32>(stop.watch->old_value.data()), i / 2);
    EXPECT_EQ(LoadLe<u32>(stop.watch->new_value.data()), i / 2 + 1);
  }
  // It stops right behind the instruction, add dword [address], 1.
  EXPECT_GE(control.last().lin.value, guest.call_handler + 7);
  EXPECT_LE(control.last().lin.value, guest.call_handler + 10);
  control.Remove(1);
  control.Remove(2);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, AReadWatchpointStopsBehindTheLoad) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(
      control.Add(Data(StopPlace::kRead, Space::kLinear, BusyGuest::kConstant + 1, 1))
          .ok());
  for (u32 i = 0; i < 3; ++i) {
    ASSERT_EQ(control.Continue().why, Why::kWatchpoint);
    EXPECT_FALSE(control.last().watch->write);
    EXPECT_EQ(control.last().watch->address, BusyGuest::kConstant);
    EXPECT_EQ(WordAt(control, Space::kLinear, BusyGuest::kRounds), i + 1);
  }
  control.Remove(1);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, AWatchpointByGuestPhysicalAddressSeesTheHostStore) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(
      control.Add(Data(StopPlace::kWrite, Space::kGuestPhysical, test::kIrqEnabledAt))
          .ok());
  std::set<Party> writers;
  u32 stops = 0;
  while (control.Continue().why == Why::kWatchpoint) {
    ++stops;
    writers.insert(control.last().party);
  }
  EXPECT_EQ(control.last().why, Why::kEnded);
  EXPECT_EQ(OutcomeOf(guest.machine()), expected);
  EXPECT_TRUE(writers.contains(Party::kHost)) << "an interrupt was injected";
  EXPECT_TRUE(writers.contains(Party::kGuestKernel));
  EXPECT_GE(stops, 8u);
}

TEST_P(RunControlTest, AStringInstructionIsWatchedToo) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(
      control
          .Add(Data(
              StopPlace::kWrite, Space::kMachine,
              control.Translate(Space::kGuestPhysical, BusyGuest::kCopy + 40)->value, 1))
          .ok());
  ASSERT_EQ(control.Continue().why, Why::kWatchpoint);
  EXPECT_EQ(control.last().watch->new_value[0],
            WordAt(control, Space::kGuestPhysical, test::kTinyText + 40) & 0xff);
  control.Remove(1);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, OnlyChangesPassesOverStoresOfTheSameValue) {
  RunControl control(guest.Boot());
  StopPlace place = Data(StopPlace::kWrite, Space::kLinear, BusyGuest::kCopy, 1);
  place.only_changes = true;
  ASSERT_TRUE(control.Add(place).ok());
  ASSERT_EQ(control.Continue().why, Why::kWatchpoint);  // the first copy
  ExpectSameEnd(control);                               // all others store what is there
}

TEST_P(RunControlTest, StagesOfTheSwitcherComeInTheirOrder) {
  RunControl control(guest.Boot());
  control.set_stop_kinds({.stages = true});
  std::vector<Stage> stages;
  while (stages.size() < 26) {
    ASSERT_EQ(control.Continue().why, Why::kStage);
    EXPECT_EQ(control.last().party, Party::kSwitcher);
    stages.push_back(*control.last().stage);
    if (stages.back() == Stage::kReturn) break;
  }
  // Twelve on the way in, the stub, eleven on the way back, iret.
  ASSERT_EQ(stages.size(), 25u);
  for (u32 i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(static_cast<u32>(stages[i]), i) << StageName(stages[i]);
  }
  control.set_stop_kinds({});
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, CrossingsStopAtBothEnds) {
  RunControl control(guest.Boot());
  control.set_stop_kinds({.crossing_begin = true, .crossing_end = true});
  for (u32 i = 0; i < 20; ++i) {
    ASSERT_EQ(control.Continue().why,
              i % 2 == 0 ? Why::kCrossingBegin : Why::kCrossingEnd);
    EXPECT_EQ(control.last().crossing, i / 2 + 1);
    EXPECT_EQ(control.last().party, Party::kHost);
    EXPECT_EQ(control.BetweenCrossings(), i % 2 == 1);
  }
  control.set_stop_kinds({});
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, StepsOfTheGuestShowNothingElse) {
  RunControl control(guest.Boot());
  std::set<Party> parties;
  u64 steps = 0;
  while (!control.ended() && steps < 3000) {
    control.StepGuest();
    if (control.ended()) break;
    parties.insert(control.last().party);
    ASSERT_TRUE(IsGuest(control.last().party)) << NameOf(control.last().party);
    ++steps;
  }
  EXPECT_EQ(parties.size(), 2u);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, AStepOfTheGuestPassesOverAnInterruptHandler) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(control.Add(Code(guest.clock_handler)).ok());
  ASSERT_EQ(control.Continue().why, Why::kBreakpoint);
  control.Find(1)->enabled = false;
  for (u32 i = 0; i < 4000 && !control.ended(); ++i) {
    control.StepGuest();
    const u32 ticks = WordAt(control, Space::kGuestPhysical, BusyGuest::kTicks);
    // From here on a handler that was not stepped into is never seen from inside.
    if (ticks >= 2 && ticks < 4) {
      const u32 at = control.last().lin.value;
      EXPECT_TRUE(at < guest.clock_handler || at >= guest.call_handler) << at;
    }
    if (ticks == 3) break;
  }
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, PointsAreReached) {
  RunControl control(guest.Boot());
  const auto go = [&control](const char* text) {
    const StatusOr<Point> point = ParsePoint(text);
    EXPECT_TRUE(point.ok());
    const StatusOr<StopReport> stop = control.RunTo(*point);
    EXPECT_TRUE(stop.ok()) << MessageOf(stop.status());
    return *stop;
  };
  EXPECT_EQ(go("insn:777").why, Why::kReached);
  EXPECT_EQ(control.last().instructions, 777u);
  EXPECT_EQ(go("crossing:13").crossing, 13u);
  EXPECT_EQ(go("time:60us").why, Why::kReached);
  EXPECT_EQ(control.last().ns, 60'000u);
  EXPECT_EQ(go("hypercall:SET_CLOCKEVENT").why, Why::kReached);
  EXPECT_EQ(guest.machine().guest().cpu.regs.eax(), 9u);
  EXPECT_EQ(go("stop:crossing.040").lin,
            guest.machine().crossing().text().at +
                guest.machine().crossing().text().places[7].offset);
  EXPECT_EQ(go("stop:time.050").why, Why::kReached);
  EXPECT_EQ(go("console:\"hi\"").why, Why::kReached);
  EXPECT_EQ(guest.console.output(), "hi\n");
  EXPECT_EQ(go("end").why, Why::kEnded);
  EXPECT_EQ(OutcomeOf(guest.machine()), expected);
}

TEST_P(RunControlTest, PointsThatDoNotExistAreRefusedBeforeAnythingRuns) {
  RunControl control(guest.Boot());
  for (const char* text : {"symbol:nowhere", "stop:paging.999", "hypercall:FLY"}) {
    const StatusOr<Point> point = ParsePoint(text);
    ASSERT_TRUE(point.ok());
    EXPECT_FALSE(control.RunTo(*point).ok()) << text;
  }
  EXPECT_EQ(guest.machine().instructions(), 0u);
}

TEST_P(RunControlTest, WhoLooksChangesNothingAndWhoWritesDoes) {
  RunControl control(guest.Boot());
  ASSERT_TRUE(control.RunTo({Point::Kind::kInstruction, 5000, ""}).ok());
  u8 page[kPageSize];
  for (const u64 at : {u64{0}, u64{BusyGuest::kRounds}, u64{0xc0100000}, u64{0xffc00000},
                       u64{0xfffff000}}) {
    for (const Space space : {Space::kLinear, Space::kGuestPhysical, Space::kMachine}) {
      (void)control.ReadMemory(space, at, page);
    }
  }
  const u8 bytes[] = {1, 2, 3, 4, 5};
  const u64 hash = guest.machine().Hash();
  EXPECT_FALSE(control.WriteMemory(Space::kGuestPhysical, 0xfffffffe, bytes));
  EXPECT_EQ(guest.machine().Hash(), hash);
  ASSERT_TRUE(control.WriteMemory(Space::kGuestPhysical, test::ResultAt(0x200), bytes));
  EXPECT_NE(guest.machine().Hash(), hash);
  ASSERT_TRUE(control.WriteMemory(Space::kGuestPhysical, test::ResultAt(0x200),
                                  std::vector<u8>(5, 0)));
  EXPECT_EQ(guest.machine().Hash(), hash);
  ExpectSameEnd(control);
}

TEST_P(RunControlTest, ThePollFunctionInterrupts) {
  guest.text = test::TinyCode(test::kTinyText);
  guest.text.Init();
  guest.text.SpinForEver();
  RunControl control(guest.Boot());
  u32 polls = 0;
  control.set_poll([&polls] { return ++polls == 2; });
  EXPECT_EQ(control.Continue().why, Why::kInterrupted);
  control.SettleInGuest();
  EXPECT_TRUE(control.BetweenCrossings() || IsGuest(control.CurrentParty()));
}

TEST_P(RunControlTest, PlacesThatCannotBeWatchedAreRefused) {
  RunControl control(guest.Boot());
  EXPECT_FALSE(control.Add(Data(0, Space::kLinear, 0)).ok());
  EXPECT_FALSE(
      control.Add(Data(StopPlace::kExecute | StopPlace::kRead, Space::kLinear, 0)).ok());
  EXPECT_FALSE(control.Add(Data(StopPlace::kRead, Space::kMachine, 0)).ok());
  EXPECT_FALSE(control.Add(Data(StopPlace::kWrite, Space::kLinear, 0, 0)).ok());
  EXPECT_FALSE(control.Add(Data(StopPlace::kWrite, Space::kLinear, 0, 5000)).ok());
  EXPECT_FALSE(control.Add(Data(StopPlace::kWrite, Space::kLinear, 0xfffffffe)).ok());
  EXPECT_FALSE(control.Add(Data(StopPlace::kWrite, Space::kGuestPhysical, ~u64{0})).ok());
}

INSTANTIATE_TEST_SUITE_P(Worlds, RunControlTest,
                         ::testing::Combine(::testing::Values(PagingMode::kTwoLevel,
                                                              PagingMode::kPae),
                                            ::testing::Bool()),
                         [](const auto& world) {
                           return std::string(std::get<0>(world.param) == PagingMode::kPae
                                                  ? "Pae"
                                                  : "TwoLevel") +
                                  (std::get<1>(world.param) ? "Cached" : "Uncached");
                         });

}  // namespace
}  // namespace lgx
