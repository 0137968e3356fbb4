// EFLAGS, with the six arithmetic flags kept lazily.
//
// The arithmetic flags are two words: the result of the last operation, sign-extended to
// 32 bits, and a vector of its carries. Nothing is computed until somebody asks.
//
//   ZF  result == 0
//   SF  bit 31 of result, xor delta bit 0
//   PF  parity of the low byte of result, xor the byte at bits 8-15 of the vector
//   CF  bit 31 of the vector
//   OF  bit 31 xor bit 30 of the vector
//   AF  bit 3 of the vector
//
// The two deltas are 0 after every arithmetic operation; they exist so that any
// combination a POPF or SAHF asks for (ZF and SF both 1, for example) has a
// representation.
#ifndef LGX_CPU_FLAGS_H_
#define LGX_CPU_FLAGS_H_

#include <bit>
#include <type_traits>

#include "base/types.h"

namespace lgx {

inline constexpr u32 kEflagsCf = 1u << 0;
inline constexpr u32 kEflagsOne = 1u << 1;  // always reads as 1
inline constexpr u32 kEflagsPf = 1u << 2;
inline constexpr u32 kEflagsAf = 1u << 4;
inline constexpr u32 kEflagsZf = 1u << 6;
inline constexpr u32 kEflagsSf = 1u << 7;
inline constexpr u32 kEflagsTf = 1u << 8;
inline constexpr u32 kEflagsIf = 1u << 9;
inline constexpr u32 kEflagsDf = 1u << 10;
inline constexpr u32 kEflagsOf = 1u << 11;
inline constexpr u32 kEflagsIopl = 3u << 12;
inline constexpr u32 kEflagsNt = 1u << 14;
inline constexpr u32 kEflagsRf = 1u << 16;
inline constexpr u32 kEflagsVm = 1u << 17;
inline constexpr u32 kEflagsAc = 1u << 18;
inline constexpr u32 kEflagsVif = 1u << 19;
inline constexpr u32 kEflagsVip = 1u << 20;
inline constexpr u32 kEflagsId = 1u << 21;
inline constexpr u32 kEflagsArithmetic =
    kEflagsCf | kEflagsPf | kEflagsAf | kEflagsZf | kEflagsSf | kEflagsOf;

template <typename T>
constexpr u32 SignExtend(T v) {
  return static_cast<u32>(static_cast<i32>(static_cast<std::make_signed_t<T>>(v)));
}

template <typename T>
inline constexpr u32 kBits = sizeof(T) * 8;
template <typename T>
inline constexpr u32 kSignBit = 1u << (kBits<T> - 1);

// Word is u32 for a value of its own, u32& for a view of two variables that a handler
// keeps in registers.
template <typename Word>
struct BasicFlags {
  static constexpr u32 kCarry = 1u << 31;
  static constexpr u32 kPartialOverflow = 1u << 30;  // carry into the top bit
  static constexpr u32 kAdjust = 1u << 3;
  static constexpr u32 kSignDelta = 1u << 0;
  static constexpr u32 kParityDelta = 0xffu << 8;

  Word result;
  Word carries;

  // -- reading -----------------------------------------------------------------------
  bool Cf() const { return (carries & kCarry) != 0; }
  bool Zf() const { return result == 0; }
  bool Sf() const { return ((result >> 31) ^ (carries & kSignDelta)) != 0; }
  bool Of() const { return (((carries >> 31) ^ (carries >> 30)) & 1) != 0; }
  bool Af() const { return (carries & kAdjust) != 0; }
  bool Pf() const { return (std::popcount((result ^ (carries >> 8)) & 0xffu) & 1) == 0; }

  // Condition code `cc` of Jcc, SETcc and CMOVcc (the low four opcode bits).
  template <u32 cc>
  bool Condition() const {
    bool value = false;
    if constexpr ((cc >> 1) == 0) value = Of();
    if constexpr ((cc >> 1) == 1) value = Cf();
    if constexpr ((cc >> 1) == 2) value = Zf();
    if constexpr ((cc >> 1) == 3) value = (u32{Cf()} | u32{Zf()}) != 0;
    if constexpr ((cc >> 1) == 4) value = Sf();
    if constexpr ((cc >> 1) == 5) value = Pf();
    if constexpr ((cc >> 1) == 6) value = Sf() != Of();
    if constexpr ((cc >> 1) == 7) value = (u32{Zf()} | u32{Sf() != Of()}) != 0;
    return value != ((cc & 1) != 0);
  }

