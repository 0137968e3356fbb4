// Lines for the person at the terminal: "lgx: warning: ...", on stderr unless a sink is
// set.
//
// The level and the sink belong to the program, which sets them before a machine runs.
// Nothing a guest computes depends on them.
#ifndef LGX_BASE_LOG_H_
#define LGX_BASE_LOG_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/types.h"

namespace lgx {

enum class LogLevel : u8 { kDebug, kInfo, kWarning, kError };

std::string_view LogLevelName(LogLevel level);
std::optional<LogLevel> LogLevelFromName(std::string_view name);

// Lines below this level are dropped. At start: kInfo.
void SetLogLevel(LogLevel level);
bool LogOn(LogLevel level);

// Receives each line without its newline; null restores stderr. Raw terminals need
// "\r\n", which is why the program can put itself in between.
using LogSink = void (*)(LogLevel level, std::string_view line);
void SetLogSink(LogSink sink);

void LogLine(LogLevel level, std::string_view line);

// While it lives, lines of this thread go to `to` and not to the sink. The innermost one
// counts.
class LogCapture {
 public:
  using Function = std::function<void(LogLevel level, std::string_view line)>;
  explicit LogCapture(Function to);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

 private:
  friend void LogLine(LogLevel level, std::string_view line);
  const Function to_;
  const LogCapture* const before_;
};

template <typename... Args>
void Logf(LogLevel level, const absl::FormatSpec<Args...>& format, const Args&... args) {
  if (LogOn(level)) LogLine(level, absl::StrFormat(format, args...));
}

}  // namespace lgx

#endif  // LGX_BASE_LOG_H_
