// Which out-of-line function executes an opcode, for every opcode that has no handler of
// its own, and for those that have one when the block is not flat 32-bit code.
#ifndef LGX_CPU_SLOW_TABLE_H_
#define LGX_CPU_SLOW_TABLE_H_

#include "cpu/op.h"

namespace lgx {

struct SlowEntry {
  SlowFn fn = nullptr;  // null: #UD
  bool ends_block = false;
};

// `opcode` is one byte, or 0x0f00 | second byte; `reg` the reg field of its ModRM byte.
SlowEntry SlowFunction(u16 opcode, u8 reg);

// Where LOCK is legal: read-modify-write forms with a memory operand; elsewhere #UD.
bool LockAllowed(u16 opcode, u8 modrm);

// Raises #UD.
Flow OpUndefined(Cpu& cpu, const Op& op);
// Raises #GP(0): an instruction of more than 15 bytes.
Flow OpTooLong(Cpu& cpu, const Op& op);

}  // namespace lgx

#endif  // LGX_CPU_SLOW_TABLE_H_
