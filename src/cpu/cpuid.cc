#include "cpu/cpuid.h"

#include <cstring>

namespace lgx {
namespace {

constexpr u32 kFpu = 1u << 0;
constexpr u32 kDe = 1u << 2;
constexpr u32 kPse = 1u << 3;
constexpr u32 kTsc = 1u << 4;
constexpr u32 kMsr = 1u << 5;
constexpr u32 kPae = 1u << 6;
constexpr u32 kCx8 = 1u << 8;
constexpr u32 kPge = 1u << 13;
constexpr u32 kCmov = 1u << 15;
constexpr u32 kFxsr = 1u << 24;
constexpr u32 kFeatures = kFpu | kPse | kTsc | kMsr | kPae | kCx8 | kPge | kCmov | kFxsr;
static_assert((kFeatures & kDe) == 0, "debug breakpoints are not executed");

constexpr u32 kNx = 1u << 20;

constexpr char kBrand[48] = "lgx virtual processor";

u32 Word(const char* text) { return LoadLe<u32>(reinterpret_cast<const u8*>(text)); }

}  // namespace

CpuidResult Cpuid(const CpuModel& model, u32 leaf, u32) {
  CpuidResult r;
  switch (leaf) {
    case 0:
      r.eax = 2;
      r.ebx = Word("Genu");
      r.edx = Word("ineI");
      r.ecx = Word("ntel");
      break;
    case 1:
      r.eax = model.family << 8 | model.model << 4 | model.stepping;
      r.edx = kFeatures;
      break;
    case 2:
      r.eax = 1;
      break;  // one round, no descriptors
    case 0x80000000:
      r.eax = 0x80000004;
      break;
    case 0x80000001:
      r.edx = kNx;
      break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: {
      const char* part = kBrand + 16 * (leaf - 0x80000002);
      r.eax = Word(part);
      r.ebx = Word(part + 4);
      r.ecx = Word(part + 8);
      r.edx = Word(part + 12);
      break;
    }
    default:
      break;
  }
  return r;
}

}  // namespace lgx
