#include "devices/overlay.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lgx {
namespace {

using State = OverlayEntry::State;

}  // namespace

// --- the table
// ---------------------------------------------------------------------------------

// Bytes of the disk in a block; the last one may be short.
u64 OverlayDisk::BlockBytes(u64 block) const {
  return std::min<u64>(kOverlayBlock, header_.disk_size - block * kOverlayBlock);
}

StatusOr<OverlayDisk::TablePage*> OverlayDisk::PageOf(u64 block) {
  const u64 number = block / kPageEntries;
  TablePage& page = cache_[number % kCachedPages];
  if (page.number == number) return &page;
  page.number.reset();
  page.bytes.resize(kOverlayBlock);
  LGX_RETURN_IF_ERROR(
      ReadDisk(*file_, header_.table_offset() + number * kOverlayBlock, page.bytes));
  page.number = number;
  return &page;
}

StatusOr<OverlayEntry> OverlayDisk::EntryOf(u64 block) {
  const StatusOr<TablePage*> page = PageOf(block);
  if (!page.ok()) return page.status();
  return DecodeOverlayEntry((*page)->bytes.data() +
                            block % kPageEntries * kOverlayEntryBytes);
}

// Writes entries, which are sorted by block: one write for those that share a page of the
// table. The cache follows the file.
Status OverlayDisk::PutEntries(const std::vector<std::pair<u64, OverlayEntry>>& entries) {
  for (std::size_t next = 0; next < entries.size();) {
    const u64 first = entries[next].first;
    const StatusOr<TablePage*> page = PageOf(first);
    if (!page.ok()) return page.status();
    std::vector<u8> bytes = (*page)->bytes;
    u64 end = first;
    for (; next < entries.size() &&
           entries[next].first / kPageEntries == first / kPageEntries;
         ++next) {
      const auto& [block, entry] = entries[next];
      EncodeOverlayEntry(entry, bytes.data() + block % kPageEntries * kOverlayEntryBytes);
      end = block + 1;
    }
    const u64 from = first % kPageEntries * kOverlayEntryBytes;
    LGX_RETURN_IF_ERROR(
        WriteDisk(*file_, header_.table_offset() + first * kOverlayEntryBytes,
                  std::span(bytes).subspan(from, (end - first) * kOverlayEntryBytes)));
    (*page)->bytes = std::move(bytes);
  }
  return absl::OkStatus();
}

// --- reading
// -----------------------------------------------------------------------------------

// Blocks that follow each other in the same file are one call.
Status OverlayDisk::Read(u64 offset, ReadPieces to) {
  const u64 len = BytesOf(to);
  CHECK(offset <= size() && len <= size() - offset) << "read at " << offset;
  DiskFile* run_file = nullptr;
  u64 run_at = 0;
  u64 run_from = 0;
  u64 done = 0;
  const auto read_run = [&]() -> Status {
    if (run_file == nullptr || run_from == done) return absl::OkStatus();
    const auto part = PartOf(to, run_from, done - run_from);
    return run_file->Read(run_at, part);
  };
  while (done < len) {
    const u64 block = (offset + done) / kOverlayBlock;
    const u64 within = (offset + done) % kOverlayBlock;
    const StatusOr<OverlayEntry> entry = EntryOf(block);
    if (!entry.ok()) return entry.status();
    const bool changed = entry->state != State::kNone;
    DiskFile* const file = changed ? file_.get() : base_.get();
    const u64 at = changed ? entry->slot + within : offset + done;
    if (file != run_file || at != run_at + (done - run_from)) {
      LGX_RETURN_IF_ERROR(read_run());
      run_file = file;
      run_at = at;
      run_from = done;
    }
    done += std::min(len - done, kOverlayBlock - within);
  }
  return read_run();
}

StatusOr<std::vector<u8>> OverlayDisk::ContentOf(u64 block, const OverlayEntry& entry) {
  std::vector<u8> content(kOverlayBlock);
  const Status status = entry.state == State::kNone
                            ? ReadDisk(*base_, block * kOverlayBlock,
                                       std::span(content).first(BlockBytes(block)))
                            : ReadDisk(*file_, entry.slot, content);
  if (!status.ok()) return status;
  return content;
}

