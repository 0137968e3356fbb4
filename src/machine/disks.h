// The disks of a machine, as its configuration names them. They belong to the Launcher
// and outlive a restart of the Guest.
#ifndef LGX_MACHINE_DISKS_H_
#define LGX_MACHINE_DISKS_H_

#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "devices/block.h"
#include "devices/disk_file.h"
#include "machine/config.h"

namespace lgx {

// Opens and locks one disk. An overlay that does not exist is made.
[[nodiscard]] StatusOr<std::unique_ptr<DiskFile>> OpenDisk(
    const MachineConfig::Block& block);

class Disks {
 public:
  using Opener = std::function<StatusOr<std::unique_ptr<DiskFile>>(
      const MachineConfig::Block& block, u32 index)>;

  // All of them, or an error that says which one and why. `open` opens one.
  [[nodiscard]] static StatusOr<Disks> Open(const MachineConfig& config,
                                            const Opener& open);
  [[nodiscard]] static StatusOr<Disks> Open(const MachineConfig& config);

  DiskFile& operator[](std::size_t index) { return *disks_[index]; }
  const DiskFile& operator[](std::size_t index) const { return *disks_[index]; }
  std::size_t size() const { return disks_.size(); }

  // What the Guest wrote survives a loss of power, but for disks with sync=never. All are
  // tried; the first error.
  [[nodiscard]] Status Sync();

 private:
  std::vector<std::unique_ptr<DiskFile>> disks_;
  std::vector<bool> synced_;  // by Sync()
};

// Would Open() work? Nothing is made, and nothing stays open.
[[nodiscard]] Status CheckDisks(const MachineConfig& config);

// Options of the device for disk number `index`.
BlockOptions BlockOptionsFor(const MachineConfig& config, u32 index);

}  // namespace lgx

#endif  // LGX_MACHINE_DISKS_H_
