// Kernel messages.
#ifndef GUEST_KERNEL_PRINT_H_
#define GUEST_KERNEL_PRINT_H_

#include "common/types.h"

void Print(const char* format, ...);

#endif  // GUEST_KERNEL_PRINT_H_
