// Little-endian loads and stores on bytes, the same on every host.
#ifndef LGX_BASE_ENDIAN_H_
#define LGX_BASE_ENDIAN_H_

#include <bit>
#include <cstring>

#include "base/types.h"

namespace lgx {

template <typename T>
constexpr T ByteSwap(T v) {
  if constexpr (sizeof(T) == 1) {
    return v;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(v));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(v));
  } else {
    return static_cast<T>(__builtin_bswap64(v));
  }
}

template <typename T>
inline T LoadLe(const u8* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  if constexpr (std::endian::native == std::endian::big) v = ByteSwap(v);
  return v;
}

template <typename T>
inline void StoreLe(u8* p, T v) {
  if constexpr (std::endian::native == std::endian::big) v = ByteSwap(v);
  std::memcpy(p, &v, sizeof v);
}

}  // namespace lgx

#endif  // LGX_BASE_ENDIAN_H_
