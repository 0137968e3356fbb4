#include "report/trace_recorder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

struct Kept {
  u64 insn;
  u64 ns;
  TraceCategory category;
  std::string name;
};

class Keeper final : public TraceConsumer {
 public:
  void Begin(const TraceHeader& header) override {
    ++begins;
    speed = header.instructions_per_second;
  }
  void Add(const TraceRecord& record) override {
    records.push_back(
        {record.insn, record.ns, record.category, std::string(record.name)});
  }
  void Finish() override { ++finishes; }

  int begins = 0;
  int finishes = 0;
  u64 speed = 0;
  std::vector<Kept> records;
};

void RunOnce(TraceRecorder& recorder) {
  test::TinyGuest guest;
  guest.text.Init();
  guest.text.Hypercall(5);
  guest.text.PowerOff();
  Machine& machine = guest.Boot();
  recorder.MachineBegins(machine);
  machine.Run();
  recorder.MachineEnds();
}

TEST(TraceRecorder, EachGetsTheCategoriesItAskedFor) {
  Keeper crossings, calls;
  TraceRecorder recorder;
  recorder.AddConsumer(crossings, Trace::MaskOf(TraceCategory::kCrossing));
  recorder.AddConsumer(calls, Trace::MaskOf(TraceCategory::kHypercall));
  RunOnce(recorder);
  recorder.Finish();
  ASSERT_FALSE(crossings.records.empty());
  ASSERT_FALSE(calls.records.empty());
  for (const Kept& each : crossings.records) {
    EXPECT_EQ(each.category, TraceCategory::kCrossing);
  }
  for (const Kept& each : calls.records) {
    EXPECT_EQ(each.category, TraceCategory::kHypercall);
  }
  EXPECT_EQ(calls.begins, 1);
  EXPECT_EQ(calls.finishes, 1);
  EXPECT_NE(calls.speed, 0u);
}

TEST(TraceRecorder, TimeGoesOnOverARestart) {
  Keeper keeper;
  TraceRecorder recorder;
  recorder.AddConsumer(keeper, Trace::kUsual);
  RunOnce(recorder);
  const size_t first = keeper.records.size();
  RunOnce(recorder);
  ASSERT_EQ(keeper.records.size(), 2 * first) << "the same run twice";
  EXPECT_EQ(keeper.begins, 1);
  for (size_t i = 1; i < keeper.records.size(); i++) {
    EXPECT_GE(keeper.records[i].insn, keeper.records[i - 1].insn);
    EXPECT_GE(keeper.records[i].ns, keeper.records[i - 1].ns);
  }
  EXPECT_EQ(keeper.records[first].name, keeper.records[0].name);
  EXPECT_GT(keeper.records[first].insn, keeper.records[0].insn);
}

TEST(TraceRecorder, WithNobodyAskingTheMachineIsLeftAlone) {
  TraceRecorder recorder;
  EXPECT_TRUE(recorder.empty());
  RunOnce(recorder);
  recorder.Finish();
}

}  // namespace
}  // namespace lgx
