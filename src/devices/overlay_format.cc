#include "devices/overlay_format.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/endian.h"
#include "base/hash.h"

namespace lgx {
namespace {

constexpr char kMagic[] = "LGXOVRLY";
constexpr u32 kMagicBytes = 8;
constexpr u32 kHashOffset = kSectorSize - 8;

// IdentityOf looks at these.
constexpr u64 kWholeUpTo = u64{16} << 20;
constexpr u64 kWholeStart = u64{4} << 20;
constexpr u64 kSpread = 1024;

Status Damaged(const std::string& source, u64 offset, const std::string& what) {
  return Errorf(kDataLoss, "%s: offset 0x%x: %s. The overlay is damaged.", source, offset,
                what);
}

}  // namespace

OverlayHeaderBytes EncodeOverlayHeader(const OverlayHeader& header) {
  ByteWriter out;
  out.Bytes(std::span(reinterpret_cast<const u8*>(kMagic), kMagicBytes));
  out.U32(kOverlayVersion);
  out.U32(kOverlayBlock);
  out.U32(static_cast<u32>(header.state));
  out.U32(0);
  out.U64(header.disk_size);
  out.U64(header.base_identity);
  out.U64(header.table_offset());
  out.U64(header.data_offset());
  out.String(std::string_view(header.base_name).substr(0, kOverlayNameLimit));
  OverlayHeaderBytes bytes = {};
  std::copy(out.bytes().begin(), out.bytes().end(), bytes.begin());
  StoreLe<u64>(bytes.data() + kHashOffset, HashOf(std::span(bytes).first(kHashOffset)));
  return bytes;
}

bool LooksLikeOverlay(std::span<const u8> bytes) {
  return bytes.size() >= kMagicBytes &&
         std::memcmp(bytes.data(), kMagic, kMagicBytes) == 0;
}

StatusOr<OverlayHeader> ParseOverlayHeader(std::span<const u8> bytes,
                                           const std::string& source) {
  if (!LooksLikeOverlay(bytes)) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x0: this is no overlay. Overlays are made with lgx disk "
                  "create, or by a run that names a file that does not exist yet.",
                  source);
  }
  ByteReader in(bytes, source);
  in.Skip(kMagicBytes, "magic");
  const u32 version = in.U32("version");
  const u32 block = in.U32("block size");
  const u32 state = in.U32("state");
  in.Skip(4, "padding");
  OverlayHeader header;
  header.disk_size = in.U64("size of the disk");
  header.base_identity = in.U64("identity of the base");
  const u64 table_offset = in.U64("offset of the table");
  const u64 data_offset = in.U64("offset of the data");
  header.base_name = in.String(kOverlayNameLimit, "name of the base");
  in.Seek(kHashOffset, "hash");
  const u64 hash = in.U64("hash");
  if (version > kOverlayVersion && version < 1000) {
    return Errorf(kUnimplemented,
                  "%s: offset 0x8: the overlay has format version %d, and this program "
                  "reads up to %d. Use a newer lgx.",
                  source, version, kOverlayVersion);
  }
  if (!in.ok()) return in.status();
  if (hash != HashOf(bytes.first(kHashOffset))) {
    return Damaged(source, kHashOffset, "the hash of the header does not fit");
  }
  if (version != kOverlayVersion) return Damaged(source, 8, "unknown version");
  if (block != kOverlayBlock) return Damaged(source, 12, "unknown block size");
  if (state > static_cast<u32>(OverlayHeader::State::kCommitting)) {
    return Damaged(source, 16, "unknown state");
  }
  header.state = static_cast<OverlayHeader::State>(state);
  if (header.disk_size == 0 || header.disk_size > kOverlayDiskLimit) {
    return Damaged(source, 24, absl::StrFormat("a disk of %d bytes", header.disk_size));
  }
  if (table_offset != header.table_offset() || data_offset != header.data_offset()) {
    return Damaged(source, 40, "table and data are not where they belong");
  }
  return header;
}

void EncodeOverlayEntry(const OverlayEntry& entry, u8* bytes) {
  StoreLe<u64>(bytes, entry.slot | static_cast<u64>(entry.state));
  StoreLe<u64>(bytes + 8, entry.seal);
}

OverlayEntry DecodeOverlayEntry(const u8* bytes) {
  const u64 word = LoadLe<u64>(bytes);
  return OverlayEntry{static_cast<OverlayEntry::State>(word & 3), word & ~u64{3},
                      LoadLe<u64>(bytes + 8)};
}

u64 SealOf(u64 block, u64 slot, OverlayEntry::State state, std::span<const u8> content) {
  u8 bytes[32];
  StoreLe<u64>(bytes, block);
  StoreLe<u64>(bytes + 8, slot);
  StoreLe<u64>(bytes + 16, static_cast<u64>(state));
  StoreLe<u64>(bytes + 24,
               state == OverlayEntry::State::kTentative ? HashOf(content) : 0);
  return HashOf(bytes);
}

StatusOr<u64> IdentityOf(DiskFile& base) {
  const u64 size = base.size();
  StateHash hash;
  hash.Text("lgx base 1");
  hash.Value(size);
  std::vector<u8> piece(256 * 1024);
  const auto add = [&](u64 at, u64 len) -> Status {
    while (len != 0) {
      const std::span<u8> part = std::span(piece).first(std::min<u64>(len, piece.size()));
      LGX_RETURN_IF_ERROR(ReadDisk(base, at, part));
      hash.Bytes(part);
      at += part.size();
      len -= part.size();
    }
    return absl::OkStatus();
  };
  if (size <= kWholeUpTo) {
    LGX_RETURN_IF_ERROR(add(0, size));
    return hash.Digest();
  }
  LGX_RETURN_IF_ERROR(add(0, kWholeStart));
  const u64 step = (size - kWholeStart) / kSpread / kOverlayBlock * kOverlayBlock;
  for (u64 i = 0; i < kSpread; ++i) {
    LGX_RETURN_IF_ERROR(add(kWholeStart + i * step, kOverlayBlock));
  }
  LGX_RETURN_IF_ERROR(add(size - kOverlayBlock, kOverlayBlock));
  return hash.Digest();
}

}  // namespace lgx
