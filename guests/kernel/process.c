#include "kernel/process.h"

#include "common/text.h"
#include "kernel/arguments.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/page_table.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
#include "kernel/programs.h"
#include "kernel/scheduler.h"
#include "kernel/stats.h"
#include "kernel/traps.h"

struct Process processes[kMaxProcesses];
struct Process* current = &processes[0];

static u32 last_pid;

void InitProcesses(void) {
  extern char boot_stack[];
  current->state = kReady;
  current->stack = PhysOf(boot_stack);
  StringCopy(current->name, "idle", kNameSize);
  PrepareStack(current);
}

static struct Process* NewProcess(void) {
  for (struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
    if (p->state != kUnused) continue;
    u32 stack = AllocatePage();
    if (!stack) return NULL;
    *p = (struct Process){.pid = ++last_pid, .stack = stack};
    PrepareStack(p);
    return p;
  }
  return NULL;
}

void BuryProcess(struct Process* process) {
  DestroySpace(&process->space);
  ReleasePage(process->stack);
  process->state = kUnused;
}

// Where a program begins: registers and stack of a process that is about to run it.
static void SetEntryPoint(struct TrapFrame* frame, const struct Program* program,
                          const struct Arguments* arguments) {
  *frame = (struct TrapFrame){.es = USER_DS, .ds = USER_DS, .cs = USER_CS, .ss = USER_DS};
  frame->eip = program->header->entry;
  frame->eflags = kEflagsIf;
  frame->esp = arguments->address;
  frame->eax = arguments->count;  // user/start.S hands these to main()
  frame->edx = arguments->address;
}

void StartInit(const char* program_name, const char* argument) {
  const struct Program* program = FindProgram(program_name);
  struct Process* process = NewProcess();
  struct Arguments arguments;
  char* argv[] = {(char*)program_name, (char*)argument, NULL};
  if (!program || !process || !CreateSpace(&process->space, program) ||
      !CopyArguments(&arguments, argv) || !PlaceArguments(&arguments, &process->space)) {
    Panic("cannot start the program \"%s\"", program_name);
  }
  StringCopy(process->name, program->name, kNameSize);
  for (int fd = 0; fd < 3; ++fd) process->files[fd].kind = kConsole;
  SetEntryPoint(FrameOnStack(process), program, &arguments);
  MakeReady(process);
}

// The child returns from the same system call, with another answer.
int ForkProcess(const struct TrapFrame* frame) {
  struct Process* child = NewProcess();
  if (!child) return kErrNoMemory;
  if (!ForkSpace(&child->space, &current->space)) {
    BuryProcess(child);
    return kErrNoMemory;
  }
  child->parent = current;
  StringCopy(child->name, current->name, kNameSize);
  for (int fd = 0; fd < kMaxFiles; ++fd) {
    child->files[fd] = current->files[fd];
    ShareFile(&child->files[fd]);
  }
  struct TrapFrame* child_frame = FrameOnStack(child);
  *child_frame = *frame;
  child_frame->eax = 0;
  MakeReady(child);
  ++stats.forks;
  return (int)child->pid;
}

int ExecProgram(struct TrapFrame* frame, const char* name, char** argv) {
  const struct Program* program = FindProgram(name);
  if (!program) return kErrNotFound;
  struct Arguments arguments;
  struct AddressSpace space;
  if (!CopyArguments(&arguments, argv)) return kErrNoMemory;
  if (!CreateSpace(&space, program) || !PlaceArguments(&arguments, &space)) {
    DestroySpace(&space);
    return kErrNoMemory;
  }
  // From here on there is no way back: `name` and `argv` lie in the space that goes.
  struct AddressSpace old = current->space;
  current->space = space;
  StringCopy(current->name, program->name, kNameSize);
  LoadPageTable(space.root);
  DestroySpace(&old);
  SetEntryPoint(frame, program, &arguments);
  return (int)arguments.count;
}

void ExitProcess(int status) {
  if (current->pid == 1) Panic("process 1 has ended with status %d", status);
  for (int fd = 0; fd < kMaxFiles; ++fd) CloseFile(&current->files[fd]);
  for (struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
    if (p->parent != current) continue;
    p->parent = NULL;
    if (p->state == kZombie) BuryProcess(p);
  }
  LoadPageTable(KernelPageTable());
  DestroySpace(&current->space);
  current->exit_status = status;
  current->state = current->parent ? kZombie : kDead;
  WakeUp(current->parent);
  Schedule();
  Panic("a dead process runs");
}

int WaitForChild(int pid, int* status) {
  for (;;) {
    bool any = false;
    for (struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
      if (p->state == kUnused || p->parent != current) continue;
      if (pid > 0 && p->pid != (u32)pid) continue;
      any = true;
      if (p->state != kZombie) continue;
      *status = p->exit_status;
      int ended = (int)p->pid;
      BuryProcess(p);
      return ended;
    }
    if (!any || current->killed) return kErrNotFound;
    WaitOn(current);  // a child that ends wakes up its parent
  }
}

bool KillForeground(void) {
  bool any = false;
  for (struct Process* p = processes + 1; p < processes + kMaxProcesses; ++p) {
    if (p->pid == 1 || (p->state != kReady && p->state != kWaiting)) continue;
    p->killed = any = true;
    MakeReady(p);
  }
  return any;
}

u32 DescribeProcesses(struct ProcessInfo* info, u32 count) {
  u32 filled = 0;
  for (const struct Process* p = processes; p < processes + kMaxProcesses; ++p) {
    if (p->state == kUnused || filled == count) continue;
    struct ProcessInfo* to = &info[filled++];
    *to = (struct ProcessInfo){.pid = p->pid, .parent = p->parent ? p->parent->pid : 0};
    to->state = p->state == kReady ? 'R' : p->state == kWaiting ? 'S' : 'Z';
    to->pages = p->space.pages;
    to->faults = p->space.faults;
    to->cpu_us = p->cpu_us;
    StringCopy(to->name, p->name, kNameSize);
  }
  return filled;
}
