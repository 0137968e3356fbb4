#include "replay/snapshot_writer.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/version.h"
#include "devices/backend_disk_posix.h"
#include "replay/recorded_disk.h"
#include "replay/stored_config.h"

namespace lgx {
namespace {

constexpr u64 kManyBlocks = 256;  // that are read together

u64 BlocksOf(const DiskFile& disk) { return (disk.size() + kLogBlock - 1) / kLogBlock; }

// What is in a disk whose changes are thrown away at the end, and not in its image.
StatusOr<ReplayDisk::Changes> ChangesAgainst(const std::string& image, DiskFile& disk) {
  StatusOr<std::unique_ptr<DiskFile>> base = OpenDiskFile(image, DiskAccess::kReadOnly);
  if (!base.ok()) return base.status();
  ReplayDisk::Changes changes;
  std::vector<u8> was, is;
  for (u64 block = 0; block < BlocksOf(disk); block += kManyBlocks) {
    const u64 count = std::min(kManyBlocks, BlocksOf(disk) - block);
    LGX_RETURN_IF_ERROR(ReadLogBlocks(**base, block, count, &was));
    LGX_RETURN_IF_ERROR(ReadLogBlocks(disk, block, count, &is));
    for (u64 i = 0; i < count; ++i) {
      const auto from = is.begin() + static_cast<std::ptrdiff_t>(i * kLogBlock);
      if (std::equal(from, from + kLogBlock,
                     was.begin() + static_cast<std::ptrdiff_t>(i * kLogBlock))) {
        continue;
      }
      auto copy = std::make_shared<BlockBytes>();
      std::copy(from, from + kLogBlock, copy->begin());
      changes[block + i] = std::move(copy);
    }
  }
  return changes;
}

}  // namespace

StatusOr<u64> HashOfDisk(DiskFile& disk, const ReplayDisk::Changes& changes) {
  StateHash hash;
  std::vector<u8> bytes;
  for (u64 block = 0; block < BlocksOf(disk); block += kManyBlocks) {
    const u64 count = std::min(kManyBlocks, BlocksOf(disk) - block);
    LGX_RETURN_IF_ERROR(ReadLogBlocks(disk, block, count, &bytes));
    for (auto at = changes.lower_bound(block);
         at != changes.end() && at->first < block + count; ++at) {
      const u64 start = (at->first - block) * kLogBlock;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(start), kLogBlock, 0);
    }
    hash.Bytes(bytes);
  }
  return hash.Digest();
}

SnapshotWriter::SnapshotWriter(const MachineConfig& config, SnapshotRequests requests,
                               RunHooks* inner)
    : config_(StoredConfig(config)),
      requests_(std::move(requests)),
      inner_(inner),
      next_every_(requests_.every) {}

Status SnapshotWriter::Write(Machine& machine, const std::string& path) {
  SnapshotFile file;
  file.program = ProgramVersion();
  file.config = config_;
  file.form = form_;
  file.cards = cards_;
  file.boot = boots_ == 0 ? 0 : boots_ - 1;
  file.hash = machine.Hash();
  file.snapshot = TakeSnapshot(machine, nullptr);
  for (std::size_t i = 0; i < disks_.size(); ++i) {
    SnapshotDisk disk;
    disk.size = disks_[i]->size();
    disk.read_only = disks_[i]->read_only();
    if (const auto* repeated = dynamic_cast<const ReplayDisk*>(disks_[i])) {
      disk.changes = repeated->AllChanges();
    } else if (config_.block[i].snapshot) {
      StatusOr<ReplayDisk::Changes> changes =
          ChangesAgainst(config_.block[i].path, *disks_[i]);
      if (!changes.ok()) return changes.status();
      disk.changes = *std::move(changes);
    }
    const StatusOr<u64> hash = HashOfDisk(*disks_[i], disk.changes);
    if (!hash.ok()) return hash.status();
    disk.hash = *hash;
    file.disks.push_back(std::move(disk));
  }
  LGX_RETURN_IF_ERROR(WriteSnapshot(path, file, requests_.overwrite));
  written_.push_back(path);
  return absl::OkStatus();
}

