// The console: output to the virtio device (or, before it is there, as text in a
// hypercall), and lines typed by somebody.
#ifndef GUEST_KERNEL_CONSOLE_H_
#define GUEST_KERNEL_CONSOLE_H_

#include "common/types.h"

void InitConsole(void);

void WriteConsole(const char* text, u32 length);

// Waits for a line; returns its bytes with the newline, or 0 after Ctrl-D.
int ReadConsole(char* buffer, u32 size);

#endif  // GUEST_KERNEL_CONSOLE_H_
