// The end: on request, or because something cannot be.
#ifndef GUEST_KERNEL_PANIC_H_
#define GUEST_KERNEL_PANIC_H_

#include "common/types.h"

// Says why and stops the machine. The Launcher reports the text as the reason of the
// crash.
_Noreturn void Panic(const char* format, ...);

_Noreturn void PowerOff(void);
_Noreturn void Restart(void);

// One line with what the page tables say about `address`.
void PrintTables(u32 root, u32 address);

#endif  // GUEST_KERNEL_PANIC_H_
