// Writes snapshots of a run at the points that somebody named, while it runs or while it
// is repeated.
#ifndef LGX_REPLAY_SNAPSHOT_WRITER_H_
#define LGX_REPLAY_SNAPSHOT_WRITER_H_

#include <string>
#include <vector>

#include "base/file.h"
#include "replay/snapshot_file.h"

namespace lgx {

struct SnapshotRequests {
  struct At {
    Machine::Goal goal;
    std::string path;
  };
  std::vector<At> at;
  u64 every = 0;       // instructions; 0: not at all
  std::string prefix;  // of the names of those files
  Overwrite overwrite = Overwrite::kReplace;
  bool end_there = false;  // the run ends when all of `at` are written
};

// Passes everything on to other hooks, if there are any.
class SnapshotWriter final : public RunHooks {
 public:
  // `inner` may be null and outlives this. `config` is that of the run.
  SnapshotWriter(const MachineConfig& config, SnapshotRequests requests, RunHooks* inner);

  // Those that were written.
  const std::vector<std::string>& written() const { return written_; }
  // Writes one now; the machine stands still.
  Status Write(Machine& machine, const std::string& path);

  Status OnFiles(const BootFiles& files) override;
  StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                               u32 index) override;
  std::optional<std::vector<NetBackend*>> Cables() override;
  Status OnOpen(Disks& disks, std::span<NetBackend* const> cards) override;
  Status OnMachine(Machine& machine) override;
  Machine::Goal NextPause(const Machine& machine) override;
  Status OnPause(Machine& machine) override;
  void OnEnding(const Machine& machine, const Ending& ending, u64 hash) override;
  StatusOr<std::unique_ptr<Machine>> MakeFirst(ConsoleBackend& console,
                                               MachineObserver* observer, Disks& disks,
                                               const std::vector<NetBackend*>& nets,
                                               BootFiles* files) override;

  std::string Source() const override {
    return inner_ != nullptr ? inner_->Source() : RunHooks::Source();
  }

 private:
  MachineConfig config_;
  SnapshotRequests requests_;
  RunHooks* inner_;
  MachineForm form_;
  std::vector<DiskFile*> disks_;
  std::vector<SnapshotCard> cards_;
  u32 boots_ = 0;
  u64 next_every_ = 0;
  std::vector<std::string> written_;
};

// The checksum of the content of `disk` without the blocks of `changes`.
[[nodiscard]] StatusOr<u64> HashOfDisk(DiskFile& disk,
                                       const ReplayDisk::Changes& changes);

}  // namespace lgx

#endif  // LGX_REPLAY_SNAPSHOT_WRITER_H_
