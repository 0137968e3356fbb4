#include "hypercalls/exits.h"

#include <array>

#include "absl/strings/str_format.h"
#include "hypercalls/emulate_insn.h"
#include "hypercalls/guest_code.h"
#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_irq.h"
#include "hypercalls/host_trace.h"
#include "hypercalls/trap_forward.h"
#include "mmu/page_walk.h"

namespace lgx {
namespace {

// Vectors that are looked at by name.
constexpr u32 kInvalidOpcode = 6;
constexpr u32 kDeviceNotAvailable = 7;
constexpr u32 kGeneralProtection = 13;
constexpr u32 kPageFault = 14;

constexpr std::array<u8, 3> kVmcall = {0x0f, 0x01, 0xc1};
constexpr std::array<u8, 3> kPatched = {0xcd, 0x1f, 0x90};  // int 0x1f; nop

bool IsHypercall(Guest& guest) {
  if ((guest.cpu.regs.cs() & 3) != kGuestPl) return false;
  GuestCode code(guest, Lin(guest.cpu.regs.eip()));
  for (u32 i = 0; i < kVmcall.size(); ++i) {
    if (code.Byte(i) != kVmcall[i]) return false;
  }
  return true;
}

//: hypercalls.050 The instruction that rewrites itself
// Kernels of 2.6.30 to 2.6.33 make hypercalls with `vmcall`, the instruction of
// processors with virtualisation in hardware. Without that it is an invalid opcode: the
// CPU stops, the Host looks at the three bytes, and puts `int 0x1f` and a `nop` in their
// place. EIP stays. The Guest runs into the new bytes, and that is its hypercall. Each
// call site pays for this once.
//
// The store goes to Guest-physical memory, where no mapping can forbid it. Then all
// shadow tables are dropped: in the reference the store may have put a fresh page behind
// an old mapping, and the Guest would execute the old bytes for ever.
//:
void RewriteHypercall(Guest& guest) {
  GuestCode code(guest, Lin(guest.cpu.regs.eip()));
  for (u32 i = 0; i < kPatched.size(); ++i) {
    const std::optional<Gpa> at = code.Find(i);
    if (!at || !guest.lg.Store<u8>(*at, kPatched[i])) return;
  }
  ++guest.stats.rewritten;
  guest.shadow.ClearAll();
}

void KillForUnhandledTrap(Guest& guest, u32 trap) {
  const u32 extra =
      trap == kPageFault ? guest.cpu.last_pagefault : guest.cpu.regs.errcode();
  guest.Kill(absl::StrFormat("unhandled trap %i at %#x (%#x)", static_cast<i32>(trap),
                             guest.cpu.regs.eip(), extra));
}

void Reflect(Guest& guest, u32 trap) {
  if (guest.dead()) return;  // looking at the trap has killed it
  if (guest.trace.On(TraceCategory::kFault)) {
    guest.trace.Event(TraceCategory::kFault, "reflect",
                      {{"trap", trap},
                       {"error_code", guest.cpu.regs.errcode()},
                       {"eip", guest.cpu.regs.eip()},
                       {"cr2", guest.cpu.last_pagefault}});
  }
  if (!DeliverTrap(guest, trap)) KillForUnhandledTrap(guest, trap);
}

// The CPU has looked at the shadow tables only. If they had a gap where the Guest's
// tables have a page, though one that forbids the access, the error code says "not
// present", and before 4.0 the Guest is told so (Q25). It matters to kernels of 4.12
// and 4.13 without highmem: they write to a read-only page between their vmalloc area and
// the fixmap to see whether that faults, and take "not present" there for a table that
// another process has. There is nothing to copy, and they try again for ever.
void TellPresent(Guest& guest) {
  const DoubleWalk walk = guest.shadow.Observe(Lin(guest.cpu.last_pagefault));
  if (!walk.gpa) return;
  guest.cpu.regs.set_errcode(guest.cpu.regs.errcode() | kPfPresent);
}

void HandlePageFault(Guest& guest) {
  if (guest.trace.On(TraceCategory::kFault)) TracePageFault(guest);
  if (guest.shadow.DemandPage(Lin(guest.cpu.last_pagefault), guest.cpu.regs.errcode())) {
    if (guest.trace.On(TraceCategory::kDemand)) TraceFill(guest);
    return;  // the Guest never notices
  }
  if (guest.dead()) return;
  if (guest.abi.forwards_traps && ForwardDeviceAccess(guest)) return;
  if (guest.lguest_data && !guest.PutData(guest.abi.data.cr2, guest.cpu.last_pagefault)) {
    guest.Kill("Writing cr2");
  }
  if (guest.abi.exact_present) TellPresent(guest);
  Reflect(guest, kPageFault);
}

// Trap numbers from 32 up: the Host's own interrupts, and three impostors.
// - 128: the system call vector as an interrupt gate. Before 4.0 it is swallowed, and the
//   call does nothing (Q10).
// - 80 without a Host interrupt: the CS that the CPU pushed when the Switcher's last iret
//   faulted. The Guest has destroyed its CS or SS. The reference enters once more and
//   dies of trap 256 there; we say so at once (Q11).
// - Any other: the Guest's ES, after `int n` on a vector with an error code (Q24).
void HandleHostInterrupt(Guest& guest, u32 trap) {
  if (guest.abi.reflects_syscalls &&
      IsSyscallVector(trap, guest.options.syscall_vector)) {
    Reflect(guest, trap);
    return;
  }
  if (trap == kLguestCs && !guest.host.port.TookHostInterrupt()) {
    KillForUnhandledTrap(guest, kImpossibleTrap);
    return;
  }
  if (guest.trace.On(TraceCategory::kTimer)) {
    guest.trace.Event(TraceCategory::kTimer, "host_interrupt", {{"vector", trap}});
  }
  guest.host.services.RunHostTasks(trap);
}

}  // namespace

//: crossing.090 Who caused this exit?
// The trap number says why the CPU came back, and each number has one owner. Page faults
// are nearly always ours: the shadow tables had a gap. The hypercall is a request; it is
// only noted here and done at the top of the loop. Host interrupts have been served
// already. What remains belongs to the Guest, and goes to the handler it has registered.
// A Guest without a handler has come to an end.
//:
void HandleTrap(Guest& guest) {
  const u32 trap = guest.cpu.regs.trapnum();
  switch (trap) {
    case kPageFault:
      HandlePageFault(guest);
      return;
    case kLguestTrapEntry:
      guest.cpu.hcall = true;
      return;
    case kDeviceNotAvailable:
      // With ts clear it was only the Host being lazy, and the FPU is usable now.
      if (guest.cpu.ts != 0) Reflect(guest, trap);
      return;
    case kGeneralProtection:
      if (guest.cpu.regs.errcode() == 0) {
        if (guest.abi.forwards_traps) {
          ForwardPortTrap(guest);
          return;
        }
        if (EmulateInsn(guest)) return;
      }
      if (guest.dead()) return;
      [[fallthrough]];  // where a hypervisor uses VMX already, vmcall comes as this one
    case kInvalidOpcode:
      if (IsHypercall(guest)) {
        RewriteHypercall(guest);
      } else {
        Reflect(guest, trap);
      }
      return;
    default:
      if (trap >= kFirstExternalVector && trap < kIdtEntries) {
        HandleHostInterrupt(guest, trap);
      } else {
        Reflect(guest, trap);
      }
      return;
  }
}

}  // namespace lgx
