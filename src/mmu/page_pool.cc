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
  // No CHECK: tables that came from a file may name any frame.
  if (!Owns(frame) || used_ == 0) return;
  returned_.push_back(frame);
  --used_;
}

void PagePool::SaveState(ByteWriter* out) const {
  out->U32(limit_);
  out->U32(fresh_);
  out->U32(used_);
  out->U32(peak_);
  out->U32(static_cast<u32>(returned_.size()));
  for (const Mfn frame : returned_) out->U32(frame.value);
}

void PagePool::LoadState(ByteReader* in) {
  if (in->U32("the size of the page pool") != limit_) in->Fail("another page pool");
  fresh_ = in->U32("the fresh pages of the pool");
  used_ = in->U32("the used pages of the pool");
  peak_ = in->U32("the most used pages of the pool");
  const u32 returned = in->U32("the returned pages of the pool");
  if (fresh_ > limit_ || returned > fresh_ || used_ != fresh_ - returned) {
    in->Fail("the numbers of the page pool contradict each other");
    fresh_ = used_ = 0;
    returned_.clear();
    return;
  }
  returned_.clear();
  for (u32 i = 0; i < returned; ++i) {
    const Mfn frame(in->U32("a returned page"));
    if (frame < first_ || frame.value - first_.value >= fresh_) {
      in->Fail("a returned page is not one of the pool");
      return;
    }
    returned_.push_back(frame);
  }
}

}  // namespace lgx
