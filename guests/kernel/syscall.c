#include "kernel/syscall.h"

#include "common/syscalls.h"
#include "common/text.h"
#include "kernel/clock.h"
#include "kernel/disk.h"
#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/net.h"
#include "kernel/page_table.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"
#include "kernel/stats.h"
#include "kernel/traps.h"

// Every pointer of a program goes through here before the kernel uses it: NULL if the
// range is not the program's. Afterwards all of its pages are there, and they stay: only
// the process itself can take pages away from its address space, and it is busy here.
static void* ProgramMemory(u32 address, u32 size, bool write) {
  return PrepareAccess(&current->space, address, size, write) ? (void*)address : NULL;
}

// A text ends somewhere; until then it has to be the program's, page by page.
static const char* ProgramText(u32 address) {
  for (u32 c = address;; ++c) {
    if (c == address || (c & kPageMask) == 0) {
      if (!ProgramMemory(c, 1, false)) return NULL;
    }
    if (*(const char*)c == '\0') return (const char*)address;
  }
}

static struct File* FileOf(u32 fd) { return fd < kMaxFiles ? &current->files[fd] : NULL; }

static int SysExit(struct TrapFrame* frame) { ExitProcess((int)frame->ebx & 0xff); }

static int SysFork(struct TrapFrame* frame) { return ForkProcess(frame); }

static int SysRead(struct TrapFrame* frame) {
  struct File* file = FileOf(frame->ebx);
  void* buffer = ProgramMemory(frame->ecx, frame->edx, true);
  if (!file) return kErrBadFd;
  if (!buffer) return kErrFault;
  return ReadFile(file, buffer, frame->edx);
}

static int SysWrite(struct TrapFrame* frame) {
  struct File* file = FileOf(frame->ebx);
  const char* buffer = ProgramMemory(frame->ecx, frame->edx, false);
  if (!file) return kErrBadFd;
  if (!buffer) return kErrFault;
  return WriteFile(file, buffer, frame->edx);
}

static int SysClose(struct TrapFrame* frame) {
  struct File* file = FileOf(frame->ebx);
  if (!file || file->kind == kNoFile) return kErrBadFd;
  CloseFile(file);
  return 0;
}

static int SysWaitPid(struct TrapFrame* frame) {
  int* status = ProgramMemory(frame->ecx, sizeof(int), true);
  return status ? WaitForChild((int)frame->ebx, status) : kErrFault;
}

static int SysExec(struct TrapFrame* frame) {
  const char* name = ProgramText(frame->ebx);
  if (!name) return kErrFault;
  for (u32 argv = frame->ecx;; argv += sizeof(char*)) {
    char** argument = ProgramMemory(argv, sizeof(char*), false);
    if (!argument) return kErrFault;
    if (!*argument) break;
    if (!ProgramText((u32)*argument)) return kErrFault;
  }
  return ExecProgram(frame, name, (char**)frame->ecx);
}

static int SysGetPid(struct TrapFrame* frame) {
  (void)frame;
  return (int)current->pid;
}

static int SysYield(struct TrapFrame* frame) {
  (void)frame;
  Schedule();
  return 0;
}

static int SysBrk(struct TrapFrame* frame) {
  return (int)MoveHeapEnd(&current->space, frame->ebx);
}

static int SysMap(struct TrapFrame* frame) {
  u32 address = MapZeros(&current->space, frame->ebx);
  return address ? (int)address : kErrNoMemory;
}

static int SysUnmap(struct TrapFrame* frame) {
  return Unmap(&current->space, frame->ebx) ? 0 : kErrInvalid;
}

static int SysPipe(struct TrapFrame* frame) {
  int* fds = ProgramMemory(frame->ebx, 2 * sizeof(int), true);
  if (!fds) return kErrFault;
  int free[2], found = 0;
  for (int fd = 0; fd < kMaxFiles && found < 2; ++fd) {
    if (current->files[fd].kind == kNoFile) free[found++] = fd;
  }
  if (found < 2) return kErrNoMemory;
  if (!OpenPipe(&current->files[free[0]], &current->files[free[1]])) return kErrNoMemory;
  fds[0] = free[0];
  fds[1] = free[1];
  return 0;
}

static int SysSleep(struct TrapFrame* frame) {
  WaitUntil(Microseconds() + (u64)frame->ebx * 1000);
  return 0;
}

static int SysTime(struct TrapFrame* frame) {
  struct TimeInfo* info = ProgramMemory(frame->ebx, sizeof(*info), true);
  if (!info) return kErrFault;
  *info = (struct TimeInfo){Microseconds(), WallSeconds(), lguest_data.tsc_khz};
  return 0;
}

