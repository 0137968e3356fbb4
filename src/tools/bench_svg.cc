#include "tools/bench_svg.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/str_format.h"
#include "report/html.h"

namespace lgx {
namespace {

constexpr std::string_view kStyle = R"(<style>
svg { --surface: #fdfdfc; --ink: #16181d; --muted: #5b5f66; --grid: #e2e2dc;
  --edge: #d3d3cb; --c1: #2a78d6; --c2: #e0892b; --c3: #1c9e70; --c4: #c9467f;
  --c5: #6a5acd; --c6: #a08a00; --c7: #d4513b; --c8: #5f7c8a; }
@media (prefers-color-scheme: dark) {
  svg { --surface: #191b1e; --ink: #f1f1ee; --muted: #a9adb4; --grid: #2b2e33;
    --edge: #3a3e45; --c1: #4b95ea; --c2: #e59a45; --c3: #3db588; --c4: #e2709f;
    --c5: #9488ea; --c6: #bda62b; --c7: #e8745f; --c8: #86a3b1; }
}
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--muted); }
.title { font-size: 15px; fill: var(--ink); } .name { fill: var(--ink); }
.page { fill: var(--surface); } .empty { fill: var(--grid); fill-opacity: .45; }
.grid { stroke: var(--grid); } .axis { stroke: var(--edge); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
)";

constexpr double kMargin = 12;
constexpr double kTitleHeight = 30;
constexpr double kLegendHeight = 18;
constexpr double kWidth = 1000;

// What stands between two texts, from `at` on, which moves behind it. Empty if it does
// not come.
std::string_view Between(std::string_view text, std::string_view from,
                         std::string_view to, size_t* at) {
  const size_t begin = text.find(from, *at);
  if (begin == std::string_view::npos) return {};
  const size_t start = begin + from.size();
  const size_t end = text.find(to, start);
  if (end == std::string_view::npos) return {};
  *at = end + to.size();
  return text.substr(start, end - start);
}

struct Entry {
  std::string_view colour;
  std::string_view name;  // markup already
};

std::vector<Entry> LegendOf(std::string_view figure) {
  std::vector<Entry> entries;
  size_t at = 0;
  while (true) {
    const std::string_view colour = Between(figure, "<i class=\"k", "\"", &at);
    if (colour.empty()) return entries;
    entries.push_back({colour, Between(figure, "</i>", "</span>", &at)});
  }
}

// The entries in rows, and how high they are.
std::string Legend(const std::vector<Entry>& entries, double* height) {
  std::string out;
  double x = kMargin;
  *height = entries.empty() ? 0 : kLegendHeight;
  for (const Entry& entry : entries) {
    const double width = 24 + 7.0 * static_cast<double>(entry.name.size());
    if (x + width > kWidth && x > kMargin) {
      x = kMargin;
      *height += kLegendHeight;
    }
    const double y = kTitleHeight + *height - kLegendHeight;
    out += absl::StrFormat(
        "<rect x=\"%.0f\" y=\"%.0f\" width=\"11\" height=\"11\" rx=\"3\" class=\"p%s\"/>"
        "<text x=\"%.0f\" y=\"%.0f\">%s</text>\n",
        x, y, std::string(entry.colour), x + 16, y + 10, std::string(entry.name));
    x += width;
  }
  return out;
}

std::string ColourClasses() {
  std::string out;
  for (int i = 1; i <= 8; ++i) {
    out += absl::StrFormat(".s%d { stroke: var(--c%d); } .p%d { fill: var(--c%d); }\n", i,
                           i, i, i);
  }
  return out + "</style>\n";
}

}  // namespace

std::string StandaloneSvg(std::string_view figure, std::string_view caption) {
  size_t at = 0;
  const std::string box(Between(figure, "viewBox=\"0 0 1000 ", "\"", &at));
  const std::string_view drawing = Between(figure, ">\n", "</svg>", &at);
  const double height = std::strtod(box.c_str(), nullptr);
  double legend_height = 0;
  const std::string legend = Legend(LegendOf(figure), &legend_height);
  const double top = kTitleHeight + legend_height;
  const double full = top + height + kMargin;
  std::string out = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
      "aria-label=\"%s\">\n",
      kWidth + kMargin, full, HtmlText(caption));
  out += kStyle;
  out += ColourClasses();
  out += absl::StrFormat("<rect class=\"page\" width=\"%.0f\" height=\"%.0f\"/>\n",
                         kWidth + kMargin, full);
  out += absl::StrFormat("<text x=\"%.0f\" y=\"20\" class=\"title\">%s</text>\n", kMargin,
                         HtmlText(caption));
  out += legend;
  out += absl::StrFormat("<g transform=\"translate(0 %.0f)\">\n", top);
  out += drawing;
  return out + "</g>\n</svg>\n";
}

}  // namespace lgx
