#include "report/stats_json.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace lgx {
namespace {

Status NotStats(const std::string& path, const std::string& what) {
  return Errorf(StatusCode::kInvalidArgument,
                "%s: %s; is it a file that --stats has written?", path, what);
}

bool ReadNumbers(const nlohmann::json& object, const char* key, std::vector<u64>* out) {
  const auto list = object.find(key);
  if (list == object.end() || !list->is_array()) return false;
  for (const nlohmann::json& number : *list) {
    if (!number.is_number_unsigned()) return false;
    out->push_back(number.get<u64>());
  }
  return true;
}

}  // namespace

StatusOr<Stats> StatsFromJson(std::string_view text, const std::string& path) {
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return NotStats(path, "it is no JSON object");
  const auto version = json.find("version");
  if (version == json.end() || *version != 1) {
    return NotStats(path, "its \"version\" is not 1");
  }
  Stats stats;
  for (const auto& [name, value] : json.items()) {
    if (name == "version") continue;
    Stats::BucketList list;
    if (value.is_number_unsigned()) {
      stats.Counter(name, value.get<u64>());
    } else if (value.is_object() && ReadNumbers(value, "le", &list.le) &&
               ReadNumbers(value, "count", &list.count) &&
               list.le.size() == list.count.size()) {
      stats.SetBuckets(name, std::move(list));
    } else {
      return NotStats(path, "\"" + name + "\" is neither a number nor a histogram");
    }
  }
  return stats;
}

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
