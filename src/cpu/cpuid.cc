#include "cpu/cpuid.h"

#include <algorithm>

namespace lgx {
namespace {

constexpr u32 kNx = 1u << 20;
constexpr u32 kFirstBrandLeaf = 0x80000002, kLastExtendedLeaf = 0x80000004;
constexpr u32 kClflushUnits = 64 / 8;  // bytes of a line

u32 Word(const char* text) { return LoadLe<u32>(reinterpret_cast<const u8*>(text)); }

CpuidResult Signature(const CpuModel& model) {
  CpuidResult r;
  r.eax = model.Signature();
  r.ebx = model.brand_index;
  if (model.Has(kFeatureClflush)) r.ebx |= kClflushUnits << 8;
  r.edx = static_cast<u32>(model.features & ~model.hidden);
  return r;
}

// 16 of the 48 bytes of the brand, filled up with zeros.
CpuidResult BrandPart(const CpuModel& model, u32 part) {
  char text[48] = {};
  std::copy_n(model.brand.begin(), std::min(model.brand.size(), sizeof text - 1), text);
  const char* const at = text + 16 * part;
  return {Word(at), Word(at + 4), Word(at + 8), Word(at + 12)};
}

CpuidResult Extended(const CpuModel& model, u32 leaf) {
  if (model.brand.empty()) return {};
  if (leaf == 0x80000000) return {.eax = kLastExtendedLeaf};
  if (leaf == 0x80000001) return {.edx = model.Has(kFeatureNx) ? kNx : 0};
  if (leaf <= kLastExtendedLeaf) return BrandPart(model, leaf - kFirstBrandLeaf);
  return {};
}

}  // namespace

CpuidResult Cpuid(const CpuModel& model, u32 leaf, u32) {
  if (leaf >= 0x80000000) return Extended(model, leaf);
  if (leaf > model.max_leaf) return {};
  switch (leaf) {
    case 0:
      return {model.max_leaf, Word("Genu"), Word("ntel"), Word("ineI")};
    case 1:
      return Signature(model);
    default: {
      const u32* r = model.cache_leaf;
      return {r[0], r[1], r[2], r[3]};
    }
  }
}

}  // namespace lgx
