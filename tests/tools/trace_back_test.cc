// A trace of a run that goes back in time: the same events as without, each once.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "report/trace_record.h"
#include "report/trace_recorder.h"
#include "tests/debug/busy_guest.h"
#include "tools/time_travel.h"

namespace lgx {
namespace {

using test::BusyGuest;
using Lines = std::vector<std::string>;

class TraceBackTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  struct Traced {
    explicit Traced(PagingMode mode) : guest(mode, 1) {
      recorder.AddConsumer(*writer, Trace::kUsual);
      recorder.MachineBegins(guest.Boot());
    }
    std::string Finish() {
      recorder.Finish();
      return text;
    }

    BusyGuest guest;
    std::string text;
    std::unique_ptr<TraceConsumer> writer = MakeTraceWriter(
        TraceFormat::kJsonLines, [this](std::string_view bytes) { text += bytes; });
    TraceRecorder recorder;
  };

  std::string Undisturbed() {
    Traced run(GetParam());
    run.guest.machine().Run();
    return run.Finish();
  }
  // The instructions at which something happens.
  static std::vector<u64> Moments(const std::string& text) {
    std::vector<u64> moments;
    constexpr std::string_view kBegin = "{\"insn\":";
    for (size_t at = text.find(kBegin); at != std::string::npos;
         at = text.find(kBegin, at + 1)) {
      const u64 insn = std::stoull(text.substr(at + kBegin.size()));
      if (moments.empty() || moments.back() != insn) moments.push_back(insn);
    }
    return moments;
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, TraceBackTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae));

TEST_P(TraceBackTest, WhatIsRepeatedIsHandedOnOnce) {
  const std::string whole = Undisturbed();
  const std::vector<u64> moments = Moments(whole);
  ASSERT_GT(moments.size(), 15u);
  Traced run(GetParam());
  RunControl control(run.guest.machine());
  TimeTravel time(control, nullptr, {});
  run.recorder.MayGoBack();
  time.set_before_back([&] { run.recorder.GoesBack(); });
  // Before, at and behind what happens; a few instructions back and many.
  for (size_t i = 0; i < moments.size(); i += 2) {
    for (const u64 stop :
         {moments[i] - std::min<u64>(moments[i], 1), moments[i], moments[i] + 1}) {
      ASSERT_TRUE(control.RunTo({Point::Kind::kInstruction, stop, ""}).ok());
      ASSERT_TRUE(time.Back(1 + i % 7).ok());
      control.Step(3);
      if (i % 3 == 0) {
        ASSERT_TRUE(time.Back(stop / 2).ok());
      }
    }
  }
  ASSERT_TRUE(time.BackInGuest().ok());
  control.Continue();
  ASSERT_TRUE(time.BackToStop().ok());
  control.Continue();
  EXPECT_EQ(run.Finish(), whole);
}

// The machine stands between two events of one instruction, and goes on from there.
TEST_P(TraceBackTest, StopsBetweenTwoEventsOfOneInstruction) {
  const std::string whole = Undisturbed();
  Traced run(GetParam());
  RunControl control(run.guest.machine());
  StopKinds kinds;
  kinds.crossing_begin = kinds.crossing_end = true;
  control.set_stop_kinds(kinds);
  for (int i = 0; i < 7; ++i) control.Continue();
  TimeTravel time(control, nullptr, {});  // the first snapshot is here
  run.recorder.MayGoBack();
  time.set_before_back([&] { run.recorder.GoesBack(); });
  for (int stops = 1; stops < 12; ++stops) {
    ASSERT_TRUE(time.Back(~u64{0}).ok());
    for (int i = 0; i < stops; ++i) control.Continue();
    ASSERT_TRUE(time.BackToStop().ok());
    control.Continue();
  }
  control.set_stop_kinds({});
  control.Continue();
  EXPECT_EQ(run.Finish(), whole);
}

// With other memory the run is another one; the file still goes forward in time.
TEST_P(TraceBackTest, TimeNeverGoesBackInTheFile) {
  Traced run(GetParam());
  RunControl control(run.guest.machine());
  TimeTravel time(control, nullptr, {});
  run.recorder.MayGoBack();
  time.set_before_back([&] { run.recorder.GoesBack(); });
  ASSERT_TRUE(control.RunTo({Point::Kind::kInstruction, 2000, ""}).ok());
  ASSERT_TRUE(time.Back(700).ok());
  const u8 nop[2] = {0x90, 0x90};
  ASSERT_TRUE(control.WriteMemory(Space::kLinear, run.guest.program_loop, nop));
  control.Continue();
  const std::vector<u64> moments = Moments(run.Finish());
  EXPECT_TRUE(std::is_sorted(moments.begin(), moments.end()));
  EXPECT_GT(moments.back(), 2000u);
}

}  // namespace
}  // namespace lgx
