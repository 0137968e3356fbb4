// Counters as JSON: flat names, integers, sorted (user-interface section 7).
#ifndef LGX_REPORT_STATS_JSON_H_
#define LGX_REPORT_STATS_JSON_H_

#include <string>
#include <string_view>

#include "base/stats.h"
#include "base/status.h"

namespace lgx {

// One object with a version; histograms as { "le": [...], "count": [...] }. Ends with a
// newline.
std::string StatsToJson(const Stats& stats);

// The way back. An error names `path` and what is wrong.
StatusOr<Stats> StatsFromJson(std::string_view text, const std::string& path);

}  // namespace lgx

#endif  // LGX_REPORT_STATS_JSON_H_
