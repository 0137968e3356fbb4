// lgx stats: shows counters of --stats files, side by side, or what differs.
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

constexpr u64 kStatsFileLimit = u64{16} << 20;
constexpr int kExitDiffers = 1;  // as diff has it

// Counters by name; a histogram becomes one line for each bucket: NAME{le=7}.
using Counters = std::map<std::string, u64>;

Status NotStats(const std::string& path, const std::string& what) {
  return Errorf(kInvalidArgument, "%s: %s; is it a file that --stats has written?", path,
                what);
}

Status AddHistogram(const std::string& path, const std::string& name,
                    const nlohmann::json& value, Counters* out) {
  const auto le = value.find("le");
  const auto count = value.find("count");
  if (le == value.end() || count == value.end() || !le->is_array() ||
      !count->is_array() || le->size() != count->size()) {
    return NotStats(path, "\"" + name + "\" is neither a number nor a histogram");
  }
  for (size_t i = 0; i < le->size(); i++) {
    if (!(*le)[i].is_number_unsigned() || !(*count)[i].is_number_unsigned()) {
      return NotStats(path, "\"" + name + "\" has something else than numbers in it");
    }
    (*out)[absl::StrFormat("%s{le=%d}", name, (*le)[i].get<u64>())] =
        (*count)[i].get<u64>();
  }
  return absl::OkStatus();
}

StatusOr<Counters> ReadStats(const std::string& path) {
  StatusOr<std::vector<u8>> bytes = ReadFile(path, kStatsFileLimit);
  if (!bytes.ok()) return bytes.status();
  const nlohmann::json json =
      nlohmann::json::parse(bytes->begin(), bytes->end(), nullptr, false);
  if (!json.is_object()) return NotStats(path, "it is no JSON object");
  const auto version = json.find("version");
  if (version == json.end() || *version != 1) {
    return NotStats(path, "its \"version\" is not 1");
  }
  Counters counters;
  for (const auto& [name, value] : json.items()) {
    if (name == "version") continue;
    if (value.is_number_unsigned()) {
      counters[name] = value.get<u64>();
    } else if (value.is_object()) {
      LGX_RETURN_IF_ERROR(AddHistogram(path, name, value, &counters));
    } else {
      return NotStats(path, "\"" + name + "\" is neither a number nor a histogram");
    }
  }
  return counters;
}

std::string Cell(const Counters& counters, const std::string& name) {
  const auto at = counters.find(name);
  return at == counters.end() ? "-" : absl::StrFormat("%d", at->second);
}

// How much the last file has more than the first.
std::string Difference(const Counters& first, const Counters& last,
                       const std::string& name) {
  const auto from = first.find(name);
  const auto to = last.find(name);
  const u64 a = from == first.end() ? 0 : from->second;
  const u64 b = to == last.end() ? 0 : to->second;
  const std::string by =
      b >= a ? absl::StrFormat("+%d", b - a) : absl::StrFormat("-%d", a - b);
  if (a == 0) return by;
  const double percent =
      100.0 * (static_cast<double>(b) - static_cast<double>(a)) / static_cast<double>(a);
  return by + absl::StrFormat(" (%+.1f%%)", percent);
}

}  // namespace

int CmdStats(const StatsOptions& options) {
  std::vector<Counters> files;
  std::map<std::string, bool> names;  // and whether all files say the same
  for (const std::string& path : options.files) {
    StatusOr<Counters> counters = ReadStats(path);
    if (!counters.ok()) return ReportError(counters.status());
    for (const auto& [name, value] : *counters) names[name] = true;
    files.push_back(*std::move(counters));
  }
  size_t width = 0;
  for (auto& [name, same] : names) {
    for (const Counters& file : files)
      same = same && Cell(file, name) == Cell(files[0], name);
    // Real time differs in every run.
    if (name.starts_with("host.")) same = true;
    if (!options.diff || !same) width = std::max(width, name.size());
  }
  bool differs = false;
  for (const auto& [name, same] : names) {
    if (options.diff && same) continue;
    differs = true;
    std::string line = absl::StrFormat("%-*s", static_cast<int>(width), name);
    for (const Counters& file : files) line += absl::StrFormat(" %16s", Cell(file, name));
    if (options.diff) line += "  " + Difference(files.front(), files.back(), name);
    std::printf("%s\n", line.c_str());
  }
  return options.diff && differs ? kExitDiffers : kExitOk;
}

}  // namespace lgx
