// Bit fields of registers and table entries, as functions on unsigned integers.
#ifndef LGX_BASE_BITS_H_
#define LGX_BASE_BITS_H_

#include <type_traits>

#include "base/types.h"

namespace lgx {

// The low `count` bits set; `count` may be the whole width.
template <typename T>
constexpr T LowMask(u32 count) {
  static_assert(std::is_unsigned_v<T>);
  return count >= sizeof(T) * 8 ? static_cast<T>(~T{0})
                                : static_cast<T>((T{1} << count) - 1);
}

template <typename T>
constexpr bool TestBit(T value, u32 bit) {
  static_assert(std::is_unsigned_v<T>);
  return ((value >> bit) & 1) != 0;
}

// The field of `count` bits that starts at bit `low`.
template <typename T>
constexpr T GetBits(T value, u32 low, u32 count) {
  static_assert(std::is_unsigned_v<T>);
  return static_cast<T>((value >> low) & LowMask<T>(count));
}

// `value` with that field replaced; bits of `field` that do not fit are dropped.
template <typename T>
constexpr T WithBits(T value, u32 low, u32 count, std::type_identity_t<T> field) {
  static_assert(std::is_unsigned_v<T>);
  const T mask = static_cast<T>(LowMask<T>(count) << low);
  return static_cast<T>((value & ~mask) | (static_cast<T>(field << low) & mask));
}

template <typename T>
constexpr T WithBit(T value, u32 bit, bool on) {
  return WithBits<T>(value, bit, 1, on ? 1 : 0);
}

// The low `count` bits (1 ... width) as a signed number of T's width.
template <typename T>
constexpr std::make_signed_t<T> SignExtend(T value, u32 count) {
  static_assert(std::is_unsigned_v<T>);
  const T sign = static_cast<T>(T{1} << (count - 1));
  const T low = static_cast<T>(value & LowMask<T>(count));
  return static_cast<std::make_signed_t<T>>(static_cast<T>((low ^ sign) - sign));
}

// `unit` is a power of two. AlignUp wraps to 0 past the end of T.
template <typename T>
constexpr T AlignDown(T value, std::type_identity_t<T> unit) {
  return static_cast<T>(value & ~static_cast<T>(unit - 1));
}
template <typename T>
constexpr T AlignUp(T value, std::type_identity_t<T> unit) {
  return AlignDown<T>(static_cast<T>(value + (unit - 1)), unit);
}
template <typename T>
constexpr bool IsAligned(T value, std::type_identity_t<T> unit) {
  return (value & (unit - 1)) == 0;
}

}  // namespace lgx

#endif  // LGX_BASE_BITS_H_
