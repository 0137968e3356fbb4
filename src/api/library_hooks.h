// What a machine of the library does otherwise than one of the program: it may begin with
// a snapshot file, and disks that forget their changes can be put back.
#ifndef LGX_API_LIBRARY_HOOKS_H_
#define LGX_API_LIBRARY_HOOKS_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machine/launcher.h"
#include "replay/replay_disk.h"
#include "replay/resume.h"

namespace lgx {

class LibraryHooks final : public RunHooks {
 public:
  // The changes of each disk; nothing for one that is read-only.
  using DiskChanges = std::vector<std::optional<ReplayDisk::Changes>>;

  // The run begins with this snapshot. `config` is that of the run and outlives this.
  void ResumeFrom(SnapshotFile file, const std::string& path,
                  const MachineConfig& config) {
    resumed_.emplace(std::move(file), path, config);
  }

  // kFailedPrecondition: a disk cannot be put back.
  StatusOr<DiskChanges> TakeChanges() const;
  // `changes` are of disks like these.
  void PutBack(const DiskChanges& changes);
  std::size_t disks() const { return disks_.size(); }

  StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                               u32 index) override;
  Status OnOpen(Disks& disks, std::span<NetBackend* const> cards) override;
  StatusOr<std::unique_ptr<Machine>> MakeFirst(ConsoleBackend& console,
                                               MachineObserver* observer, Disks& disks,
                                               const std::vector<NetBackend*>& nets,
                                               BootFiles* files) override;
  std::string Source() const override {
    return resumed_ ? resumed_->Source() : RunHooks::Source();
  }

 private:
  std::optional<ResumedRun> resumed_;
  std::vector<DiskFile*> disks_;  // the run owns them
};

}  // namespace lgx

#endif  // LGX_API_LIBRARY_HOOKS_H_
