#include "base/trace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

class TextSink : public TraceSink {
 public:
  void OnEvent(const TraceEvent& event) override {
    std::string line = absl::StrFormat("%s/%d %s", TraceCategoryName(event.category),
                                       static_cast<u32>(event.phase), event.name);
    for (const TraceArg& arg : event.args) {
      line += absl::StrFormat(" %s=%d", arg.key, arg.value);
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

TEST(Trace, EverythingIsOffUntilASinkIsAttached) {
  Trace trace;
  EXPECT_FALSE(trace.On(TraceCategory::kFault));
  trace.Event(TraceCategory::kFault, "nobody listens");
  trace.Attach(nullptr, Trace::kAll);
  EXPECT_FALSE(trace.On(TraceCategory::kFault));
}

TEST(Trace, OnlyTheChosenCategoriesArrive) {
  Trace trace;
  TextSink sink;
  trace.Attach(&sink, Trace::MaskOf(TraceCategory::kHypercall) |
                          Trace::MaskOf(TraceCategory::kCrossing));
  trace.Begin(TraceCategory::kCrossing, "to guest", {{"number", 7}});
  trace.Event(TraceCategory::kHypercall, "SET_PTE", {{"gpgdir", 1}, {"vaddr", 2}});
  trace.Event(TraceCategory::kMem, "load");
  trace.End(TraceCategory::kCrossing, "to guest");
  EXPECT_EQ(sink.lines, (std::vector<std::string>{"crossing/1 to guest number=7",
                                                  "hypercall/0 SET_PTE gpgdir=1 vaddr=2",
                                                  "crossing/2 to guest"}));
}

TEST(Trace, CategoriesAreReadFromAList) {
  EXPECT_EQ(*ParseTraceCategories("fault"), Trace::MaskOf(TraceCategory::kFault));
  EXPECT_EQ(*ParseTraceCategories("irq,crossing"),
            Trace::MaskOf(TraceCategory::kIrq) | Trace::MaskOf(TraceCategory::kCrossing));
  EXPECT_EQ(*ParseTraceCategories("all"), Trace::kUsual);
  EXPECT_EQ(*ParseTraceCategories("all,insn"),
            Trace::kUsual | Trace::MaskOf(TraceCategory::kInsn));
  EXPECT_EQ(*ParseTraceCategories("mem"), Trace::MaskOf(TraceCategory::kMem));
  for (const char* bad : {"", "faults", "fault,", ",fault", "memory", "ALL"}) {
    EXPECT_FALSE(ParseTraceCategories(bad).ok()) << bad;
  }
}

TEST(Trace, TextComesWithTheEvent) {
  Trace trace;
  class Last : public TraceSink {
   public:
    void OnEvent(const TraceEvent& event) override { text = event.text; }
    std::string text;
  } last;
  trace.Attach(&last, Trace::kAll);
  trace.Event(TraceCategory::kConsole, "output", {{"bytes", 2}}, "hi");
  EXPECT_EQ(last.text, "hi");
}

TEST(Trace, EveryCategoryHasAName) {
  for (u32 i = 0; i < kTraceCategories; i++) {
    const TraceCategory category = static_cast<TraceCategory>(i);
    EXPECT_EQ(TraceCategoryFromName(TraceCategoryName(category)), category);
  }
  EXPECT_EQ(TraceCategoryFromName("network"), std::nullopt);
}

}  // namespace
}  // namespace lgx
