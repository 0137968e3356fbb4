#include "replay/answers.h"

#include <lz4.h>

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"

namespace lgx {
namespace {

constexpr u32 kMaxText = 1u << 12;

ByteReader BodyOf(const LogRecord& record, const std::string& path) {
  return ByteReader(record.body,
                    absl::StrFormat("%s: %s record at offset 0x%x", path,
                                    std::string(NameOf(record.kind)), record.offset));
}

template <typename T>
StatusOr<T> Finished(ByteReader& in, T value) {
  in.ExpectEnd("the record");
  if (!in.ok()) return in.status();
  return value;
}

}  // namespace

std::vector<u8> EncodeFrame(u32 card, const NetFrame& frame) {
  ByteWriter out;
  out.U8(static_cast<u8>(card));
  u8 header[kMaxNetHeader];
  const bool plain = frame.header == NetHeader();
  out.U8(plain ? 0 : 1);
  if (!plain) {
    EncodeNetHeader(frame.header, NetHeaderFormat::kMerged, header);
    out.Bytes(header);
  }
  out.Bytes(frame.bytes);
  return out.Take();
}

StatusOr<LoggedFrame> DecodeFrame(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  LoggedFrame logged;
  logged.card = in.U8("the number of a card");
  if (in.U8("whether a frame has a header") != 0) {
    const std::span<const u8> header = in.Bytes(kMaxNetHeader, "the header of a frame");
    if (in.ok()) logged.frame.header = DecodeNetHeader(NetHeaderFormat::kMerged, header);
  }
  const std::span<const u8> bytes = in.Bytes(in.remaining(), "a frame");
  logged.frame.bytes.assign(bytes.begin(), bytes.end());
  return Finished(in, std::move(logged));
}

// The shortest form, from the lowest byte on.
std::vector<u8> EncodeNumber(u64 value) {
  std::vector<u8> bytes;
  for (; value != 0; value >>= 8) bytes.push_back(static_cast<u8>(value));
  return bytes;
}

StatusOr<u64> DecodeNumber(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  if (in.remaining() > 8) in.Fail("a number is too long");
  u64 value = 0;
  for (u32 i = 0; in.ok() && in.remaining() != 0; ++i) {
    value |= u64{in.U8("a number")} << (8 * i);
  }
  return Finished(in, value);
}

std::vector<u8> EncodeEvent(const ConsoleEvent& event) {
  ByteWriter out;
  out.U8(static_cast<u8>(event.kind));
  out.U32(static_cast<u32>(event.value));
  out.String(std::string_view(event.text).substr(0, kMaxText));
  return out.Take();
}

StatusOr<ConsoleEvent> DecodeEvent(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  ConsoleEvent event{};
  const u8 kind = in.U8("the kind of an event");
  if (kind > static_cast<u8>(ConsoleEventKind::kScriptEnd)) in.Fail("an unknown event");
  event.kind = static_cast<ConsoleEventKind>(kind);
  event.value = static_cast<int>(in.U32("the value of an event"));
  event.text = in.String(kMaxText, "the text of an event");
  return Finished(in, std::move(event));
}

std::vector<u8> EncodeDiskRead(const DiskRead& read) {
  ByteWriter out;
  out.U8(static_cast<u8>(read.disk));
  out.U32(read.count);
  out.U64(read.hash);
  out.Bytes(EncodeNumber(read.block));
  return out.Take();
}

StatusOr<DiskRead> DecodeDiskRead(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  DiskRead read;
  read.disk = in.U8("the number of a disk");
  read.count = in.U32("a number of blocks");
  read.hash = in.U64("a checksum");
  LogRecord rest = record;
  const std::span<const u8> number = in.Bytes(in.remaining(), "a block");
  rest.body.assign(number.begin(), number.end());
  const StatusOr<u64> block = DecodeNumber(rest, path);
  if (!block.ok()) return block.status();
  read.block = *block;
  return Finished(in, read);
}

// A block of one byte over and over is that byte; another one is packed by LZ4, or as it
// is where that is shorter.
std::vector<u8> EncodeDiskBlock(const DiskBlock& block) {
  ByteWriter out;
  out.U8(static_cast<u8>(block.disk));
  out.U64(block.block);
  const BlockBytes& bytes = block.bytes;
  if (std::all_of(bytes.begin(), bytes.end(), [&](u8 b) { return b == bytes[0]; })) {
    out.U8(0);
    out.U8(bytes[0]);
    return out.Take();
  }
  std::array<u8, LZ4_COMPRESSBOUND(kLogBlock)> packed;
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(bytes.data()),
                                        reinterpret_cast<char*>(packed.data()), kLogBlock,
                                        static_cast<int>(packed.size()));
  const bool smaller = size > 0 && size < static_cast<int>(kLogBlock);
  out.U8(smaller ? 1 : 2);
  out.Bytes(smaller ? std::span<const u8>(packed).first(static_cast<std::size_t>(size))
                    : std::span<const u8>(bytes));
  return out.Take();
}

StatusOr<DiskBlock> DecodeDiskBlock(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  DiskBlock block;
  block.disk = in.U8("the number of a disk");
  block.block = in.U64("the number of a block");
  const u8 form = in.U8("the form of a block");
  const std::span<const u8> data = in.Bytes(in.remaining(), "a block");
  if (!in.ok()) return in.status();
  if (form == 0 && data.size() == 1) {
    block.bytes.fill(data[0]);
  } else if (form == 1) {
    const int size =
        LZ4_decompress_safe(reinterpret_cast<const char*>(data.data()),
                            reinterpret_cast<char*>(block.bytes.data()),
                            static_cast<int>(data.size()), static_cast<int>(kLogBlock));
    if (size != static_cast<int>(kLogBlock)) in.Fail("a block cannot be unpacked");
  } else if (form == 2 && data.size() == kLogBlock) {
    std::copy(data.begin(), data.end(), block.bytes.begin());
  } else {
    in.Fail("a block of unknown form");
  }
  return Finished(in, block);
}

std::vector<u8> EncodeEnd(const LoggedEnd& end) {
  ByteWriter out;
  out.U8(static_cast<u8>(end.kind));
  out.U32(static_cast<u32>(end.value));
  out.U64(end.virtual_ns);
  out.U64(end.hash);
  out.String(std::string_view(end.reason).substr(0, kMaxText));
  return out.Take();
}

StatusOr<LoggedEnd> DecodeEnd(const LogRecord& record, const std::string& path) {
  ByteReader in = BodyOf(record, path);
  LoggedEnd end;
  const u8 kind = in.U8("the kind of an ending");
  if (kind > static_cast<u8>(Ending::Kind::kScript)) in.Fail("an unknown ending");
  end.kind = static_cast<Ending::Kind>(kind);
  end.value = static_cast<i32>(in.U32("the value of an ending"));
  end.virtual_ns = in.U64("the virtual time of the ending");
  end.hash = in.U64("the hash of the last state");
  end.reason = in.String(kMaxText, "the reason of an ending");
  return Finished(in, std::move(end));
}

}  // namespace lgx
