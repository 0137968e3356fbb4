#include "replay/resume.h"

#include <utility>

#include "replay/snapshot_writer.h"

namespace lgx {

StatusOr<std::unique_ptr<DiskFile>> ResumedRun::OpenDisk(
    const MachineConfig::Block& block, u32 index) {
  const SnapshotDisk& was = file_.disks[index];
  const bool is_private = block.snapshot || !was.changes.empty();
  StatusOr<std::unique_ptr<DiskFile>> disk =
      is_private ? OpenForReplay(block) : lgx::OpenDisk(block);
  if (!disk.ok()) return disk.status();
  const StatusOr<u64> hash = HashOfDisk(**disk, was.changes);
  if (!hash.ok()) return hash.status();
  if ((*disk)->size() != was.size || *hash != was.hash) {
    return Errorf(kDataLoss,
                  "%s: the disk is not what it was when %s was written (%d bytes and "
                  "another checksum; it had %d bytes). Put the old content back.",
                  block.path, path_, (*disk)->size(), was.size);
  }
  if (!is_private) return disk;
  if (!block.snapshot) private_disks_.push_back(block.path);
  auto own = std::make_unique<ReplayDisk>(*std::move(disk), was.size, was.read_only);
  own->set_changes(was.changes);
  return std::unique_ptr<DiskFile>(std::move(own));
}

StatusOr<std::unique_ptr<Machine>> ResumedRun::MakeFirst(
    ConsoleBackend& console, MachineObserver* observer, Disks& disks,
    const std::vector<NetBackend*>& nets, BootFiles* files) {
  files->generation = file_.form.generation;
  files->mode = file_.form.mode;
  files->kernel.page_offset = file_.form.page_offset;
  files->kernel.recognition.layout = file_.form.layout;
  files->kernel.recognition.version = file_.form.kernel_version;
  StatusOr<std::unique_ptr<Machine>> machine =
      MakeMachineFrom(file_, config_, disks, nets, console, observer);
  if (!machine.ok()) return machine.status();
  file_.snapshot = Snapshot();  // its memory is the machine's now
  file_.stored.reset();
  return machine;
}

}  // namespace lgx
