// The machine frames that shadow tables are taken from.
//
// A fixed range of machine memory that nothing else uses. Its size is the limit: when it
// is empty, Take() gives nothing, and the caller kills its Guest or falls back. Taking
// and giving back are deterministic: the frame given back last is taken first, then
// frames that were never used, in order.
#ifndef LGX_MMU_PAGE_POOL_H_
#define LGX_MMU_PAGE_POOL_H_

#include <optional>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/types.h"
#include "mmu/phys_memory.h"

namespace lgx {

class PagePool {
 public:
  // Frames first ... first + limit - 1, which must be RAM. `memory` outlives the pool.
  PagePool(PhysMemory& memory, Mfn first, u32 limit);
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // A frame full of zeros, or nothing when all are in use.
  [[nodiscard]] std::optional<Mfn> Take();
  // Gives back a frame that Take() returned. Its bytes are no longer looked at.
  void Return(Mfn frame);

  bool Owns(Mfn frame) const { return frame.value - first_.value < limit_; }
  Mfn first() const { return first_; }
  u32 limit() const { return limit_; }
  u32 used() const { return used_; }
  u32 peak() const { return peak_; }

  // Which frames are taken, and which will be taken next. Their bytes are memory's.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  PhysMemory* memory_;
  Mfn first_;
  u32 limit_;
  u32 fresh_ = 0;              // frames first_ + fresh_ and up were never taken
  std::vector<Mfn> returned_;  // room for all of them from the start
  u32 used_ = 0;
  u32 peak_ = 0;
};

}  // namespace lgx

#endif  // LGX_MMU_PAGE_POOL_H_
