// Bounds-checked looks into the bytes of a file.
#ifndef LGX_MACHINE_IMAGE_BYTES_H_
#define LGX_MACHINE_IMAGE_BYTES_H_

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/endian.h"
#include "base/types.h"

namespace lgx {

using Bytes = std::span<const u8>;

// True if [offset, offset + length) lies in a file of `size` bytes; an empty range at the
// end does.
constexpr bool RangeInside(u64 offset, u64 length, u64 size) {
  return offset <= size && length <= size - offset;
}

// One little-endian value, if all of it is there.
template <typename T>
std::optional<T> LoadAt(Bytes bytes, u64 offset) {
  if (!RangeInside(offset, sizeof(T), bytes.size())) return std::nullopt;
  return LoadLe<T>(bytes.data() + offset);
}

// The same where missing bytes may count as zero.
template <typename T>
T LoadOrZero(Bytes bytes, u64 offset) {
  return LoadAt<T>(bytes, offset).value_or(T{0});
}

// `bytes` from `offset` on; empty when the offset is at or past the end.
inline Bytes From(Bytes bytes, u64 offset) {
  return offset < bytes.size() ? bytes.subspan(offset) : Bytes();
}

// The part of [offset, offset + length) that exists.
inline Bytes Part(Bytes bytes, u64 offset, u64 length) {
  const Bytes rest = From(bytes, offset);
  return rest.first(std::min<u64>(length, rest.size()));
}

inline bool StartsWith(Bytes bytes, std::string_view start) {
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin(),
                    [](char a, u8 b) { return static_cast<u8>(a) == b; });
}

inline std::string_view AsText(Bytes bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

inline Bytes AsBytes(std::string_view text) {
  return Bytes(reinterpret_cast<const u8*>(text.data()), text.size());
}

// The text at `offset` up to a NUL, an unprintable byte, or `limit` bytes.
inline std::string TextAt(Bytes bytes, u64 offset, size_t limit) {
  std::string text;
  for (u8 byte : Part(bytes, offset, limit)) {
    if (byte < 0x20 || byte > 0x7e) break;
    text.push_back(static_cast<char>(byte));
  }
  return text;
}

}  // namespace lgx

#endif  // LGX_MACHINE_IMAGE_BYTES_H_