  u32 Arithmetic() const {
    return (Cf() ? kEflagsCf : 0) | (Pf() ? kEflagsPf : 0) | (Af() ? kEflagsAf : 0) |
           (Zf() ? kEflagsZf : 0) | (Sf() ? kEflagsSf : 0) | (Of() ? kEflagsOf : 0);
  }

  // -- writing -----------------------------------------------------------------------
  // Sets all six from an EFLAGS image.
  void SetArithmetic(u32 eflags) {
    const bool zf = (eflags & kEflagsZf) != 0;
    const bool sf = (eflags & kEflagsSf) != 0;
    const bool pf = (eflags & kEflagsPf) != 0;
    const bool cf = (eflags & kEflagsCf) != 0;
    const bool of = (eflags & kEflagsOf) != 0;
    result = zf ? 0 : 1;  // parity of 0 is even, of 1 is odd; sign of both is clear
    carries = (sf ? kSignDelta : 0) | (pf == zf ? 0 : 1u << 8) | (cf ? kCarry : 0) |
              (cf != of ? kPartialOverflow : 0) |
              ((eflags & kEflagsAf) != 0 ? kAdjust : 0);
  }

  void SetCf(bool cf) {
    const bool of = Of();
    carries = (carries & ~(kCarry | kPartialOverflow)) | (cf ? kCarry : 0) |
              (cf != of ? kPartialOverflow : 0);
  }
  void SetCfOf(bool cf, bool of) {
    carries = (carries & ~(kCarry | kPartialOverflow)) | (cf ? kCarry : 0) |
              (cf != of ? kPartialOverflow : 0);
  }
  void SetZf(bool zf) {
    const u32 rest = Arithmetic() & ~kEflagsZf;
    SetArithmetic(rest | (zf ? kEflagsZf : 0));
  }

  // The vector of carries out of each bit, reduced to the three that are flags.
  template <typename T>
  static constexpr u32 Reduce(u32 vector) {
    if constexpr (sizeof(T) == 4) {
      return vector & (kCarry | kPartialOverflow | kAdjust);
    } else {
      return ((vector << (32 - kBits<T>)) & (kCarry | kPartialOverflow)) |
             (vector & kAdjust);
    }
  }

  // ADD and ADC: `sum` includes the carry in.
  template <typename T>
  void SetAdd(T a, T b, T sum) {
    const u32 x = a, y = b, s = sum;
    result = SignExtend(sum);
    carries = Reduce<T>((x & y) | ((x | y) & ~s));
  }
  // SUB, SBB, CMP: `difference` includes the borrow in.
  template <typename T>
  void SetSub(T a, T b, T difference) {
    const u32 x = a, y = b, d = difference;
    result = SignExtend(difference);
    carries = Reduce<T>((~x & y) | ((~x | y) & d));
  }
  // AND, OR, XOR, TEST: CF = OF = 0; AF is undefined and cleared, as Intel does.
  template <typename T>
  void SetLogic(T value) {
    result = SignExtend(value);
    carries = 0;
  }
  // INC and DEC keep CF.
  template <typename T>
  void SetInc(T value) {
    const bool cf = Cf();
    const bool of = value == static_cast<T>(kSignBit<T>);
    result = SignExtend(value);
    carries = (cf ? kCarry : 0) | (cf != of ? kPartialOverflow : 0) |
              ((value & 0xf) == 0 ? kAdjust : 0);
  }
  template <typename T>
  void SetDec(T value) {
    const bool cf = Cf();
    const bool of = value == static_cast<T>(kSignBit<T> - 1);
    result = SignExtend(value);
    carries = (cf ? kCarry : 0) | (cf != of ? kPartialOverflow : 0) |
              ((value & 0xf) == 0xf ? kAdjust : 0);
  }
  // SF, ZF, PF from a value; CF, OF given; AF cleared. Shifts and multiplications.
  template <typename T>
  void SetResult(T value, bool cf, bool of) {
    result = SignExtend(value);
    carries = (cf ? kCarry : 0) | (cf != of ? kPartialOverflow : 0);
  }
};

using Flags = BasicFlags<u32>;
using FlagsView = BasicFlags<u32&>;

}  // namespace lgx

#endif  // LGX_CPU_FLAGS_H_
