#include "report/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "report/html.h"
#include "report/svg_parts.h"

namespace lgx {
namespace {

constexpr u32 kColours = 8;

u32 ColourOf(size_t index) { return static_cast<u32>(index % kColours) + 1; }

std::string Legend(const std::vector<LineSeries>& series) {
  if (series.size() < 2) return "";
  std::string out = "<div class=\"legend\">";
  for (size_t i = 0; i < series.size(); i++) {
    out += absl::StrFormat("<span><i class=\"k%d\"></i>%s</span>", ColourOf(i),
                           HtmlText(series[i].name));
  }
  return out + "</div>\n";
}

// The range of all points; false if there are none.
bool RangeOf(const LineChart& chart, Scale* x, Scale* y) {
  bool any = false;
  for (const LineSeries& series : chart.series) {
    for (const auto& [px, py] : series.points) {
      x->from = any ? std::min(x->from, px) : px;
      x->to = any ? std::max(x->to, px) : px;
      y->from = any ? std::min(y->from, py) : py;
      y->to = any ? std::max(y->to, py) : py;
      any = true;
    }
  }
  if (chart.y_zero) y->from = std::min(y->from, 0.0);
  if (y->to == y->from) y->to = y->from + 1;
  if (x->to == x->from) x->to = x->from + 1;
  // Up to the next round value, so that the highest point has a line above it.
  const std::vector<double> ticks = y->Ticks(4);
  if (ticks.size() > 1 && ticks.back() < y->to)
    y->to = ticks.back() + ticks[1] - ticks[0];
  return any;
}

std::string PathOf(const LineChart& chart, const LineSeries& series, const Scale& x,
                   const Scale& y) {
  std::string path;
  double before = 0;
  for (const auto& [px, py] : series.points) {
    const double at = y(py);
    if (path.empty()) {
      path = "M" + Coordinate(x(px)) + " " + Coordinate(at);
    } else if (chart.steps) {
      if (at == before) continue;
      path += "H" + Coordinate(x(px)) + "V" + Coordinate(at);
    } else {
      path += "L" + Coordinate(x(px)) + " " + Coordinate(at);
    }
    before = at;
  }
  if (chart.steps && !series.points.empty()) {
    path += "H" + Coordinate(x(series.points.back().first));
  }
  return path;
}

std::string DotsOf(const LineChart& chart, size_t index, const Scale& x, const Scale& y) {
  std::string out;
  const LineSeries& series = chart.series[index];
  for (const auto& [px, py] : series.points) {
    const std::string title = (series.name.empty() ? "" : series.name + ": ") +
                              ValueAsText(chart.y_text, py) + " at " +
                              ValueAsText(chart.x_text, px);
    out += absl::StrFormat(
        "<circle cx=\"%s\" cy=\"%s\" r=\"4\" class=\"bar "
        "p%d\"><title>%s</title></circle>\n",
        Coordinate(x(px)), Coordinate(y(py)), ColourOf(index), HtmlText(title));
  }
  return out;
}

}  // namespace

std::string LineChart::Render() const {
  Scale x;
  Scale y;
  if (!RangeOf(*this, &x, &y)) return NothingToShow(caption);
  x.logarithmic = x_log && x.from > 0;
  x.at_from = 70;
  x.at_to = kChartWidth - 12;
  y.at_from = height - (x_name.empty() ? 26.0 : 44.0);
  y.at_to = y_name.empty() ? 8 : 24;

  std::string body = SvgOpen(height, caption.empty() ? y_name : caption);
  if (!y_name.empty()) body += SvgText(0, 12, y_name);
  for (const double tick : y.Ticks(4)) {
    body += SvgLine(x.at_from, y(tick), x.at_to, y(tick), "grid");
    body += SvgText(x.at_from - 8, y(tick) + 4, ValueAsText(y_text, tick), "end");
  }
  body += SvgAxis(x, y.at_from, x_text, x_name);
  for (size_t i = 0; i < series.size(); i++) {
    if (series[i].points.empty()) continue;
    body += absl::StrFormat(
        "<path d=\"%s\" class=\"line s%d\"><title>%s</title></path>\n",
        PathOf(*this, series[i], x, y), ColourOf(i), HtmlText(series[i].name));
    if (dots) body += DotsOf(*this, i, x, y);
  }
  return Figure(caption, Legend(series) + body + "</svg>\n");
}

std::string BarChart::Render() const {
  double most = 0;
  size_t longest = 0;
  for (const Bar& bar : bars) {
    most = std::max(most, bar.value);
    longest = std::max(longest, bar.name.size());
  }
  if (bars.empty() || most <= 0) return NothingToShow(caption);
  constexpr double kRow = 24;
  const double left = std::min(330.0, 20 + static_cast<double>(longest) * 7.2);
  const double right = kChartWidth - 90;
  std::string body = SvgOpen(kRow * static_cast<double>(bars.size()) + 2, caption);
  double at = 0;
  for (const Bar& bar : bars) {
    const std::string value = ValueAsText(text, bar.value);
    const double width = std::max(1.0, (right - left) * bar.value / most);
    body += SvgText(left - 10, at + 16, Shortened(bar.name, left, 7), "end", "name");
    body += SvgRect(left, at + 3, width, kRow - 7, absl::StrFormat("bar p%d", bar.colour),
                    bar.name + ": " + value, " rx=\"2\"");
    body += SvgText(left + width + 6, at + 16, value);
    at += kRow;
  }
  return Figure(caption, body + "</svg>\n");
}

std::string HeatMap::Render() const {
  u64 most = 0;
  size_t columns = 0;
  size_t longest = 0;
  for (const auto& row : cells) {
    columns = std::max(columns, row.size());
    for (const u64 cell : row) most = std::max(most, cell);
  }
  for (const std::string& name : rows) longest = std::max(longest, name.size());
  if (most == 0) return NothingToShow(caption);
  const double left = std::min(260.0, 14 + static_cast<double>(longest) * 7.4);
  const double wide = (kChartWidth - left - 4) / static_cast<double>(columns);
  const double bottom =
      static_cast<double>(row_height) * static_cast<double>(rows.size());
  std::string body = SvgOpen(bottom + (x_name.empty() ? 24 : 42), caption);
  for (size_t r = 0; r < rows.size(); r++) {
    const double y = static_cast<double>(row_height) * static_cast<double>(r);
    body += SvgText(left - 8, y + row_height / 2.0 + 4, rows[r], "end", "name");
    body += SvgRect(left, y, kChartWidth - left - 4, row_height - 1.0, "empty", "");
    for (size_t c = 0; c < cells[r].size(); c++) {
      const u64 count = cells[r][c];
      if (count == 0) continue;
      const double part =
          std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most));
      const u32 column = static_cast<u32>(c);
      const std::string title =
          rows[r] + (x_text ? ", " + x_text(column) : "") + ": " + GroupedNumber(count);
      body += SvgRect(left + static_cast<double>(c) * wide, y, std::max(1.0, wide - 0.5),
                      row_height - 1.0, absl::StrFormat("hot p%d", colour), title,
                      absl::StrFormat(" fill-opacity=\"%.2f\"", 0.15 + 0.85 * part));
    }
  }
  if (column_width > 0) {
    const double end = column_width * static_cast<double>(columns);
    const Scale scale{0, end, left, kChartWidth - 4, false};
    return Figure(caption, body + SvgAxis(scale, bottom, x_value, x_name) + "</svg>\n");
  }
  const size_t every = std::max<size_t>(1, columns / 6);
  for (size_t c = 0; x_text && c < columns; c += every) {
    const double x = left + static_cast<double>(c) * wide;
    body += SvgLine(x, bottom, x, bottom + 4, "axis");
    body += SvgText(x, bottom + 17, x_text(static_cast<u32>(c)), c == 0 ? "" : "middle");
  }
  if (!x_name.empty()) {
    body += SvgText((left + kChartWidth) / 2, bottom + 36, x_name, "middle");
  }
  return Figure(caption, body + "</svg>\n");
}

