// Time: what it is, and being told when it has come.
#ifndef GUEST_KERNEL_CLOCK_H_
#define GUEST_KERNEL_CLOCK_H_

#include "common/types.h"

void InitClock(void);

u64 Microseconds(void);  // since boot
u32 WallSeconds(void);   // since 1970, UTC

// Makes sure that the clock interrupt comes in time for the next sleeper, and in time to
// take the processor away from the current process if others wait for it.
void UpdateClock(void);

#endif  // GUEST_KERNEL_CLOCK_H_
