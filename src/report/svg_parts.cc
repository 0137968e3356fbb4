#include "report/svg_parts.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "report/html.h"

namespace lgx {

std::string Coordinate(double value) {
  const double rounded = std::round(value * 100) / 100;
  std::string text = absl::StrFormat("%.2f", rounded == 0 ? 0.0 : rounded);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

double Scale::operator()(double value) const {
  const auto place = [this](double v) { return logarithmic ? std::log(v) : v; };
  const double width = place(to) - place(from);
  const double part = width == 0 ? 0 : (place(value) - place(from)) / width;
  return at_from + part * (at_to - at_from);
}

std::vector<double> Scale::Ticks(u32 wanted) const {
  std::vector<double> ticks;
  if (!(to > from)) return {from};
  if (logarithmic) {
    double factor = 2;
    while (std::log(to / from) / std::log(factor) > wanted) factor *= 2;
    for (double at = from; at <= to * 1.0001; at *= factor) ticks.push_back(at);
    return ticks;
  }
  const double rough = (to - from) / wanted;
  double step = std::pow(10, std::floor(std::log10(rough)));
  for (const double times : {2.0, 2.5, 2.0}) {  // 2, 5, 10
    if (step >= rough) break;
    step *= times;
  }
  const double first = std::ceil(from / step);
  for (u32 i = 0; (first + i) * step <= to + step * 1e-6; i++) {
    ticks.push_back((first + i) * step);
  }
  return ticks;
}

std::string ValueAsText(const ValueText& text, double value) {
  return text ? text(value) : ShortNumber(value);
}

std::string SvgOpen(double height, std::string_view label, std::string_view more) {
  return absl::StrFormat("<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\"%s>\n",
                         Coordinate(kChartWidth), Coordinate(height), HtmlText(label),
                         std::string(more));
}

std::string SvgText(double x, double y, std::string_view raw, std::string_view anchor,
                    std::string_view css) {
  std::string out =
      absl::StrFormat("<text x=\"%s\" y=\"%s\"", Coordinate(x), Coordinate(y));
  if (!anchor.empty()) out += " text-anchor=\"" + std::string(anchor) + "\"";
  if (!css.empty()) out += " class=\"" + std::string(css) + "\"";
  return out + ">" + HtmlText(raw) + "</text>\n";
}

std::string SvgLine(double x1, double y1, double x2, double y2, std::string_view css) {
  return absl::StrFormat("<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n",
                         Coordinate(x1), Coordinate(y1), Coordinate(x2), Coordinate(y2),
                         std::string(css));
}

std::string SvgRect(double x, double y, double width, double height, std::string_view css,
                    std::string_view title, std::string_view more) {
  std::string out =
      absl::StrFormat("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"%s",
                      Coordinate(x), Coordinate(y), Coordinate(width), Coordinate(height),
                      std::string(css), std::string(more));
  if (title.empty()) return out + "/>\n";
  return out + "><title>" + HtmlText(title) + "</title></rect>\n";
}

std::string SvgAxis(const Scale& scale, double y, const ValueText& text,
                    std::string_view name) {
  std::string out = SvgLine(scale.at_from, y, scale.at_to, y, "axis");
  for (const double tick : scale.Ticks(8)) {
    const double x = scale(tick);
    out += SvgLine(x, y, x, y + 4, "axis");
    const bool at_end = x > kChartWidth - 30;
    out += SvgText(at_end ? kChartWidth : x, y + 17, ValueAsText(text, tick),
                   at_end ? "end" : "middle");
  }
  if (!name.empty()) {
    out += SvgText((scale.at_from + scale.at_to) / 2, y + 34, name, "middle");
  }
  return out;
}

std::string Figure(std::string_view caption, std::string_view body) {
  std::string out = "<figure>";
  if (!caption.empty()) out += "<figcaption>" + HtmlText(caption) + "</figcaption>\n";
  return out + std::string(body) + "</figure>\n";
}

std::string NothingToShow(std::string_view caption) {
  return Figure(caption, "<p class=\"note\">Nothing to show.</p>\n");
}

std::string Shortened(std::string_view raw, double width, double per_character) {
  const auto room = static_cast<size_t>(width < 0 ? 0 : width / per_character);
  if (raw.size() <= room) return std::string(raw);
  if (room < 3) return "";
  return std::string(raw.substr(0, room - 1)) + "\xe2\x80\xa6";
}

}  // namespace lgx
