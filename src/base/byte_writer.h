// The mirror of ByteReader: builds snapshots, logs and packets, little-endian.
#ifndef LGX_BASE_BYTE_WRITER_H_
#define LGX_BASE_BYTE_WRITER_H_

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/endian.h"
#include "base/types.h"

namespace lgx {

class ByteWriter {
 public:
  void U8(u8 value) { Number(value); }
  void U16(u16 value) { Number(value); }
  void U32(u32 value) { Number(value); }
  void U64(u64 value) { Number(value); }
  void Bytes(std::span<const u8> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // A u32 length, then the characters (ByteReader::String).
  void String(std::string_view text) {
    U32(static_cast<u32>(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  // Zeros up to the next multiple of `unit`.
  void AlignTo(u64 unit) {
    while (bytes_.size() % unit != 0) bytes_.push_back(0);
  }

  // Overwrites a number written earlier, for lengths known only afterwards.
  void PatchU32(u64 offset, u32 value) {
    CHECK(offset + sizeof value <= bytes_.size()) << "patch at " << offset;
    StoreLe<u32>(bytes_.data() + offset, value);
  }

  u64 size() const { return bytes_.size(); }
  const std::vector<u8>& bytes() const { return bytes_; }
  // Hands the bytes over; the writer starts again empty.
  std::vector<u8> Take() { return std::exchange(bytes_, {}); }

 private:
  template <typename T>
  void Number(T value) {
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof bytes);
  }

  std::vector<u8> bytes_;
};

}  // namespace lgx

#endif  // LGX_BASE_BYTE_WRITER_H_
