// The file format of overlays, version 1: the changes to a disk, without the disk.
//
//   0x000          header, one sector; its last 8 bytes are the hash of the rest
//   table_offset   table: 16 bytes for each block of 4096 bytes of the disk
//   data_offset    slots of 4096 bytes, each with one block's content
//
// All numbers are little-endian. A table entry is 0 (the block is the base's), or the
// offset of a slot with a state in its low bits, and a seal. The file is sparse: a table
// that is mostly empty takes no room.
//
// Nothing is ever in the file that would be wrong after a loss of power at any moment:
//
//   tentative   written since the last sync. Entry and content may have reached the disk
//               in any order or not at all, so the seal covers both: an entry whose seal
//               does not fit never happened, and the block is the base's, as it was when
//               the last sync ended.
//   settled     both were synced while tentative, then the entry was written again. From
//               then on the content is written in place, like that of any disk, and the
//               seal covers the entry alone: one that does not fit means damage.
//
// Content that is replaced while tentative goes to a new slot, so that the death of this
// program between two writes finds the old entry or the new one, each with its content.
#ifndef LGX_DEVICES_OVERLAY_FORMAT_H_
#define LGX_DEVICES_OVERLAY_FORMAT_H_

#include <array>
#include <span>
#include <string>

#include "base/status.h"
#include "base/types.h"
#include "devices/disk_file.h"

namespace lgx {

inline constexpr u32 kOverlayBlock = 4096;
inline constexpr u32 kOverlayEntryBytes = 16;
inline constexpr u32 kOverlayVersion = 1;
inline constexpr std::size_t kOverlayNameLimit = 256;
// 256 GiB: a table of 1 GiB, which is read whenever the overlay is opened.
inline constexpr u64 kOverlayDiskLimit = u64{1} << 38;

struct OverlayHeader {
  enum class State : u32 {
    kNormal = 0,
    kCommitting = 1,  // some changes are already in the base
  };
  State state = State::kNormal;
  u64 disk_size = 0;      // of the base, in bytes
  u64 base_identity = 0;  // IdentityOf the base
  std::string base_name;  // as it was given; for messages and as a default

  u64 blocks() const { return (disk_size + kOverlayBlock - 1) / kOverlayBlock; }
  u64 table_offset() const { return kOverlayBlock; }
  u64 data_offset() const {
    const u64 table = blocks() * kOverlayEntryBytes;
    return table_offset() + (table + kOverlayBlock - 1) / kOverlayBlock * kOverlayBlock;
  }
  bool operator==(const OverlayHeader&) const = default;
};

using OverlayHeaderBytes = std::array<u8, kSectorSize>;

OverlayHeaderBytes EncodeOverlayHeader(const OverlayHeader& header);
// Errors name `source` and the offset.
[[nodiscard]] StatusOr<OverlayHeader> ParseOverlayHeader(std::span<const u8> bytes,
                                                         const std::string& source);
// Do these first bytes of a file look like an overlay's?
bool LooksLikeOverlay(std::span<const u8> bytes);

struct OverlayEntry {
  enum class State : u8 { kNone = 0, kTentative = 1, kSettled = 2 };
  State state = State::kNone;
  u64 slot = 0;  // offset in the file
  u64 seal = 0;
};

void EncodeOverlayEntry(const OverlayEntry& entry, u8* bytes);
OverlayEntry DecodeOverlayEntry(const u8* bytes);
// The seal of an entry for `block` in that state; `content` counts only while tentative.
u64 SealOf(u64 block, u64 slot, OverlayEntry::State state, std::span<const u8> content);

// What tells one base from another: a hash of its size and of 4096-byte pieces. Up to 16
// MiB all of them are in it; of a larger disk the first 4 MiB, where every file system
// keeps what changes when it is mounted, the last piece, and 1,024 more, evenly spread.
[[nodiscard]] StatusOr<u64> IdentityOf(DiskFile& base);

}  // namespace lgx

#endif  // LGX_DEVICES_OVERLAY_FORMAT_H_
