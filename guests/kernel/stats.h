// The counters a program can ask for.
#ifndef GUEST_KERNEL_STATS_H_
#define GUEST_KERNEL_STATS_H_

#include "common/syscalls.h"

extern struct Stats stats;  // pages.c and everybody else count here

#endif  // GUEST_KERNEL_STATS_H_
