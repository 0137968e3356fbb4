// What a program can ask of the kernel: number in EAX, arguments in EBX, ECX and EDX,
// then `int $0x80`. The answer comes back in EAX; a negative one is an error.
#ifndef GUEST_COMMON_SYSCALLS_H_
#define GUEST_COMMON_SYSCALLS_H_

#include "common/types.h"

enum Syscall {
  kSysExit = 1,         // (status)                 does not return
  kSysFork = 2,         // ()                       child's pid; 0 in the child
  kSysRead = 3,         // (fd, buffer, size)       bytes read; 0 at the end
  kSysWrite = 4,        // (fd, buffer, size)       bytes written
  kSysClose = 5,        // (fd)
  kSysWaitPid = 6,      // (pid or -1, int* status) pid of the child that ended
  kSysExec = 7,         // (name, argv)             returns only on failure
  kSysGetPid = 8,       // ()
  kSysYield = 9,        // ()                       lets another process run
  kSysBrk = 10,         // (end or 0)               the new end of the heap
  kSysMap = 11,         // (size)                   address of fresh, zeroed pages
  kSysUnmap = 12,       // (address)                of an earlier kSysMap
  kSysPipe = 13,        // (int fds[2])             reading end, writing end
  kSysSleep = 14,       // (milliseconds)
  kSysTime = 15,        // (struct TimeInfo*)
  kSysStats = 16,       // (struct Stats*)
  kSysProcesses = 17,   // (struct ProcessInfo*, count)  how many were filled in
  kSysShutdown = 18,    // (enum Shutdown)        does not return
  kSysDiskInfo = 19,    // (struct DiskInfo*)
  kSysDiskRead = 20,    // (sector, buffer, size)   bytes read
  kSysDiskWrite = 21,   // (sector, buffer, size)   bytes written
  kSysDiskFlush = 22,   // ()                       what was written is safe
  kSysNetAddress = 23,  // (u8 mac[6])            of the network card
  kSysNetSend = 24,     // (frame, size)
  kSysNetReceive = 25,  // (buffer, size, milliseconds)  its size; 0 if none came
  kSysAnnounce = 26,    // (bool)  tell the Host of each new page table, or do not
  kSyscallCount
};

enum Error {
  kErrNotFound = -2,   // no such program, no such child
  kErrIo = -5,         // the disk could not
  kErrBadFd = -9,      // not an open descriptor
  kErrNoMemory = -12,  // out of pages, processes or descriptors
  kErrFault = -14,     // a pointer that leads nowhere
  kErrNoDevice = -19,  // there is no disk
  kErrInvalid = -22,   // an argument that makes no sense
  kErrPipe = -32,      // nobody is left to read
  kErrUnknownCall = -38,
};

enum Shutdown { kPowerOff = 1, kRestart = 2, kCrash = 3 };

struct TimeInfo {
  u64 uptime_us;     // since boot, from the time stamp counter
  u32 wall_seconds;  // since 1970, UTC
  u32 tsc_khz;       // 0: the Host knows no stable frequency
};

// Counters since boot. `mem` prints them all; the exercises print what they changed.
struct Stats {
  u32 pages_total, pages_free;
  u32 pages_kernel;  // image, page table pages and bookkeeping of the kernel itself
  u32 pages_tables;  // page tables of programs
  u32 faults_zero;   // first touch of anonymous memory: a fresh page of zeros
  u32 faults_image;  // first touch of program text or data: shared with the image
  u32 cow_copied;    // write to a shared page: copied
  u32 cow_reused;    // write to a page that only looked shared: made writable
  u32 syscalls, switches, forks, interrupts;
  u32 hypercalls;         // that went to the Host directly, each one a crossing
  u32 hypercalls_queued;  // that travelled in the ring and cost no crossing of their own
};

enum { kNameSize = 16 };
enum { kMinFrame = 14, kMaxFrame = 1514 };  // bytes of an Ethernet frame

enum { kSectorSize = 512, kDiskIdSize = 20 };
enum { kMaxDiskRequest = 65536 };  // bytes in one kSysDiskRead or kSysDiskWrite

struct DiskInfo {
  u32 sectors;
  bool read_only;
  bool can_flush;
  char id[kDiskIdSize + 1];
};

struct ProcessInfo {
  u32 pid, parent;
  char state;  // R running or ready, S sleeping, Z ended but not waited for
  char name[kNameSize];
  u32 pages;  // pages of memory in use
  u32 faults;
  u64 cpu_us;
};

#endif  // GUEST_COMMON_SYSCALLS_H_