Machine::Goal SnapshotWriter::NextPause(const Machine& machine) {
  Machine::Goal goal = inner_ != nullptr ? inner_->NextPause(machine) : Machine::Goal();
  for (const SnapshotRequests::At& at : requests_.at) {
    goal.instructions = std::min(goal.instructions, at.goal.instructions);
    goal.ns = std::min(goal.ns, at.goal.ns);
  }
  if (requests_.every != 0) goal.instructions = std::min(goal.instructions, next_every_);
  return goal;
}

Status SnapshotWriter::OnPause(Machine& machine) {
  if (inner_ != nullptr) LGX_RETURN_IF_ERROR(inner_->OnPause(machine));
  const auto reached = [&machine](const SnapshotRequests::At& at) {
    return machine.instructions() >= at.goal.instructions ||
           (at.goal.ns != EventSource::kNever && machine.virtual_ns() >= at.goal.ns);
  };
  for (std::size_t i = 0; i < requests_.at.size();) {
    if (!reached(requests_.at[i])) {
      ++i;
      continue;
    }
    LGX_RETURN_IF_ERROR(Write(machine, requests_.at[i].path));
    requests_.at.erase(requests_.at.begin() + static_cast<std::ptrdiff_t>(i));
    if (requests_.at.empty() && requests_.end_there) {
      machine.End({Ending::Kind::kReached, "the snapshot is written", "", 0});
    }
  }
  if (requests_.every != 0 && machine.instructions() >= next_every_) {
    LGX_RETURN_IF_ERROR(Write(
        machine, absl::StrFormat("%s-%012d.lgxsnap", requests_.prefix, next_every_)));
    next_every_ += requests_.every;
  }
  return absl::OkStatus();
}

// ---- what others have to say

Status SnapshotWriter::OnFiles(const BootFiles& files) {
  form_ = FormOf(files);
  ++boots_;
  next_every_ = requests_.every;
  return inner_ != nullptr ? inner_->OnFiles(files) : absl::OkStatus();
}

StatusOr<std::unique_ptr<DiskFile>> SnapshotWriter::OpenDisk(
    const MachineConfig::Block& block, u32 index) {
  return inner_ != nullptr ? inner_->OpenDisk(block, index)
                           : RunHooks::OpenDisk(block, index);
}

std::optional<std::vector<NetBackend*>> SnapshotWriter::Cables() {
  return inner_ != nullptr ? inner_->Cables() : std::nullopt;
}

Status SnapshotWriter::OnOpen(Disks& disks, std::span<NetBackend* const> cards) {
  for (std::size_t i = 0; i < disks.size(); ++i) disks_.push_back(&disks[i]);
  for (const NetBackend* card : cards) {
    cards_.push_back({card->name(), card->TakesUnfinished()});
  }
  return inner_ != nullptr ? inner_->OnOpen(disks, cards) : absl::OkStatus();
}

Status SnapshotWriter::OnMachine(Machine& machine) {
  return inner_ != nullptr ? inner_->OnMachine(machine) : absl::OkStatus();
}

void SnapshotWriter::OnEnding(const Machine& machine, const Ending& ending, u64 hash) {
  if (inner_ != nullptr) inner_->OnEnding(machine, ending, hash);
}

StatusOr<std::unique_ptr<Machine>> SnapshotWriter::MakeFirst(
    ConsoleBackend& console, MachineObserver* observer, Disks& disks,
    const std::vector<NetBackend*>& nets, BootFiles* files) {
  if (inner_ == nullptr) return std::unique_ptr<Machine>();
  StatusOr<std::unique_ptr<Machine>> first =
      inner_->MakeFirst(console, observer, disks, nets, files);
  if (first.ok() && *first != nullptr) form_ = FormOf(*files);
  return first;
}

}  // namespace lgx
