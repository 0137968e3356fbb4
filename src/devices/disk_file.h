// A disk as the block device sees it: bytes at offsets, by value. What lies behind is a
// file of the host (backend_disk_posix.h), an overlay on another disk (overlay.h), or a
// fake of a test.
//
// A call either does all of what it was asked or gives an error that names the disk; what
// a failed call has moved is not said. Data is a list of pieces, taken one after the
// other, so that a request whose pages lie apart is still one call.
#ifndef LGX_DEVICES_DISK_FILE_H_
#define LGX_DEVICES_DISK_FILE_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

inline constexpr u32 kSectorSize = 512;

using ReadPieces = std::span<const std::span<u8>>;
using WritePieces = std::span<const std::span<const u8>>;

class DiskFile {
 public:
  virtual ~DiskFile() = default;

  virtual const std::string& name() const = 0;  // for messages
  virtual u64 size() const = 0;                 // in bytes
  virtual bool read_only() const = 0;

  // The end of the disk inside the range is an error.
  [[nodiscard]] virtual Status Read(u64 offset, ReadPieces to) = 0;
  // Done means: survives the death of this program. Extends a file where needed.
  [[nodiscard]] virtual Status Write(u64 offset, WritePieces from) = 0;
  // Done means: what was written before survives a loss of power, as far as the host's
  // disk keeps its word.
  [[nodiscard]] virtual Status Sync() = 0;
  // Cuts or extends with zeros.
  [[nodiscard]] virtual Status SetSize(u64 size) = 0;
};

// Bytes in all pieces together.
template <typename Piece>
u64 BytesOf(std::span<const Piece> pieces) {
  u64 bytes = 0;
  for (const Piece& piece : pieces) bytes += piece.size();
  return bytes;
}

// The part [from, from + len) of a list of pieces, which must lie inside.
template <typename Byte>
std::vector<std::span<Byte>> PartOf(std::span<const std::span<Byte>> pieces, u64 from,
                                    u64 len) {
  std::vector<std::span<Byte>> part;
  for (const std::span<Byte>& piece : pieces) {
    if (len == 0) break;
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    const u64 count = len < piece.size() - from ? len : piece.size() - from;
    part.push_back(piece.subspan(from, count));
    from = 0;
    len -= count;
  }
  return part;
}

// One piece.
[[nodiscard]] inline Status ReadDisk(DiskFile& disk, u64 offset, std::span<u8> to) {
  return disk.Read(offset, ReadPieces(&to, 1));
}
[[nodiscard]] inline Status WriteDisk(DiskFile& disk, u64 offset,
                                      std::span<const u8> from) {
  return disk.Write(offset, WritePieces(&from, 1));
}

}  // namespace lgx

#endif  // LGX_DEVICES_DISK_FILE_H_
