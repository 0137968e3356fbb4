// Talking to the Host: hypercalls, now or in a batch, and the virtual interrupt flag.
#ifndef GUEST_KERNEL_LGUEST_H_
#define GUEST_KERNEL_LGUEST_H_

#include "kernel/abi.h"

extern struct LguestData lguest_data;

// Makes the call at once. The Host first runs what waits in the ring.
void Hypercall(enum HypercallNumber number, u32 arg1, u32 arg2, u32 arg3, u32 arg4);

// A crossing to the Host and back costs hundreds of instructions, most calls need no
// answer, and they come in groups. Between BeginBatch and EndBatch, Enqueue puts a call
// into the ring; EndBatch makes one crossing for all of them. Outside of a batch, Enqueue
// is Hypercall.
void BeginBatch(void);
void Enqueue(enum HypercallNumber number, u32 arg1, u32 arg2, u32 arg3, u32 arg4);
void EndBatch(void);

// Virtual interrupts. The real interrupt flag is always set while a Guest runs: otherwise
// it could keep the machine to itself. The Host looks at irq_enabled before it delivers.
static inline void DisableInterrupts(void) { lguest_data.irq_enabled = 0; }

// If an interrupt came while they were off, the Host has left a note in irq_pending; the
// hypercall gives it the chance to deliver now. It never takes the note back, so we do.
static inline void EnableInterrupts(void) {
  lguest_data.irq_enabled = kEflagsIf;
  if (lguest_data.irq_pending) {
    lguest_data.irq_pending = 0;
    Hypercall(kHcSendInterrupts, 0, 0, 0, 0);
  }
}

static inline void BlockInterrupt(u32 irq) {
  lguest_data.blocked_interrupts |= 1u << irq;
}
static inline void UnblockInterrupt(u32 irq) {
  lguest_data.blocked_interrupts &= ~(1u << irq);
}

#endif  // GUEST_KERNEL_LGUEST_H_
