#include "api/library_hooks.h"

#include <utility>

namespace lgx {

StatusOr<std::unique_ptr<DiskFile>> LibraryHooks::OpenDisk(
    const MachineConfig::Block& block, u32 index) {
  if (resumed_) return resumed_->OpenDisk(block, index);
  if (!block.snapshot) return lgx::OpenDisk(block);
  StatusOr<std::unique_ptr<DiskFile>> file = OpenForReplay(block);
  if (!file.ok()) return file.status();
  const u64 size = (*file)->size();
  return std::unique_ptr<DiskFile>(
      std::make_unique<ReplayDisk>(*std::move(file), size, block.read_only));
}

Status LibraryHooks::OnOpen(Disks& disks, std::span<NetBackend* const>) {
  for (std::size_t i = 0; i < disks.size(); ++i) disks_.push_back(&disks[i]);
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<Machine>> LibraryHooks::MakeFirst(
    ConsoleBackend& console, MachineObserver* observer, Disks& disks,
    const std::vector<NetBackend*>& nets, BootFiles* files) {
  if (!resumed_) return std::unique_ptr<Machine>();
  return resumed_->MakeFirst(console, observer, disks, nets, files);
}

StatusOr<LibraryHooks::DiskChanges> LibraryHooks::TakeChanges() const {
  DiskChanges all;
  for (std::size_t i = 0; i < disks_.size(); ++i) {
    const auto* const disk = dynamic_cast<const ReplayDisk*>(disks_[i]);
    if (disk != nullptr) {
      all.emplace_back(disk->AllChanges());
    } else if (disks_[i]->read_only()) {
      all.emplace_back(std::nullopt);
    } else {
      return Errorf(
          StatusCode::kFailedPrecondition,
          "devices.block[%d]: what the guest writes to %s cannot be taken back, "
          "so there is no state of this machine to go back to. Give the disk "
          "\"snapshot\": true, or \"ro\": true",
          i, disks_[i]->name());
    }
  }
  return all;
}

void LibraryHooks::PutBack(const DiskChanges& changes) {
  for (std::size_t i = 0; i < disks_.size(); ++i) {
    auto* const disk = dynamic_cast<ReplayDisk*>(disks_[i]);
    if (disk != nullptr && changes[i]) disk->set_changes(*changes[i]);
  }
}

}  // namespace lgx
