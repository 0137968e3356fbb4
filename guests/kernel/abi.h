// The agreement with the Host, as of July 2009 (generation R): hypercall numbers, the
// structure both sides share, and the fields of the boot parameters that this kernel
// reads.
#ifndef GUEST_KERNEL_ABI_H_
#define GUEST_KERNEL_ABI_H_

#include "common/types.h"

// Number in EAX, arguments in EBX, ECX, EDX and ESI, then `int $0x1f`. The Host changes
// no register and returns nothing; a wrong call ends the Guest. Addresses are
// guest-physical where nothing else is said.
enum HypercallNumber {
  kHcFlushAsync = 0,       // ()  run what waits in the ring
  kHcLguestInit = 1,       // (struct LguestData)  the first call of all
  kHcShutdown = 2,         // (text, 1 power off / 2 restart)
  kHcNewPgtable = 4,       // (top-level table)  what `mov cr3` would be
  kHcFlushTlb = 5,         // (0 user part / 1 everything)
  kHcLoadIdtEntry = 6,     // (vector, low word, high word)
  kHcSetStack = 7,         // (selector, linear address, pages)  SS1:ESP1 of the TSS
  kHcTs = 8,               // (not 0: the next FPU instruction raises #NM)
  kHcSetClockevent = 9,    // (nanoseconds until interrupt 0; 0 off)
  kHcHalt = 10,            // ()  what `sti; hlt` would be
  kHcSetPmd = 13,          // (middle table, index)  with PAE only
  kHcSetPte = 14,          // (top-level table, linear address, entry low, entry high)
  kHcSetPgd = 15,          // (top-level table, index)
  kHcNotify = 17,          // (ring, device descriptor, or text)  to the Launcher
  kHcLoadGdtEntry = 18,    // (index, low word, high word)
  kHcSendInterrupts = 19,  // ()  a chance for the Host to deliver what waits
};

enum { kEflagsIf = 0x200 };
enum { kHypercallSlots = 64, kSlotFree = 0xff, kSlotReady = 0 };
enum { kSyscallVector = 0x80, kFirstIrqVector = 32, kIrqCount = 32 };

struct HypercallArgs {
  u32 number, arg1, arg2, arg3, arg4;
};

// Lies in guest memory; its address is the argument of the first hypercall. `volatile`
// because the Host writes some fields while the Guest is between two instructions.
struct LguestData {
  // Ours: the virtual interrupt flag, bit 9 as in EFLAGS, and a mask for each interrupt.
  volatile u32 irq_enabled;
  volatile u32 blocked_interrupts;
  // The Host's: address of the last page fault; wall clock, renewed with each interrupt;
  // and bit 9 of irq_pending says that an interrupt waits for irq_enabled.
  volatile u32 cr2;
  volatile u32 time_sec;
  volatile u32 time_nsec;
  volatile u32 irq_pending;
  // The ring of calls that wait. We fill a slot and set its status, the Host frees it.
  volatile u8 hcall_status[kHypercallSlots];
  struct HypercallArgs hcalls[kHypercallSlots];
  // Written by the Host during LGUEST_INIT.
  u32 reserve_mem;  // bytes at the top of the address space that belong to the Switcher
  u32 tsc_khz;      // 0 if the time stamp counter is no clock
  u32 pgdir;        // the boot page tables; later our own note of what CR3 would hold
  // Read by the Host during LGUEST_INIT.
  const void* noirq_start;  // no interrupt is delivered from here
  const void* noirq_end;    // up to here, exclusive
  u32 kernel_address;       // above it, all address spaces are alike
  u32 syscall_vec;
};
#define CHECK_OFFSET(field, offset)                              \
  _Static_assert(offsetof(struct LguestData, field) == (offset), \
                 "layout of generation "                         \
                 "R")
CHECK_OFFSET(hcall_status, 0x18);
CHECK_OFFSET(hcalls, 0x58);
CHECK_OFFSET(reserve_mem, 0x558);
CHECK_OFFSET(syscall_vec, 0x570);
_Static_assert(sizeof(struct LguestData) == 1396, "layout of generation R");

// The boot parameters, one page at physical address 0.
enum {
  kBootCommandLine = 0x228,  // 4 bytes: its physical address
  kBootMemorySize = 0x2d8,   // 8 bytes: size of the first memory map entry
};

#endif  // GUEST_KERNEL_ABI_H_
