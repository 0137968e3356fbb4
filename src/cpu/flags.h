// EFLAGS, with the six arithmetic flags kept lazily.
//
// The arithmetic flags are two 64-bit words: the result of the last operation, and its
// two operands mixed (a ^ b), because mix ^ result has the carry into each bit. Bytes and
// words are sign-extended to 32 bits first, which moves their carries to where those of
// 32-bit operands are. Nothing is computed until somebody asks.
//
//   ZF  the low half of result is 0
//   SF  bit 31 of result, xor bit 32 of mix
//   PF  parity of the low byte of result, xor the byte at bits 40-47 of mix
//   CF  bit 32 of result: the sum of two 32-bit numbers has 33 bits
//   OF  CF xor the carry into bit 31
//   AF  the carry into bit 4
//
// Bits 33-63 of result have no meaning. The upper half of mix is 0 after every arithmetic
// operation; it exists so that any combination a POPF or SAHF asks for (ZF and SF both 1,
// for example) has a representation.
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
// What eflags_rest holds. RF is kept elsewhere (Cpu::ResumeFlag).
inline constexpr u32 kEflagsStored = kEflagsTf | kEflagsIf | kEflagsDf | kEflagsIopl |
                                     kEflagsNt | kEflagsVm | kEflagsAc | kEflagsVif |
                                     kEflagsVip | kEflagsId;
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

// Word is u64 for a value of its own, u64& for a view of two variables that a handler
// keeps in registers.
template <typename Word>
struct BasicFlags {
  static constexpr u64 kCarry = u64{1} << 32;        // in result
  static constexpr u64 kSignDelta = u64{1} << 32;    // in mix
  static constexpr u64 kParityDelta = u64{1} << 40;  // in mix; any odd byte would do
  static constexpr u32 kTop = 1u << 31;
  static constexpr u32 kAdjust = 1u << 4;

  Word result;
  Word mix;

  // -- reading -----------------------------------------------------------------------
  bool Cf() const { return (result & kCarry) != 0; }
  bool Zf() const { return static_cast<u32>(result) == 0; }
  bool Sf() const { return (((result >> 31) ^ (mix >> 32)) & 1) != 0; }
  bool Of() const { return (((result >> 32) ^ (result >> 31) ^ (mix >> 31)) & 1) != 0; }
  bool Af() const { return ((result ^ mix) & kAdjust) != 0; }
  bool Pf() const { return (std::popcount((result ^ (mix >> 40)) & 0xffu) & 1) == 0; }
  // SF != OF: bit 31 of the result drops out.
  bool Less() const { return (((result >> 32) ^ (mix >> 31) ^ (mix >> 32)) & 1) != 0; }

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
    if constexpr ((cc >> 1) == 6) value = Less();
    if constexpr ((cc >> 1) == 7) value = (u32{Zf()} | u32{Less()}) != 0;
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
    const bool af = (eflags & kEflagsAf) != 0;
    const u32 low =
        zf ? 0 : 1;  // parity of 0 is even, of 1 is odd; sign of both is clear
    result = low | (cf ? kCarry : 0);
    mix = (low ^ (af ? kAdjust : 0) ^ (cf != of ? kTop : 0)) | (sf ? kSignDelta : 0) |
          (pf == zf ? 0 : kParityDelta);
  }

  void SetCf(bool cf) { SetCfOf(cf, Of()); }
  void SetCfOf(bool cf, bool of) {
    result = static_cast<u32>(result) | (cf ? kCarry : 0);
    mix =
        (mix & ~u64{kTop}) | ((static_cast<u32>(result) & kTop) ^ (cf != of ? kTop : 0));
  }
  void SetZf(bool zf) {
    const u32 rest = Arithmetic() & ~kEflagsZf;
    SetArithmetic(rest | (zf ? kEflagsZf : 0));
  }
  void SetAf(bool af) {
    if (Af() != af) mix ^= kAdjust;
  }

  // ADD and ADC: gives the sum.
  template <typename T>
  T Add(T a, T b, bool carry = false) {
    const u32 x = SignExtend(a), y = SignExtend(b);
    const u64 sum = u64{x} + y + (carry ? 1 : 0);
    SetWide<T>(sum);
    mix = x ^ y;
    return static_cast<T>(sum);
  }
  // SUB, SBB, CMP: gives the difference.
  template <typename T>
  T Sub(T a, T b, bool borrow = false) {
    const u32 x = SignExtend(a), y = SignExtend(b);
    const u64 difference = u64{x} - y - (borrow ? 1 : 0);
    SetWide<T>(difference);
    mix = x ^ y;
    return static_cast<T>(difference);
  }
  // AND, OR, XOR, TEST: CF = OF = 0; AF is undefined and cleared, as Intel does.
  template <typename T>
  T Logic(T value) {
    result = mix = SignExtend(value);
    return value;
  }
  // INC and DEC keep CF. The real carry out of the top bit is one only for 0, of DEC for
  // -1: where it is not the one kept, the carry into the top bit is told the other way.
  template <typename T>
  T Inc(T a) {
    const T r = static_cast<T>(a + 1);
    const u32 twist = Cf() != (r == 0) ? kTop : 0;
    result = SignExtend(r) | (result & kCarry);
    mix = SignExtend(a) ^ 1 ^ twist;
    return r;
  }
  template <typename T>
  T Dec(T a) {
    const T r = static_cast<T>(a - 1);
    const u32 twist = Cf() != (a == 0) ? kTop : 0;
    result = SignExtend(r) | (result & kCarry);
    mix = SignExtend(a) ^ 1 ^ twist;
    return r;
  }
  // SF, ZF, PF from a value; CF, OF given; AF cleared. Shifts and multiplications.
  template <typename T>
  void SetResult(T value, bool cf, bool of) {
    const u32 r = SignExtend(value);
    result = r | (cf ? kCarry : 0);
    mix = r ^ (cf != of ? kTop : 0);
  }
  // SHL by 1 ... 31: gives the result. OF is CF xor SF, so the carry into the top bit is
  // SF.
  template <typename T>
  T ShiftLeft(T a, u32 count) {
    const u64 wide = u64{a} << count;
    if constexpr (sizeof(T) == 4) {
      result = wide;
      mix = static_cast<u32>(wide) & ~kTop;
    } else {
      const bool cf = ((wide >> kBits<T>)&1) != 0;
      SetResult<T>(static_cast<T>(wide), cf, cf != ((wide & kSignBit<T>) != 0));
    }
    return static_cast<T>(wide);
  }

 private:
  // A sum or difference of sign-extended operands; bit 32 is the carry.
  template <typename T>
  void SetWide(u64 value) {
    if constexpr (sizeof(T) == 4) {
      result = value;
    } else {
      result = SignExtend(static_cast<T>(value)) | (value & kCarry);
    }
  }
};

using Flags = BasicFlags<u64>;
using FlagsView = BasicFlags<u64&>;

}  // namespace lgx

#endif  // LGX_CPU_FLAGS_H_