std::string LaneChart::Render() const {
  if (spans.empty()) return NothingToShow(caption);
  Scale x{spans[0].from, spans[0].to, 0, kChartWidth - 8, false};
  size_t longest = 0;
  for (const LaneSpan& span : spans) {
    x.from = std::min(x.from, span.from);
    x.to = std::max(x.to, span.to);
  }
  for (const std::string& lane : lanes) longest = std::max(longest, lane.size());
  x.at_from = std::min(260.0, 14 + static_cast<double>(longest) * 7.2);
  const double high = lane_height;
  const double bottom = high * static_cast<double>(lanes.size()) + 2;
  std::string body = SvgOpen(bottom + (x_name.empty() ? 26 : 42), caption);
  for (size_t i = 0; i < lanes.size(); i++) {
    const double y = high * static_cast<double>(i);
    body += SvgText(x.at_from - 8, y + high / 2 + 4, lanes[i], "end", "name");
    body += SvgRect(x.at_from, y + 1, x.at_to - x.at_from, high - 2, "empty", "");
  }
  for (const LaneSpan& span : spans) {
    const double from = x(span.from);
    const double wide = std::max(0.7, x(span.to) - from);
    const double y = high * span.lane;
    body += SvgRect(from, y + 1, wide, high - 2, absl::StrFormat("hot p%d", span.colour),
                    span.text + "\n" + ValueAsText(x_text, span.from) + " to " +
                        ValueAsText(x_text, span.to),
                    " fill-opacity=\"0.75\"");
    const std::string inside = Shortened(span.text, wide - 8, 7.4);
    if (!inside.empty()) body += SvgText(from + 4, y + high / 2 + 4, inside, "", "name");
  }
  body += SvgAxis(x, bottom, x_text, x_name);
  return Figure(caption, body + "</svg>\n");
}

}  // namespace lgx
