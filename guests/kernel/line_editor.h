// Turns keys into lines: shows what is typed, and lets it be corrected until Enter.
#ifndef GUEST_KERNEL_LINE_EDITOR_H_
#define GUEST_KERNEL_LINE_EDITOR_H_

#include "common/types.h"

enum KeyResult { kOrdinaryKey, kInterruptKey };

enum KeyResult EditLine(char key);

// Copies a finished line, or as much of it as fits. -1 if there is none yet; 0 after
// Ctrl-D.
int TakeLine(char* buffer, u32 size);

#endif  // GUEST_KERNEL_LINE_EDITOR_H_
