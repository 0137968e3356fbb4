// What the charts have in common: numbers as coordinates, scales, axes.
#ifndef LGX_REPORT_SVG_PARTS_H_
#define LGX_REPORT_SVG_PARTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "report/svg_chart.h"

namespace lgx {

inline constexpr double kChartWidth = 1000;

// At most two decimals, none if it is whole.
std::string Coordinate(double value);

// A range of values on a range of coordinates.
struct Scale {
  double from = 0;
  double to = 1;
  double at_from = 0;
  double at_to = 1;
  bool logarithmic = false;

  double operator()(double value) const;
  // Round values inside the range, about `wanted` of them.
  std::vector<double> Ticks(u32 wanted) const;
};

// `text`, or ShortNumber if it is empty.
std::string ValueAsText(const ValueText& text, double value);

std::string SvgOpen(double height, std::string_view label, std::string_view more = "");
// `x` and `y` are where the text begins, ends ("end") or has its middle ("middle").
std::string SvgText(double x, double y, std::string_view raw,
                    std::string_view anchor = "", std::string_view css = "");
std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view css);
// A rectangle that says `title` (raw) when pointed at.
std::string SvgRect(double x, double y, double width, double height, std::string_view css,
                    std::string_view title, std::string_view more = "");
// The horizontal axis at `y`: ticks, their texts, and a name below.
std::string SvgAxis(const Scale& scale, double y, const ValueText& text,
                    std::string_view name);

std::string Figure(std::string_view caption, std::string_view body);
std::string NothingToShow(std::string_view caption);

// `raw` cut to about `width` pixels of the chart's text.
std::string Shortened(std::string_view raw, double width, double per_character);

}  // namespace lgx

#endif  // LGX_REPORT_SVG_PARTS_H_
