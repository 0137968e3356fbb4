#include "machine/point.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

using Kind = Point::Kind;

TEST(Point, EveryFormIsRead) {
  const struct {
    const char* text;
    Point point;
  } kForms[] = {
      {"end", {Kind::kEnd, 1, ""}},
      {"insn:123456", {Kind::kInstruction, 123456, ""}},
      {"insn:100M", {Kind::kInstruction, 100'000'000, ""}},
      {"insn:0", {Kind::kInstruction, 0, ""}},
      {"time:1.5s", {Kind::kTime, 1'500'000'000, ""}},
      {"time:20ms", {Kind::kTime, 20'000'000, ""}},
      {"crossing:2000", {Kind::kCrossing, 2000, ""}},
      {"stop:paging.040", {Kind::kStop, 1, "paging.040"}},
      {"stop:paging.040#12", {Kind::kStop, 12, "paging.040"}},
      {"symbol:start_kernel", {Kind::kSymbol, 1, "start_kernel"}},
      {"symbol:schedule#100", {Kind::kSymbol, 100, "schedule"}},
      {"console:\"login:\"", {Kind::kConsole, 1, "login:"}},
      {"console:login:", {Kind::kConsole, 1, "login:"}},
      {"console:\"say \"#1\"", {Kind::kConsole, 1, "say \"#1"}},
      {"console:\"$ \"#3", {Kind::kConsole, 3, "$ "}},
      {"hypercall:SET_PTE#12", {Kind::kHypercall, 12, "SET_PTE"}},
      {"hypercall:ANY", {Kind::kHypercall, 1, "ANY"}},
  };
  for (const auto& form : kForms) {
    const StatusOr<Point> point = ParsePoint(form.text);
    ASSERT_TRUE(point.ok()) << form.text << ": " << MessageOf(point.status());
    EXPECT_EQ(*point, form.point) << form.text;
    const StatusOr<Point> again = ParsePoint(PointText(*point));
    ASSERT_TRUE(again.ok()) << PointText(*point);
    EXPECT_EQ(*again, form.point) << PointText(*point);
  }
}

TEST(Point, UglyTextsAreRefusedWithTheTextAndAWayOut) {
  for (const char* text : {"",
                           ":",
                           "insn",
                           "insn:",
                           "insn:x",
                           "insn:-1",
                           "insn:1.5",
                           "time:",
                           "time:soon",
                           "crossing:0",
                           "crossing:",
                           "stop:",
                           "stop:#2",
                           "symbol:",
                           "symbol:x#",
                           "symbol:x#0",
                           "symbol:x#y",
                           "console:",
                           "console:\"",
                           "console:\"\"",
                           "console:\"a\"b",
                           "console:\"a\"#",
                           "console:\"a\"#0",
                           "hypercall:",
                           "hypercall:SET_PTE#0",
                           "begin",
                           "END",
                           "insn:99999999999999999999",
                           "time:99999999999h"}) {
    const StatusOr<Point> point = ParsePoint(text);
    ASSERT_FALSE(point.ok()) << text;
    EXPECT_EQ(point.status().code(), StatusCode::kOutOfRange);
    EXPECT_NE(MessageOf(point.status()).find("\"" + std::string(text) + "\""),
              std::string::npos)
        << MessageOf(point.status());
  }
}

}  // namespace
}  // namespace lgx
