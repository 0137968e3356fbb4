// The seven forms the interface between Guest and Host took over the years
// (guest-04 section 1). R is the reference.
#ifndef LGX_MACHINE_GENERATION_H_
#define LGX_MACHINE_GENERATION_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

enum class Generation { kA, kB, kC, kD, kR, kE, kF, kG };

struct GenerationInfo {
  Generation generation;
  const char* letter;
  const char* kernels;  // "2.6.31 - 2.6.33"
  const char* marks;    // what sets it apart, in a few words
};

inline constexpr std::array<GenerationInfo, 8> kGenerations = {{
    {Generation::kA, "A", "2.6.23", "own bus, DMA hypercalls, no virtio"},
    {Generation::kB, "B", "2.6.24", "first virtio, without feature bits"},
    {Generation::kC, "C", "2.6.25 - 2.6.29", "int 0x1f, three arguments from edx"},
    {Generation::kD, "D", "2.6.30", "vmcall, GDT entries one by one"},
    {Generation::kR, "R", "2.6.31 - 2.6.33", "vmcall, five-word hypercalls, PAE"},
    {Generation::kE, "E", "2.6.34 - 3.0", "int 0x1f again, data as in R"},
    {Generation::kF, "F", "3.1 - 3.19", "own boot page tables"},
    {Generation::kG, "G", "4.0 - 4.13", "PCI devices, no NOTIFY"},
}};

// True if this program can boot guests of it.
bool IsSupported(Generation generation);

const GenerationInfo& InfoOf(Generation generation);
// "R (2.6.31 - 2.6.33)".
std::string NameOf(Generation generation);

// The generation called `letter`, in either case; nothing if there is none.
std::optional<Generation> GenerationFromLetter(std::string_view letter);

// The generation that mainline kernels of this version text ("2.6.31-rc4 (user@host)
// ...") have; a hint only, because vendor kernels carry later code. Nothing for versions
// without lguest.
std::optional<Generation> GenerationOfVersion(std::string_view version);

}  // namespace lgx

#endif  // LGX_MACHINE_GENERATION_H_