static int SysStats(struct TrapFrame* frame) {
  struct Stats* to = ProgramMemory(frame->ebx, sizeof(*to), true);
  if (!to) return kErrFault;
  *to = stats;
  return 0;
}

static int SysProcesses(struct TrapFrame* frame) {
  u32 count = frame->ecx < kMaxProcesses ? frame->ecx : kMaxProcesses;
  struct ProcessInfo* info = ProgramMemory(frame->ebx, count * sizeof(*info), true);
  return info ? (int)DescribeProcesses(info, count) : kErrFault;
}

static int SysDiskInfo(struct TrapFrame* frame) {
  struct DiskInfo* info = ProgramMemory(frame->ebx, sizeof(*info), true);
  return info ? DescribeDisk(info) : kErrFault;
}

static int SysDiskRead(struct TrapFrame* frame) {
  if (!ProgramMemory(frame->ecx, frame->edx, true)) return kErrFault;
  return ReadDisk(frame->ebx, frame->ecx, frame->edx);
}

static int SysDiskWrite(struct TrapFrame* frame) {
  if (!ProgramMemory(frame->ecx, frame->edx, false)) return kErrFault;
  return WriteDisk(frame->ebx, frame->ecx, frame->edx);
}

static int SysDiskFlush(struct TrapFrame* frame) {
  (void)frame;
  return FlushDisk();
}

static int SysShutdown(struct TrapFrame* frame) {
  if (frame->ebx == kPowerOff) PowerOff();
  if (frame->ebx == kRestart) Restart();
  if (frame->ebx == kCrash) Panic("%s[%u] asked for it", current->name, current->pid);
  return kErrInvalid;
}

static int SysNetAddress(struct TrapFrame* frame) {
  u8* mac = ProgramMemory(frame->ebx, 6, true);
  if (!mac) return kErrFault;
  return GetNetAddress(mac) ? 0 : kErrNotFound;
}

static int SysNetSend(struct TrapFrame* frame) {
  const void* bytes = ProgramMemory(frame->ebx, frame->ecx, false);
  if (!bytes) return kErrFault;
  return SendFrame(bytes, frame->ecx) ? 0 : kErrInvalid;
}

static int SysNetReceive(struct TrapFrame* frame) {
  void* buffer = ProgramMemory(frame->ebx, frame->ecx, true);
  if (!buffer) return kErrFault;
  u64 until = Microseconds() + (u64)frame->edx * 1000;
  return (int)ReceiveFrame(buffer, frame->ecx, until);
}

static int SysAnnounceTables(struct TrapFrame* frame) {
  AnnounceTables(frame->ebx != 0);
  return 0;
}

static int (*const kSyscalls[kSyscallCount])(struct TrapFrame*) = {
    [kSysExit] = SysExit,
    [kSysFork] = SysFork,
    [kSysRead] = SysRead,
    [kSysWrite] = SysWrite,
    [kSysClose] = SysClose,
    [kSysWaitPid] = SysWaitPid,
    [kSysExec] = SysExec,
    [kSysGetPid] = SysGetPid,
    [kSysYield] = SysYield,
    [kSysBrk] = SysBrk,
    [kSysMap] = SysMap,
    [kSysUnmap] = SysUnmap,
    [kSysPipe] = SysPipe,
    [kSysSleep] = SysSleep,
    [kSysTime] = SysTime,
    [kSysStats] = SysStats,
    [kSysProcesses] = SysProcesses,
    [kSysShutdown] = SysShutdown,
    [kSysDiskInfo] = SysDiskInfo,
    [kSysDiskRead] = SysDiskRead,
    [kSysDiskWrite] = SysDiskWrite,
    [kSysDiskFlush] = SysDiskFlush,
    [kSysNetAddress] = SysNetAddress,
    [kSysNetSend] = SysNetSend,
    [kSysNetReceive] = SysNetReceive,
    [kSysAnnounce] = SysAnnounceTables,
};

void HandleSyscall(struct TrapFrame* frame) {
  ++stats.syscalls;
  u32 number = frame->eax;
  if (number >= kSyscallCount || !kSyscalls[number]) {
    frame->eax = (u32)kErrUnknownCall;
    return;
  }
  u32 answer = (u32)kSyscalls[number](frame);
  // A successful exec has filled the frame with the start of the new program.
  if (number != kSysExec || (i32)answer < 0) frame->eax = answer;
}
