// Processes: a program, its address space, its open descriptors, and a kernel stack to
// work on when it calls the kernel.
#ifndef GUEST_KERNEL_PROCESS_H_
#define GUEST_KERNEL_PROCESS_H_

#include "common/syscalls.h"
#include "kernel/address_space.h"
#include "kernel/file.h"

struct TrapFrame;

enum ProcessState {
  kUnused,
  kReady,    // runs, or would like to
  kWaiting,  // for `channel`, or for `wake_time`
  kZombie,   // has ended; the parent has not asked yet
  kDead,     // has ended and nobody will ask
};

enum { kMaxProcesses = 80, kMaxFiles = 8, kSignalStatus = 128, kInterruptedStatus = 130 };

struct Process {
  u32 pid;
  enum ProcessState state;
  struct Process* parent;  // NULL: nobody waits for it
  char name[kNameSize];
  struct AddressSpace space;
  struct File files[kMaxFiles];
  u32 stack;            // physical address of the page with the kernel stack
  u32 saved_esp;        // while another process runs
  const void* channel;  // what it waits for, see scheduler.h
  u64 wake_time;        // or until when, in microseconds; 0: no limit
  u64 cpu_us;
  int exit_status;
  bool killed;  // has to end as soon as it is on its way out of the kernel
};

extern struct Process processes[kMaxProcesses];  // the first one is the idle loop
extern struct Process* current;

// Makes the code that calls it the idle process.
void InitProcesses(void);
// Creates process 1.
void StartInit(const char* program, const char* argument);

// These are the system calls of the same name; errors are negative.
int ForkProcess(const struct TrapFrame* frame);
int ExecProgram(struct TrapFrame* frame, const char* name, char** argv);
int WaitForChild(int pid, int* status);
_Noreturn void ExitProcess(int status);

// Ends every process except the first: somebody typed Ctrl-C. False if there is no other.
bool KillForeground(void);
// Gives back what is left of a process that has ended.
void BuryProcess(struct Process* process);

u32 DescribeProcesses(struct ProcessInfo* info, u32 count);

#endif  // GUEST_KERNEL_PROCESS_H_
