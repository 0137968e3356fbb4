// The integer operations of MMX and SSE2 on whole registers: a <op> b into a, `n` bytes
// wide (8 or 16), lanes little-endian from byte 0.
#ifndef LGX_CPU_SIMD_LANES_H_
#define LGX_CPU_SIMD_LANES_H_

#include <cstring>
#include <limits>
#include <type_traits>

#include "base/endian.h"
#include "base/types.h"

namespace lgx::simd {

using LaneFn = void (*)(u8* a, const u8* b, u32 n);

template <typename T>
T Lane(const u8* at, u32 index) {
  return LoadLe<T>(at + index * sizeof(T));
}
template <typename T>
void SetLane(u8* at, u32 index, T value) {
  StoreLe<T>(at + index * sizeof(T), value);
}

// One function of two lanes, for each pair.
template <typename T, T (*kFn)(T, T)>
void Each(u8* a, const u8* b, u32 n) {
  for (u32 i = 0; i < n / sizeof(T); ++i) {
    SetLane<T>(a, i, kFn(Lane<T>(a, i), Lane<T>(b, i)));
  }
}

// -- lanes

template <typename T>
T Add(T a, T b) {
  return static_cast<T>(a + b);
}
template <typename T>
T Sub(T a, T b) {
  return static_cast<T>(a - b);
}
template <typename T>
T Saturate(i32 value) {
  constexpr i32 kMin = std::numeric_limits<T>::min();
  constexpr i32 kMax = std::numeric_limits<T>::max();
  return static_cast<T>(value < kMin ? kMin : value > kMax ? kMax : value);
}
template <typename T>
T AddSaturated(T a, T b) {
  return Saturate<T>(a + b);
}
template <typename T>
T SubSaturated(T a, T b) {
  return Saturate<T>(a - b);
}
template <typename T>
T Equal(T a, T b) {
  return static_cast<T>(a == b ? -1 : 0);
}
template <typename T>
T Greater(T a, T b) {
  return static_cast<T>(a > b ? -1 : 0);
}
template <typename T>
T Min(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
T Max(T a, T b) {
  return a > b ? a : b;
}
template <typename T>
T Average(T a, T b) {
  return static_cast<T>((a + b + 1) >> 1);
}
template <typename T>
T And(T a, T b) {
  return a & b;
}
template <typename T>
T AndNot(T a, T b) {
  return ~a & b;
}
template <typename T>
T Or(T a, T b) {
  return a | b;
}
template <typename T>
T Xor(T a, T b) {
  return a ^ b;
}
inline u16 MulLow(u16 a, u16 b) { return static_cast<u16>(u32{a} * b); }
inline u16 MulHighUnsigned(u16 a, u16 b) { return static_cast<u16>(u32{a} * b >> 16); }
inline i16 MulHighSigned(i16 a, i16 b) {
  return static_cast<i16>(static_cast<u32>(i32{a} * b) >> 16);
}
// PMULUDQ: the low halves of the quadwords.
inline u64 MulLong(u64 a, u64 b) { return (a & 0xffffffff) * (b & 0xffffffff); }

// -- lanes that move

// Interleaves the low or the high halves: a0 b0 a1 b1 ...
template <typename T, bool kHigh>
void Unpack(u8* a, const u8* b, u32 n) {
  u8 result[16];
  const u32 pairs = n / sizeof(T) / 2;
  for (u32 i = 0; i < pairs; ++i) {
    const u32 from = kHigh ? pairs + i : i;
    SetLane<T>(result, 2 * i, Lane<T>(a, from));
    SetLane<T>(result, 2 * i + 1, Lane<T>(b, from));
  }
  std::memcpy(a, result, n);
}

// Signed words or doublewords to half their size, saturated: those of a, then those of b.
template <typename From, typename To>
void Pack(u8* a, const u8* b, u32 n) {
  u8 result[16];
  const u32 lanes = n / sizeof(From);
  for (u32 i = 0; i < lanes; ++i) {
    SetLane<To>(result, i, Saturate<To>(Lane<From>(a, i)));
    SetLane<To>(result, lanes + i, Saturate<To>(Lane<From>(b, i)));
  }
  std::memcpy(a, result, n);
}

// -- sums

// PMADDWD
inline void MulAdd(u8* a, const u8* b, u32 n) {
  for (u32 i = 0; i < n / 4; ++i) {
    const i32 low = Lane<i16>(a, 2 * i) * Lane<i16>(b, 2 * i);
    const i32 high = Lane<i16>(a, 2 * i + 1) * Lane<i16>(b, 2 * i + 1);
    SetLane<u32>(a, i, static_cast<u32>(low) + static_cast<u32>(high));
  }
}

// PSADBW: in each quadword the sum of the bytes' distances.
inline void SumDistances(u8* a, const u8* b, u32 n) {
  for (u32 q = 0; q < n / 8; ++q) {
    u64 sum = 0;
    for (u32 i = 8 * q; i < 8 * q + 8; ++i) {
      sum += static_cast<u64>(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
    }
    SetLane<u64>(a, q, sum);
  }
}

// -- shifts: every lane by one count, the low quadword of b

enum class Shift { kLeft, kRight, kSigned };

template <typename T, Shift kShift>
void ShiftLanes(u8* a, u64 count, u32 n) {
  constexpr u32 kBits = sizeof(T) * 8;
  using Signed = std::make_signed_t<T>;
  if (count >= kBits) {
    if (kShift != Shift::kSigned) {
      std::memset(a, 0, n);
      return;
    }
    count = kBits - 1;
  }
  const u32 by = static_cast<u32>(count);
  for (u32 i = 0; i < n / sizeof(T); ++i) {
    const T lane = Lane<T>(a, i);
    SetLane<T>(a, i,
               kShift == Shift::kLeft ? static_cast<T>(lane << by)
               : kShift == Shift::kRight
                   ? static_cast<T>(lane >> by)
                   : static_cast<T>(static_cast<Signed>(lane) >> by));
  }
}
template <typename T, Shift kShift>
void ShiftBy(u8* a, const u8* b, u32 n) {
  ShiftLanes<T, kShift>(a, LoadLe<u64>(b), n);
}

// PSLLDQ, PSRLDQ: the whole register by bytes.
template <Shift kShift>
void ShiftBytes(u8* a, u64 count, u32 n) {
  const u32 by = count > n ? n : static_cast<u32>(count);
  u8 result[16] = {};
  if (kShift == Shift::kLeft) {
    std::memcpy(result + by, a, n - by);
  } else {
    std::memcpy(result, a + by, n - by);
  }
  std::memcpy(a, result, n);
}

// -- shuffles: two bits of `order` choose each of four lanes

template <typename T>
void Shuffle(u8* to, const u8* from, u8 order) {
  u8 result[4 * sizeof(T)];
  for (u32 i = 0; i < 4; ++i) {
    SetLane<T>(result, i, Lane<T>(from, order >> (2 * i) & 3));
  }
  std::memcpy(to, result, sizeof result);
}

// The top bits of the bytes.
inline u32 ByteSigns(const u8* a, u32 n) {
  u32 mask = 0;
  for (u32 i = 0; i < n; ++i) mask |= static_cast<u32>(a[i] >> 7) << i;
  return mask;
}

}  // namespace lgx::simd

#endif  // LGX_CPU_SIMD_LANES_H_