// --- writing
// -----------------------------------------------------------------------------------

Status OverlayDisk::Write(u64 offset, WritePieces from) {
  const u64 len = BytesOf(from);
  CHECK(offset <= size() && len <= size() - offset) << "write at " << offset;
  for (u64 done = 0; done < len;) {
    const u64 count =
        std::min(len - done, kBatch * kOverlayBlock - (offset + done) % kOverlayBlock);
    const auto part = PartOf(from, done, count);
    LGX_RETURN_IF_ERROR(WriteBatch(offset + done, part));
    done += count;
  }
  return tentative_.size() < kMaxTentative ? absl::OkStatus() : Sync();
}

//: devices.070 Changes in a file of their own
// A block that is written for the first time gets a slot in the file and an entry in its
// table, and either may reach the host's disk first. If the power fails in between, an
// entry without its content would turn a good block into rubbish. So new entries carry a
// seal over the content and count only if it fits. A flush then makes them plain: content
// and sealed entries are synced, the entries are written again without, and synced once
// more. From then on a block is written in place.
//:
Status OverlayDisk::WriteBatch(u64 offset, WritePieces from) {
  const u64 len = BytesOf(from);
  std::vector<Fresh> fresh;
  u64 run_at = 0;  // what goes in place, as far as it is one piece of the file
  u64 run_from = 0;
  u64 run_len = 0;
  const auto write_run = [&]() -> Status {
    if (run_len == 0) return absl::OkStatus();
    const auto part = PartOf(from, run_from, std::exchange(run_len, 0));
    return file_->Write(run_at, part);
  };
  for (u64 done = 0; done < len;) {
    const u64 block = (offset + done) / kOverlayBlock;
    const u64 within = (offset + done) % kOverlayBlock;
    const u64 count = std::min(len - done, kOverlayBlock - within);
    const StatusOr<OverlayEntry> entry = EntryOf(block);
    if (!entry.ok()) return entry.status();
    if (entry->state == State::kSettled) {
      const u64 at = entry->slot + within;
      if (run_len == 0 || at != run_at + run_len || done != run_from + run_len) {
        LGX_RETURN_IF_ERROR(write_run());
        run_at = at;
        run_from = done;
      }
      run_len += count;
    } else {
      Fresh next{block, 0, std::nullopt, std::vector<u8>(kOverlayBlock)};
      if (entry->state == State::kTentative) next.replaces = entry->slot;
      if (count != BlockBytes(block)) {
        StatusOr<std::vector<u8>> before = ContentOf(block, *entry);
        if (!before.ok()) return before.status();
        next.content = *std::move(before);
      }
      u8* to = next.content.data() + within;
      for (const std::span<const u8>& piece : PartOf(from, done, count)) {
        to = std::copy(piece.begin(), piece.end(), to);
      }
      fresh.push_back(std::move(next));
    }
    done += count;
  }
  LGX_RETURN_IF_ERROR(write_run());
  return WriteFresh(std::move(fresh));
}

u64 OverlayDisk::TakeSlot() {
  if (!free_.empty()) {
    const u64 slot = free_.back();
    free_.pop_back();
    return slot;
  }
  return std::exchange(end_, end_ + kOverlayBlock);
}

