#include "machine/payload.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>

#include <bit>

namespace lgx {
namespace {

constexpr size_t kStep = size_t{1} << 20;

Status Damaged(Packing packing, u64 done) {
  return Errorf(kDataLoss, "the %s stream is damaged after %d unpacked bytes",
                NameOf(packing), done);
}
Status CutShort(Packing packing, u64 done) {
  return Errorf(kDataLoss, "the %s stream ends early, after %d unpacked bytes",
                NameOf(packing), done);
}
Status TooLarge(Packing packing, u64 max_size) {
  return Errorf(kDataLoss, "the %s stream unpacks to more than %d bytes", NameOf(packing),
                max_size);
}

// What a stream decoder said about one step.
enum class Step { kMore, kEnd, kDamaged };

// Drives any decoder that works in steps: `step(out, room, &written)` appends up to
// `room` bytes at `out`. A step that writes nothing and has not ended wants input that is
// not there.
template <typename Decoder>
StatusOr<std::vector<u8>> Drain(Packing packing, u64 max_size, Decoder&& step) {
  std::vector<u8> out;
  u64 done = 0;
  while (true) {
    if (done > max_size) return TooLarge(packing, max_size);
    out.resize(done + kStep);
    size_t written = 0;
    const Step said = step(out.data() + done, kStep, &written);
    done += written;
    if (said == Step::kDamaged) return Damaged(packing, done);
    if (said == Step::kEnd) break;
    if (written == 0) return CutShort(packing, done);
  }
  if (done > max_size) return TooLarge(packing, max_size);
  out.resize(done);
  return out;
}

StatusOr<std::vector<u8>> UnpackGzip(Bytes stream, u64 max_size) {
  z_stream z = {};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&z, kGzipOnly) != Z_OK) {
    return Errorf(kResourceExhausted, "the host has no memory for unpacking");
  }
  z.next_in = const_cast<Bytef*>(stream.data());
  z.avail_in = static_cast<uInt>(stream.size());
  auto result =
      Drain(Packing::kGzip, max_size, [&](u8* out, size_t room, size_t* written) {
        z.next_out = out;
        z.avail_out = static_cast<uInt>(room);
        const int code = inflate(&z, Z_NO_FLUSH);
        *written = room - z.avail_out;
        if (code == Z_STREAM_END) return Step::kEnd;
        return code == Z_OK || code == Z_BUF_ERROR ? Step::kMore : Step::kDamaged;
      });
  inflateEnd(&z);
  return result;
}

StatusOr<std::vector<u8>> UnpackBzip2(Bytes stream, u64 max_size) {
  bz_stream b = {};
  if (BZ2_bzDecompressInit(&b, 0, 0) != BZ_OK) {
    return Errorf(kResourceExhausted, "the host has no memory for unpacking");
  }
  b.next_in = reinterpret_cast<char*>(const_cast<u8*>(stream.data()));
  b.avail_in = static_cast<unsigned>(stream.size());
  auto result =
      Drain(Packing::kBzip2, max_size, [&](u8* out, size_t room, size_t* written) {
        b.next_out = reinterpret_cast<char*>(out);
        b.avail_out = static_cast<unsigned>(room);
        const int code = BZ2_bzDecompress(&b);
        *written = room - b.avail_out;
        if (code == BZ_STREAM_END) return Step::kEnd;
        return code == BZ_OK ? Step::kMore : Step::kDamaged;
      });
  BZ2_bzDecompressEnd(&b);
  return result;
}

// xz and the older lzma format differ in the header only.
StatusOr<std::vector<u8>> UnpackLzma(Packing packing, Bytes stream, u64 max_size) {
  constexpr u64 kDictionaryLimit = u64{256} << 20;
  lzma_stream l = LZMA_STREAM_INIT;
  const lzma_ret ready = packing == Packing::kXz
                             ? lzma_stream_decoder(&l, kDictionaryLimit, 0)
                             : lzma_alone_decoder(&l, kDictionaryLimit);
  if (ready != LZMA_OK) {
    return Errorf(kResourceExhausted, "the host has no memory for unpacking");
  }
  l.next_in = stream.data();
  l.avail_in = stream.size();
  auto result = Drain(packing, max_size, [&](u8* out, size_t room, size_t* written) {
    l.next_out = out;
    l.avail_out = room;
    const lzma_ret code = lzma_code(&l, LZMA_RUN);
    *written = room - l.avail_out;
    if (code == LZMA_STREAM_END) return Step::kEnd;
    return code == LZMA_OK || code == LZMA_BUF_ERROR ? Step::kMore : Step::kDamaged;
  });
  lzma_end(&l);
  return result;
}

// The "legacy" format that kernels use: a magic number, then blocks of a 32-bit packed
// size and data, each up to 8 MiB unpacked, until the file ends. Behind a kernel the
// build adds four bytes (the unpacked size), which no block can be.
StatusOr<std::vector<u8>> UnpackLz4(Bytes stream, u64 max_size) {
  constexpr u64 kHeader = 4;
  constexpr u64 kBlock = u64{8} << 20;
  std::vector<u8> out;
  u64 at = kHeader;
  while (true) {
    const std::optional<u32> packed = LoadAt<u32>(stream, at);
    if (!packed || stream.size() - at == 4) break;
    if (*packed == 0 || !RangeInside(at + 4, *packed, stream.size())) {
      return CutShort(Packing::kLz4, out.size());
    }
    const u64 done = out.size();
    if (done > max_size) return TooLarge(Packing::kLz4, max_size);
    out.resize(done + kBlock);
    const int count =
        LZ4_decompress_safe(reinterpret_cast<const char*>(stream.data() + at + 4),
                            reinterpret_cast<char*>(out.data() + done),
                            static_cast<int>(*packed), static_cast<int>(kBlock));
    if (count < 0) return Damaged(Packing::kLz4, done);
    out.resize(done + static_cast<u64>(count));
    at += 4 + u64{*packed};
  }
  if (out.empty()) return CutShort(Packing::kLz4, 0);
  if (out.size() > max_size) return TooLarge(Packing::kLz4, max_size);
  return out;
}

