// MMX, SSE and SSE2: which function executes an opcode of the 0F map, and with which
// features it came. Here prefixes 66, F3 and F2 are part of the opcode.
#ifndef LGX_CPU_SIMD_TABLE_H_
#define LGX_CPU_SIMD_TABLE_H_

#include <array>
#include <vector>

#include "cpu/cpu_model.h"
#include "cpu/decode.h"
#include "cpu/op.h"

namespace lgx {

// F2 and F3 win over 66.
enum class SimdPrefix : u8 { kNone, k66, kF3, kF2 };
enum class SimdForm : u8 { kAny, kMemory, kRegister };

struct SimdRow {
  u8 opcode;  // second byte
  SimdPrefix prefix;
  u64 features;
  SlowFn fn;
  SimdForm form = SimdForm::kAny;
  i8 reg = -1;  // the reg field, where it is part of the opcode
};

class SimdTable {
 public:
  // Rows of one opcode and prefix differ in form or reg field.
  void Add(const SimdRow& row);
  const SimdRow* Find(const RawInsn& insn) const;

 private:
  std::array<std::vector<SimdRow>, 4 * 256> rows_;
};

// Null: there is no such instruction.
const SimdRow* FindSimd(const RawInsn& insn);

// One for each file of functions.
void AddMmxRows(SimdTable& table);         // op_mmx.cc
void AddSseMoveRows(SimdTable& table);     // op_sse_move.cc
void AddSseFloatRows(SimdTable& table);    // op_sse_float.cc
void AddSseConvertRows(SimdTable& table);  // op_sse_convert.cc

}  // namespace lgx

#endif  // LGX_CPU_SIMD_TABLE_H_
