// The initial values of struct lguest_data (guest-04 section 6.2, steps 3 to 6).
#include "machine/recognise.h"

namespace lgx {
namespace {

constexpr u32 kStatusBytes = 64;
constexpr u32 kLowestKernelAddress = 0x40000000;

u32 Word(Bytes data, u32 offset) { return LoadOrZero<u32>(data, offset); }

// All 64 entries of hcall_status free, and before them irq_enabled = 0,
// blocked_interrupts = 1 (the timer), and zeros.
bool StatusAt(Bytes data, u32 offset) {
  if (!RangeInside(offset, kStatusBytes, data.size())) return false;
  for (u8 byte : data.subspan(offset, kStatusBytes)) {
    if (byte != 0xff) return false;
  }
  for (u32 at = 0; at < offset; at += 4) {
    if (Word(data, at) != (at == 4 ? 1u : 0u)) return false;
  }
  return true;
}

bool IsKernelAddress(u32 word) {
  return word >= kLowestKernelAddress && (word & kPageMask) == 0;
}

// Linux uses vector 0x80 for system calls, Plan 9 0x40.
bool IsSyscallVector(u32 word) { return word == 0x80 || word == 0x40; }

// noirq_start and noirq_end: a short range of kernel code.
bool IsShortRange(u32 start, u32 end, u32 kernel) {
  return start >= kernel && start < end && end - start < 64;
}

}  // namespace

DataLayout LayoutOfLguestData(Bytes data) {
  if (StatusAt(data, 12)) return DataLayout::kAFirst;
  if (StatusAt(data, 20)) {
    const bool later =
        IsSyscallVector(Word(data, 1132)) && IsKernelAddress(Word(data, 1128));
    return later ? DataLayout::kBcd : DataLayout::kA;
  }
  if (!StatusAt(data, 24)) return DataLayout::kUnknown;
  const u32 w1376 = Word(data, 1376);
  const u32 w1380 = Word(data, 1380);
  const u32 w1384 = Word(data, 1384);
  const u32 w1388 = Word(data, 1388);
  const u32 w1392 = Word(data, 1392);
  if (IsSyscallVector(w1392) && IsKernelAddress(w1388) &&
      IsShortRange(w1380, w1384, w1388)) {
    return DataLayout::kRe;
  }
  if (IsSyscallVector(w1388) && IsKernelAddress(w1384) &&
      IsShortRange(w1376, w1380, w1384)) {
    return DataLayout::kF;
  }
  if (IsSyscallVector(w1384) && IsKernelAddress(w1380) && w1376 >= w1380) {
    return DataLayout::kG;
  }
  return DataLayout::kUnknown;
}

std::optional<Generation> GenerationOfLayout(DataLayout layout, bool by_vmcall,
                                             const std::string& version) {
  switch (layout) {
    case DataLayout::kUnknown:
      return std::nullopt;
    case DataLayout::kAFirst:
    case DataLayout::kA:
      return Generation::kA;
    case DataLayout::kBcd:
      if (by_vmcall) return Generation::kD;
      return GenerationOfVersion(version) == Generation::kB ? Generation::kB
                                                            : Generation::kC;
    case DataLayout::kRe:
      return by_vmcall ? Generation::kR : Generation::kE;
    case DataLayout::kF:
      return Generation::kF;
    case DataLayout::kG:
      return Generation::kG;
  }
  return std::nullopt;
}

std::string DescribeLguestData(Bytes data) {
  std::string text = "words";
  for (u32 at : {0, 4, 8, 12, 16, 20, 24, 1128, 1132, 1376, 1380, 1384, 1388, 1392}) {
    text += absl::StrFormat(" %d:0x%08x", at, Word(data, at));
  }
  return text;
}

}  // namespace lgx
