// One page about one run.
#ifndef LGX_REPORT_RUN_REPORT_H_
#define LGX_REPORT_RUN_REPORT_H_

#include <string>
#include <vector>

#include "base/stats.h"
#include "report/html.h"
#include "report/run_summary.h"

namespace lgx {

// What is known of the run. All texts are raw; whatever is missing is left out.
struct ReportInput {
  std::string title = "Report of a run";
  std::string subtitle;
  std::vector<HtmlFact> facts;  // how it ended
  std::string command;          // makes the same run again
  const RunSummary* events = nullptr;
  const Stats* stats = nullptr;
};

// The whole file.
std::string RenderRunReport(const ReportInput& input);

}  // namespace lgx

#endif  // LGX_REPORT_RUN_REPORT_H_
