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

inline void AppendVarint(u64 value, std::string* out) {
  char bytes[kMaxVarint];
  out->append(bytes, PutVarint(value, bytes));
}

// A field with a length, directly to where it goes.
inline void AppendField(u32 field, std::string_view bytes, std::string* out) {
  constexpr u64 kLengthDelimited = 2;
  AppendVarint(u64{field} << 3 | kLengthDelimited, out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

// One message that grows field by field. Nested messages are built apart and added.
class ProtoMessage {
 public:
  void Varint(u32 field, u64 value) {
    char bytes[2 * kMaxVarint];
    bytes_.append(bytes, PutVarintField(field, value, bytes));
  }
  // A message of two numbers, as a field of this one.
  void PairOfVarints(u32 field, u32 first, u64 value1, u32 second, u64 value2) {
    char bytes[4 * kMaxVarint];
    char* const middle = PutVarintField(first, value1, bytes);
    char* const end = PutVarintField(second, value2, middle);
    Bytes(field, std::string_view(bytes, static_cast<size_t>(end - bytes)));
  }
  void Fixed64(u32 field, u64 value) {
    AppendVarint(u64{field} << 3 | kFixed64, &bytes_);
    for (u32 i = 0; i < 8; i++) bytes_ += static_cast<char>(value >> (8 * i));
  }
  // A string, bytes, or a message that is complete.
  void Bytes(u32 field, std::string_view bytes) {
    char head[2 * kMaxVarint];
    char* const middle = PutVarint(u64{field} << 3 | kLength, head);
    bytes_.append(head, PutVarint(bytes.size(), middle));
    bytes_ += bytes;
  }
  void Message(u32 field, const ProtoMessage& message) { Bytes(field, message.bytes()); }

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  enum WireType : u32 { kVarint = 0, kFixed64 = 1, kLength = 2 };

  static char* PutVarintField(u32 field, u64 value, char* to) {
    return PutVarint(value, PutVarint(u64{field} << 3 | kVarint, to));
  }

  std::string bytes_;
};

}  // namespace lgx

#endif  // LGX_REPORT_PROTOBUF_WRITER_H_
