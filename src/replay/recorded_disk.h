// A disk of a run that is recorded. What the Guest finds on it is input too, and too much
// of it to be copied: the log says which blocks were read, with a checksum, and keeps
// what stood in those that the Guest then overwrote.
#ifndef LGX_REPLAY_RECORDED_DISK_H_
#define LGX_REPLAY_RECORDED_DISK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "devices/disk_file.h"
#include "replay/input_log.h"

namespace lgx {

class RecordedDisk final : public DiskFile {
 public:
  using Note = std::function<void(LogKind kind, std::vector<u8> body)>;

  // `keeps_old`: what is overwritten is noted before it is gone. Not needed where the
  // changes go into a file that is thrown away.
  RecordedDisk(std::unique_ptr<DiskFile> disk, u32 index, bool keeps_old, Note note);

  const std::string& name() const override { return disk_->name(); }
  u64 size() const override { return disk_->size(); }
  bool read_only() const override { return disk_->read_only(); }
  [[nodiscard]] Status Read(u64 offset, ReadPieces to) override;
  [[nodiscard]] Status Write(u64 offset, WritePieces from) override;
  [[nodiscard]] Status Sync() override { return disk_->Sync(); }
  [[nodiscard]] Status SetSize(u64 size) override { return disk_->SetSize(size); }

 private:
  Status NoteRead(u64 first, u64 end);
  Status NoteOld(u64 block);

  std::unique_ptr<DiskFile> disk_;
  u32 index_;
  bool keeps_old_;
  Note note_;
  std::vector<bool> known_;    // blocks that were read or written
  std::vector<bool> written_;  // blocks that were written
};

// Block `block` of `disk`, with zeros behind the end.
[[nodiscard]] Status ReadLogBlocks(DiskFile& disk, u64 block, u64 count,
                                   std::vector<u8>* bytes);

}  // namespace lgx

#endif  // LGX_REPLAY_RECORDED_DISK_H_
