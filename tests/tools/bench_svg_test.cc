#include "tools/bench_svg.h"

#include <gtest/gtest.h>

#include "report/svg_chart.h"

namespace lgx {
namespace {

TEST(BenchSvg, AChartStandsForItselfWithLegendAndCaption) {
  LineChart chart;
  chart.caption = "a < b";
  chart.series = {{"one & two", {{1, 2}, {3, 4}}}, {"three", {{1, 1}, {3, 3}}}};
  const std::string svg = StandaloneSvg(chart.Render(), chart.caption);
  EXPECT_EQ(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0), 0u);
  EXPECT_NE(svg.find(">a &lt; b</text>"), std::string::npos);
  EXPECT_NE(svg.find("one &amp; two"), std::string::npos);
  EXPECT_NE(svg.find("class=\"p2\""), std::string::npos);
  EXPECT_NE(svg.find("<path"), std::string::npos);
  EXPECT_EQ(svg.find("<div"), std::string::npos);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
}

TEST(BenchSvg, AFigureWithoutADrawingIsAnEmptyPicture) {
  const std::string svg = StandaloneSvg("<figure>nothing</figure>", "x");
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
}

}  // namespace
}  // namespace lgx
