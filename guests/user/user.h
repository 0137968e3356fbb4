// What programs have instead of a C library: system calls by name, Print, and a few
// things that all exercises need.
#ifndef GUEST_USER_USER_H_
#define GUEST_USER_USER_H_

#include "common/syscalls.h"
#include "common/text.h"

static inline int CallKernel(enum Syscall number, u32 arg1, u32 arg2, u32 arg3) {
  int answer;
  __asm__ volatile("int $0x80"
                   : "=a"(answer)
                   : "a"(number), "b"(arg1), "c"(arg2), "d"(arg3)
                   : "memory");
  return answer;
}

_Noreturn void Exit(int status);
static inline int Fork(void) { return CallKernel(kSysFork, 0, 0, 0); }
static inline int Read(int fd, void* buffer, u32 size) {
  return CallKernel(kSysRead, (u32)fd, (u32)buffer, size);
}
static inline int Write(int fd, const void* buffer, u32 size) {
  return CallKernel(kSysWrite, (u32)fd, (u32)buffer, size);
}
static inline int Close(int fd) { return CallKernel(kSysClose, (u32)fd, 0, 0); }
static inline int WaitPid(int pid, int* status) {
  return CallKernel(kSysWaitPid, (u32)pid, (u32)status, 0);
}
static inline int Exec(const char* name, char** argv) {
  return CallKernel(kSysExec, (u32)name, (u32)argv, 0);
}
static inline int GetPid(void) { return CallKernel(kSysGetPid, 0, 0, 0); }
static inline void Yield(void) { CallKernel(kSysYield, 0, 0, 0); }
static inline void* Brk(const void* end) {
  return (void*)CallKernel(kSysBrk, (u32)end, 0, 0);
}
static inline int Pipe(int fds[2]) { return CallKernel(kSysPipe, (u32)fds, 0, 0); }
static inline void Sleep(u32 milliseconds) { CallKernel(kSysSleep, milliseconds, 0, 0); }
static inline void Unmap(void* address) { CallKernel(kSysUnmap, (u32)address, 0, 0); }
static inline int ListProcesses(struct ProcessInfo* info, u32 count) {
  return CallKernel(kSysProcesses, (u32)info, count, 0);
}
static inline int ReadDisk(u32 sector, void* buffer, u32 size) {
  return CallKernel(kSysDiskRead, sector, (u32)buffer, size);
}
static inline int WriteDisk(u32 sector, const void* buffer, u32 size) {
  return CallKernel(kSysDiskWrite, sector, (u32)buffer, size);
}
static inline int FlushDisk(void) { return CallKernel(kSysDiskFlush, 0, 0, 0); }
static inline int NetAddress(u8 mac[6]) {
  return CallKernel(kSysNetAddress, (u32)mac, 0, 0);
}
static inline int SendFrame(const void* frame, u32 size) {
  return CallKernel(kSysNetSend, (u32)frame, size, 0);
}
static inline u32 ReceiveFrame(void* buffer, u32 size, u32 milliseconds) {
  return (u32)CallKernel(kSysNetReceive, (u32)buffer, size, milliseconds);
}
_Noreturn void Shutdown(enum Shutdown how);

// Fresh pages of zeros. Ends the program if there are none.
void* Map(u32 size);

void Print(const char* format, ...);

struct Stats ReadStats(void);
struct TimeInfo ReadTime(void);

// Runs a program and waits for it. Its exit status, or a negative error.
int Run(char** argv);

// The exercises take a number as their only argument.
u32 NumberArgument(int argc, char** argv, u32 otherwise);

// What an exercise says at the end: "N things in T us, P ns each".
void PrintTiming(u32 count, const char* things, u64 microseconds);

// Says what is wrong and ends the program with status 1, unless `good`.
void Require(bool good, const char* what);

#endif  // GUEST_USER_USER_H_
