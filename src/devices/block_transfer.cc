#include "devices/block_transfer.h"

#include <algorithm>

#include "base/check.h"

namespace lgx {
namespace {

// Appends a piece; joins it to the one before where it goes on in the host's memory.
template <typename Byte>
void Append(std::vector<std::span<Byte>>* pieces, std::span<Byte> piece) {
  if (!pieces->empty() && pieces->back().data() + pieces->back().size() == piece.data()) {
    pieces->back() =
        std::span(pieces->back().data(), pieces->back().size() + piece.size());
  } else {
    pieces->push_back(piece);
  }
}

}  // namespace

BlockTransfer::BlockTransfer(GuestView& memory, std::span<const ChainBuffer> buffers,
                             u32 skip, u32 len)
    : memory_(memory), buffers_(buffers), left_(len) {
  while (!buffers_.empty() && skip >= buffers_.front().len) {
    skip -= buffers_.front().len;
    buffers_ = buffers_.subspan(1);
  }
  used_ = skip;
}

// The next bytes within one page of Guest memory.
bool BlockTransfer::NextPart(ChainBuffer* part) {
  if (left_ == 0) return false;
  while (buffers_.front().len == used_) {
    buffers_ = buffers_.subspan(1);
    used_ = 0;
  }
  const ChainBuffer& buffer = buffers_.front();
  const Gpa at = buffer.at + used_;
  part->at = at;
  part->len = std::min({left_, buffer.len - used_, kPageSize - (at.value & kPageMask)});
  used_ += part->len;
  left_ -= part->len;
  return true;
}

std::span<u8> BlockTransfer::DetourFor(const ChainBuffer& part) {
  if (detour_bytes_.empty()) detour_bytes_.resize(kMaxPieces * kPageSize);
  const std::span<u8> bytes =
      std::span(detour_bytes_).subspan(detours_.size() * kPageSize, part.len);
  detours_.push_back(Detour{part.at, bytes});
  return bytes;
}

Status BlockTransfer::Read(DiskFile& disk, u64 offset) {
  std::vector<std::span<u8>> pieces;
  while (left_ != 0) {
    pieces.clear();
    detours_.clear();
    ChainBuffer part;
    while (pieces.size() < kMaxPieces && detours_.size() < kMaxPieces &&
           NextPart(&part)) {
      u8* const direct = memory_.UnwatchedBytes(part.at);
      Append(&pieces, direct != nullptr ? std::span(direct, part.len) : DetourFor(part));
    }
    LGX_RETURN_IF_ERROR(disk.Read(offset, pieces));
    for (const Detour& detour : detours_) {
      CHECK(memory_.Write(detour.at, detour.bytes.data(),
                          static_cast<u32>(detour.bytes.size())));
    }
    offset += BytesOf(ReadPieces(pieces));
  }
  return absl::OkStatus();
}

Status BlockTransfer::Write(DiskFile& disk, u64 offset) {
  std::vector<std::span<const u8>> pieces;
  while (left_ != 0) {
    pieces.clear();
    ChainBuffer part;
    while (pieces.size() < kMaxPieces && NextPart(&part)) {
      Append(&pieces, std::span<const u8>(memory_.Bytes(part.at), part.len));
    }
    LGX_RETURN_IF_ERROR(disk.Write(offset, pieces));
    offset += BytesOf(WritePieces(pieces));
  }
  return absl::OkStatus();
}

}  // namespace lgx
