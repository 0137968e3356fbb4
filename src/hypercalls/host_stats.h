// What the Host counts while a Guest runs. The names are part of the program's interface
// (ground-truth, user-interface section 7); counting is one addition to a plain word.
#ifndef LGX_HYPERCALLS_HOST_STATS_H_
#define LGX_HYPERCALLS_HOST_STATS_H_

#include <array>
#include <string_view>

#include "base/stats.h"
#include "base/types.h"
#include "hypercalls/abi.h"

namespace lgx {

inline constexpr u32 kLguestIrqs = 32;

// Where a trap number is counted: exceptions one by one, then the three special kinds.
inline constexpr u32 kCauseHostIrq = 32;
inline constexpr u32 kCauseVector128 = 33;
inline constexpr u32 kCauseImpossible = 34;
inline constexpr u32 kCauses = 35;

// "page_fault", "hypercall", "host_irq", "trap_13", ...
std::string_view CauseName(u32 trapnum);

struct HostStats {
  u64 crossings = 0;
  std::array<u64, kCauses> causes{};
  u64 hypercalls = 0;        // with those from the ring
  u64 hypercalls_async = 0;  // only those
  std::array<u64, kCalls> calls{};
  std::array<u64, kCalls> calls_async{};
  u64 rewritten = 0;  // vmcall instructions replaced by int 0x1f
  u64 forwarded = 0;  // traps handed up to the Launcher
  std::array<u64, kLguestIrqs> irqs_injected{};

  // Instructions of one passage, those of the Switcher included; and from one page fault
  // to the next.
  Histogram passage_instructions;
  Histogram fault_distance;
  u64 last_fault = 0;

  static u32 CauseOf(u32 trapnum) {
    if (trapnum < 32) return trapnum;
    if (trapnum == 128) return kCauseVector128;
    return trapnum < 256 ? kCauseHostIrq : kCauseImpossible;
  }
  // A passage that began and ended when so many instructions had retired.
  void CountCrossing(u32 trapnum, u64 began, u64 ended) {
    ++crossings;
    ++causes[CauseOf(trapnum)];
    passage_instructions.Add(ended - began);
    if (trapnum == 14) {
      fault_distance.Add(ended - last_fault);
      last_fault = ended;
    }
  }
  void CountCall(Call call, bool async) {
    ++hypercalls;
    ++calls[static_cast<u32>(call)];
    if (async) {
      ++hypercalls_async;
      ++calls_async[static_cast<u32>(call)];
    }
  }

  void VisitStats(StatsVisitor& out) const;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_HOST_STATS_H_
