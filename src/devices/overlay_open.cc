// Opening an overlay: nothing in the file is believed before it was checked.
#include <algorithm>
#include <functional>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "devices/overlay.h"

namespace lgx {
namespace {

constexpr u64 kTablePiece = 256 * 1024;
constexpr std::size_t kMaxUnsettled = 1u << 18;

Status Damaged(const DiskFile& file, u64 offset, const std::string& what) {
  return Errorf(kDataLoss, "%s: offset 0x%x: %s. The overlay is damaged.", file.name(),
                offset, what);
}

StatusOr<OverlayHeader> ReadHeader(DiskFile& file) {
  OverlayHeaderBytes bytes = {};
  const u64 len = std::min<u64>(file.size(), bytes.size());
  LGX_RETURN_IF_ERROR(ReadDisk(file, 0, std::span(bytes).first(len)));
  StatusOr<OverlayHeader> header =
      ParseOverlayHeader(std::span(bytes).first(len), file.name());
  // Formatting was interrupted behind the header: then nothing was ever written.
  const bool fresh = file.size() == kSectorSize;
  if (header.ok() && file.size() < header->data_offset() && !fresh) {
    return Damaged(file, file.size(),
                   absl::StrFormat("the file ends inside its table, which goes on to "
                                   "offset 0x%x",
                                   header->data_offset()));
  }
  return header;
}

using Visit = std::function<Status(u64 block, const OverlayEntry& entry, u64 offset)>;

// Calls `visit` for every entry that is not empty.
Status VisitTable(DiskFile& file, const OverlayHeader& header, const Visit& visit) {
  std::vector<u8> piece(kTablePiece);
  const u64 end = header.data_offset();
  for (u64 at = header.table_offset(); at < end; at += kTablePiece) {
    const std::span<u8> part = std::span(piece).first(std::min(end - at, kTablePiece));
    LGX_RETURN_IF_ERROR(ReadDisk(file, at, part));
    for (u64 i = 0; i < part.size(); i += kOverlayEntryBytes) {
      const u8* const bytes = part.data() + i;
      if (std::all_of(bytes, bytes + kOverlayEntryBytes, [](u8 b) { return b == 0; })) {
        continue;
      }
      const u64 offset = at + i;
      const u64 block = (offset - header.table_offset()) / kOverlayEntryBytes;
      if (block >= header.blocks()) {
        return Damaged(file, offset, "an entry behind the end of the disk");
      }
      LGX_RETURN_IF_ERROR(visit(block, DecodeOverlayEntry(bytes), offset));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Status FormatOverlay(DiskFile& base, DiskFile& file) {
  OverlayHeader header;
  header.disk_size = base.size() / kSectorSize * kSectorSize;
  header.base_name = base.name().substr(0, kOverlayNameLimit);
  if (header.disk_size == 0 || header.disk_size > kOverlayDiskLimit) {
    return Errorf(kInvalidArgument,
                  "%s: the disk has %d bytes, and an overlay is for 512 to %d bytes.",
                  base.name(), base.size(), kOverlayDiskLimit);
  }
  const StatusOr<u64> identity = IdentityOf(base);
  if (!identity.ok()) return identity.status();
  header.base_identity = *identity;
  LGX_RETURN_IF_ERROR(WriteDisk(file, 0, EncodeOverlayHeader(header)));
  LGX_RETURN_IF_ERROR(file.SetSize(header.data_offset()));
  return file.Sync();
}

StatusOr<OverlaySummary> SummariseOverlay(DiskFile& file) {
  const StatusOr<OverlayHeader> header = ReadHeader(file);
  if (!header.ok()) return header.status();
  OverlaySummary summary;
  summary.header = *header;
  if (file.size() < header->data_offset()) return summary;
  LGX_RETURN_IF_ERROR(
      VisitTable(file, *header, [&](u64, const OverlayEntry& entry, u64) -> Status {
        ++(entry.state == OverlayEntry::State::kSettled ? summary.settled
                                                        : summary.tentative);
        return absl::OkStatus();
      }));
  return summary;
}

Status OverlayDisk::CheckBase(bool for_commit) const {
  const std::string& overlay = file_->name();
  const std::string& base = base_->name();
  if (base_->size() / kSectorSize * kSectorSize != header_.disk_size) {
    return Errorf(kInvalidArgument,
                  "%s: the overlay is for a disk of %d bytes (%s), and %s has %d. Give "
                  "the disk it was made for.",
                  overlay, header_.disk_size, header_.base_name, base, base_->size());
  }
  if (header_.state == OverlayHeader::State::kCommitting) {
    if (for_commit) return absl::OkStatus();
    return Errorf(kInvalidArgument,
                  "%s: a commit of this overlay to %s was interrupted. Finish it: lgx "
                  "disk commit %s",
                  overlay, base, overlay);
  }
  const StatusOr<u64> identity = IdentityOf(*base_);
  if (!identity.ok()) return identity.status();
  if (*identity == header_.base_identity) return absl::OkStatus();
  return Errorf(
      kInvalidArgument,
      "%s: the overlay was made for another disk (%s), or %s has changed since. "
      "Changes to a disk that is not the same make no sense; give the disk as "
      "it was, or make a new overlay.",
      overlay, header_.base_name, base);
}

// One look at the whole table, then at what is tentative.
class OverlayScan {
 public:
  explicit OverlayScan(OverlayDisk& disk) : disk_(disk), file_(*disk.file_) {}

  Status Run() {
    const OverlayHeader& header = disk_.header_;
    const u64 slots = (file_.size() - header.data_offset()) / kOverlayBlock;
    if (slots > 2 * header.blocks() + kMaxUnsettled) {
      return Damaged(file_, file_.size(), "the file is far longer than its disk");
    }
    used_.assign(slots, false);
    LGX_RETURN_IF_ERROR(VisitTable(
        file_, header, [this](u64 block, const OverlayEntry& entry, u64 offset) {
          return See(block, entry, offset);
        }));
    LGX_RETURN_IF_ERROR(JudgeTentative());
    for (u64 i = 0; i < slots && disk_.free_.size() < OverlayDisk::kMaxFree; ++i) {
      if (!used_[i]) disk_.free_.push_back(header.data_offset() + i * kOverlayBlock);
    }
    // The last one is taken first: lower slots for those who come first.
    std::reverse(disk_.free_.begin(), disk_.free_.end());
    disk_.end_ = header.data_offset() + slots * kOverlayBlock;
    return absl::OkStatus();
  }

 private:
  bool IsSlot(u64 slot) const {
    const u64 start = disk_.header_.data_offset();
    return slot >= start && (slot - start) % kOverlayBlock == 0 &&
           (slot - start) / kOverlayBlock < used_.size();
  }
  // False if the slot was in use already.
  bool Use(u64 slot) {
    auto used = used_[(slot - disk_.header_.data_offset()) / kOverlayBlock];
    if (used) return false;
    used = true;
    ++disk_.changed_;
    return true;
  }

  Status See(u64 block, const OverlayEntry& entry, u64 offset) {
    if (entry.state == OverlayEntry::State::kTentative) {
      if (tentative_.size() >= kMaxUnsettled) {
        return Damaged(file_, offset, "too many tentative entries");
      }
      tentative_.emplace_back(block, entry);
      return absl::OkStatus();
    }
    if (entry.state != OverlayEntry::State::kSettled ||
        entry.seal != SealOf(block, entry.slot, entry.state, {})) {
      return Damaged(file_, offset,
                     absl::StrFormat("the entry of block %d has a wrong seal", block));
    }
    if (!IsSlot(entry.slot)) {
      return Damaged(file_, offset,
                     absl::StrFormat("block %d is at offset 0x%x, and the file ends at "
                                     "0x%x. Is it cut short?",
                                     block, entry.slot, file_.size()));
    }
    if (!Use(entry.slot)) {
      return Damaged(
          file_, offset,
          absl::StrFormat("block %d shares the content of another block", block));
    }
    return absl::OkStatus();
  }

  // Which tentative entries happened? Those whose seal fits their content.
  Status JudgeTentative() {
    std::vector<std::pair<u64, OverlayEntry>> dropped;
    for (const auto& [block, entry] : tentative_) {
      std::vector<u8> content(kOverlayBlock);
      bool good = IsSlot(entry.slot);
      if (good) LGX_RETURN_IF_ERROR(ReadDisk(file_, entry.slot, content));
      good = good && entry.seal == SealOf(block, entry.slot, entry.state, content);
      if (good && Use(entry.slot)) {
        disk_.tentative_.push_back(block);
      } else {
        dropped.emplace_back(block, OverlayEntry{});
      }
    }
    if (!dropped.empty()) {
      Logf(LogLevel::kInfo,
           "%s: %d blocks that were written but not flushed when the host lost power are "
           "as before",
           file_.name(), dropped.size());
    }
    return disk_.PutEntries(dropped);
  }

  OverlayDisk& disk_;
  DiskFile& file_;
  std::vector<bool> used_;
  std::vector<std::pair<u64, OverlayEntry>> tentative_;
};

StatusOr<std::unique_ptr<OverlayDisk>> OverlayDisk::Open(std::unique_ptr<DiskFile> base,
                                                         std::unique_ptr<DiskFile> file,
                                                         bool for_commit) {
  const StatusOr<OverlayHeader> header = ReadHeader(*file);
  if (!header.ok()) return header.status();
  auto disk =
      std::unique_ptr<OverlayDisk>(new OverlayDisk(std::move(base), std::move(file)));
  disk->header_ = *header;
  disk->cache_.resize(kCachedPages);
  LGX_RETURN_IF_ERROR(disk->CheckBase(for_commit));
  if (disk->file_->size() < header->data_offset()) {
    LGX_RETURN_IF_ERROR(disk->file_->SetSize(header->data_offset()));
  }
  LGX_RETURN_IF_ERROR(OverlayScan(*disk).Run());
  if (!disk->tentative_.empty()) LGX_RETURN_IF_ERROR(disk->Sync());
  return disk;
}

}  // namespace lgx
