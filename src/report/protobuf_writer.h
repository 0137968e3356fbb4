// Protocol buffers' wire format, as far as a writer of messages needs it.
#ifndef LGX_REPORT_PROTOBUF_WRITER_H_
#define LGX_REPORT_PROTOBUF_WRITER_H_

#include <string>
#include <string_view>

#include "base/types.h"

namespace lgx {

inline constexpr u32 kMaxVarint = 10;

// Writes at `to`, where there is room for kMaxVarint bytes; the end.
inline char* PutVarint(u64 value, char* to) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline u32 VarintSize(u64 value) {
  u32 size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

enum class WireType : u32 { kVarint = 0, kFixed64 = 1, kLength = 2 };

// These write at `to`, where there is room, and give the end: 2 * kMaxVarint bytes, or
// kMaxVarint + 8.
inline char* PutTag(u32 field, WireType type, char* to) {
  return PutVarint(u64{field} << 3 | static_cast<u32>(type), to);
}
inline char* PutVarintField(u32 field, u64 value, char* to) {
  return PutVarint(value, PutTag(field, WireType::kVarint, to));
}
inline char* PutFixed64Field(u32 field, u64 value, char* to) {
  to = PutTag(field, WireType::kFixed64, to);
  for (u32 i = 0; i < 8; i++) *to++ = static_cast<char>(value >> (8 * i));
  return to;
}

// A field with a length, directly to where it goes.
inline void AppendField(u32 field, std::string_view bytes, std::string* out) {
  char head[2 * kMaxVarint];
  out->append(head, PutVarint(bytes.size(), PutTag(field, WireType::kLength, head)));
  *out += bytes;
}

// One message that grows field by field. Nested messages are built apart and added.
class ProtoMessage {
 public:
  void Varint(u32 field, u64 value) {
    char bytes[2 * kMaxVarint];
    bytes_.append(bytes, PutVarintField(field, value, bytes));
  }
  // A string, bytes, or a message that is complete.
  void Bytes(u32 field, std::string_view bytes) { AppendField(field, bytes, &bytes_); }
  void Message(u32 field, const ProtoMessage& message) { Bytes(field, message.bytes()); }
  // Whole fields.
  void Raw(std::string_view fields) { bytes_ += fields; }

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

}  // namespace lgx

#endif  // LGX_REPORT_PROTOBUF_WRITER_H_
