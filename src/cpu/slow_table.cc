#include "cpu/slow_table.h"

#include <array>

#include "cpu/cpu.h"
#include "cpu/simd_table.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// opcode -> function; 0x100 + second byte for the 0F map.
struct Row {
  u16 first, last;  // opcodes, inclusive; 0x0fxx for the 0F map
  SlowFn fn;
  bool ends_block;  // always; one that ends it now and then returns Flow::kEnd and is
                    // kGoes
};

constexpr bool kEnds = true;
constexpr bool kGoes = false;

constexpr Row kRows[] = {
    // -- the one-byte map
    {0x06, 0x06, OpPushSeg, kGoes},
    {0x07, 0x07, OpPopSeg, kGoes},
    {0x0e, 0x0e, OpPushSeg, kGoes},
    {0x16, 0x16, OpPushSeg, kGoes},
    {0x17, 0x17, OpPopSeg, kEnds},
    {0x1e, 0x1e, OpPushSeg, kGoes},
    {0x1f, 0x1f, OpPopSeg, kGoes},
    {0x27, 0x27, OpDaa, kGoes},
    {0x2f, 0x2f, OpDas, kGoes},
    {0x37, 0x37, OpAaa, kGoes},
    {0x3f, 0x3f, OpAas, kGoes},
    {0x50, 0x57, OpPushReg, kGoes},
    {0x58, 0x5f, OpPopReg, kGoes},
    {0x60, 0x60, OpPusha, kGoes},
    {0x61, 0x61, OpPopa, kGoes},
    {0x62, 0x62, OpBound, kGoes},
    {0x63, 0x63, OpArpl, kGoes},
    {0x68, 0x68, OpPushImm, kGoes},
    {0x69, 0x69, OpImul3, kGoes},
    {0x6a, 0x6a, OpPushImm, kGoes},
    {0x6b, 0x6b, OpImul3, kGoes},
    {0x6c, 0x6f, OpStringIo, kEnds},
    {0x70, 0x7f, OpJccNear, kEnds},
    {0x8c, 0x8c, OpMovFromSeg, kGoes},
    {0x8e, 0x8e, OpMovToSeg, kGoes},
    {0x8f, 0x8f, OpPopRm, kGoes},
    {0x98, 0x98, OpCbw, kGoes},
    {0x99, 0x99, OpCwd, kGoes},
    {0x9a, 0x9a, OpCallFar, kEnds},
    {0x9b, 0x9b, OpFwait, kGoes},
    {0x9c, 0x9c, OpPushf, kGoes},
    {0x9d, 0x9d, OpPopf, kEnds},
    {0x9e, 0x9e, OpSahf, kGoes},
    {0x9f, 0x9f, OpLahf, kGoes},
    {0xa4, 0xa5, OpMovs, kEnds},
    {0xa6, 0xa7, OpCmps, kEnds},
    {0xaa, 0xab, OpStos, kEnds},
    {0xac, 0xad, OpLods, kEnds},
    {0xae, 0xaf, OpScas, kEnds},
    {0xc0, 0xc1, OpShift, kGoes},
    {0xc2, 0xc3, OpRetNear, kEnds},
    {0xc4, 0xc5, OpLoadFarPointer, kEnds},
    {0xc8, 0xc8, OpEnter, kGoes},
    {0xc9, 0xc9, OpLeave, kGoes},
    {0xca, 0xcb, OpRetFar, kEnds},
    {0xcc, 0xcc, OpInt3, kEnds},
    {0xcd, 0xcd, OpIntN, kEnds},
    {0xce, 0xce, OpInto, kEnds},
    {0xcf, 0xcf, OpIret, kEnds},
    {0xd0, 0xd3, OpShift, kGoes},
    {0xd4, 0xd4, OpAam, kGoes},
    {0xd5, 0xd5, OpAad, kGoes},
    {0xd6, 0xd6, OpSalc, kGoes},
    {0xd7, 0xd7, OpXlat, kGoes},
    {0xd8, 0xdf, OpX87, kGoes},
    {0xe0, 0xe3, OpLoop, kEnds},
    {0xe4, 0xe7, OpInOut, kEnds},
    {0xe8, 0xe8, OpCallNear, kEnds},
    {0xe9, 0xe9, OpJmpNear, kEnds},
    {0xea, 0xea, OpJmpFar, kEnds},
    {0xeb, 0xeb, OpJmpNear, kEnds},
    {0xec, 0xef, OpInOut, kEnds},
    {0xf1, 0xf1, OpInt1, kEnds},
    {0xf4, 0xf4, OpHlt, kEnds},
    {0xf5, 0xf5, OpCmc, kGoes},
    {0xf6, 0xf7, OpGroup3, kGoes},  // MUL IMUL DIV IDIV
    {0xf8, 0xf8, OpClc, kGoes},
    {0xf9, 0xf9, OpStc, kGoes},
    {0xfa, 0xfb, OpCliSti, kEnds},
    {0xfc, 0xfd, OpCldStd, kGoes},
    {0xff, 0xff, OpGroup5, kEnds},  // near and far CALL and JMP, PUSH
    // -- the 0F map
    {0x0f00, 0x0f00, OpGroup6, kGoes},
    {0x0f01, 0x0f01, OpGroup7, kGoes},
    {0x0f02, 0x0f03, OpLarLsl, kGoes},
    {0x0f06, 0x0f06, OpClts, kEnds},
    {0x0f08, 0x0f09, OpCacheControl, kGoes},
    {0x0f0b, 0x0f0b, OpUndefined, kEnds},
    {0x0f20, 0x0f20, OpMovFromCr, kGoes},
    {0x0f21, 0x0f21, OpMovFromDr, kGoes},
    {0x0f22, 0x0f22, OpMovToCr, kEnds},
    {0x0f23, 0x0f23, OpMovToDr, kEnds},
    {0x0f30, 0x0f30, OpWrmsr, kEnds},
    {0x0f31, 0x0f31, OpRdtsc, kGoes},
    {0x0f32, 0x0f32, OpRdmsr, kGoes},
    {0x0f33, 0x0f33, OpRdpmc, kGoes},
    {0x0f34, 0x0f34, OpSysenter, kEnds},
    {0x0f35, 0x0f35, OpSysexit, kEnds},
    {0x0f40, 0x0f4f, OpCmov, kGoes},
    {0x0f80, 0x0f8f, OpJccNear, kEnds},
    {0x0fa0, 0x0fa0, OpPushSeg, kGoes},
    {0x0fa1, 0x0fa1, OpPopSeg, kGoes},
    {0x0fa2, 0x0fa2, OpCpuid, kGoes},
    {0x0fa3, 0x0fa3, OpBitTest, kGoes},
    {0x0fa4, 0x0fa5, OpShld, kGoes},
    {0x0fa8, 0x0fa8, OpPushSeg, kGoes},
    {0x0fa9, 0x0fa9, OpPopSeg, kGoes},
    {0x0fab, 0x0fab, OpBitTest, kGoes},
    {0x0fac, 0x0fad, OpShrd, kGoes},
    {0x0fae, 0x0fae, OpGroup15, kGoes},  // FXSAVE FXRSTOR
    {0x0faf, 0x0faf, OpImul2, kGoes},
    {0x0fb0, 0x0fb1, OpCmpxchg, kGoes},
    {0x0fb2, 0x0fb2, OpLoadFarPointer, kEnds},
    {0x0fb3, 0x0fb3, OpBitTest, kGoes},
    {0x0fb4, 0x0fb5, OpLoadFarPointer, kEnds},
    {0x0fba, 0x0fbb, OpBitTest, kGoes},
    {0x0fbc, 0x0fbd, OpBitScan, kGoes},
    {0x0fc0, 0x0fc1, OpXadd, kGoes},
    {0x0fc7, 0x0fc7, OpCmpxchg8b, kGoes},
    {0x0fc8, 0x0fcf, OpBswap, kGoes},
};

