// Charts as inline SVG for the pages of html.h: they take their colours from the page,
// say their values when pointed at, and need no script.
//
// Names and titles are raw text. Each function returns a <figure>. A chart without data
// says so in words.
#ifndef LGX_REPORT_SVG_CHART_H_
#define LGX_REPORT_SVG_CHART_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/types.h"

namespace lgx {

// A value as people read it: ShortNumber, ShortTime, or something of the caller's.
using ValueText = std::function<std::string(double)>;

// ---- lines over a numeric axis

struct LineSeries {
  std::string name;
  std::vector<std::pair<double, double>> points;  // sorted by x
};

struct LineChart {
  std::string caption;
  std::string x_name;
  std::string y_name;
  std::vector<LineSeries> series;  // at most 8 differ in colour
  ValueText x_text;                // ShortNumber if empty
  ValueText y_text;
  bool steps = false;  // a value holds until the next point
  bool dots = false;   // a mark at each point, with its values
  bool x_log = false;  // for x > 0: powers of two and the like
  bool y_zero = true;  // the y axis begins at 0
  u32 height = 240;

  std::string Render() const;
};

// ---- one horizontal bar for each name

struct Bar {
  std::string name;
  double value = 0;
  u32 colour = 1;  // 1 to 8
};

struct BarChart {
  std::string caption;
  std::vector<Bar> bars;
  ValueText text;

  std::string Render() const;
};

// ---- a grid of counts, darker where there are more (by the logarithm)

struct HeatMap {
  std::string caption;
  std::string x_name;
  std::vector<std::string> rows;           // names, first on top
  std::vector<std::vector<u64>> cells;     // [row][column]; all rows of one length
  std::function<std::string(u32)> x_text;  // name of the border before a column
  // If the columns divide a range of values: the width of one, from 0 on. The axis then
  // has round values.
  double column_width = 0;
  ValueText x_value;
  u32 colour = 1;
  u32 row_height = 18;

  std::string Render() const;
};

// ---- spans on lanes over a numeric axis

struct LaneSpan {
  u32 lane = 0;
  double from = 0;
  double to = 0;
  std::string text;  // shown inside if there is room, and when pointed at
  u32 colour = 1;
};

struct LaneChart {
  std::string caption;
  std::string x_name;
  std::vector<std::string> lanes;
  std::vector<LaneSpan> spans;
  ValueText x_text;
  u32 lane_height = 22;

  std::string Render() const;
};

// ---- what a run's weight consists of: frames on top of their callers

// A tree of names; children keep the order in which they were added.
struct FlameNode {
  std::string name;
  u64 self = 0;
  u32 colour = 1;  // 1 to 5
  std::vector<FlameNode> children;

  u64 Total() const;
  // The child called `name`, made if there is none.
  FlameNode& Child(const std::string& child_name, u32 child_colour);
};

struct FlameGraph {
  std::string id;  // unique on its page
  std::string caption;
  std::string unit;  // "instructions", "ns"
  FlameNode root;
  ValueText text;

  // With the page's script a click enlarges a frame, and a field finds names.
  std::string Render() const;
};

}  // namespace lgx

#endif  // LGX_REPORT_SVG_CHART_H_
