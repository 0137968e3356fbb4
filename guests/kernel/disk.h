// The disk: a virtio block device. There is no file system, only sectors.
#ifndef GUEST_KERNEL_DISK_H_
#define GUEST_KERNEL_DISK_H_

#include "common/syscalls.h"

void InitDisk(void);

// These are the system calls of the same name; errors are negative. `address` is memory
// of the current program, which has been prepared (PrepareAccess).
int DescribeDisk(struct DiskInfo* info);
int ReadDisk(u32 sector, u32 address, u32 size);
int WriteDisk(u32 sector, u32 address, u32 size);
int FlushDisk(void);

#endif  // GUEST_KERNEL_DISK_H_
