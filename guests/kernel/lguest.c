#include "kernel/lguest.h"

#include "kernel/layout.h"
#include "kernel/stats.h"

extern char lguest_noirq_start[], lguest_noirq_end[];

// Initialised, not zero: the Host reads it before the first line of C has run, and the
// Launcher may look at it in the file to learn which generation of the interface this
// kernel speaks.
struct LguestData lguest_data = {
    .irq_enabled = 0,
    .blocked_interrupts = 1,  // the clock, until clock.c is ready for it
    .hcall_status = {[0 ... kHypercallSlots - 1] = kSlotFree},
    .noirq_start = lguest_noirq_start,
    .noirq_end = lguest_noirq_end,
    .kernel_address = KERNEL_BASE,
    .syscall_vec = kSyscallVector,
};

static bool batching;
static u32 next_slot;  // the Host keeps the same cursor

void Hypercall(enum HypercallNumber number, u32 arg1, u32 arg2, u32 arg3, u32 arg4) {
  ++stats.hypercalls;
  __asm__ volatile("int $0x1f"
                   :
                   : "a"(number), "b"(arg1), "c"(arg2), "d"(arg3), "S"(arg4)
                   : "memory");
}

void BeginBatch(void) { batching = true; }

void Enqueue(enum HypercallNumber number, u32 arg1, u32 arg2, u32 arg3, u32 arg4) {
  // A full ring is no problem: the direct call empties it, and comes after what is in it.
  if (!batching || lguest_data.hcall_status[next_slot] != kSlotFree) {
    Hypercall(number, arg1, arg2, arg3, arg4);
    return;
  }
  ++stats.hypercalls_queued;
  lguest_data.hcalls[next_slot] = (struct HypercallArgs){number, arg1, arg2, arg3, arg4};
  __asm__ volatile("" ::: "memory");  // the status comes last
  lguest_data.hcall_status[next_slot] = kSlotReady;
  next_slot = (next_slot + 1) % kHypercallSlots;
}

void EndBatch(void) {
  batching = false;
  // The slot before the cursor is the last one filled: if it is free, all are.
  u32 last_slot = (next_slot + kHypercallSlots - 1) % kHypercallSlots;
  bool empty = lguest_data.hcall_status[last_slot] == kSlotFree;
  if (!empty) Hypercall(kHcFlushAsync, 0, 0, 0, 0);
}
