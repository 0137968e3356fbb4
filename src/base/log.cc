#include "base/log.h"

#include <array>
#include <cstdio>
#include <utility>

namespace lgx {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};

void WriteToStderr(LogLevel level, std::string_view line) {
  // One call per line, so that lines stay whole when several programs share a terminal.
  std::string text = "lgx: ";
  if (level != LogLevel::kInfo) {
    text += LogLevelName(level);
    text += ": ";
  }
  text += line;
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

LogLevel g_level = LogLevel::kInfo;
LogSink g_sink = WriteToStderr;
thread_local const LogCapture* t_capture = nullptr;

}  // namespace

std::string_view LogLevelName(LogLevel level) { return kNames[static_cast<u32>(level)]; }

std::optional<LogLevel> LogLevelFromName(std::string_view name) {
  for (u32 i = 0; i < kNames.size(); i++) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void SetLogLevel(LogLevel level) { g_level = level; }
bool LogOn(LogLevel level) { return level >= g_level; }
void SetLogSink(LogSink sink) { g_sink = sink == nullptr ? WriteToStderr : sink; }

void LogLine(LogLevel level, std::string_view line) {
  if (!LogOn(level)) return;
  if (t_capture != nullptr) {
    t_capture->to_(level, line);
  } else {
    g_sink(level, line);
  }
}

LogCapture::LogCapture(Function to) : to_(std::move(to)), before_(t_capture) {
  t_capture = this;
}
LogCapture::~LogCapture() { t_capture = before_; }

}  // namespace lgx
