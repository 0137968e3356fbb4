// Counters as JSON: flat names, integers, sorted (user-interface section 7).
#ifndef LGX_REPORT_STATS_JSON_H_
#define LGX_REPORT_STATS_JSON_H_

#include <string>

#include "base/stats.h"

namespace lgx {

// One object with a version; histograms as { "le": [...], "count": [...] }. Ends with a
// newline.
std::string StatsToJson(const Stats& stats);

}  // namespace lgx

#endif  // LGX_REPORT_STATS_JSON_H_
