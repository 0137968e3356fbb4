#include "hypercalls/guest.h"

#include <utility>

#include "base/check.h"

namespace lgx {

Guest::Guest(const HostParts& parts, const GuestOptions& guest_options, GuestView view,
             u32 launcher_base, Mfn regs_page)
    : host(parts),
      options(guest_options),
      abi(*guest_options.abi),
      mem_base(launcher_base),
      memory(view),
      lg(parts.memory, memory, *this),
      shadow(parts.memory, memory, parts.pool, *this, parts.slots, guest_options.shadow),
      cpu(parts.memory, regs_page) {
  CHECK(abi.supported) << "generation " << abi.letter;
}

void Guest::SetInterrupt(u32 irq) {
  CHECK(irq < kLguestIrqs) << irq;
  cpu.irqs_pending.fetch_or(u32{1} << irq, std::memory_order_acq_rel);
  host.services.Kick();
}

void Guest::SendSignal() {
  cpu.signal.store(true, std::memory_order_release);
  host.services.Kick();
}

//: hypercalls.060 The only punishment
// A Guest that asks for nonsense gets no error code; it is killed. That sounds harsh and
// is in fact a kindness to whoever writes the Host: no half-done call is ever undone, and
// no answer is ever sent. The first reason is written down, the run loop notices that it
// is there, and the Launcher's next read() returns the text. Whatever the Host was
// computing may go on, because its result cannot reach a Guest that never runs again.
//:
void Guest::Kill(std::string_view reason, std::string detail) {
  if (dead()) return;
  reason_ = reason;
  detail_ = std::move(detail);
  death_ = Death::kText;
}

void Guest::KillForRestart() {
  death_ = Death::kRestart;
  reason_.clear();
  detail_.clear();
}

void Guest::HashInto(StateHash& hash) const {
  hash.Value<u8>(lguest_data.has_value());
  hash.Value(lguest_data.value_or(Gpa(0)).value);
  for (const u32 word :
       {noirq_start, noirq_end, cpu.ts, cpu.esp1, u32{cpu.ss1}, cpu.stack_pages,
        cpu.changed, cpu.pending_notify, cpu.next_hcall, u32{cpu.hcall}, u32{cpu.halted},
        cpu.irqs_pending.load(), cpu.last_pagefault}) {
    hash.Value(word);
  }
  if (abi.forwards_traps) {
    hash.Value(cpu.pending_trap.trap);
    hash.Bytes(cpu.pending_trap.insn);
    hash.Value(cpu.pending_trap.addr);
  }
  hash.Value<u8>(cpu.clock_deadline.has_value());
  hash.Value(cpu.clock_deadline.value_or(0));
  for (const DescriptorWords& entry : cpu.gdt) {
    hash.Value(entry.a);
    hash.Value(entry.b);
  }
  for (const DescriptorWords& gate : cpu.idt) {
    hash.Value(gate.a);
    hash.Value(gate.b);
  }
  hash.Value(shadow.kernel_address().value);
  hash.Value(shadow.current_slot());
  for (const ShadowSlot& slot : shadow.slots()) {
    hash.Value<u8>(slot.root.has_value());
    hash.Value(slot.root.value_or(Mfn(0)).value);
    hash.Value(slot.gpgdir.value);
    if (options.shadow.set_pmd == SetPmdPolicy::kDropOne) {
      hash.Value(slot.kernel_pmd.value);
    }
  }
  if (options.shadow.replacement == SlotReplacement::kLru) {
    for (const u64 word : host.slots.SaveState()) hash.Value(word);
  }
  hash.Value(static_cast<u8>(death_.load()));
  hash.Text(reason_);
}

void Guest::VisitStats(StatsVisitor& out) const {
  stats.VisitStats(out);
  const ShadowStats& tables = shadow.stats();
  out.Counter("mmu.demand.filled", tables.demand_filled);
  out.Counter("mmu.demand.pinned", tables.pin_filled);
  out.Counter("mmu.demand.prefilled", tables.prefilled);
  out.Counter("mmu.fault.guest", tables.fault_guest);
  out.Counter("shadow.flush.full", tables.flush_full);
  out.Counter("shadow.flush.pmd", tables.flush_pmd);
  out.Counter("shadow.flush.user", tables.flush_user);
  out.Counter("shadow.slot.switch", tables.slot_switch);
  out.Counter("shadow.slot.recycled", tables.slot_recycled);
}

}  // namespace lgx
