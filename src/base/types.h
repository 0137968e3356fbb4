// Integer names and address types.
//
// Every address says which space it belongs to; the three spaces never mix by accident:
//   Lin  linear address: after segmentation, before paging
//   Gpa  guest-physical: what the Guest's page tables hold; Gfn is its page number
//   Mpa  machine: what shadow tables and CR3 hold; Mfn is its page number
// A host pointer to machine memory exists inside mmu/ only.
#ifndef LGX_BASE_TYPES_H_
#define LGX_BASE_TYPES_H_

#include <compare>
#include <cstddef>
#include <cstdint>

namespace lgx {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

inline constexpr u32 kPageSize = 4096;
inline constexpr u32 kPageShift = 12;
inline constexpr u32 kPageMask = kPageSize - 1;

// An integer that belongs to one address space. Arithmetic with plain numbers stays in
// the space and wraps like the underlying integer.
template <typename Tag, typename Int>
struct Address {
  Int value = 0;

  constexpr Address() = default;
  constexpr explicit Address(Int v) : value(v) {}
  friend constexpr auto operator<=>(Address, Address) = default;
  friend constexpr Address operator+(Address a, Int n) {
    return Address(static_cast<Int>(a.value + n));
  }
  friend constexpr Address operator-(Address a, Int n) {
    return Address(static_cast<Int>(a.value - n));
  }
  friend constexpr Int operator-(Address a, Address b) {
    return static_cast<Int>(a.value - b.value);
  }
  constexpr Address& operator+=(Int n) {
    value = static_cast<Int>(value + n);
    return *this;
  }
};

using Lin = Address<struct LinTag, u32>;
using Gpa = Address<struct GpaTag, u32>;
using Gfn = Address<struct GfnTag, u32>;
using Mpa = Address<struct MpaTag, u64>;
using Mfn = Address<struct MfnTag, u32>;

constexpr Gfn GfnOf(Gpa a) { return Gfn(a.value >> kPageShift); }
constexpr Gpa GpaOf(Gfn f) { return Gpa(f.value << kPageShift); }
constexpr Mfn MfnOf(Mpa a) { return Mfn(static_cast<u32>(a.value >> kPageShift)); }
constexpr Mpa MpaOf(Mfn f) { return Mpa(static_cast<u64>(f.value) << kPageShift); }
constexpr u32 PageOffset(Lin a) { return a.value & kPageMask; }
constexpr u32 PageOffset(Gpa a) { return a.value & kPageMask; }
constexpr u32 PageOffset(Mpa a) { return static_cast<u32>(a.value) & kPageMask; }

}  // namespace lgx

#endif  // LGX_BASE_TYPES_H_
