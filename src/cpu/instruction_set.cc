#include "cpu/instruction_set.h"

#include "cpu/simd_table.h"

namespace lgx {
namespace {

// The x87 instructions that came late: FCMOVcc and F(U)COMI(P) with CMOV, FISTTP.
u64 RequiredByX87(const RawInsn& insn) {
  const u8 reg = insn.Reg();
  if (insn.Mod() != 3) {
    const bool has_fisttp =
        insn.opcode == 0xdb || insn.opcode == 0xdd || insn.opcode == 0xdf;
    return has_fisttp && reg == 1 ? kFeatureFisttp : 0;
  }
  switch (insn.opcode) {
    case 0xda:
      return reg < 4 ? kFeatureCmov : 0;
    case 0xdb:
      return reg < 4 || reg == 5 || reg == 6 ? kFeatureCmov : 0;
    case 0xdf:
      return reg == 5 || reg == 6 ? kFeatureCmov : 0;
    default:
      return 0;
  }
}

// 0F AE: FXSAVE FXRSTOR LDMXCSR STMXCSR CLFLUSH; LFENCE MFENCE SFENCE.
u64 RequiredByGroup15(const RawInsn& insn) {
  constexpr u64 kMemory[8] = {
      kFeatureFxsr, kFeatureFxsr, kFeatureSse, kFeatureSse, 0, 0, 0, kFeatureClflush};
  constexpr u64 kRegister[8] = {0, 0, 0, 0, 0, kFeatureSse2, kFeatureSse2, kFeatureSse};
  return (insn.Mod() != 3 ? kMemory : kRegister)[insn.Reg()];
}

}  // namespace

u64 RequiredFeatures(const RawInsn& insn) {
  if (insn.opcode < 0x0f00) {
    return insn.opcode >= 0xd8 && insn.opcode <= 0xdf ? RequiredByX87(insn) : 0;
  }
  const u8 opcode = static_cast<u8>(insn.opcode);
  if (opcode >= 0x18 && opcode <= 0x1f) return kFeatureHintNop;
  if (opcode == 0x34 || opcode == 0x35) return kFeatureSep;
  if (opcode >= 0x40 && opcode <= 0x4f) return kFeatureCmov;
  if (opcode == 0xae) return RequiredByGroup15(insn);
  const SimdRow* const row = FindSimd(insn);
  return row != nullptr ? row->features : 0;
}

}  // namespace lgx
