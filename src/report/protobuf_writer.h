// Protocol buffers' wire format, as far as a writer of messages needs it.
#ifndef LGX_REPORT_PROTOBUF_WRITER_H_
#define LGX_REPORT_PROTOBUF_WRITER_H_

#include <string>
#include <string_view>

#include "base/types.h"

namespace lgx {

// One message that grows field by field. Nested messages are built apart and added.
class ProtoMessage {
 public:
  void Varint(u32 field, u64 value) {
    Key(field, kVarint);
    Number(value);
  }
  void Fixed64(u32 field, u64 value) {
    Key(field, kFixed64);
    for (u32 i = 0; i < 8; i++) bytes_ += static_cast<char>(value >> (8 * i));
  }
  // A string, bytes, or a message that is complete.
  void Bytes(u32 field, std::string_view bytes) {
    Key(field, kLength);
    Number(bytes.size());
    bytes_ += bytes;
  }
  void Message(u32 field, const ProtoMessage& message) { Bytes(field, message.bytes()); }

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  enum WireType : u32 { kVarint = 0, kFixed64 = 1, kLength = 2 };

  void Key(u32 field, WireType type) { Number(u64{field} << 3 | type); }
  void Number(u64 value) {
    while (value >= 0x80) {
      bytes_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace lgx

#endif  // LGX_REPORT_PROTOBUF_WRITER_H_
