#include "tools/run_store.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <vector>

namespace lgx {
namespace {

constexpr const char* kEnding = ".lgxlog";

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Names begin with the time, so the order of names is that of the runs.
std::vector<std::string> LogsIn(const std::string& folder) {
  std::vector<std::string> logs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == kEnding) logs.push_back(entry.path().string());
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

std::string NameOfNow() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) %
      1000;
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d%02d%02d-%02d%02d%02d.%03d-%d%s", utc.tm_year + 1900,
                         utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                         static_cast<int>(millis.count()), getpid(), kEnding);
}

}  // namespace

std::string StateFolder() {
  if (const std::string own = Variable("LGX_STATE_DIR"); !own.empty()) return own;
  if (const std::string xdg = Variable("XDG_STATE_HOME"); !xdg.empty()) {
    return xdg + "/lgx";
  }
  const std::string home = Variable("HOME");
  return home.empty() ? "" : home + "/.local/state/lgx";
}

std::string RunsFolder() {
  const std::string state = StateFolder();
  return state.empty() ? "" : state + "/runs";
}

StatusOr<std::string> NewRunLog() {
  const std::string folder = RunsFolder();
  if (folder.empty()) {
    return Errorf(kNotFound,
                  "there is no folder for the log of the run: neither LGX_STATE_DIR, "
                  "XDG_STATE_HOME nor HOME is set");
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Errorf(StatusCode::kUnavailable, "%s: cannot make the folder: %s", folder,
                  error.message());
  }
  const std::vector<std::string> logs = LogsIn(folder);
  for (std::size_t i = 0; i + kKeptRuns <= logs.size(); ++i) {
    std::filesystem::remove(logs[i], error);
  }
  return folder + "/" + NameOfNow();
}

StatusOr<std::string> FindRunLog(const std::string& name) {
  if (name != "last") return name;
  const std::string folder = RunsFolder();
  const std::vector<std::string> logs =
      folder.empty() ? std::vector<std::string>() : LogsIn(folder);
  if (!logs.empty()) return logs.back();
  return Errorf(kNotFound,
                "no run has been recorded yet%s. lgx run records each run; name a log to "
                "replay another one.",
                folder.empty() ? "" : " in " + folder);
}

}  // namespace lgx