template <typename T>
std::optional<T> LoadBig(Bytes bytes, u64 offset) {
  std::optional<T> value = LoadAt<T>(bytes, offset);
  if (value) value = ByteSwap(*value);
  return value;
}

// Where the blocks of an lzop file start, and which checksums each block carries. All
// numbers of this format are big endian.
struct LzopHeader {
  u64 blocks_at = 0;
  u32 flags = 0;
};

constexpr u32 kLzopAdlerOut = 0x001;
constexpr u32 kLzopAdlerIn = 0x002;
constexpr u32 kLzopCrcOut = 0x100;
constexpr u32 kLzopCrcIn = 0x200;
constexpr u32 kLzopExtraField = 0x040;
constexpr u32 kLzopFilter = 0x800;

std::optional<LzopHeader> ReadLzopHeader(Bytes stream) {
  constexpr u64 kMagic = 9;
  const std::optional<u16> version = LoadBig<u16>(stream, kMagic);
  if (!version) return std::nullopt;
  const bool newer = *version >= 0x0940;  // adds "version needed", level, upper time word
  u64 at = kMagic + 4 + (newer ? 2 : 0) + 1 + (newer ? 1 : 0);
  const std::optional<u32> flags = LoadBig<u32>(stream, at);
  if (!flags || (*flags & (kLzopExtraField | kLzopFilter)) != 0) return std::nullopt;
  at += 4 + 4 + 4 + (newer ? 4 : 0);
  const std::optional<u8> name_length = LoadAt<u8>(stream, at);
  if (!name_length) return std::nullopt;
  constexpr u64 kHeaderChecksum = 4;
  return LzopHeader{at + 1 + *name_length + kHeaderChecksum, *flags};
}

u64 CountOf(u32 flags, u32 mask) { return static_cast<u64>(std::popcount(flags & mask)); }

StatusOr<std::vector<u8>> UnpackLzo(Bytes stream, u64 max_size) {
  const std::optional<LzopHeader> header = ReadLzopHeader(stream);
  if (!header) return Damaged(Packing::kLzo, 0);
  std::vector<u8> out;
  u64 at = header->blocks_at;
  while (true) {
    const std::optional<u32> size = LoadBig<u32>(stream, at);
    if (!size) return CutShort(Packing::kLzo, out.size());
    if (*size == 0) return out;
    const std::optional<u32> packed = LoadBig<u32>(stream, at + 4);
    if (!packed) return CutShort(Packing::kLzo, out.size());
    if (*packed > *size || *packed == 0) return Damaged(Packing::kLzo, out.size());
    if (*size > max_size || out.size() > max_size - *size) {
      return TooLarge(Packing::kLzo, max_size);
    }
    at += 8 + 4 * CountOf(header->flags, kLzopAdlerOut | kLzopCrcOut);
    if (*packed < *size) at += 4 * CountOf(header->flags, kLzopAdlerIn | kLzopCrcIn);
    if (!RangeInside(at, *packed, stream.size()))
      return CutShort(Packing::kLzo, out.size());
    const Bytes block = stream.subspan(at, *packed);
    if (*packed == *size) {
      out.insert(out.end(), block.begin(), block.end());  // stored as it was
    } else if (!UnpackLzo1x(block, *size, &out)) {
      return Damaged(Packing::kLzo, out.size());
    }
    at += *packed;
  }
}

}  // namespace

const char* NameOf(Packing packing) {
  switch (packing) {
    case Packing::kNone:
      return "unknown";
    case Packing::kGzip:
      return "gzip";
    case Packing::kBzip2:
      return "bzip2";
    case Packing::kLzma:
      return "lzma";
    case Packing::kXz:
      return "xz";
    case Packing::kLzo:
      return "lzo";
    case Packing::kLz4:
      return "lz4";
  }
  return "unknown";
}

Packing PackingOf(Bytes stream) {
  using std::string_view_literals::operator""sv;
  if (StartsWith(stream, "\x1f\x8b"sv)) return Packing::kGzip;
  if (StartsWith(stream, "BZh"sv)) return Packing::kBzip2;
  if (StartsWith(stream, "\x5d\x00\x00"sv)) return Packing::kLzma;
  if (StartsWith(stream,
                 "\xfd"
                 "7zXZ\x00"sv))
    return Packing::kXz;
  if (StartsWith(stream, "\x89LZO\x00\r\n\x1a\n"sv)) return Packing::kLzo;
  if (StartsWith(stream, "\x02\x21\x4c\x18"sv)) return Packing::kLz4;
  return Packing::kNone;
}

StatusOr<std::vector<u8>> Unpack(Bytes stream, u64 max_size) {
  const Packing packing = PackingOf(stream);
  switch (packing) {
    case Packing::kGzip:
      return UnpackGzip(stream, max_size);
    case Packing::kBzip2:
      return UnpackBzip2(stream, max_size);
    case Packing::kLzma:
    case Packing::kXz:
      return UnpackLzma(packing, stream, max_size);
    case Packing::kLzo:
      return UnpackLzo(stream, max_size);
    case Packing::kLz4:
      return UnpackLz4(stream, max_size);
    case Packing::kNone:
      break;
  }
  return Errorf(kInvalidArgument,
                "the packed data starts with an unknown mark (gzip, bzip2, lzma, xz, lzo "
                "and lz4 are known)");
}

}  // namespace lgx
