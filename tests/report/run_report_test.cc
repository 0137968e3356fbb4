#include "report/run_report.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

bool Has(const std::string& page, std::string_view text) {
  return page.find(text) != std::string::npos;
}

TEST(RunReport, WithoutAnythingItIsStillAPage) {
  const std::string page = RenderRunReport({});
  EXPECT_TRUE(page.starts_with("<!doctype html>")) << page.substr(0, 40);
  EXPECT_TRUE(Has(page, "</html>"));
  EXPECT_TRUE(Has(page, "id=\"summary\""));
  EXPECT_FALSE(Has(page, "id=\"timeline\"")) << "there are no events";
  EXPECT_FALSE(Has(page, "id=\"again\"")) << "no command is known";
}

TEST(RunReport, EverySectionOfARunWithEvents) {
  RunSummary run;
  const auto add = [&](u64 ns, TraceCategory category, TracePhase phase,
                       std::string_view name, std::vector<TraceArg> args = {},
                       std::string_view text = "") {
    run.Add({ns / 10, ns, category, phase, name, args, text});
  };
  add(100, TraceCategory::kCrossing, TracePhase::kEnd, "exit",
      {{"guest_instructions", 5}}, "page_fault");
  add(100, TraceCategory::kFault, TracePhase::kInstant, "page_fault",
      {{"lin", 0xc0123456}});
  add(110, TraceCategory::kHypercall, TracePhase::kInstant, "FLUSH_TLB");
  add(120, TraceCategory::kShadow, TracePhase::kInstant, "switch",
      {{"slot", 1}, {"gpgdir", 0x5c3000}});
  add(130, TraceCategory::kDevice, TracePhase::kInstant, "request",
      {{"queue", 0}, {"out_bytes", 16}}, "block.0");
  add(140, TraceCategory::kConsole, TracePhase::kInstant, "output", {},
      "<b>login</b> & more");
  Stats stats;
  stats.Counter("cpu.instructions", 12345);
  ReportInput input;
  input.title = "A & B";
  input.command = "lgx run vmlinux -a 'x < y'";
  input.events = &run;
  input.stats = &stats;
  const std::string page = RenderRunReport(input);
  for (const char* section : {"summary", "timeline", "crossings", "faults", "shadow",
                              "hypercalls", "devices", "console", "counters", "again"}) {
    EXPECT_TRUE(Has(page, std::string("id=\"") + section + '"')) << section;
  }
  for (const char* text : {"page fault", "0xc0123000", "FLUSH_TLB", "0x005c3000",
                           "block.0", "cpu.instructions", "A &amp; B", "x &lt; y"}) {
    EXPECT_TRUE(Has(page, text)) << text;
  }
  EXPECT_TRUE(Has(page, "&lt;b&gt;login&lt;/b&gt; &amp; more"));
  EXPECT_FALSE(Has(page, "<b>login</b>")) << "what a guest writes is text";
  EXPECT_FALSE(Has(page, "http://")) << "works without network";
  EXPECT_FALSE(Has(page, "https://"));
}

TEST(RunReport, CountersAloneSayWhyTheGuestLeft) {
  Stats stats;
  stats.Counter("crossing.cause.page_fault", 30);
  stats.Counter("crossing.cause.hypercall", 10);
  stats.Counter("hypercall.SET_PTE.count", 4);
  stats.Counter("hypercall.SET_PTE.async", 3);
  ReportInput input;
  input.stats = &stats;
  const std::string page = RenderRunReport(input);
  EXPECT_TRUE(Has(page, "75.0%"));
  EXPECT_TRUE(Has(page, "SET_PTE"));
}

}  // namespace
}  // namespace lgx
