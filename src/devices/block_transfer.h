// Moves the data of one request between a disk and Guest memory.
#ifndef LGX_DEVICES_BLOCK_TRANSFER_H_
#define LGX_DEVICES_BLOCK_TRANSFER_H_

#include <span>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "devices/chain.h"
#include "devices/disk_file.h"
#include "mmu/guest_view.h"

namespace lgx {

//: devices.050 Straight into memory
// A disk moves more bytes than any other device, so they are not copied on the way: the
// host's read() is given the pages of the Guest themselves. Two things are in the way of
// that. Pages that lie next to each other for the Guest need not do so for us, hence a
// list of pieces. And there are pages that somebody has learned from: decoded code, page
// tables. A store to them has to be announced with the new bytes before it happens, so
// these few pages take a detour through a buffer.
//:
class BlockTransfer {
 public:
  // Bytes [skip, skip + len) of `buffers`, whose lengths were checked (chain.h).
  BlockTransfer(GuestView& memory, std::span<const ChainBuffer> buffers, u32 skip,
                u32 len);

  // From the disk into the buffers. After an error some of them may have been filled.
  [[nodiscard]] Status Read(DiskFile& disk, u64 offset);
  // From the buffers to the disk.
  [[nodiscard]] Status Write(DiskFile& disk, u64 offset);

 private:
  // Bounds what one call holds: pieces, and pages of detour.
  static constexpr std::size_t kMaxPieces = 256;

  struct Detour {
    Gpa at;
    std::span<u8> bytes;
  };

  bool NextPart(ChainBuffer* part);
  std::span<u8> DetourFor(const ChainBuffer& part);

  GuestView& memory_;
  std::span<const ChainBuffer> buffers_;
  u32 used_ = 0;  // bytes of the first buffer that are done
  u32 left_;
  std::vector<Detour> detours_;
  std::vector<u8> detour_bytes_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BLOCK_TRANSFER_H_
