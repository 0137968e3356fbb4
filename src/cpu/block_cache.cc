#include "cpu/block_cache.h"

#include <cstdlib>

#include "base/check.h"

namespace lgx {
namespace {
constexpr u32 kLargestBlock = sizeof(Block) + Block::kMaxSlots * sizeof(Op);
}  // namespace

BlockCache::BlockCache(PhysMemory& memory, const void* stale_handler)
    : memory_(memory), stale_handler_(stale_handler), buckets_(kBuckets) {
  arena_ = static_cast<u8*>(std::aligned_alloc(64, kArenaBytes));
  code_of_frame_ = static_cast<u32*>(std::calloc(memory.frames(), sizeof(u32)));
  CHECK(arena_ != nullptr && code_of_frame_ != nullptr)
      << "no host memory for decoded code";
}

BlockCache::~BlockCache() {
  std::free(arena_);
  std::free(code_of_frame_);
}

Block* BlockCache::Allocate(bool* cleared) {
  *cleared = used_ + kLargestBlock > kArenaBytes;
  if (*cleared) Clear();
  return new (arena_ + used_) Block();
}

BlockCache::CodeFrame& BlockCache::FrameOf(Mfn frame) {
  u32& index = code_of_frame_[frame.value];
  if (index == 0) {
    code_frames_.emplace_back();
    index = static_cast<u32>(code_frames_.size());
    marked_.push_back(frame);
  }
  memory_.AddMark(frame, kHoldsCode);
  return code_frames_[index - 1];
}

void BlockCache::Commit(Block* block) {
  used_ += (sizeof(Block) + block->slots * sizeof(Op) + 63) & ~63u;
  block->alive = true;
  Block*& bucket = buckets_[Hash(block->frame, block->offset, block->mode)];
  block->hash_next = bucket;
  bucket = block;
  const u32 end = block->offset + block->bytes;
  if (memory_.IsRam(block->frame)) {  // a ROM never changes
    CodeFrame& code = FrameOf(block->frame);
    code.chunks |= PhysMemory::ChunksOf(block->offset, end < kPageSize ? end : kPageSize);
    block->frame_next = code.first;
    code.first = block;
    memory_.SetCodeChunks(block->frame, code.chunks);
  }
  if (block->Crosses() && memory_.IsRam(block->second_frame)) {
    CodeFrame& second = FrameOf(block->second_frame);
    second.chunks |= PhysMemory::ChunksOf(0, end - kPageSize);
    block->second_next = second.first_second;
    second.first_second = block;
    memory_.SetCodeChunks(block->second_frame, second.chunks);
  }
}

void BlockCache::WillStore(Mpa at, u32 len) {
  const Mfn frame = MfnOf(at);
  if (!memory_.IsRam(frame) || code_of_frame_[frame.value] == 0) return;
  CodeFrame& code = code_frames_[code_of_frame_[frame.value] - 1];
  const u32 begin = PageOffset(at);
  const u32 end = begin + len;
  if ((code.chunks & PhysMemory::ChunksOf(begin, end)) == 0) return;
  Block** link = &code.first;
  while (*link != nullptr) {
    Block* block = *link;
    if (block->offset < end && begin < u32{block->offset} + block->bytes) {
      *link = block->frame_next;
      Drop(block);
    } else {
      link = &block->frame_next;
    }
  }
  link = &code.first_second;
  while (*link != nullptr) {
    Block* block = *link;
    if (begin < u32{block->offset} + block->bytes - kPageSize) {
      *link = block->second_next;
      Drop(block);
    } else {
      link = &block->second_next;
    }
  }
  Recompute(code, frame);
}

// Dead blocks (dropped through their other page) leave the lists here.
void BlockCache::Recompute(CodeFrame& code, Mfn frame) {
  code.chunks = 0;
  Block** link = &code.first;
  while (*link != nullptr) {
    Block* block = *link;
    if (!block->alive) {
      *link = block->frame_next;
      continue;
    }
    const u32 end = block->offset + block->bytes;
    code.chunks |= PhysMemory::ChunksOf(block->offset, end < kPageSize ? end : kPageSize);
    link = &block->frame_next;
  }
  link = &code.first_second;
  while (*link != nullptr) {
    Block* block = *link;
    if (!block->alive) {
      *link = block->second_next;
      continue;
    }
    code.chunks |= PhysMemory::ChunksOf(0, u32{block->offset} + block->bytes - kPageSize);
    link = &block->second_next;
  }
  memory_.SetCodeChunks(frame, code.chunks);
  if (code.first == nullptr && code.first_second == nullptr) {
    memory_.ClearMark(frame, kHoldsCode);
  } else {
    memory_.AddMark(frame, kHoldsCode);
  }
}

void BlockCache::DropFrame(Mfn frame) { WillStore(MpaOf(frame), kPageSize); }

void BlockCache::Drop(Block* block) {
  if (!block->alive) return;
  block->alive = false;
  ++dropped_;
  Unlink(block);
  Op* ops = block->ops();
  for (u32 i = 0; i < block->slots; ++i) ops[i].handler = stale_handler_;
}

void BlockCache::Unlink(Block* block) {
  Block** link = &buckets_[Hash(block->frame, block->offset, block->mode)];
  while (*link != nullptr && *link != block) link = &(*link)->hash_next;
  if (*link == block) *link = block->hash_next;
}

void BlockCache::Clear() {
  for (const Mfn frame : marked_) {
    memory_.ClearMark(frame, kHoldsCode);
    memory_.SetCodeChunks(frame, 0);
    code_of_frame_[frame.value] = 0;
  }
  marked_.clear();
  code_frames_.clear();
  buckets_.assign(kBuckets, nullptr);
  used_ = 0;
}

}  // namespace lgx
