#include "tests/cpuvectors/operands.h"

#include <bit>
#include <cstring>

namespace lgx {
namespace {

constexpr u64 kIntegerBit = u64{1} << 63;

// A register image: a normal number near 1, and one time in two something special.
void Extended(Random& r, u8* to) {
  u64 significand = r.Next64() | kIntegerBit;
  u16 exponent = static_cast<u16>(0x3fff + r.Below(64) - 32);
  const u16 sign = static_cast<u16>(r.Below(2) << 15);
  switch (r.Below(16)) {
    case 0:
      significand = 0, exponent = 0;
      break;  // zero
    case 1:
      significand = kIntegerBit, exponent = 0x3fff;
      break;  // one
    case 2:
      significand = kIntegerBit, exponent = 0x7fff;
      break;  // infinity
    case 3:
      significand |= u64{3} << 62, exponent = 0x7fff;
      break;  // quiet NaN
    case 4:   // signalling NaN
      significand = ((kIntegerBit | r.Next64() >> 2) & ~(u64{1} << 62)) | 1;
      exponent = 0x7fff;
      break;
    case 5:
      significand = (significand & ~kIntegerBit) >> r.Below(60), exponent = 0;
      break;
    case 6:
      exponent = static_cast<u16>(r.Below(0x7fff));
      break;
    case 7:  // few bits: exact results
      significand = kIntegerBit | u64{r.Below(16)} << 58;
      exponent = static_cast<u16>(0x3fff + r.Below(63));
      break;
    case 8:  // unnormal
      if (!r.Percent(30)) break;
      significand &= ~kIntegerBit;
      exponent = static_cast<u16>(1 + r.Below(0x7ffe));
      break;
    case 9:
      exponent = static_cast<u16>(0x3fff + r.Below(4) - 2);
      break;
    case 10:
      significand &= 0xffffffffff000000;
      break;  // a single's precision
    case 11:  // a double's, with its range
      significand &= 0xfffffffffffff800;
      exponent = static_cast<u16>(0x3fff + r.Below(2100) - 1050);
      break;
    default:
      break;
  }
  exponent |= sign;
  std::memcpy(to, &significand, 8);
  std::memcpy(to + 8, &exponent, 2);
}

u32 Single(Random& r) {
  switch (r.Below(10)) {
    case 0:
      return r.Below(2) << 31;
    case 1:
      return 0x7f800000 | r.Below(2) << 31;
    case 2:
      return 0x7fc00000 | (r.Next() & 0x803fffff);
    case 3:
      return 0x7f800001 | (r.Next() & 0x803fffff);
    case 4:
      return r.Next() & 0x807fffff;
    case 5:
      return 0x3f800000 | r.Below(2) << 31;
    case 6:
      return r.Next();
    case 7:
      return std::bit_cast<u32>(static_cast<float>(static_cast<i32>(r.Value())));
    default:
      return (r.Next() & 0x807fffff) | (0x3f800000 + (r.Below(40) - 20) * 0x800000);
  }
}

u64 Double(Random& r) {
  constexpr u64 kSignAndFraction = 0x800fffffffffffff;
  switch (r.Below(10)) {
    case 0:
      return u64{r.Below(2)} << 63;
    case 1:
      return u64{0x7ff0} << 48 | u64{r.Below(2)} << 63;
    case 2:
      return u64{0x7ff8} << 48 | r.Next64() >> 13;
    case 3:
      return u64{0x7ff0} << 48 | r.Next64() >> 13 | 1;
    case 4:
      return r.Next64() & kSignAndFraction;
    case 5:
      return u64{0x3ff0} << 48;
    case 6:
      return r.Next64();
    case 7:
      return std::bit_cast<u64>(static_cast<double>(static_cast<i32>(r.Value())));
    default:
      return (r.Next64() & kSignAndFraction) | u64{0x3ff + r.Below(60) - 30} << 52;
  }
}

u64 Word(Random& r, Material material) {
  switch (material) {
    case Material::kSingles: {
      const u64 low = Single(r);
      return low | u64{Single(r)} << 32;
    }
    case Material::kDoubles:
      return Double(r);
    case Material::kIntegers: {
      const u64 low = r.Value();
      return low | u64{r.Value()} << 32;
    }
    default:
      return r.Next64();
  }
}

void PackedBcd(Random& r, u8* to) {
  for (u32 i = 0; i < 10; ++i) to[i] = static_cast<u8>(r.Below(10) << 4 | r.Below(10));
  to[9] = static_cast<u8>(r.Percent(10) ? r.Next() : to[9] & 0x80);
}

void PutHeader(u8* image, u16 cw, u16 sw, u8 tags, u32 mxcsr) {
  constexpr u32 kMxcsrMask = 0xffff;
  std::memcpy(image, &cw, 2);
  std::memcpy(image + 2, &sw, 2);
  image[4] = tags;
  std::memcpy(image + 24, &mxcsr, 4);
  std::memcpy(image + 28, &kMxcsrMask, 4);
}

}  // namespace

void FillOperand(Random& random, Material material, u8* bytes) {
  for (u32 i = 0; i < 64; i += 8) {
    const u64 word = Word(random, material);
    std::memcpy(bytes + i, &word, 8);
  }
  if (material == Material::kExtended) Extended(random, bytes);
  if (material == Material::kPackedBcd) PackedBcd(random, bytes);
}

void FillX87(Random& random, VectorIn* in) {
  u16 cw = 0x37f;
  if (random.Percent(40)) {
    const u32 masks = random.Percent(80) ? 0x3f : random.Next() & 0x3f;
    const u32 precision = random.Percent(50) ? 0x300 : random.Percent(50) ? 0x200 : 0;
    cw = static_cast<u16>(0x40 | masks | precision | random.Below(4) << 10);
  }
  u32 sw = random.Below(8) << 11 | (random.Next() & 0x4700);
  if (random.Percent(10)) sw |= random.Next() & 0x3f;
  if ((sw & ~u32{cw} & 0x3f) !=
      0) {  // unmasked: either it waits with ES and B, or not at all
    if (random.Percent(20)) {
      sw |= 0x8080;
    } else {
      sw &= u32{cw} | ~0x3fu;
    }
  }
  const u8 tags = static_cast<u8>(random.Percent(80) ? 0xff : random.Next());
  PutHeader(in->fxsave, cw, static_cast<u16>(sw), tags, 0x1f80);
  for (u32 i = 0; i < 8; ++i) Extended(random, in->fxsave + 32 + 16 * i);
  in->uses_fpu = 1;
}

void FillSimd(Random& random, Material material, VectorIn* in) {
  u32 mxcsr = 0x1f80;
  if (random.Percent(30)) {
    mxcsr |= random.Below(4) << 13 | (random.Percent(20) ? 0x8000 : 0) |
             (random.Percent(20) ? 0x40 : 0);
  }
  if (random.Percent(10)) mxcsr &= ~(1u << (7 + random.Below(6)));
  if (random.Percent(5)) mxcsr |= random.Next() & 0x3f;
  PutHeader(in->fxsave, 0x37f, 0, 0xff, mxcsr);
  for (u32 i = 0; i < 8; ++i) {
    const u64 mmx = random.Next64();
    std::memcpy(in->fxsave + 32 + 16 * i, &mmx, 8);
    std::memset(in->fxsave + 40 + 16 * i, 0xff, 2);
    u8 bytes[64];
    FillOperand(random, material, bytes);
    std::memcpy(in->fxsave + 160 + 16 * i, bytes, 16);
  }
  in->uses_fpu = 1;
}

}  // namespace lgx
