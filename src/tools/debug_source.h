// What can be looked at: a kernel that boots, a recorded run, or a state.
#ifndef LGX_TOOLS_DEBUG_SOURCE_H_
#define LGX_TOOLS_DEBUG_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "replay/player.h"
#include "replay/resume.h"
#include "tools/options.h"

namespace lgx {

// The log that stands in the kernel's place on the command line; empty: none does.
StatusOr<std::string> LogInKernelsPlace(const CommandLine& line);

class DebugSource {
 public:
  // The kernel of the command line; or a log or a snapshot, by the first bytes of the
  // file in its place, or "last".
  [[nodiscard]] static StatusOr<std::unique_ptr<DebugSource>> Open(
      const CommandLine& line);

  const MachineConfig& config() const {
    return player_ != nullptr ? player_->config() : config_;
  }
  bool is_recorded() const { return player_ != nullptr; }
  bool is_state() const { return resumed_ != nullptr; }
  // For GuestRun; null: an ordinary boot.
  RunHooks* hooks();
  // That the Guest writes to in memory only. Once it has booted.
  std::vector<ReplayDisk*> disks() const;
  // Fine, or why the run cannot be taken back.
  Status CanGoBack() const;
  // A recorded run that went another way this time: what differs. Empty: nothing yet.
  std::string Difference() const;

 private:
  DebugSource() = default;
  Status OpenLog(const CommandLine& line, const std::string& path);
  Status OpenSnapshot(const CommandLine& line, const std::string& path);

  MachineConfig config_;
  std::unique_ptr<Player> player_;
  std::unique_ptr<ResumedRun> resumed_;
};

}  // namespace lgx

#endif  // LGX_TOOLS_DEBUG_SOURCE_H_
