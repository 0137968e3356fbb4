#include "debug/gdb_monitor.h"

#include <gtest/gtest.h>

#include "tests/debug/busy_guest.h"

namespace lgx {
namespace {

using test::BusyGuest;

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "in:\n" << (text)

class Counter final : public TraceSink {
 public:
  void OnEvent(const TraceEvent& event) override {
    ++events;
    all_faults = all_faults && event.category == TraceCategory::kFault;
  }
  u64 events = 0;
  bool all_faults = true;
};

TEST(GdbMonitor, ShowsWhatHasHappenedAndWhatItMeant) {
  BusyGuest guest;
  RunControl control(guest.Boot());
  GdbMonitor monitor(control, SymbolTable({{test::kTinyText, "start"}}));
  EXPECT_HAS(monitor.Obey("trace"), "nothing has happened yet");
  ASSERT_TRUE(control.RunTo({Point::Kind::kCrossing, 12, ""}).ok());
  EXPECT_HAS(monitor.Obey("trace 40"), "crossing  exit trap=");
  EXPECT_HAS(monitor.Obey("trace 40"), "hypercall LGUEST_INIT");
  EXPECT_HAS(monitor.Obey("explain"), "crossing 11");
  EXPECT_HAS(monitor.Obey("sym start"), "0x00100000 start");
}

TEST(GdbMonitor, LeavesRunningToGdb) {
  BusyGuest guest;
  RunControl control(guest.Boot());
  GdbMonitor monitor(control, {});
  for (const char* line : {"step", "s 5", "continue", "until end", "back", "quit", "q"}) {
    EXPECT_HAS(monitor.Obey(line), "gdb has commands of its own");
  }
  EXPECT_EQ(guest.machine().instructions(), 0u);
  EXPECT_HAS(monitor.Obey("fly"), "unknown command \"fly\"");
}

TEST(GdbMonitor, WhoWasAttachedBeforeHearsTheSame) {
  const u32 faults = Trace::MaskOf(TraceCategory::kFault);
  Counter alone, together;
  {
    BusyGuest guest;
    guest.Boot().AttachTrace(&alone, faults);
    guest.machine().Run();
  }
  BusyGuest guest;
  Machine& machine = guest.Boot();
  machine.AttachTrace(&together, faults);
  {
    RunControl control(machine);
    GdbMonitor monitor(control, {}, &together, faults);
    ASSERT_TRUE(control.RunTo({Point::Kind::kCrossing, 8, ""}).ok());
  }
  const u64 half = together.events;
  machine.Run();
  EXPECT_GT(half, 0u);
  EXPECT_GT(together.events, half);
  EXPECT_EQ(together.events, alone.events);
  EXPECT_TRUE(together.all_faults);
}

}  // namespace
}  // namespace lgx
