// A chart of a page (report/svg_chart.h) as a picture that stands for itself.
#ifndef LGX_TOOLS_BENCH_SVG_H_
#define LGX_TOOLS_BENCH_SVG_H_

#include <string>
#include <string_view>

namespace lgx {

struct ChartFile {
  std::string name;  // without ".svg"
  std::string svg;
};

// `figure` is what a chart renders: its drawing with colours of its own, the caption
// (raw) and the legend above it. Light and dark like the page.
std::string StandaloneSvg(std::string_view figure, std::string_view caption);

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_SVG_H_
