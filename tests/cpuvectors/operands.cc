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

// Exponents near both ends, near half of them, and near 1; few, many or all bits set.
template <typename T>
T Edge(Random& r) {
  constexpr i32 kFractionBits = sizeof(T) == 4 ? 23 : 52;
  constexpr i32 kMaxExponent = sizeof(T) == 4 ? 0xff : 0x7ff;
  constexpr i32 kBias = kMaxExponent / 2;
  constexpr i32 kCentres[] = {
      0,    1, kMaxExponent - 1, kBias / 2, kBias + kBias / 2, kBias, kFractionBits + 1,
      kBias};
  const i32 spread = static_cast<i32>(r.Below(r.Percent(50) ? 4 : 60));
  i32 exponent = r.Pick(kCentres) + (r.Percent(50) ? spread : -spread);
  exponent = exponent < 0 ? 0 : exponent >= kMaxExponent ? kMaxExponent - 1 : exponent;
  constexpr T kFraction = (T{1} << kFractionBits) - 1;
  T fraction = 0;
  switch (r.Below(5)) {
    case 0:
      break;
    case 1:
      fraction = T{1} << r.Below(kFractionBits);
      break;
    case 2:
      fraction = kFraction << r.Below(kFractionBits);
      break;
    case 3:
      fraction = r.Below(4);
      break;
    default:
      fraction = static_cast<T>(r.Next64());
      break;
  }
  const T sign = T{r.Below(2)} << (sizeof(T) * 8 - 1);
  return sign | static_cast<T>(exponent) << kFractionBits | (fraction & kFraction);
}

u64 Word(Random& r, Material material) {
  switch (material) {
    case Material::kSingleEdges: {
      const u64 low = r.Percent(5) ? Single(r) : Edge<u32>(r);
      return low | u64{Edge<u32>(r)} << 32;
    }
    case Material::kDoubleEdges:
      return r.Percent(5) ? Double(r) : Edge<u64>(r);
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

// FOP, FIP, FCS, FDP, FDS
void PutPointers(Random& random, u8* image) {
  const u16 fop = random.Next() & 0x7ff, fcs = static_cast<u16>(random.Next()),
            fds = static_cast<u16>(random.Next());
  const u32 fip = random.Next(), fdp = random.Next();
  std::memcpy(image + 6, &fop, 2);
  std::memcpy(image + 8, &fip, 4);
  std::memcpy(image + 12, &fcs, 2);
  std::memcpy(image + 16, &fdp, 4);
  std::memcpy(image + 20, &fds, 2);
}

u16 ControlWord(Random& random) {
  const u32 masks = random.Percent(70) ? 0x3f : random.Next() & 0x3f;
  return static_cast<u16>(0x40 | masks | (random.Next() & 0x1f00));
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
  if ((sw & 0x80) != 0) PutPointers(random, in->fxsave);
  for (u32 i = 0; i < 8; ++i) Extended(random, in->fxsave + 32 + 16 * i);
  in->uses_fpu = 1;
}

void FillSimd(Random& random, Material material, bool with_mmx, VectorIn* in) {
  u32 mxcsr = 0x1f80;
  if (random.Percent(50)) {
    mxcsr |= random.Below(4) << 13 | (random.Percent(30) ? 0x8000 : 0) |
             (random.Percent(30) ? 0x40 : 0);
  }
  if (random.Percent(15)) mxcsr &= ~(1u << (7 + random.Below(6)));
  if (random.Percent(10)) mxcsr &= ~(random.Next() & 0x1f80);
  if (random.Percent(10)) mxcsr |= random.Next() & 0x3f;
  u16 cw = 0x37f, sw = 0;
  u8 tags = 0xff;
  if (random.Percent(50)) {
    sw = static_cast<u16>(random.Below(8) << 11);
    tags = static_cast<u8>(random.Next());
  }
  if (with_mmx && random.Percent(3)) {  // a division by zero waits
    cw &= ~4;
    sw |= 0x8084;
  }
  PutHeader(in->fxsave, cw, sw, tags, mxcsr);
  if ((sw & 0x80) != 0) PutPointers(random, in->fxsave);
  for (u32 i = 0; i < 8; ++i) {
    u8 bytes[64];
    FillOperand(random, material, bytes);
    std::memcpy(in->fxsave + 160 + 16 * i, bytes, 16);
    if (!with_mmx) continue;
    const u64 mmx = random.Next64();
    std::memcpy(in->fxsave + 32 + 16 * i,
                random.Percent(50) ? bytes + 16 : reinterpret_cast<const u8*>(&mmx), 8);
    std::memset(in->fxsave + 40 + 16 * i, 0xff, 2);
  }
  // Pairs that cancel, or are equal.
  if (random.Percent(10)) {
    u8* const some = in->fxsave + 160 + 16 * random.Below(8);
    std::memcpy(in->fxsave + 160 + 16 * random.Below(8), some, 16);
    if (random.Percent(50)) some[7] ^= 0x80, some[3] ^= 0x80;
  }
  in->uses_fpu = 1;
}

void ClearXmm(VectorIn* in) { std::memset(in->fxsave + 160, 0, 8 * 16); }

void FillFxImage(Random& random, u8* bytes) {
  std::memset(bytes, 0, 32);
  PutHeader(bytes, ControlWord(random), static_cast<u16>(random.Next()),
            static_cast<u8>(random.Next()), MxcsrOperand(random));
  PutPointers(random, bytes);
  Extended(random, bytes + 32);
  Extended(random, bytes + 48);
}

void FillEnvironment(Random& random, bool narrow, u8* bytes) {
  for (u32 i = 0; i < 64; ++i) bytes[i] = static_cast<u8>(random.Next());
  const u16 cw = ControlWord(random);
  std::memcpy(bytes, &cw, 2);
  Extended(random, bytes + (narrow ? 14 : 28));
}

u32 MxcsrOperand(Random& random) {
  u32 value = random.Next() & 0xffff;
  if (random.Percent(20)) value |= 1u << (16 + random.Below(16));
  // Bit 17 is one that some processors of AMD take.
  return value & ~(1u << 17);
}

}  // namespace lgx
