#include "hypercalls/host_stats.h"

#include <string>

namespace lgx {
namespace {

std::string NameOfCause(u32 cause) {
  switch (cause) {
    case 14:
      return "page_fault";
    case 31:
      return "hypercall";
    case kCauseHostIrq:
      return "host_irq";
    case kCauseVector128:
      return "trap_128";
    case kCauseImpossible:
      return "trap_256";
    default:
      return "trap_" + std::to_string(cause);
  }
}

}  // namespace

std::string_view CauseName(u32 trapnum) {
  static const std::array<std::string, kCauses> names = [] {
    std::array<std::string, kCauses> made;
    for (u32 i = 0; i < kCauses; ++i) made[i] = NameOfCause(i);
    return made;
  }();
  return names[HostStats::CauseOf(trapnum)];
}

void HostStats::VisitStats(StatsVisitor& out) const {
  out.Counter("crossing.count", crossings);
  for (u32 i = 0; i < kCauses; ++i) {
    out.Counter("crossing.cause." + NameOfCause(i), causes[i]);
  }
  out.Buckets("crossing.instructions", passage_instructions);
  out.Buckets("mmu.fault.distance_instructions", fault_distance);
  out.Counter("crossing.forwarded", forwarded);
  out.Counter("hypercall.count", hypercalls);
  out.Counter("hypercall.async", hypercalls_async);
  out.Counter("hypercall.rewritten", rewritten);
  for (u32 i = 0; i < kCalls; ++i) {
    const Call call = static_cast<Call>(i);
    if (call == Call::kUnknown || call > Call::kSendInterrupts) continue;
    const std::string prefix = std::string("hypercall.") + NameOf(call);
    out.Counter(prefix + ".count", calls[i]);
    out.Counter(prefix + ".async", calls_async[i]);
  }
  for (u32 i = 0; i < kLguestIrqs; ++i) {
    out.Counter("irq.injected." + std::to_string(i), irqs_injected[i]);
  }
}

}  // namespace lgx
