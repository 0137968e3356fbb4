// The state of a machine that stands still, in memory: to come back to it, or to write it
// into a file (snapshot_file.h).
//
// A snapshot shares pages of memory with others, so many of one run cost little more than
// what changed between them.
#ifndef LGX_REPLAY_SNAPSHOT_H_
#define LGX_REPLAY_SNAPSHOT_H_

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "machine/machine.h"

namespace lgx {

class StoredPages;

using PageBytes = std::array<u8, kPageSize>;

struct Snapshot {
  u64 instructions = 0;
  u64 virtual_ns = 0;
  std::vector<u8> state;  // Machine::SaveState
  // One for each frame of machine memory; null is a page of zeros.
  std::vector<std::shared_ptr<const PageBytes>> pages;
};

// The machine stands still. Pages that are as in `before` are shared with it; null: none.
Snapshot TakeSnapshot(const Machine& machine, const Snapshot* before);

// Puts `snapshot` into a machine of the same description; then it stands where the other
// one stood. After an error (the snapshot was not made from such a machine) the machine
// is good for nothing.
// `is_new`: the machine was made with BootRequest::load_later and has done nothing. Its
// memory is not looked at where it stays empty, so the host need not find any.
[[nodiscard]] Status RestoreSnapshot(const Snapshot& snapshot, Machine* machine,
                                     bool is_new = false);

// The same with memory that is still in a file, for a new machine. It goes straight to
// its place; what is damaged is refused.
[[nodiscard]] Status RestoreNew(const StoredPages& pages, std::span<const u8> state,
                                Machine* machine);

// Bytes that a snapshot takes and `before` does not.
u64 OwnBytes(const Snapshot& snapshot, const Snapshot* before);

}  // namespace lgx

#endif  // LGX_REPLAY_SNAPSHOT_H_
