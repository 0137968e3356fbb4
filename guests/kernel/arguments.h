// The argument strings of a program on their way from the old address space to the new
// one.
#ifndef GUEST_KERNEL_ARGUMENTS_H_
#define GUEST_KERNEL_ARGUMENTS_H_

#include "kernel/address_space.h"

enum { kMaxArguments = 16, kArgumentBytes = 512 };

struct Arguments {
  u32 count;
  u32 address;  // of argv in the new space, which is also where its stack starts
  u32 size;
  char text[kArgumentBytes];  // the strings one after the other, each with its NUL
};

// False if they are too many or too long.
bool CopyArguments(struct Arguments* arguments, char** argv);
// Puts them at the top of the new stack: the strings above, the array argv below.
bool PlaceArguments(struct Arguments* arguments, struct AddressSpace* space);

#endif  // GUEST_KERNEL_ARGUMENTS_H_