constexpr u32 IndexOf(u16 opcode) {
  return opcode < 0x100 ? opcode : 0x100 + (opcode & 0xff);
}

constexpr std::array<SlowEntry, 512> MakeTable() {
  std::array<SlowEntry, 512> table{};
  for (const Row& row : kRows) {
    for (u32 opcode = row.first; opcode <= row.last; ++opcode) {
      table[IndexOf(static_cast<u16>(opcode))] = SlowEntry{row.fn, row.ends_block};
    }
  }
  return table;
}

constexpr std::array<SlowEntry, 512> kTable = MakeTable();

}  // namespace

SlowEntry SlowFunction(const RawInsn& insn) {
  const SlowEntry entry = kTable[IndexOf(insn.opcode)];
  if (entry.fn == nullptr) {
    const SimdRow* const row = FindSimd(insn);
    return row != nullptr ? SlowEntry{row->fn, false} : SlowEntry{OpUndefined, true};
  }
  if (insn.opcode == 0xff && insn.Reg() == 6) return SlowEntry{entry.fn, false};  // PUSH
  return entry;
}

bool LockAllowed(u16 opcode, u8 modrm) {
  if (modrm >= 0xc0) return false;
  const u32 reg = (modrm >> 3) & 7;
  if (opcode < 0x40) return (opcode & 7) < 2 && opcode < 0x38;  // ADD ... XOR m, r
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
      return reg != 7;
    case 0x86:
    case 0x87:
      return true;
    case 0xf6:
    case 0xf7:
      return reg == 2 || reg == 3;
    case 0xfe:
    case 0xff:
      return reg < 2;
    case 0x0fab:
    case 0x0fb0:
    case 0x0fb1:
    case 0x0fb3:
    case 0x0fbb:
    case 0x0fc0:
    case 0x0fc1:
      return true;
    case 0x0fba:
      return reg >= 5;
    case 0x0fc7:
      return reg == 1;
    default:
      return false;
  }
}

Flow OpUndefined(Cpu& cpu, const Op&) { return cpu.Raise(kVectorUd); }
Flow OpTooLong(Cpu& cpu, const Op&) { return cpu.Raise(kVectorGp, 0); }

}  // namespace lgx
