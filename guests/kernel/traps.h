// Traps: exceptions, virtual interrupts and system calls, all through one door.
#ifndef GUEST_KERNEL_TRAPS_H_
#define GUEST_KERNEL_TRAPS_H_

#include "common/types.h"

// What lies on the kernel stack while a trap is handled. The processor or the Host pushed
// the last part, the stub two words, trap_entry (entry.S) the first part.
struct TrapFrame {
  u32 es, ds;
  u32 edi, esi, ebp, unused, ebx, edx, ecx, eax;
  u32 vector, error_code;
  u32 eip, cs, eflags;
  u32 esp, ss;  // only there if the trap came from a program
};

static inline bool FromProgram(const struct TrapFrame* frame) {
  return (frame->cs & 3) == 3;
}

// Tells the Host our segments and our trap handlers.
void InitTraps(void);

typedef void (*InterruptHandler)(void);
void SetInterruptHandler(u32 irq, InterruptHandler handler);

#endif  // GUEST_KERNEL_TRAPS_H_
