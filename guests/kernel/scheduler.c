#include "kernel/scheduler.h"

#include "kernel/clock.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/page_table.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/stats.h"
#include "kernel/traps.h"

enum { kStackMark = 0x6c677821 };
// The Host translates the stack pointer itself before it pushes, so there has to be
// something mapped at that address, too. A few bytes of distance to the end of the page
// make sure.
enum { kStackTop = kPageSize - 16 };

bool reschedule;

static struct Process* previous;  // who ran before the last switch
static u64 switch_time;

void SwitchStack(u32* old_esp, u32 new_esp);  // entry.S
void first_return(void);

struct TrapFrame* FrameOnStack(struct Process* process) {
  return (struct TrapFrame*)((char*)PtrOf(process->stack) + kStackTop) - 1;
}

void PrepareStack(struct Process* process) {
  *(u32*)PtrOf(process->stack) = kStackMark;
  // What SwitchStack expects: EBP, EDI, ESI, EBX, and where to return to.
  u32* esp = (u32*)FrameOnStack(process) - 5;
  esp[0] = esp[1] = esp[2] = esp[3] = 0;
  esp[4] = (u32)first_return;
  process->saved_esp = (u32)esp;
}

void CheckStack(void) {
  if (*(u32*)PtrOf(current->stack) != kStackMark) Panic("kernel stack overflow");
}

void MakeReady(struct Process* process) {
  process->state = kReady;
  reschedule = true;
}

static struct Process* NextReady(void) {
  u32 start = (u32)(current - processes);
  for (u32 i = 1; i <= kMaxProcesses; ++i) {
    struct Process* process = &processes[(start + i) % kMaxProcesses];
    if (process != processes && process->state == kReady) return process;
  }
  return &processes[0];
}

bool OthersAreReady(void) {
  const struct Process* next = NextReady();
  return next != current && next != processes;
}

// The first thing in the life of a process after a switch to it: a process that has ended
// cannot give back the stack it runs on, so its successor does.
void FinishSwitch(void) {
  if (previous->state == kDead) BuryProcess(previous);
  UpdateClock();
}

void Schedule(void) {
  reschedule = false;
  struct Process* next = NextReady();
  if (next == current) {
    UpdateClock();
    return;
  }
  u64 now = Microseconds();
  current->cpu_us += now - switch_time;
  switch_time = now;
  ++stats.switches;

  previous = current;
  current = next;
  // Two calls, one crossing: the stack for the next trap from a program, and the page
  // tables. The idle loop has no program, and any tables contain the kernel: it keeps
  // what it finds.
  BeginBatch();
  if (next->space.root) {
    u32 stack_top = (u32)PtrOf(next->stack) + kStackTop;
    Enqueue(kHcSetStack, KERNEL_DS, stack_top, 1, 0);
    LoadPageTable(next->space.root);
  }
  EndBatch();
  SwitchStack(&previous->saved_esp, next->saved_esp);
  FinishSwitch();
}

// When nobody is ready, the processor belongs to the Host until something happens.
void Idle(void) {
  for (;;) {
    DisableInterrupts();
    if (OthersAreReady())
      Schedule();
    else
      Hypercall(kHcHalt, 0, 0, 0, 0);  // enables interrupts and waits, in one step
  }
}

void WaitOn(const void* channel) {
  current->channel = channel;
  current->state = kWaiting;
  Schedule();
  current->channel = NULL;
}

void WakeUp(const void* channel) {
  if (!channel) return;
  for (struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
    if (p->state == kWaiting && p->channel == channel) MakeReady(p);
  }
}

void WaitOnUntil(const void* channel, u64 time) {
  current->wake_time = time;
  WaitOn(channel);
  current->wake_time = 0;
}

void WaitUntil(u64 time) {
  while (!current->killed && Microseconds() < time) WaitOnUntil(NULL, time);
}

u64 WakeSleepers(u64 now) {
  u64 earliest = 0;
  for (struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
    u64 time = p->wake_time;
    if (p->state != kWaiting || !time) continue;
    if (time <= now)
      MakeReady(p);
    else if (!earliest || time < earliest)
      earliest = time;
  }
  return earliest;
}
