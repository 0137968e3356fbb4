// Bounds-checked parsing of bytes somebody else made: files, packets, snapshots.
//
// The first read past the end is remembered, with its offset and the name of what was
// wanted; it and everything after it give zeros. So a parser reads a whole header and
// asks once:
//
//   ByteReader in(bytes, path);
//   const u32 entry = in.U32("entry point");
//   const u32 tables = in.U32("program header offset");
//   if (!in.ok()) return in.status();
//
// Numbers are little-endian. The reader does not own the bytes.
#ifndef LGX_BASE_BYTE_READER_H_
#define LGX_BASE_BYTE_READER_H_

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

class ByteReader {
 public:
  // `source` names the bytes in messages, for example a path.
  ByteReader(std::span<const u8> bytes, std::string_view source)
      : bytes_(bytes), source_(source) {}

  u8 U8(std::string_view what) { return Number<u8>(what); }
  u16 U16(std::string_view what) { return Number<u16>(what); }
  u32 U32(std::string_view what) { return Number<u32>(what); }
  u64 U64(std::string_view what) { return Number<u64>(what); }

  // Exactly `len` bytes, a view into the source; empty after a failure.
  std::span<const u8> Bytes(u64 len, std::string_view what);
  // A u32 length and that many bytes (ByteWriter::String). `max_len` bounds what is
  // believed.
  std::string String(u32 max_len, std::string_view what);

  void Skip(u64 len, std::string_view what) { Bytes(len, what); }
  // The next read starts at `offset` from the start of this reader's bytes; the very end
  // is a legal place.
  void Seek(u64 offset, std::string_view what);

  // A reader for the next `len` bytes, which this one skips. Its messages still count
  // offsets from where this reader counts them. A failure here shows in both.
  ByteReader Sub(u64 len, std::string_view what);

  // Notes an error of the parser's own ("bad magic") at the current offset, unless an
  // earlier one is known.
  void Fail(std::string_view message);

  // Fails unless everything was read.
  void ExpectEnd(std::string_view what);

  u64 offset() const { return at_; }
  u64 remaining() const { return bytes_.size() - at_; }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 private:
  template <typename T>
  T Number(std::string_view what);

  std::span<const u8> bytes_;
  std::string source_;
  u64 at_ = 0;    // never past the end of bytes_
  u64 base_ = 0;  // what offset 0 is called in messages
  Status status_;
};

}  // namespace lgx

#endif  // LGX_BASE_BYTE_READER_H_
