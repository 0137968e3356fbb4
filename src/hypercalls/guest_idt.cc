#include "hypercalls/guest_idt.h"

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

// Vectors a Guest may not have: NMI, double fault (Linux installs a task gate there), the
// spurious one, and the hypercall.
constexpr bool IsForbidden(u32 vector) {
  return vector == 2 || vector == 8 || vector == 15 || vector == kLguestTrapEntry;
}

}  // namespace

void LoadIdtEntry(Guest& guest, u32 num, u32 lo, u32 hi) {
  if (IsForbidden(num)) return;
  guest.cpu.changed |= kChangedIdt;
  if (num >= kIdtEntries) {
    guest.Kill(absl::StrFormat("Setting idt entry %u", num));
    return;
  }
  const DescriptorWords wish{lo, hi};
  if (!GatePresent(wish)) {
    guest.cpu.idt[num] = {};
    return;
  }
  const u32 type = GateType(wish);
  if (type != kGateInterrupt && type != kGateTrap) {
    // The reference stores the gate all the same (Q17).
    guest.Kill(absl::StrFormat("bad IDT type %i", type));
    return;
  }
  // The Guest's selector is thrown away: handlers run in its kernel. Kept of the high
  // word are address, present bit, DPL and type.
  guest.cpu.idt[num] = {kGuestKernelCs << 16 | (lo & 0xffff), hi & 0xffffef00};
}

//: privilege.020 Which traps may skip the Host
// A system call that went through the Host would cost a crossing each way. So the CPU is
// given the Guest's own gate for some vectors, and enters the Guest kernel directly. Not
// for all: the Host must see page faults (the shadow tables are filled there), general
// protection (port instructions), invalid opcode (hypercalls of some kernels),
// FPU-not-available, the hypercall itself, and of course the machine's real interrupts.
//
// And only trap gates qualify. An interrupt gate would clear IF, the real one, and a
// Guest with interrupts off could keep the machine for itself. Such traps take the long
// way: the Host builds the frame and clears the Guest's imaginary flag instead. Linux
// uses a trap gate for exactly one vector, 0x80, the system call; from 4.6 on an
// interrupt gate there as well, so each of its system calls takes two crossings.
//:
bool IsDirectCapable(u32 vector, u32 syscall_vector) {
  if (vector >= kFirstExternalVector) {
    return IsSyscallVector(vector, syscall_vector);
  }
  return vector != 6 && vector != 7 && vector != 13 && vector != 14 &&
         vector != kLguestTrapEntry;
}

void CopyTraps(const Guest& guest, const SwitcherPages& pages) {
  const Mpa idt = pages.state + offsetof(LguestRoState, guest_idt);
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    if (!IsDirectCapable(vector, guest.options.syscall_vector)) continue;
    const DescriptorWords wish = guest.cpu.idt[vector];
    const DescriptorWords gate = GateType(wish) == kGateTrap
                                     ? wish
                                     : DefaultGate(vector, pages.stubs[vector], wish);
    guest.host.memory.Store<u32>(idt + vector * 8, gate.a);
    guest.host.memory.Store<u32>(idt + vector * 8 + 4, gate.b);
  }
}

}  // namespace lgx
