// Random machine code, mostly of instructions that exist and have operands in reach.
#ifndef LGX_TESTS_CPU_FUZZ_CODE_H_
#define LGX_TESTS_CPU_FUZZ_CODE_H_

#include <vector>

#include "tests/cpu/fuzz_choices.h"

namespace lgx {

// `size` bytes for FuzzWorld. code32: meant to run in a 32-bit code segment.
std::vector<u8> RandomCode(Choices& choices, bool code32, u32 size);

}  // namespace lgx

#endif  // LGX_TESTS_CPU_FUZZ_CODE_H_
