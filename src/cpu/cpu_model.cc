#include "cpu/cpu_model.h"

#include "cpu/state.h"

namespace lgx {
namespace {

constexpr u64 kPentium =
    kFeatureFpu | kFeatureDe | kFeaturePse | kFeatureTsc | kFeatureMsr | kFeatureCx8;
constexpr u64 kPentiumPro =
    kPentium | kFeaturePae | kFeatureSep | kFeaturePge | kFeatureCmov | kFeatureHintNop;
constexpr u64 kPentiumTwo = kPentiumPro | kFeatureMmx | kFeatureFxsr;
constexpr u64 kPentiumThree = kPentiumTwo | kFeatureSse;
constexpr u64 kPentiumFour = kPentiumThree | kFeatureSse2 | kFeatureClflush;

constexpr u32 kMxcsrWithoutDaz = 0xffbf, kMxcsrWithDaz = 0xffff;
constexpr std::string_view kOurBrand = "lgx virtual processor";

// Signatures and cache descriptors are those of common steppings (Intel AP-485): P55C,
// Deschutes, Coppermine, Northwood.
constexpr CpuModel kModels[] = {
    {
        .name = "p6",
        .about = "a family 5 processor with P6 instructions, which every guest accepts",
        .family = 5,
        .model = 4,
        .stepping = 3,
        .features = kPentiumPro | kFeatureFxsr | kFeatureFisttp | kFeatureNx,
        .hidden = kFeatureDe | kFeatureSep,
        .mxcsr_mask = kMxcsrWithoutDaz,
        .max_leaf = 2,
        .cache_leaf = {1, 0, 0, 0},
        .brand = kOurBrand,
    },
    {
        .name = "pentium-mmx",
        .about = "Pentium with MMX: no PAE, no CMOV, no FXSAVE",
        .family = 5,
        .model = 4,
        .stepping = 3,
        .features = kPentium | kFeatureMmx,
        .max_leaf = 1,
        .brand = {},
    },
    {
        .name = "pentium-ii",
        .about = "Pentium II: PAE, CMOV, SYSENTER, FXSAVE, MMX",
        .family = 6,
        .model = 5,
        .stepping = 2,
        .features = kPentiumTwo,
        .mxcsr_mask = kMxcsrWithoutDaz,
        .max_leaf = 2,
        .cache_leaf = {0x03020101, 0, 0, 0x0c040843},
        .brand = {},
    },
    {
        .name = "pentium-iii",
        .about = "Pentium III: and SSE",
        .family = 6,
        .model = 8,
        .stepping = 6,
        .features = kPentiumThree,
        .mxcsr_mask = kMxcsrWithoutDaz,
        .max_leaf = 2,
        .brand_index = 2,
        .cache_leaf = {0x03020101, 0, 0, 0x0c040882},
        .brand = {},
    },
    {
        .name = "pentium-4",
        .about = "Pentium 4: and SSE2, CLFLUSH",
        .family = 15,
        .model = 2,
        .stepping = 7,
        .features = kPentiumFour,
        .mxcsr_mask = kMxcsrWithDaz,
        .max_leaf = 2,
        .brand_index = 9,
        .cache_leaf = {0x665b5001, 0, 0, 0x007b7040},
        .brand = "Intel(R) Pentium(R) 4 CPU 2.40GHz",
    },
    {
        .name = "max",
        .about = "everything that can be executed, as family 5",
        .family = 5,
        .model = 4,
        .stepping = 3,
        .features = kPentiumFour | kFeatureFisttp | kFeatureNx,
        .mxcsr_mask = kMxcsrWithDaz,
        .max_leaf = 2,
        .cache_leaf = {1, 0, 0, 0},
        .brand = kOurBrand,
    },
};

}  // namespace

u32 CpuModel::Cr4Writable() const {
  u32 bits = kCr4Tsd | kCr4Pce;
  if (Has(kFeatureDe)) bits |= kCr4De;
  if (Has(kFeaturePse)) bits |= kCr4Pse;
  if (Has(kFeaturePae)) bits |= kCr4Pae;
  if (Has(kFeaturePge)) bits |= kCr4Pge;
  if (Has(kFeatureFxsr)) bits |= kCr4Osfxsr;
  if (Has(kFeatureSse)) bits |= kCr4Osxmmexcpt;
  return bits;
}

std::span<const CpuModel> CpuModels() { return kModels; }
const CpuModel& DefaultCpuModel() { return kModels[0]; }
const CpuModel& FullCpuModel() { return *FindCpuModel("max"); }

std::string CpuModelNames() {
  std::string names;
  for (const CpuModel& model : kModels) {
    if (!names.empty()) names += ", ";
    names += model.name;
  }
  return names;
}

const CpuModel* FindCpuModel(std::string_view name) {
  for (const CpuModel& model : kModels) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

}  // namespace lgx
