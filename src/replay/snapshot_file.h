// Snapshots as files. docs/replay-format.md describes the bytes.
//
// A file is complete in itself but for the disks, which it names with the checksum of
// their content. Every section has a checksum; what is damaged, cut short or of another
// kind is refused by name and offset, before anything is allocated for it.
#ifndef LGX_REPLAY_SNAPSHOT_FILE_H_
#define LGX_REPLAY_SNAPSHOT_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "machine/launcher.h"
#include "replay/input_log.h"
#include "replay/replay_disk.h"
#include "replay/snapshot.h"
#include "replay/stored_pages.h"

namespace lgx {

// What the snapshot is of: enough to make such a machine without its kernel's file.
struct MachineForm {
  Generation generation = Generation::kR;
  DataLayout layout = DataLayout::kUnknown;
  PagingMode mode = PagingMode::kTwoLevel;
  u32 page_offset = 0;
  std::string kernel_version;  // for people
};

struct SnapshotDisk {
  u64 size = 0;
  bool read_only = false;
  // Of the whole content as the Guest saw it without `changes`; 0: nobody has looked.
  u64 hash = 0;
  // What the Guest wrote and no file has.
  ReplayDisk::Changes changes;
};

using SnapshotCard = LogHeader::Card;

struct SnapshotFile {
  std::string path;     // of what was read, for messages
  std::string program;  // the version that wrote it
  MachineConfig config;
  MachineForm form;
  std::vector<SnapshotDisk> disks;
  std::vector<SnapshotCard> cards;
  u64 hash = 0;  // Machine::Hash() of the state
  u32 boot = 0;
  Snapshot snapshot;
  // Not null: memory is still in the file, and snapshot.pages is empty.
  std::shared_ptr<const StoredPages> stored;
};

// The whole file; memory is in `file.snapshot`. Pages of the same content are written
// once, packed by LZ4; everything else by zstd where the program was built with it.
std::vector<u8> EncodeSnapshot(const SnapshotFile& file);
// All of it is checked, and memory is in `snapshot`.
[[nodiscard]] StatusOr<SnapshotFile> DecodeSnapshot(std::span<const u8> bytes,
                                                    const std::string& path);

// The file appears complete or not at all.
[[nodiscard]] Status WriteSnapshot(const std::string& path, const SnapshotFile& file,
                                   Overwrite overwrite);
// Memory stays in the file, which is kept open, until a machine is made of it; only then
// are the pages checked.
[[nodiscard]] StatusOr<SnapshotFile> ReadSnapshot(const std::string& path);
// As DecodeSnapshot().
[[nodiscard]] StatusOr<SnapshotFile> ReadWholeSnapshot(const std::string& path);

// What `machine` is, in a run of `config` whose files are `files`.
MachineForm FormOf(const BootFiles& files);

// A machine of that description in that state, which goes on as the other one would have.
// Everything outlives it.
[[nodiscard]] StatusOr<std::unique_ptr<Machine>> MakeMachineFrom(
    const SnapshotFile& file, const MachineConfig& config, Disks& disks,
    const std::vector<NetBackend*>& nets, ConsoleBackend& console,
    MachineObserver* observer);

// Is every section's checksum right, and what does the file hold? One line each.
[[nodiscard]] StatusOr<std::vector<std::string>> DescribeSnapshot(
    const SnapshotFile& file);

}  // namespace lgx

#endif  // LGX_REPLAY_SNAPSHOT_FILE_H_
