// Who runs. The kernel itself is never preempted: it gives up the processor where it says
// so, here.
#ifndef GUEST_KERNEL_SCHEDULER_H_
#define GUEST_KERNEL_SCHEDULER_H_

#include "common/types.h"

struct Process;
struct TrapFrame;

// Set when somebody else should run before the current program goes on.
extern bool reschedule;

// The process can run from now on, and will soon have its turn.
void MakeReady(struct Process* process);
// Lets the next ready process run, and the idle loop if there is none.
void Schedule(void);
// The body of the idle process.
_Noreturn void Idle(void);

// To wait and to wake up, both sides name something they both know: the channel. Nothing
// comes between the look at a condition and the WaitOn, because interrupts are off in the
// kernel. Whoever wakes up looks again: there may be several, or it was killed.
void WaitOn(const void* channel);
void WakeUp(const void* channel);
// Waits for the channel, but no longer than until `time`.
void WaitOnUntil(const void* channel, u64 time);
// Waits until the clock says `time` (in microseconds since boot).
void WaitUntil(u64 time);
// Wakes up all whose time has come; the earliest of the others, or 0.
u64 WakeSleepers(u64 now);
bool OthersAreReady(void);

// A kernel stack is one page: at the bottom a word that nobody overwrites, at the top the
// trap frame of the program, below it what SwitchStack saved.
void PrepareStack(struct Process* process);
struct TrapFrame* FrameOnStack(struct Process* process);
void CheckStack(void);

#endif  // GUEST_KERNEL_SCHEDULER_H_
