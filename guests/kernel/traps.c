#include "kernel/traps.h"

#include "kernel/address_space.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/panic.h"
#include "kernel/print.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"
#include "kernel/stats.h"
#include "kernel/syscall.h"

enum { kInterruptGate = 0x8e00, kTrapGate = 0x8f00, kGateDpl3 = 0x6000 };
enum { kBreakpoint = 3, kOverflow = 4, kPageFault = 14, kExceptionCount = 32 };
enum { kFaultWrite = 2 };

extern char trap_stubs[], syscall_stub[];  // entry.S, trap_stubs 16 bytes each

static InterruptHandler handlers[kIrqCount];

static const char* const kExceptionNames[] = {
    "division error",
    "debug trap",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "no FPU here",
    "double fault",
    "",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "",
    "x87 error",
    "alignment check",
};

enum { kNamedExceptions = sizeof(kExceptionNames) / sizeof(kExceptionNames[0]) };

static void SetGate(u32 vector, const void* handler, u32 flags) {
  u32 address = (u32)handler;
  Enqueue(kHcLoadIdtEntry, vector, KERNEL_CS << 16 | (address & 0xffff),
          (address & 0xffff0000) | flags, 0);
}

void InitTraps(void) {
  // With these two the segments of programs are flat like ours, but of privilege level 3.
  BeginBatch();
  Enqueue(kHcLoadGdtEntry, USER_CS >> 3, 0x0000ffff, 0x00cffb00, 0);
  Enqueue(kHcLoadGdtEntry, USER_DS >> 3, 0x0000ffff, 0x00cff300, 0);

  // For an interrupt gate the Host clears irq_enabled before it starts our handler.
  // Programs may use `int3` and `into` themselves.
  for (u32 vector = 0; vector < kFirstIrqVector + kIrqCount; ++vector) {
    u32 dpl = vector == kBreakpoint || vector == kOverflow ? kGateDpl3 : 0;
    SetGate(vector, trap_stubs + 16 * vector, kInterruptGate | dpl);
  }
  // A trap gate changes no flag, so the Host can leave the whole matter to the processor:
  // system calls never see the Host. That is why they are fast.
  SetGate(kSyscallVector, syscall_stub, kTrapGate | kGateDpl3);

  Enqueue(kHcTs, 1, 0, 0, 0);  // programs have no FPU: a use of it ends them
  EndBatch();
  __asm__ volatile("movl %0, %%ds\n\tmovl %0, %%es" : : "r"(USER_DS));
}

void SetInterruptHandler(u32 irq, InterruptHandler handler) {
  handlers[irq] = handler;
  UnblockInterrupt(irq);
}

static void PrintRegisters(const struct TrapFrame* frame) {
  Print("vector %u error %x cs %04x eflags %08x\n", frame->vector, frame->error_code,
        frame->cs, frame->eflags);
  Print("eax %08x ebx %08x ecx %08x edx %08x\n", frame->eax, frame->ebx, frame->ecx,
        frame->edx);
  Print("esi %08x edi %08x ebp %08x esp %08x\n", frame->esi, frame->edi, frame->ebp,
        (u32)&frame->esp);  // in ring 1 the stack goes on where the frame ends
}

// The fault is nobody's plan: the end of a program, or of everything.
static void UnexpectedTrap(const struct TrapFrame* frame, u32 address) {
  const char* name = "trap";
  if (frame->vector < kNamedExceptions) name = kExceptionNames[frame->vector];
  if (frame->vector == kPageFault && stats.pages_free == 0) name = "out of memory";
  Print("%s[%u]: %s at eip %08x", current->name, current->pid, name, frame->eip);
  if (frame->vector == kPageFault) {
    Print(", address %08x, ", address);
    PrintTables(current->space.root, address);
  }
  Print("\n");
  if (FromProgram(frame)) ExitProcess(kSignalStatus + (int)frame->vector);
  PrintRegisters(frame);
  Panic("%s in the kernel at 0x%08x", name, frame->eip);
}

static void HandleInterrupt(u32 irq) {
  ++stats.interrupts;
  BlockInterrupt(irq);
  if (handlers[irq]) handlers[irq]();
  UnblockInterrupt(irq);
}

// Last things before a program goes on: interrupts that waited while the kernel was busy,
// and other processes whose turn it is. Looked at in a loop, because each may cause the
// other.
static void PrepareReturn(void) {
  for (;;) {
    if (current->killed) ExitProcess(kInterruptedStatus);
    if (reschedule) {
      Schedule();
    } else if (lguest_data.irq_pending) {
      EnableInterrupts();
      DisableInterrupts();
    } else {
      return;
    }
  }
}

// Called by trap_entry (entry.S) with virtual interrupts off.
void HandleTrap(struct TrapFrame* frame) {
  if (frame->vector == kSyscallVector) {
    HandleSyscall(frame);
  } else if (frame->vector >= kExceptionCount) {
    HandleInterrupt(frame->vector - kFirstIrqVector);
  } else if (frame->vector == kPageFault) {
    u32 address = lguest_data.cr2;
    bool write = frame->error_code & kFaultWrite;
    if (!FromProgram(frame) || !ResolveFault(&current->space, address, write)) {
      UnexpectedTrap(frame, address);
    }
  } else {
    UnexpectedTrap(frame, 0);
  }
  CheckStack();
  if (FromProgram(frame)) PrepareReturn();
}
