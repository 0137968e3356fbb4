#include "report/stats_json.h"

#include <nlohmann/json.hpp>

namespace lgx {

std::string StatsToJson(const Stats& stats) {
  nlohmann::json out;
  out["version"] = 1;
  for (const auto& [name, value] : stats.counters()) out[name] = value;
  for (const auto& [name, buckets] : stats.histograms()) {
    out[name] = {{"le", buckets.le}, {"count", buckets.count}};
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lgx
