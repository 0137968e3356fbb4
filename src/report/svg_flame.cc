#include <algorithm>

#include "absl/strings/str_format.h"
#include "report/html.h"
#include "report/svg_chart.h"
#include "report/svg_parts.h"

namespace lgx {
namespace {

constexpr double kRow = 18;
constexpr double kSmallest = 0.2;  // narrower frames are left out
constexpr double kPerCharacter = 6.7;

u32 DepthOf(const FlameNode& node, double scale) {
  u32 depth = 0;
  for (const FlameNode& child : node.children) {
    if (static_cast<double>(child.Total()) * scale < kSmallest) continue;
    depth = std::max(depth, DepthOf(child, scale));
  }
  return depth + 1;
}

struct Painter {
  const FlameGraph& graph;
  double scale;  // pixels for one unit
  u64 all;
  std::string out;

  void Paint(const FlameNode& node, double x, u32 depth) {
    const u64 total = node.Total();
    const double width = static_cast<double>(total) * scale;
    if (width < kSmallest) return;
    const double y = kRow * depth;
    const double percent = 100.0 * static_cast<double>(total) / static_cast<double>(all);
    const std::string title = absl::StrFormat(
        "%s\n%s %s (%.2f%%)", node.name,
        ValueAsText(graph.text, static_cast<double>(total)), graph.unit, percent);
    const std::string name = HtmlText(node.name);
    out += absl::StrFormat(
        "<g data-x=\"%s\" data-w=\"%s\" data-y=\"%d\" data-name=\"%s\"><title>%s</title>",
        Coordinate(x), Coordinate(width), depth, name, HtmlText(title));
    out += SvgRect(x, y, width, kRow - 1, absl::StrFormat("f%d", node.colour), "");
    out += SvgText(x + 4, y + 12.5, Shortened(node.name, width - 8, kPerCharacter)) +
           "</g>\n";
    for (const FlameNode& child : node.children) {
      Paint(child, x, depth + 1);
      x += static_cast<double>(child.Total()) * scale;
    }
  }
};

}  // namespace

u64 FlameNode::Total() const {
  u64 total = self;
  for (const FlameNode& child : children) total += child.Total();
  return total;
}

FlameNode& FlameNode::Child(const std::string& child_name, u32 child_colour) {
  for (FlameNode& child : children) {
    if (child.name == child_name) return child;
  }
  children.push_back({child_name, 0, child_colour, {}});
  return children.back();
}

std::string FlameGraph::Render() const {
  const u64 total = root.Total();
  if (total == 0) return NothingToShow(caption);
  Painter painter{*this, kChartWidth / static_cast<double>(total), total, ""};
  painter.Paint(root, 0, 0);
  std::string body = absl::StrFormat(
      "<div class=\"tool\"><input type=\"search\" data-flame=\"%s\" placeholder=\"Find a "
      "name\" aria-label=\"Find a name\"><button data-flame=\"%s\">Whole run</button>"
      "<output></output></div>\n",
      id, id);
  body += SvgOpen(kRow * DepthOf(root, painter.scale) + 2, caption,
                  absl::StrFormat(" class=\"flame\" id=\"%s\" data-width=\"%s\"", id,
                                  Coordinate(kChartWidth)));
  return Figure(caption, body + painter.out + "</svg>\n");
}

}  // namespace lgx
