// The counters of the processor and its TLB, under their public names.
#ifndef LGX_MACHINE_CPU_STATS_H_
#define LGX_MACHINE_CPU_STATS_H_

#include "base/stats.h"
#include "cpu/cpu.h"

namespace lgx {

void VisitCpuStats(Cpu& cpu, StatsVisitor& out);

}  // namespace lgx

#endif  // LGX_MACHINE_CPU_STATS_H_
