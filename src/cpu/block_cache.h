// Decoded blocks, found by machine address and mode, dropped exactly.
//
// A frame that holds code carries a mark and a bitmap of 64-byte chunks that blocks were
// made from. A store there drops the blocks that overlap the stored bytes and no others.
// A dropped block stays in memory until the arena is cleared, with the handler of every
// operation replaced by one that leaves it: whoever runs it, or jumps into it by a link,
// goes on with a fresh lookup, so a store to the running block takes effect at the next
// instruction.
#ifndef LGX_CPU_BLOCK_CACHE_H_
#define LGX_CPU_BLOCK_CACHE_H_

#include <memory>
#include <vector>

#include "base/types.h"
#include "cpu/op.h"
#include "mmu/phys_memory.h"

namespace lgx {

class BlockCache {
 public:
  static constexpr u32 kArenaBytes = 24u << 20;
  static constexpr u32 kBuckets = 1u << 15;

  // `stale_handler` is put into every operation of a dropped block.
  BlockCache(PhysMemory& memory, const void* stale_handler);
  ~BlockCache();

  // The block at `offset` in `frame` made for `mode`, or null. For a block that crosses
  // into a second page the caller checks that this page is still the one it was made
  // from.
  Block* Find(Mfn frame, u32 offset, u8 mode) const {
    for (Block* b = buckets_[Hash(frame, offset, mode)]; b != nullptr; b = b->hash_next) {
      if (b->frame == frame && b->offset == offset && b->mode == mode) return b;
    }
    return nullptr;
  }

  // Room for one block of the largest size; Commit() keeps what was used of it. True in
  // `*cleared` if everything was dropped to make room.
  Block* Allocate(bool* cleared);
  // Enters a finished block (frame, second_frame, offset, bytes, mode, slots set).
  void Commit(Block* block);

  // Drops the blocks made from any of these bytes.
  void WillStore(Mpa at, u32 len);
  void Drop(Block* block);
  // Drops every block with bytes in `frame`.
  void DropFrame(Mfn frame);
  // Forgets everything; no block may be running.
  void Clear();

  u64 dropped() const { return dropped_; }

 private:
  // What is known of a frame that holds code.
  struct CodeFrame {
    u64 chunks = 0;                 // bit per 64 bytes
    Block* first = nullptr;         // blocks that start here
    Block* first_second = nullptr;  // blocks whose last bytes are here
  };

  static u32 Hash(Mfn frame, u32 offset, u8 mode) {
    u32 h = frame.value * 0x9e3779b1u + offset * 0x85ebca6bu + mode * 0xc2b2ae35u;
    return (h ^ (h >> 15)) & (kBuckets - 1);
  }
  CodeFrame& FrameOf(Mfn frame);
  void Unlink(Block* block);
  void Recompute(CodeFrame& code, Mfn frame);

  PhysMemory& memory_;
  const void* stale_handler_;
  u8* arena_;
  u32 used_ = 0;
  std::vector<Block*> buckets_;
  std::vector<CodeFrame> code_frames_;
  std::vector<Mfn> marked_;
  u32* code_of_frame_;  // index into code_frames_ plus one; 0 = none
  u64 dropped_ = 0;
};

}  // namespace lgx

#endif  // LGX_CPU_BLOCK_CACHE_H_
