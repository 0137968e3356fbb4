#include "machine/cpu_stats.h"

namespace lgx {

void VisitCpuStats(Cpu& cpu, StatsVisitor& out) {
  const CpuStats& stats = cpu.stats();
  out.Counter("cpu.instructions", cpu.retired());
  // Lookups are those that left the handlers: following a link or the jump cache is not
  // counted, it would cost more than it does.
  out.Counter("cpu.blocks.lookup", stats.lookups);
  out.Counter("cpu.blocks.hit", stats.lookups - stats.blocks_made);
  out.Counter("cpu.blocks.made", stats.blocks_made);
  out.Counter("cpu.blocks.flush", stats.cache_flushes);
  out.Counter("cpu.fault", stats.faults);
  out.Counter("cpu.interrupt", stats.interrupts);
  out.Counter("cpu.access.slow", stats.slow_access);

  const TlbStats& tlb = cpu.tlb().stats();
  out.Counter("mmu.tlb.miss", tlb.miss);
  out.Counter("mmu.tlb.fetch_miss", tlb.fetch_miss);
  out.Counter("mmu.tlb.bank_switch", tlb.bank_switch);
  out.Counter("mmu.tlb.bank_flush", tlb.bank_flush);
  out.Counter("mmu.tlb.page_drop", tlb.page_drop);
  // Every miss walks.
  out.Counter("mmu.walk.count", tlb.miss + tlb.fetch_miss);
}

}  // namespace lgx
