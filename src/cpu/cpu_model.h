// Processors to choose from: what a model is called, reports, and executes.
//
// A feature is a set of instructions or a mode of operation that came with some
// processor. An instruction of a feature that the model lacks raises #UD
// (RequiredFeatures, instruction_set.h), and a bit of CR4 that belongs to one is
// reserved.
#ifndef LGX_CPU_CPU_MODEL_H_
#define LGX_CPU_CPU_MODEL_H_

#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace lgx {

// Bits 31:0 are those of CPUID leaf 1, EDX. The others have no bit there.
inline constexpr u64 kFeatureFpu = u64{1} << 0;
inline constexpr u64 kFeatureDe = u64{1} << 2;
inline constexpr u64 kFeaturePse = u64{1} << 3;
inline constexpr u64 kFeatureTsc = u64{1} << 4;
inline constexpr u64 kFeatureMsr = u64{1} << 5;
inline constexpr u64 kFeaturePae = u64{1} << 6;
inline constexpr u64 kFeatureCx8 = u64{1} << 8;
inline constexpr u64 kFeatureSep = u64{1} << 11;
inline constexpr u64 kFeaturePge = u64{1} << 13;
inline constexpr u64 kFeatureCmov = u64{1} << 15;
inline constexpr u64 kFeatureClflush = u64{1} << 19;
inline constexpr u64 kFeatureMmx = u64{1} << 23;
inline constexpr u64 kFeatureFxsr = u64{1} << 24;
inline constexpr u64 kFeatureSse = u64{1} << 25;
inline constexpr u64 kFeatureSse2 = u64{1} << 26;
inline constexpr u64 kFeatureHintNop = u64{1} << 32;  // 0F 18 ... 0F 1F do nothing
inline constexpr u64 kFeatureFisttp = u64{1} << 33;
inline constexpr u64 kFeatureNx = u64{1} << 34;  // EFER.NXE, leaf 0x80000001
inline constexpr u64 kFeatureRdpmc = u64{1} << 35;

struct CpuModel {
  std::string_view name;   // of --cpu
  std::string_view about;  // one line for people
  u32 family = 0, model = 0, stepping = 0;
  u64 features = 0;  // executed
  u64 hidden = 0;    // of these, executed but not reported
  u32 mxcsr_mask = 0;
  u32 max_leaf = 0;
  u32 brand_index = 0;     // leaf 1, EBX bits 7:0
  u32 cache_leaf[4] = {};  // leaf 2: EAX EBX ECX EDX
  std::string_view brand;  // leaves 0x80000002 ...; empty: no extended leaves

  u32 Signature() const { return family << 8 | model << 4 | stepping; }
  bool Has(u64 feature) const { return (features & feature) == feature; }
  // Bits of CR4 that can be set.
  u32 Cr4Writable() const;
};

// In the order they are listed to people; the first one is the default.
std::span<const CpuModel> CpuModels();
const CpuModel& DefaultCpuModel();
// Everything that can be executed, and reported: for `bare` and for test vectors.
const CpuModel& FullCpuModel();
std::string CpuModelNames();  // for people: "p6, pentium-mmx, ..."
// Null: there is no such name.
const CpuModel* FindCpuModel(std::string_view name);

}  // namespace lgx

#endif  // LGX_CPU_CPU_MODEL_H_
