#include "tools/debug_source.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "replay/time_machine.h"
#include "tools/run_store.h"

namespace lgx {
namespace {

enum class Kind : u8 { kKernel, kLog, kSnapshot };

// What cannot be read is left to whoever boots it to say.
Kind KindOf(const std::string& path) {
  const StatusOr<File> file = File::Open(path, File::Mode::kReadOnly);
  std::array<u8, 7> begin = {};
  if (!file.ok() || !file->ReadAt(0, begin).ok()) return Kind::kKernel;
  const std::string_view text(reinterpret_cast<const char*>(begin.data()), begin.size());
  if (text.starts_with("lgxlog")) return Kind::kLog;
  return text == "lgxsnap" ? Kind::kSnapshot : Kind::kKernel;
}

// The machine is known already: nothing may contradict it.
Status CheckOptions(const CommandLine& line, const std::string& path) {
  for (const auto& [value, origin] : line.origins) {
    if (value == "kernel.path" || value == "kernel.symbols") continue;
    if (!origin.starts_with("-")) continue;
    return Errorf(StatusCode::kOutOfRange,
                  "%s: it says what machine this is, and %s would be another one; leave "
                  "it out",
                  path, origin);
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::string> LogInKernelsPlace(const CommandLine& line) {
  const std::string& path = line.config.kernel.path;
  const Kind kind = path.empty() ? Kind::kKernel : KindOf(path);
  if (kind == Kind::kLog) return path;
  const bool last = path == "last" && kind == Kind::kKernel;
  return last ? FindRunLog(path) : std::string();
}

StatusOr<std::unique_ptr<DebugSource>> DebugSource::Open(const CommandLine& line) {
  std::unique_ptr<DebugSource> source(new DebugSource());
  source->config_ = line.config;
  const std::string& path = line.config.kernel.path;
  if (path.empty()) {
    // The built-in guest shows all it has, where nobody would type at its shell.
    std::string& cmdline = source->config_.kernel.cmdline;
    if (cmdline.empty()) cmdline = "demo";
    return source;
  }
  const StatusOr<std::string> log = LogInKernelsPlace(line);
  if (!log.ok()) return log.status();
  if (!log->empty()) {
    LGX_RETURN_IF_ERROR(source->OpenLog(line, *log));
  } else if (KindOf(path) == Kind::kSnapshot) {
    LGX_RETURN_IF_ERROR(source->OpenSnapshot(line, path));
  }
  return source;
}

Status DebugSource::OpenLog(const CommandLine& line, const std::string& path) {
  LGX_RETURN_IF_ERROR(CheckOptions(line, path));
  StatusOr<InputLog> log = ReadInputLog(path);
  if (!log.ok()) return log.status();
  StatusOr<std::unique_ptr<Player>> player = Player::Create(*std::move(log));
  if (!player.ok()) return player.status();
  player_ = *std::move(player);
  if (const std::string& symbols = line.config.kernel.symbols; !symbols.empty()) {
    player_->config().kernel.symbols = symbols;
  }
  return absl::OkStatus();
}

Status DebugSource::OpenSnapshot(const CommandLine& line, const std::string& path) {
  LGX_RETURN_IF_ERROR(CheckOptions(line, path));
  StatusOr<SnapshotFile> file = ReadSnapshot(path);
  if (!file.ok()) return file.status();
  config_ = file->config;
  config_.outputs = line.config.outputs;
  if (const std::string& symbols = line.config.kernel.symbols; !symbols.empty()) {
    config_.kernel.symbols = symbols;
  }
  resumed_ = std::make_unique<ResumedRun>(*std::move(file), path, config_);
  return absl::OkStatus();
}

RunHooks* DebugSource::hooks() {
  if (player_ != nullptr) return player_.get();
  return resumed_.get();
}

std::vector<ReplayDisk*> DebugSource::disks() const {
  return player_ != nullptr ? player_->disks() : std::vector<ReplayDisk*>();
}

Status DebugSource::CanGoBack() const {
  return TimeMachine::CanGoBack(config(), player_ != nullptr);
}

std::string DebugSource::Difference() const {
  if (player_ == nullptr) return "";
  const Player::Verdict verdict = player_->verdict();
  return verdict.files.ok() ? verdict.difference : MessageOf(verdict.files);
}

}  // namespace lgx