// First all content, then the entries: whoever kills us in between has changed nothing. A
// slot taken by a write that fails stays unused until the overlay is opened again.
Status OverlayDisk::WriteFresh(std::vector<Fresh> fresh) {
  if (fresh.empty()) return absl::OkStatus();
  for (Fresh& next : fresh) next.slot = TakeSlot();
  std::vector<std::span<const u8>> run;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    run.emplace_back(fresh[i].content);
    if (i + 1 < fresh.size() && fresh[i + 1].slot == fresh[i].slot + kOverlayBlock) {
      continue;
    }
    LGX_RETURN_IF_ERROR(
        file_->Write(fresh[i].slot - (run.size() - 1) * kOverlayBlock, run));
    run.clear();
  }
  std::vector<std::pair<u64, OverlayEntry>> entries;
  for (const Fresh& next : fresh) {
    const u64 seal = SealOf(next.block, next.slot, State::kTentative, next.content);
    entries.emplace_back(next.block, OverlayEntry{State::kTentative, next.slot, seal});
  }
  LGX_RETURN_IF_ERROR(PutEntries(entries));
  for (const Fresh& next : fresh) {
    if (next.replaces) {
      free_.push_back(*next.replaces);
    } else {
      tentative_.push_back(next.block);
      ++changed_;
    }
  }
  return absl::OkStatus();
}

Status OverlayDisk::Sync() {
  LGX_RETURN_IF_ERROR(file_->Sync());
  return tentative_.empty() ? absl::OkStatus() : Settle();
}

// What is tentative was just synced.
Status OverlayDisk::Settle() {
  std::sort(tentative_.begin(), tentative_.end());
  std::vector<std::pair<u64, OverlayEntry>> entries;
  for (const u64 block : tentative_) {
    const StatusOr<OverlayEntry> entry = EntryOf(block);
    if (!entry.ok()) return entry.status();
    const u64 seal = SealOf(block, entry->slot, State::kSettled, {});
    entries.emplace_back(block, OverlayEntry{State::kSettled, entry->slot, seal});
  }
  LGX_RETURN_IF_ERROR(PutEntries(entries));
  LGX_RETURN_IF_ERROR(file_->Sync());
  tentative_.clear();
  return absl::OkStatus();
}

Status OverlayDisk::SetSize(u64) {
  return Errorf(kInvalidArgument, "%s: an overlay has the size of its disk.", name());
}

// --- commit
// ------------------------------------------------------------------------------------

Status OverlayDisk::WriteHeader() {
  LGX_RETURN_IF_ERROR(WriteDisk(*file_, 0, EncodeOverlayHeader(header_)));
  return file_->Sync();
}

Status OverlayDisk::EmptyTable() {
  const std::vector<u8> zeros(kOverlayBlock);
  for (u64 block = 0; block < header_.blocks(); block += kPageEntries) {
    const StatusOr<TablePage*> page = PageOf(block);
    if (!page.ok()) return page.status();
    if ((*page)->bytes == zeros) continue;
    LGX_RETURN_IF_ERROR(
        WriteDisk(*file_, header_.table_offset() + block * kOverlayEntryBytes, zeros));
    (*page)->bytes = zeros;
  }
  return file_->Sync();
}

// The header says what is going on before the base is touched, and the changes stay in
// the file until all of them are safe in the base.
Status OverlayDisk::Commit() {
  LGX_RETURN_IF_ERROR(Sync());
  header_.state = OverlayHeader::State::kCommitting;
  LGX_RETURN_IF_ERROR(WriteHeader());
  for (u64 block = 0; block < header_.blocks(); ++block) {
    const StatusOr<OverlayEntry> entry = EntryOf(block);
    if (!entry.ok()) return entry.status();
    if (entry->state == State::kNone) continue;
    const StatusOr<std::vector<u8>> content = ContentOf(block, *entry);
    if (!content.ok()) return content.status();
    LGX_RETURN_IF_ERROR(WriteDisk(*base_, block * kOverlayBlock,
                                  std::span(*content).first(BlockBytes(block))));
  }
  LGX_RETURN_IF_ERROR(base_->Sync());
  const StatusOr<u64> identity = IdentityOf(*base_);
  if (!identity.ok()) return identity.status();
  LGX_RETURN_IF_ERROR(EmptyTable());
  header_.state = OverlayHeader::State::kNormal;
  header_.base_identity = *identity;
  LGX_RETURN_IF_ERROR(WriteHeader());
  LGX_RETURN_IF_ERROR(file_->SetSize(header_.data_offset()));
  free_.clear();
  end_ = header_.data_offset();
  changed_ = 0;
  return file_->Sync();
}

}  // namespace lgx
