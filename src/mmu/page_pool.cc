#include "mmu/page_pool.h"

#include <algorithm>

#include "base/check.h"

namespace lgx {
namespace {
constexpr u8 kZeroPage[kPageSize] = {};
}  // namespace

PagePool::PagePool(PhysMemory& memory, Mfn first, u32 limit)
    : memory_(&memory), first_(first), limit_(limit) {
  CHECK(limit <= memory.frames() && first.value <= memory.frames() - limit)
      << "the page pool lies outside RAM";
  returned_.reserve(limit);
}

std::optional<Mfn> PagePool::Take() {
  Mfn frame;
  if (!returned_.empty()) {
    frame = returned_.back();
    returned_.pop_back();
  } else if (fresh_ < limit_) {
    frame = first_ + fresh_++;
  } else {
    return std::nullopt;
  }
  memory_->Write(MpaOf(frame), kZeroPage, kPageSize);
  peak_ = std::max(peak_, ++used_);
  return frame;
}

void PagePool::Return(Mfn frame) {
  CHECK(Owns(frame) && used_ != 0) << "frame was not taken from this pool";
  returned_.push_back(frame);
  --used_;
}

}  // namespace lgx
