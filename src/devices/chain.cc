#include "devices/chain.h"

#include <algorithm>

#include "base/check.h"

namespace lgx {
namespace {

// The part of the first segment that comes next, at most `want` bytes. Drops finished and
// empty segments on the way; empty when nothing is left.
ChainBuffer NextPart(std::span<const ChainBuffer>* segments, u32* used, u32 want) {
  while (!segments->empty() && segments->front().len == *used) {
    *segments = segments->subspan(1);
    *used = 0;
  }
  if (segments->empty()) return ChainBuffer{};
  const ChainBuffer& segment = segments->front();
  const ChainBuffer part{segment.at + *used, std::min(want, segment.len - *used)};
  *used += part.len;
  return part;
}

u32 Fitting(u32 remaining, std::size_t size) {
  return size < remaining ? static_cast<u32>(size) : remaining;
}

}  // namespace

void Chain::Clear() {
  head = 0;
  out.clear();
  in.clear();
  out_bytes = 0;
  in_bytes = 0;
}

ChainReader::ChainReader(const GuestView& memory, const Chain& chain)
    : memory_(&memory), segments_(chain.out), remaining_(chain.out_bytes) {}

u32 ChainReader::Read(std::span<u8> to) {
  const u32 count = Fitting(remaining_, to.size());
  for (u32 done = 0; done < count;) {
    const ChainBuffer part = NextPart(&segments_, &used_, count - done);
    CHECK(memory_->Read(part.at, to.data() + done, part.len)) << "unchecked segment";
    done += part.len;
  }
  remaining_ -= count;
  return count;
}

// Page by page straight out of memory: a vector that grows first would be filled with
// zeros for nothing.
void ChainReader::ReadRest(std::vector<u8>* to) {
  to->reserve(to->size() + remaining_);
  while (remaining_ != 0) {
    const ChainBuffer part = NextPart(&segments_, &used_, remaining_);
    CHECK(memory_->Contains(part.at, part.len)) << "unchecked segment";
    for (u32 done = 0; done < part.len;) {
      const Gpa at = part.at + done;
      const u32 len = std::min(part.len - done, kPageSize - PageOffset(at));
      const u8* const bytes = memory_->Bytes(at);
      to->insert(to->end(), bytes, bytes + len);
      done += len;
    }
    remaining_ -= part.len;
  }
}

ChainWriter::ChainWriter(GuestView& memory, const Chain& chain)
    : memory_(&memory), segments_(chain.in), remaining_(chain.in_bytes) {}

u32 ChainWriter::Write(std::span<const u8> from) {
  const u32 count = Fitting(remaining_, from.size());
  for (u32 done = 0; done < count;) {
    const ChainBuffer part = NextPart(&segments_, &used_, count - done);
    CHECK(memory_->Write(part.at, from.data() + done, part.len)) << "unchecked segment";
    done += part.len;
  }
  remaining_ -= count;
  written_ += count;
  return count;
}

}  // namespace lgx
