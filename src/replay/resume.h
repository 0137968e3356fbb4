// A run that begins with a snapshot in place of a kernel's file.
#ifndef LGX_REPLAY_RESUME_H_
#define LGX_REPLAY_RESUME_H_

#include <memory>
#include <string>
#include <vector>

#include "replay/snapshot_file.h"

namespace lgx {

class ResumedRun final : public RunHooks {
 public:
  // `file` was read from `path`. `config` is the snapshot's with what the person has
  // changed (console, limits, outputs), and outlives this.
  ResumedRun(SnapshotFile file, std::string path, const MachineConfig& config)
      : file_(std::move(file)), path_(std::move(path)), config_(config) {}

  // Disks that the Guest writes to in memory only, because they hold what no file does.
  const std::vector<std::string>& private_disks() const { return private_disks_; }

  // Refuses a disk that is not what it was.
  StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                               u32 index) override;
  StatusOr<std::unique_ptr<Machine>> MakeFirst(ConsoleBackend& console,
                                               MachineObserver* observer, Disks& disks,
                                               const std::vector<NetBackend*>& nets,
                                               BootFiles* files) override;

  std::string Source() const override { return path_; }

 private:
  SnapshotFile file_;
  std::string path_;
  const MachineConfig& config_;
  std::vector<std::string> private_disks_;
};

}  // namespace lgx

#endif  // LGX_REPLAY_RESUME_H_
