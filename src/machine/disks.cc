#include "machine/disks.h"

#include <utility>

#include "base/log.h"
#include "devices/backend_disk_posix.h"
#include "devices/overlay.h"

namespace lgx {
namespace {

StatusOr<std::unique_ptr<DiskFile>> OpenImage(const std::string& path,
                                              DiskAccess access) {
  StatusOr<std::unique_ptr<DiskFile>> disk = OpenDiskFile(path, access);
  if (!disk.ok()) return disk.status();
  const u64 size = (*disk)->size();
  if (size < kSectorSize) {
    return Errorf(kInvalidArgument,
                  "%s: the disk has %d bytes, less than one sector of %d. Make one with "
                  "lgx disk create.",
                  path, size, kSectorSize);
  }
  if (size % kSectorSize != 0) {
    Logf(LogLevel::kWarning,
         "%s: the disk has %d bytes, which is no multiple of %d; the guest does not see "
         "the last %d",
         path, size, kSectorSize, size % kSectorSize);
  }
  return disk;
}

StatusOr<std::unique_ptr<DiskFile>> Layered(std::unique_ptr<DiskFile> base,
                                            std::unique_ptr<DiskFile> file) {
  StatusOr<std::unique_ptr<OverlayDisk>> disk =
      OverlayDisk::Open(std::move(base), std::move(file));
  if (!disk.ok()) return disk.status();
  return std::unique_ptr<DiskFile>(*std::move(disk));
}

StatusOr<std::unique_ptr<DiskFile>> OpenLayered(const MachineConfig::Block& block) {
  StatusOr<std::unique_ptr<DiskFile>> base = OpenImage(block.path, DiskAccess::kReadOnly);
  if (!base.ok()) return base.status();
  StatusOr<std::unique_ptr<DiskFile>> file =
      block.snapshot ? CreateTemporaryDisk()
                     : OpenDiskFile(block.overlay, DiskAccess::kReadWrite);
  if (file.status().code() == kNotFound) file = CreateDiskFile(block.overlay, 0, false);
  if (!file.ok()) return file.status();
  if ((*file)->size() == 0) LGX_RETURN_IF_ERROR(FormatOverlay(**base, **file));
  return Layered(*std::move(base), *std::move(file));
}

}  // namespace

StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block) {
  if (block.snapshot || !block.overlay.empty()) return OpenLayered(block);
  return OpenImage(block.path,
                   block.read_only ? DiskAccess::kReadOnly : DiskAccess::kReadWrite);
}

StatusOr<Disks> Disks::Open(const MachineConfig& config) {
  return Open(config,
              [](const MachineConfig::Block& block, u32) { return OpenDisk(block); });
}

StatusOr<Disks> Disks::Open(const MachineConfig& config, const Opener& open) {
  Disks disks;
  for (u32 i = 0; i < config.block.size(); ++i) {
    const MachineConfig::Block& block = config.block[i];
    StatusOr<std::unique_ptr<DiskFile>> disk = open(block, i);
    if (!disk.ok()) return disk.status();
    disks.disks_.push_back(*std::move(disk));
    disks.synced_.push_back(block.sync != MachineConfig::Block::Sync::kNever &&
                            !block.snapshot && !block.read_only);
  }
  return disks;
}

Status Disks::Sync() {
  Status first;
  for (std::size_t i = 0; i < disks_.size(); ++i) {
    if (synced_[i]) first.Update(disks_[i]->Sync());
  }
  return first;
}

Status CheckDisks(const MachineConfig& config) {
  std::vector<std::unique_ptr<DiskFile>> open;  // so that a disk named twice is noticed
  for (const MachineConfig::Block& block : config.block) {
    MachineConfig::Block checked = block;
    checked.snapshot = false;
    if (block.snapshot) checked.read_only = true;
    if (!block.overlay.empty()) {
      StatusOr<std::unique_ptr<DiskFile>> file =
          OpenDiskFile(block.overlay, DiskAccess::kReadWrite);
      if (!file.ok() && file.status().code() != kNotFound) return file.status();
      if (!file.ok() || (*file)->size() == 0) {  // it will be made
        checked.overlay.clear();
        checked.read_only = true;
      }
    }
    StatusOr<std::unique_ptr<DiskFile>> disk = OpenDisk(checked);
    if (!disk.ok()) return disk.status();
    open.push_back(*std::move(disk));
  }
  return absl::OkStatus();
}

BlockOptions BlockOptionsFor(const MachineConfig& config, u32 index) {
  const MachineConfig::Block& block = config.block[index];
  BlockOptions options;
  options.number = index;
  options.id = block.id;
  if (options.id.empty()) options.id = block.path.substr(block.path.rfind('/') + 1);
  switch (block.sync) {
    case MachineConfig::Block::Sync::kFlush:
      options.sync = DiskSync::kFlush;
      break;
    case MachineConfig::Block::Sync::kAlways:
      options.sync = DiskSync::kAlways;
      break;
    case MachineConfig::Block::Sync::kNever:
      options.sync = DiskSync::kNever;
      break;
  }
  // What is forgotten at the end need not survive a loss of power.
  if (block.snapshot) options.sync = DiskSync::kNever;
  return options;
}

}  // namespace lgx
