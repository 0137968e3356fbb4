#include "report/svg_chart.h"

#include <gtest/gtest.h>

#include "report/html.h"
#include "report/svg_parts.h"

namespace lgx {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(SvgParts, CoordinatesAreShort) {
  EXPECT_EQ(Coordinate(0), "0");
  EXPECT_EQ(Coordinate(-0.001), "0");
  EXPECT_EQ(Coordinate(12.5), "12.5");
  EXPECT_EQ(Coordinate(1.0 / 3), "0.33");
  EXPECT_EQ(Coordinate(100), "100");
}

TEST(SvgParts, TicksAreRound) {
  const Scale scale{0, 97, 0, 1000, false};
  EXPECT_EQ(scale.Ticks(4), (std::vector<double>{0, 50}));
  EXPECT_EQ(scale.Ticks(8), (std::vector<double>{0, 20, 40, 60, 80}));
  const Scale slots{1, 64, 0, 1000, true};
  EXPECT_EQ(slots.Ticks(8), (std::vector<double>{1, 2, 4, 8, 16, 32, 64}));
  EXPECT_DOUBLE_EQ(slots(8), 500);
  const Scale point{5, 5, 0, 1000, false};
  EXPECT_EQ(point.Ticks(4), (std::vector<double>{5}));
}

TEST(SvgChart, NothingIsSaidInWords) {
  EXPECT_TRUE(Has(LineChart{.caption = "a<b",
                            .x_name = "",
                            .y_name = "",
                            .series = {},
                            .x_text = {},
                            .y_text = {}}
                      .Render(),
                  "a&lt;b"));
  for (const std::string& html :
       {LineChart{}.Render(), BarChart{}.Render(), HeatMap{}.Render(),
        LaneChart{}.Render(), FlameGraph{}.Render()}) {
    EXPECT_TRUE(Has(html, "Nothing to show"));
  }
}

TEST(SvgChart, LinesAndDots) {
  LineChart chart;
  chart.caption = "Fills & faults";
  chart.series = {{"PAE <on>", {{1, 10}, {2, 20}}}, {"off", {{1, 5}, {2, 6}}}};
  chart.dots = true;
  const std::string html = chart.Render();
  EXPECT_TRUE(Has(html, "Fills &amp; faults"));
  EXPECT_TRUE(Has(html, "<i class=\"k1\"></i>PAE &lt;on&gt;"));
  EXPECT_TRUE(Has(html, "PAE &lt;on&gt;: 20 at 2"));
  EXPECT_TRUE(Has(html, "class=\"line s2\""));
}

TEST(SvgChart, StepsHoldTheirValue) {
  LineChart chart;
  chart.steps = true;
  chart.series = {{"", {{0, 0}, {5, 0}, {10, 4}}}};
  EXPECT_TRUE(Has(chart.Render(), "<path d=\"M70 214H988V8H988\""));
}

TEST(SvgChart, BarsAreInProportion) {
  BarChart chart;
  chart.bars = {{"<page_fault>", 200, 1}, {"hypercall", 100, 2}};
  const std::string html = chart.Render();
  EXPECT_TRUE(Has(html, "&lt;page_fault&gt;: 200"));
  EXPECT_TRUE(Has(html, "class=\"bar p2\""));
}

TEST(SvgChart, HeatIsDarkestAtTheMost) {
  HeatMap map;
  map.rows = {"kernel", "user"};
  map.cells = {{0, 1000}, {1, 0}};
  map.x_text = [](u32 column) { return "t" + std::to_string(column); };
  const std::string html = map.Render();
  EXPECT_TRUE(Has(html, "fill-opacity=\"1.00\"><title>kernel, t1: 1,000"));
  EXPECT_TRUE(Has(html, "fill-opacity=\"0.24\"><title>user, t0: 1"));
}

TEST(SvgChart, LanesShowSpans) {
  LaneChart chart;
  chart.lanes = {"slot 0", "slot 1"};
  chart.spans = {{0, 0, 50, "0x00123000", 1}, {1, 50, 100, "x<y", 2}};
  const std::string html = chart.Render();
  EXPECT_TRUE(Has(html, "0x00123000\n0 to 50"));
  EXPECT_TRUE(Has(html, ">x&lt;y</text>"));
}

TEST(SvgFlame, FramesStandOnTheirCallers) {
  FlameGraph graph;
  graph.id = "f";
  graph.unit = "instructions";
  graph.root = {"all", 0, 5, {}};
  FlameNode& kernel = graph.root.Child("kernel", 1);
  kernel.Child("do_<fork>", 1).self = 30;
  graph.root.Child("user", 2).self = 70;
  EXPECT_EQ(&graph.root.Child("user", 2), &graph.root.children[1]);
  EXPECT_EQ(graph.root.Total(), 100u);
  const std::string html = graph.Render();
  EXPECT_TRUE(Has(html, "data-x=\"300\" data-w=\"700\" data-y=\"1\" data-name=\"user\""));
  EXPECT_TRUE(Has(html, "do_&lt;fork&gt;\n30 instructions (30.00%)"));
}

}  // namespace
}  // namespace lgx
