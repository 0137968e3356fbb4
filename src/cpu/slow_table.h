// Which out-of-line function executes an opcode, for every opcode that has no handler of
// its own, and for those that have one when the block is not flat 32-bit code.
#ifndef LGX_CPU_SLOW_TABLE_H_
#define LGX_CPU_SLOW_TABLE_H_

#include "cpu/decode.h"
#include "cpu/op.h"

namespace lgx {

struct SlowEntry {
  SlowFn fn = nullptr;  // null: #UD
  bool ends_block = false;
};

// By opcode and reg field of ModRM; for SIMD instructions (simd_table.h) also by prefix.
SlowEntry SlowFunction(const RawInsn& insn);

// Where LOCK is legal: read-modify-write forms with a memory operand; elsewhere #UD.
bool LockAllowed(u16 opcode, u8 modrm);

// Raises #UD.
Flow OpUndefined(Cpu& cpu, const Op& op);
// Raises #GP(0): an instruction of more than 15 bytes.
Flow OpTooLong(Cpu& cpu, const Op& op);

}  // namespace lgx

#endif  // LGX_CPU_SLOW_TABLE_H_
