#include "hypercalls/run_loop.h"

#include "hypercalls/dispatcher.h"
#include "hypercalls/exits.h"
#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_irq.h"
#include "hypercalls/guest_segments.h"
#include "hypercalls/guest_time.h"
#include "hypercalls/host_trace.h"

namespace lgx {
namespace {

//: crossing.070 What must be right before the Guest may run
// The CPU is about to trust three pages: the two of lguest_pages and the shadow table.
// Most of their content was written when the module started, or by the last entry. What
// may be stale is written now: where the Host's own tables are, the Guest kernel's stack
// for traps, and those descriptors that the Guest has changed since. If this CPU ran
// another Guest last, or this Guest another CPU, everything counts as changed. It costs a
// few stores; a mistake here would run one Guest with another one's gates.
//:
void CopyInGuestInfo(Guest& guest) {
  SwitcherPages& pages = guest.host.port.Pages();
  Vcpu& cpu = guest.cpu;
  if (pages.last_vcpu != &cpu || cpu.last_pages != &pages) {
    pages.last_vcpu = &cpu;
    cpu.last_pages = &pages;
    cpu.changed = kChangedAll;
  }
  PhysMemory& memory = guest.host.memory;
  const Mpa state = pages.state;
  memory.Store<u32>(state + offsetof(LguestRoState, host_cr3),
                    static_cast<u32>(guest.host.port.HostRoot().value));
  SwitcherEntry mapping = pages.mapping;
  mapping.regs_page = cpu.regs_page;
  guest.shadow.MapSwitcher(mapping);
  memory.Store<u32>(state + offsetof(LguestRoState, guest_tss.sp1), cpu.esp1);
  memory.Store<u32>(state + offsetof(LguestRoState, guest_tss.ss1), cpu.ss1);
  if (cpu.changed == 0) return;
  if ((cpu.changed & kChangedIdt) != 0) CopyTraps(guest, pages);
  if ((cpu.changed & kChangedGdt) != 0) {
    CopyGdt(guest, state);
  } else if ((cpu.changed & kChangedGdtTls) != 0) {
    CopyGdtTls(guest, state);
  }
  cpu.changed = 0;
}

// lguest_arch_run_guest (host-03 section 3), up to the Guest's registers.
void PrepareEntry(Guest& guest) {
  CrossingPort& port = guest.host.port;
  Vcpu& cpu = guest.cpu;
  if (cpu.ts != 0) port.SetTs(true);
  // With a null selector there, SYSENTER faults. Otherwise it would lead to ring 0.
  if (port.HasSysenter()) port.SetSysenterCs(0);

  CopyInGuestInfo(guest);
  cpu.regs.set_trapnum(kImpossibleTrap);
  if (guest.trace.On(TraceCategory::kCrossing)) TraceEntry(guest);
  cpu.entered_at = port.Retired();
}

// The rest of it: into the Guest and back, or on from where the last call was stopped.
// False: stopped.
bool EnterGuest(Guest& guest) {
  CrossingPort& port = guest.host.port;
  Vcpu& cpu = guest.cpu;
  port.RunGuestOnce({cpu.regs_page, guest.shadow.RootOfCurrent()});
  if (port.Inside()) return false;

  if (port.HasSysenter()) port.SetSysenterCs(kHostKernelCs);
  const u32 trap = cpu.regs.trapnum();
  const u64 ended = port.Retired();
  guest.stats.CountCrossing(trap, cpu.entered_at, ended);
  if (guest.trace.On(TraceCategory::kCrossing)) TraceExit(guest, ended - cpu.entered_at);
  if (trap == 14) {
    cpu.last_pagefault = port.Cr2();  // before anything else can fault
  } else if (trap == 7) {
    port.SetTs(false);  // the FPU is the Guest's now, whatever `ts` says
  }
  return true;
}

// A halted Guest has something to wake up for. In the no-interrupt range even a pending
// interrupt has to wait, and a halted Guest never leaves it by itself.
bool CanWake(const Guest& guest) {
  return FindPendingInterrupt(guest).irq < kLguestIrqs && !InNoInterruptRange(guest);
}

}  // namespace

//: crossing.080 The loop that is the Host
// Everything the Host ever does for a Guest happens between two entries, in this order. A
// hypercall may end in a notification, so notifications come after it. A signal may end
// the read(), and then nothing may have been begun that the next read() would repeat.
// Interrupts come last, because they edit the very registers in which a hypercall's
// arguments were. Only then is the Guest entered, and the loop starts again with whatever
// made it stop.
//
// The reference's thread sleeps here when the Guest halts. Ours returns instead: whoever
// called knows whether time can be skipped or somebody may still type.
//:
RunGuestResult RunGuest(Guest& guest) {
  Vcpu& cpu = guest.cpu;
  if (guest.host.port.Inside()) {
    if (!EnterGuest(guest)) return {RunGuestResult::Kind::kStopped};
    HandleTrap(guest);
  }
  while (!guest.dead()) {
    if (cpu.hcall) DoHypercalls(guest);
    if (cpu.pending_notify != 0) {
      if (!guest.notify_map.Signal(cpu.pending_notify)) {
        return {RunGuestResult::Kind::kNotify, cpu.pending_notify};
      }
      cpu.pending_notify = 0;
      // A notification from the ring: the call in the registers still waits. The
      // reference runs the Guest first (Q13).
      if (cpu.hcall) continue;
    }
    if (cpu.pending_trap.trap != 0) return {RunGuestResult::Kind::kTrap};
    if (cpu.signal.load(std::memory_order_relaxed) && cpu.signal.exchange(false)) {
      return {RunGuestResult::Kind::kSignal};
    }
    RunClockEvent(guest);
    if (const PendingInterrupt pending = FindPendingInterrupt(guest);
        pending.irq < kLguestIrqs) {
      TryDeliverInterrupt(guest, pending);
    }
    if (guest.dead()) break;
    if (cpu.halted) {
      // The second look: an interrupt may have come since the first.
      if (CanWake(guest)) continue;
      return {RunGuestResult::Kind::kHalted};
    }
    PrepareEntry(guest);
    if (!EnterGuest(guest)) return {RunGuestResult::Kind::kStopped};
    HandleTrap(guest);
  }
  return {guest.wants_restart() ? RunGuestResult::Kind::kRestart
                                : RunGuestResult::Kind::kDead};
}

}  // namespace lgx
