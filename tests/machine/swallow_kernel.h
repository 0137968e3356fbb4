// What ugly kernel files are fed to.
#ifndef LGX_TESTS_MACHINE_SWALLOW_KERNEL_H_
#define LGX_TESTS_MACHINE_SWALLOW_KERNEL_H_

#include "tests/machine/kernel_builder.h"

namespace lgx::test {

// Does all that happens to a kernel file before the Guest's first instruction, in a
// memory of 16 MiB. The file may be refused, in a message that begins with its name;
// anything else that goes wrong ends the program.
void SwallowKernel(Bytes file, TestMemory* memory);

}  // namespace lgx::test

#endif  // LGX_TESTS_MACHINE_SWALLOW_KERNEL_H_
