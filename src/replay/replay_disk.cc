#include "replay/replay_disk.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "devices/backend_disk_posix.h"
#include "devices/overlay.h"
#include "machine/disks.h"
#include "replay/recorded_disk.h"

namespace lgx {

ReplayDisk::ReplayDisk(std::unique_ptr<DiskFile> file, u64 size, bool read_only)
    : file_(std::move(file)), size_(size), read_only_(read_only) {}

void ReplayDisk::AddOld(const DiskBlock& old) {
  old_[old.block] = std::make_shared<const BlockBytes>(old.bytes);
}

ReplayDisk::Changes ReplayDisk::AllChanges() const {
  Changes all = changes_;
  all.insert(old_.begin(), old_.end());  // what is there already stays
  return all;
}

StatusOr<BlockBytes> ReplayDisk::Original(u64 block) {
  if (const auto found = old_.find(block); found != old_.end()) return *found->second;
  std::vector<u8> bytes;
  LGX_RETURN_IF_ERROR(ReadLogBlocks(*file_, block, 1, &bytes));
  BlockBytes content;
  std::copy(bytes.begin(), bytes.end(), content.begin());
  return content;
}

StatusOr<BlockBytes> ReplayDisk::Content(u64 block) {
  if (const auto found = changes_.find(block); found != changes_.end()) {
    return *found->second;
  }
  LGX_RETURN_IF_ERROR(CheckRead(block));
  return Original(block);
}

// The recorded run has read `block`, perhaps: was it then what it is now?
Status ReplayDisk::CheckRead(u64 block) {
  auto found = reads_.upper_bound(block);
  if (found == reads_.begin()) return absl::OkStatus();
  CheckedRead& checked = (--found)->second;
  const DiskRead& read = checked.read;
  if (checked.checked || block - read.block >= read.count) return absl::OkStatus();
  StateHash hash;
  for (u32 i = 0; i < read.count; ++i) {
    const StatusOr<BlockBytes> bytes = Original(read.block + i);
    if (!bytes.ok()) return bytes.status();
    hash.Bytes(*bytes);
  }
  if (hash.Digest() == read.hash) {
    checked.checked = true;
    return absl::OkStatus();
  }
  status_.Update(Errorf(
      kDataLoss,
      "%s: offset 0x%x: the disk has changed since the run was recorded (%d bytes have "
      "another checksum). Replay needs it as it was; keep a copy, or record with "
      "--block %s,snapshot.",
      name(), read.block * kLogBlock, read.count * kLogBlock, name()));
  return status_;
}

Status ReplayDisk::Read(u64 offset, ReadPieces to) {
  for (const std::span<u8>& piece : to) {
    for (std::span<u8> rest = piece; !rest.empty();) {
      if (offset >= size_) {
        return Errorf(kInvalidArgument, "%s: a read beyond the end", name());
      }
      const StatusOr<BlockBytes> bytes = Content(offset / kLogBlock);
      if (!bytes.ok()) return bytes.status();
      const u64 skip = offset % kLogBlock;
      const u64 count = std::min<u64>(rest.size(), kLogBlock - skip);
      std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(skip), count,
                  rest.begin());
      rest = rest.subspan(count);
      offset += count;
    }
  }
  return absl::OkStatus();
}

Status ReplayDisk::Write(u64 offset, WritePieces from) {
  for (const std::span<const u8>& piece : from) {
    for (std::span<const u8> rest = piece; !rest.empty();) {
      const u64 block = offset / kLogBlock;
      const u64 skip = offset % kLogBlock;
      const u64 count = std::min<u64>(rest.size(), kLogBlock - skip);
      BlockBytes bytes;
      if (count != kLogBlock) {
        const StatusOr<BlockBytes> before = Content(block);
        if (!before.ok()) return before.status();
        bytes = *before;
      }
      std::copy_n(rest.begin(), count, bytes.begin() + static_cast<std::ptrdiff_t>(skip));
      changes_[block] = std::make_shared<const BlockBytes>(bytes);
      rest = rest.subspan(count);
      offset += count;
    }
  }
  size_ = std::max(size_, offset);
  return absl::OkStatus();
}

Status ReplayDisk::SetSize(u64 size) {
  size_ = size;
  return absl::OkStatus();
}

StatusOr<std::unique_ptr<DiskFile>> OpenForReplay(const MachineConfig::Block& block) {
  StatusOr<std::unique_ptr<DiskFile>> base =
      OpenDiskFile(block.path, DiskAccess::kReadOnly);
  if (!base.ok() || block.snapshot || block.overlay.empty()) return base;
  StatusOr<std::unique_ptr<DiskFile>> file =
      OpenDiskFile(block.overlay, DiskAccess::kReadOnly);
  if (!file.ok()) return file.status();
  // Opening an overlay tidies it up; that stays in memory too.
  const u64 size = (*file)->size();
  auto kept = std::make_unique<ReplayDisk>(*std::move(file), size, false);
  StatusOr<std::unique_ptr<OverlayDisk>> disk =
      OverlayDisk::Open(*std::move(base), std::move(kept));
  if (!disk.ok()) return disk.status();
  return std::unique_ptr<DiskFile>(*std::move(disk));
}

}  // namespace lgx
