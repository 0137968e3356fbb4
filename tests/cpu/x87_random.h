// Random numbers, operands and states of the x87, with the edges of every format more
// often than chance would have them.
#ifndef LGX_TESTS_CPU_X87_RANDOM_H_
#define LGX_TESTS_CPU_X87_RANDOM_H_

#include "base/endian.h"
#include "cpu/fpu.h"

namespace lgx {

class X87Random {
 public:
  explicit X87Random(u64 seed) : state_(seed) {}

  u64 Next() {
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  u32 Below(u32 n) { return static_cast<u32>(Next() % n); }
  bool OneIn(u32 n) { return Below(n) == 0; }

  u64 Significand() {
    constexpr u64 kTop = kFloat80IntegerBit;
    switch (Below(8)) {
      case 0:
        return kTop;
      case 1:
        return ~u64{0};
      case 2:
        return kTop | (Next() >> Below(64));
      case 3:
        return kTop | (~u64{0} << Below(64));
      case 4:
        return kTop | (u64{1} << Below(64)) | (u64{1} << Below(64));
      case 5:
        return (kTop | Next()) & 0xfffffff000000000;
      default:
        return kTop | Next();
    }
  }

  Float80 Number() {
    const bool sign = OneIn(2);
    const u64 m = Significand();
    const auto make = [&](u32 exponent) {
      return MakeFloat80(sign, static_cast<i32>(exponent == 0 ? 1 : exponent), m);
    };
    const u32 one = kFloat80Bias;
    switch (Below(20)) {
      case 0:
        return Float80Zero(sign);
      case 1:
        return Float80Infinity(sign);
      case 2:
        return MakeFloat80(sign, kFloat80MaxExponent, m | kFloat80QuietBit);
      case 3:
        return MakeFloat80(sign, kFloat80MaxExponent, (m & ~kFloat80QuietBit) | 1);
      case 4:
        return MakeFloat80(sign, 0, m & (0x7fffffffffffffff >> Below(63)));
      case 5:
        return Oddity(sign, m);
      case 6:
        return make(Below(0x7fff));
      case 7:
        return make(Below(70));
      case 8:
        return make(0x7ffe - Below(70));
      case 9:
        return MakeFloat80(sign, static_cast<i32>(one + Below(70)),
                           kFloat80IntegerBit | (m & (~u64{0} << Below(64))));
      case 10:
        return make(one - 1083 + Below(70));  // around the ends of double and float
      case 11:
        return make(one - 157 + Below(40));
      case 12:
        return make(one + 1020 + Below(6));
      case 13:
        return make(one + 125 + Below(5));
      case 14:
        return make(0x1fff + Below(64) - 32);  // products leave the range
      case 15:
        return make(0x5fff + Below(64) - 32);
      case 16:
        return make(one + Below(17));
      default:
        return make(one + Below(64) - 32);
    }
  }

  void MemoryOperand(FpuFormat format, u8* bytes) {
    switch (format) {
      case FpuFormat::kF32:
        return StoreLe<u32>(bytes, static_cast<u32>(Narrow(8, 23)));
      case FpuFormat::kF64:
        return StoreLe<u64>(bytes, Narrow(11, 52));
      case FpuFormat::kF80: {
        const Float80 a = Number();
        StoreLe<u64>(bytes, a.significand);
        return StoreLe<u16>(bytes + 8, a.sign_exp);
      }
      case FpuFormat::kBcd:
        for (int i = 0; i < 9; ++i)
          bytes[i] = static_cast<u8>((Below(10) << 4) | Below(10));
        bytes[9] = OneIn(2) ? 0x80 : 0;
        return;
      default: {
        const u64 v = Next() >> Below(64);
        return StoreLe<u64>(bytes, OneIn(2) ? v : u64{0} - v);
      }
    }
  }

  // A state in which no unmasked exception is pending. unmasked: with some masks open.
  FpuState State(bool unmasked) {
    FpuState s;
    static constexpr u16 kPrecisions[4] = {0x300, 0x300, 0x200, 0x000};
    s.cw = static_cast<u16>(0x7f | kPrecisions[Below(4)] | (Below(4) << 10));
    if (unmasked && OneIn(2)) s.cw = static_cast<u16>((s.cw & ~0x3f) | Below(64));
    s.sw = static_cast<u16>((Below(8) << 11) | (Next() & kFpuSwConditions));
    if (OneIn(8)) s.sw |= static_cast<u16>(Next() & 0x7f & (s.cw | kFpuSwStackFault));
    s.valid = OneIn(5) ? static_cast<u8>(Next()) : 0xff;
    if (OneIn(3)) s.valid &= static_cast<u8>(~(1u << s.Physical(7)));
    for (Float80& a : s.regs) a = Number();
    return s;
  }

 private:
  Float80 Oddity(bool sign, u64 m) {  // a pseudo-denormal or an unsupported format
    if (!OneIn(4)) return MakeFloat80(sign, 0, m);
    return MakeFloat80(sign, static_cast<i32>(1 + Below(0x7fff)),
                       m & ~kFloat80IntegerBit);
  }
  u64 Narrow(int exponent_bits, int fraction_bits) {
    const u64 fraction = Next() & ((u64{1} << fraction_bits) - 1);
    const u64 sign = u64{Below(2)} << (exponent_bits + fraction_bits);
    const u64 top = (u64{1} << exponent_bits) - 1;
    const auto make = [&](u64 exponent, u64 f) {
      return sign | (exponent << fraction_bits) | f;
    };
    switch (Below(8)) {
      case 0:
        return make(0, 0);
      case 1:
        return make(0, fraction >> Below(static_cast<u32>(fraction_bits)));
      case 2:
        return make(top, fraction);
      case 3:
        return make(top, 0);
      case 4:
        return make(top / 2, 0);
      case 5:
        return make(top / 2 - 10 + Below(20), fraction);
      default:
        return make(Next() & top, fraction);
    }
  }

  u64 state_;
};

}  // namespace lgx

#endif  // LGX_TESTS_CPU_X87_RANDOM_H_
