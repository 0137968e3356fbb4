// Copy on write: a disk made of a base that is only read and a file that takes the
// changes (overlay_format.h).
//
// Whatever is interrupted, the file stays a valid overlay: a write that was reported
// complete survives the death of this program, and after Sync() it survives a loss of
// power. Memory is bounded: a cache of the table, one bit for each block in the file
// while it is opened, and the list of what is tentative, which syncs itself when it is
// long.
#ifndef LGX_DEVICES_OVERLAY_H_
#define LGX_DEVICES_OVERLAY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "devices/disk_file.h"
#include "devices/overlay_format.h"

namespace lgx {

// Writes an empty overlay for `base` into `file`, which is to be empty.
[[nodiscard]] Status FormatOverlay(DiskFile& base, DiskFile& file);

// What a file holds, without its base.
struct OverlaySummary {
  OverlayHeader header;
  u64 settled = 0;    // blocks
  u64 tentative = 0;  // blocks; some of them may never have happened
};
[[nodiscard]] StatusOr<OverlaySummary> SummariseOverlay(DiskFile& file);

class OverlayDisk : public DiskFile {
 public:
  // Reads and checks the whole table. Refuses a damaged file, naming the offset, and one
  // that was made for another base, or for this one before it changed. Entries that never
  // happened are dropped and the rest is settled.
  // An overlay whose commit was interrupted is refused too, unless `for_commit`.
  [[nodiscard]] static StatusOr<std::unique_ptr<OverlayDisk>> Open(
      std::unique_ptr<DiskFile> base, std::unique_ptr<DiskFile> file,
      bool for_commit = false);

  const std::string& name() const override { return file_->name(); }
  u64 size() const override { return header_.disk_size; }
  bool read_only() const override { return false; }

  [[nodiscard]] Status Read(u64 offset, ReadPieces to) override;
  [[nodiscard]] Status Write(u64 offset, WritePieces from) override;
  [[nodiscard]] Status Sync() override;
  [[nodiscard]] Status SetSize(u64 size) override;

  const OverlayHeader& header() const { return header_; }
  u64 changed_blocks() const { return changed_; }

  // Writes all changes into the base, which must be writable, and empties the overlay.
  // Interrupted anywhere, it is simply done again.
  [[nodiscard]] Status Commit();

 private:
  static constexpr u32 kPageEntries = kOverlayBlock / kOverlayEntryBytes;
  static constexpr u64 kCachedPages = 512;  // 2 MiB of the table
  static constexpr std::size_t kMaxTentative = 1u << 16;
  static constexpr std::size_t kMaxFree = 1u << 16;
  static constexpr u64 kBatch = 64;  // blocks that a write gathers at a time

  struct TablePage {
    std::optional<u64> number;
    std::vector<u8> bytes;
  };
  // A block on its way into a slot of its own.
  struct Fresh {
    u64 block;
    u64 slot;
    std::optional<u64> replaces;  // a tentative slot
    std::vector<u8> content;
  };

  OverlayDisk(std::unique_ptr<DiskFile> base, std::unique_ptr<DiskFile> file)
      : base_(std::move(base)), file_(std::move(file)) {}

  // --- opening (overlay_open.cc)
  friend class OverlayScan;
  Status CheckBase(bool for_commit) const;

  // --- the table
  u64 BlockBytes(u64 block) const;
  StatusOr<TablePage*> PageOf(u64 block);
  StatusOr<OverlayEntry> EntryOf(u64 block);
  Status PutEntries(const std::vector<std::pair<u64, OverlayEntry>>& entries);

  // --- data
  u64 TakeSlot();
  StatusOr<std::vector<u8>> ContentOf(u64 block, const OverlayEntry& entry);
  Status WriteBatch(u64 offset, WritePieces from);
  Status WriteFresh(std::vector<Fresh> fresh);
  Status Settle();
  Status WriteHeader();
  Status EmptyTable();

  std::unique_ptr<DiskFile> base_;
  std::unique_ptr<DiskFile> file_;
  OverlayHeader header_;
  std::vector<TablePage> cache_;
  std::vector<u64> tentative_;  // blocks
  std::vector<u64> free_;       // slots that nothing refers to
  u64 end_ = 0;                 // where the next new slot goes
  u64 changed_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_OVERLAY_H_
