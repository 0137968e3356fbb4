// A machine from a snapshot, without anything that it is connected to: to be looked at.
#ifndef LGX_REPLAY_LONE_MACHINE_H_
#define LGX_REPLAY_LONE_MACHINE_H_

#include <memory>
#include <vector>

#include "devices/backend_buffer.h"
#include "replay/snapshot_file.h"

namespace lgx {

// A network that nobody is on, in place of one that was.
std::unique_ptr<NetBackend> MakeAbsentNet(const SnapshotCard& card);

class LoneMachine {
 public:
  // Neither kernel nor disks are needed. `file` outlives it.
  [[nodiscard]] static StatusOr<std::unique_ptr<LoneMachine>> Make(
      const SnapshotFile& file);

  Machine& machine() { return *machine_; }
  // Nobody types any more; with that the machine can run, if it has no disks.
  void EndInput() { console_.EndInput(); }

 private:
  LoneMachine() = default;

  BufferBackend console_;
  Disks disks_;
  std::vector<std::unique_ptr<NetBackend>> nets_;
  std::unique_ptr<Machine> machine_;
};

// What differs between two states, one line each: registers first, then memory. Empty if
// nothing does.
[[nodiscard]] StatusOr<std::vector<std::string>> CompareSnapshots(const SnapshotFile& a,
                                                                  const SnapshotFile& b);

}  // namespace lgx

#endif  // LGX_REPLAY_LONE_MACHINE_H_
