// Where two runs part, and where something begins to hold.
#ifndef LGX_REPLAY_DIVERGENCE_H_
#define LGX_REPLAY_DIVERGENCE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replay/session.h"

namespace lgx {

struct Divergence {
  // The states are the same after this many instructions, and differ one later. Both
  // sessions stand at the later place.
  u64 same = 0;
  std::vector<std::string> lines;  // CompareMachines()
};

// Runs both from where they stand, in steps, and compares; then searches the step in
// which they part by halves. Nothing: they are the same to the end. Two states that part
// and meet again within one step are not noticed.
inline constexpr u64 kCompareStep = 10'000'000;
[[nodiscard]] StatusOr<std::optional<Divergence>> FindDivergence(ReplaySession& a,
                                                                 ReplaySession& b);

// A condition of a machine, as text:
//
//   eax == 0x10            a register: eax ... edi, eip, eflags, cr0, cr2, cr3, cr4, cs
//   ... gpa:0x1000 != 0        four bytes of guest-physical memory mpa:0x1000 & 0x20 of
//   machine memory; & asks whether any of the bits is set mmu.demand.filled >= 9 a
//   counter (lgx run --stats)
//
// The comparisons are == != < <= > >= &, without sign.
using Predicate = std::function<bool(Machine&)>;
[[nodiscard]] StatusOr<Predicate> ParsePredicate(const std::string& text);

// The first number of instructions after which `holds`, looked for in steps from where
// the session stands, then by halves. It stands there. Nothing: it never held at the end
// of a step.
[[nodiscard]] StatusOr<std::optional<u64>> FindFirst(ReplaySession& session,
                                                     const Predicate& holds);

}  // namespace lgx

#endif  // LGX_REPLAY_DIVERGENCE_H_
