// The programs inside the kernel image, which serve as its file system.
#ifndef GUEST_KERNEL_PROGRAMS_H_
#define GUEST_KERNEL_PROGRAMS_H_

#include "common/types.h"

// The first bytes of every program, see user/program.ld. Addresses are the program's own.
struct ProgramHeader {
  u32 entry;
  u32 data_start;  // page aligned; before it is text, which nobody writes
  u32 bss_end;     // zeros from the end of the image up to here
};

// program_table.S makes an array of these.
struct Program {
  const char* name;  // NULL ends the array
  const struct ProgramHeader* header;
  u32 size;
};

const struct Program* FindProgram(const char* name);

#endif  // GUEST_KERNEL_PROGRAMS_H_
