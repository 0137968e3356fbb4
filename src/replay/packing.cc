#include "replay/packing.h"

#include <lz4.h>
#ifdef LGX_HAVE_ZSTD
#include <zstd.h>
#endif

#include <algorithm>

#include "base/check.h"

namespace lgx {
namespace {

#ifdef LGX_HAVE_ZSTD
constexpr int kZstdLevel = 1;  // the fastest: a snapshot is taken while somebody waits
#endif

// 0: it did not work.
std::size_t PackInto(std::span<const u8> bytes, Codec packing, std::vector<u8>* out) {
  switch (packing) {
    case Codec::kLz4: {
      out->resize(
          static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(bytes.size()))));
      return static_cast<std::size_t>(
          std::max(0, LZ4_compress_default(reinterpret_cast<const char*>(bytes.data()),
                                           reinterpret_cast<char*>(out->data()),
                                           static_cast<int>(bytes.size()),
                                           static_cast<int>(out->size()))));
    }
#ifdef LGX_HAVE_ZSTD
    case Codec::kZstd: {
      out->resize(ZSTD_compressBound(bytes.size()));
      const std::size_t size =
          ZSTD_compress(out->data(), out->size(), bytes.data(), bytes.size(), kZstdLevel);
      return ZSTD_isError(size) != 0 ? 0 : size;
    }
#endif
    default:
      return 0;
  }
}

}  // namespace

const char* NameOf(Codec packing) {
  switch (packing) {
    case Codec::kNone:
      return "none";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "?";
}

Codec DefaultPacking() {
#ifdef LGX_HAVE_ZSTD
  return Codec::kZstd;
#else
  return Codec::kLz4;
#endif
}

Packed Pack(std::span<const u8> bytes, Codec packing) {
  CHECK(bytes.size() <= u64{1} << 30) << "a piece of " << bytes.size() << " bytes";
  Packed packed;
  const std::size_t size = PackInto(bytes, packing, &packed.bytes);
  if (size != 0 && size < bytes.size()) {
    packed.bytes.resize(size);
    packed.packing = packing;
  } else {
    packed.bytes.assign(bytes.begin(), bytes.end());
  }
  return packed;
}

Status Unpack(Codec packing, std::span<const u8> from, std::span<u8> to,
              const std::string& where) {
  std::size_t size = 0;
  switch (packing) {
    case Codec::kNone:
      size = from.size();
      if (size == to.size()) std::copy(from.begin(), from.end(), to.begin());
      break;
    case Codec::kLz4:
      size = static_cast<std::size_t>(
          std::max(0, LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()),
                                          reinterpret_cast<char*>(to.data()),
                                          static_cast<int>(from.size()),
                                          static_cast<int>(to.size()))));
      break;
    case Codec::kZstd:
#ifdef LGX_HAVE_ZSTD
      size = ZSTD_decompress(to.data(), to.size(), from.data(), from.size());
      break;
#else
      return Errorf(kUnimplemented,
                    "%s is packed with zstd, which this build does not have. Build lgx "
                    "with libzstd (on Debian: libzstd-dev).",
                    where);
#endif
  }
  if (size == to.size()) return absl::OkStatus();
  return Errorf(kDataLoss,
                "%s cannot be unpacked (%s, %d bytes for %d); the file is damaged.",
                where, NameOf(packing), from.size(), to.size());
}

}  // namespace lgx
