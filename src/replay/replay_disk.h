// A disk of a run that is repeated: the file of the recorded run is only read, what the
// Guest writes stays in memory, and blocks that the recorded run has overwritten come
// from its log.
#ifndef LGX_REPLAY_REPLAY_DISK_H_
#define LGX_REPLAY_REPLAY_DISK_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "devices/disk_file.h"
#include "replay/answers.h"

namespace lgx {

class ReplayDisk final : public DiskFile {
 public:
  using Block = std::shared_ptr<const BlockBytes>;
  // What the Guest has written so far. Copies share their blocks.
  using Changes = std::map<u64, Block>;

  // `size` is what the Guest was told.
  ReplayDisk(std::unique_ptr<DiskFile> file, u64 size, bool read_only);

  // What the log knows, before anything is read.
  void AddOld(const DiskBlock& old);
  void AddRead(const DiskRead& read) { reads_[read.block] = {read, false}; }

  const Changes& changes() const { return changes_; }
  // With the blocks that only the log has.
  Changes AllChanges() const;
  void set_changes(Changes changes) { changes_ = std::move(changes); }
  // Why the disk is not what it was; fine as long as nothing is known against it.
  const Status& status() const { return status_; }

  const std::string& name() const override { return file_->name(); }
  u64 size() const override { return size_; }
  bool read_only() const override { return read_only_; }
  [[nodiscard]] Status Read(u64 offset, ReadPieces to) override;
  [[nodiscard]] Status Write(u64 offset, WritePieces from) override;
  [[nodiscard]] Status Sync() override { return absl::OkStatus(); }
  [[nodiscard]] Status SetSize(u64 size) override;

 private:
  struct CheckedRead {
    DiskRead read;
    bool checked = false;
  };

  StatusOr<BlockBytes> Original(u64 block);
  StatusOr<BlockBytes> Content(u64 block);
  Status CheckRead(u64 block);

  std::unique_ptr<DiskFile> file_;
  u64 size_;
  bool read_only_;
  Changes old_;  // what stood in blocks before the recorded run wrote to them
  Changes changes_;
  std::map<u64, CheckedRead> reads_;  // by their first block
  Status status_;
};

// Opens the disk that `block` names, without ever writing to any of its files.
[[nodiscard]] StatusOr<std::unique_ptr<DiskFile>> OpenForReplay(
    const MachineConfig::Block& block);

}  // namespace lgx

#endif  // LGX_REPLAY_REPLAY_DISK_H_
