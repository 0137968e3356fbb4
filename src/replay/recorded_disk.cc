#include "replay/recorded_disk.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "replay/answers.h"

namespace lgx {
namespace {

constexpr u64 kMostBlocks = 64;  // that are looked at together

}  // namespace

Status ReadLogBlocks(DiskFile& disk, u64 block, u64 count, std::vector<u8>* bytes) {
  bytes->assign(count * kLogBlock, 0);
  const u64 offset = block * kLogBlock;
  if (offset >= disk.size()) return absl::OkStatus();
  const u64 there = std::min<u64>(bytes->size(), disk.size() - offset);
  return ReadDisk(disk, offset, std::span(*bytes).first(there));
}

RecordedDisk::RecordedDisk(std::unique_ptr<DiskFile> disk, u32 index, bool keeps_old,
                           Note note)
    : disk_(std::move(disk)),
      index_(index),
      keeps_old_(keeps_old),
      note_(std::move(note)),
      known_((disk_->size() + kLogBlock - 1) / kLogBlock),
      written_(known_.size()) {}

// Blocks are looked at once, in pieces of those that lie together.
Status RecordedDisk::NoteRead(u64 first, u64 end) {
  std::vector<u8> bytes;
  for (u64 block = first; block < end;) {
    if (known_[block]) {
      ++block;
      continue;
    }
    u64 count = 1;
    while (block + count < end && count < kMostBlocks && !known_[block + count]) ++count;
    LGX_RETURN_IF_ERROR(ReadLogBlocks(*disk_, block, count, &bytes));
    note_(LogKind::kDiskRead,
          EncodeDiskRead({index_, block, static_cast<u32>(count), HashOf(bytes)}));
    for (u64 i = 0; i < count; ++i) known_[block + i] = true;
    block += count;
  }
  return absl::OkStatus();
}

Status RecordedDisk::NoteOld(u64 block) {
  std::vector<u8> bytes;
  LGX_RETURN_IF_ERROR(ReadLogBlocks(*disk_, block, 1, &bytes));
  DiskBlock old;
  old.disk = index_;
  old.block = block;
  std::copy(bytes.begin(), bytes.end(), old.bytes.begin());
  note_(LogKind::kDiskBlock, EncodeDiskBlock(old));
  return absl::OkStatus();
}

Status RecordedDisk::Read(u64 offset, ReadPieces to) {
  const u64 size = BytesOf(to);
  if (size != 0 && offset < disk_->size()) {
    const u64 end = (offset + size + kLogBlock - 1) / kLogBlock;
    LGX_RETURN_IF_ERROR(NoteRead(offset / kLogBlock, std::min<u64>(end, known_.size())));
  }
  return disk_->Read(offset, to);
}

Status RecordedDisk::Write(u64 offset, WritePieces from) {
  const u64 size = BytesOf(from);
  const u64 end = size == 0 ? 0 : (offset + size + kLogBlock - 1) / kLogBlock;
  for (u64 block = offset / kLogBlock; block < std::min<u64>(end, known_.size());
       ++block) {
    if (written_[block]) continue;
    if (keeps_old_) LGX_RETURN_IF_ERROR(NoteOld(block));
    known_[block] = written_[block] = true;
  }
  return disk_->Write(offset, from);
}

}  // namespace lgx
