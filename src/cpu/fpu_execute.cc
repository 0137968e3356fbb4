#include "cpu/fpu_execute.h"

#include "cpu/flags.h"

namespace lgx {

FpuMemoryForm FpuMemoryFormOf(u8 opcode, u8 reg) {
  using enum FpuMemoryKind;
  using enum FpuFormat;
  static constexpr FpuMemoryForm kNone{kUndefined};
  static constexpr FpuMemoryForm kTable[4][8] = {
      // D9
      {{kLoad, kF32},
       kNone,
       {kStore, kF32},
       {kStorePop, kF32},
       {kLoadEnvironment},
       {kLoadControl},
       {kStoreEnvironment},
       {kStoreControl}},
      // DB
      {{kLoad, kI32},
       {kStoreTruncatedPop, kI32},
       {kStore, kI32},
       {kStorePop, kI32},
       kNone,
       {kLoad, kF80},
       kNone,
       {kStorePop, kF80}},
      // DD
      {{kLoad, kF64},
       {kStoreTruncatedPop, kI64},
       {kStore, kF64},
       {kStorePop, kF64},
       {kLoadState},
       kNone,
       {kStoreState},
       {kStoreStatus}},
      // DF
      {{kLoad, kI16},
       {kStoreTruncatedPop, kI16},
       {kStore, kI16},
       {kStorePop, kI16},
       {kLoad, kBcd},
       {kLoad, kI64},
       {kStorePop, kBcd},
       {kStorePop, kI64}},
  };
  static constexpr FpuFormat kArithFormats[4] = {kF32, kI32, kF64, kI16};
  const unsigned row = (opcode >> 1) & 3;
  if ((opcode & 1) == 0) return {kArith, kArithFormats[row]};
  return kTable[row][reg & 7];
}

bool FpuRegisterFormExists(u8 opcode, u8 modrm) {
  // One bit per ModR/M byte from 0xc0.
  static constexpr u64 kForms[8] = {
      0xffffffffffffffff,  // D8
      0xffff7f33ff01ffff,  // D9: not D1-D7 E2 E3 E6 E7 EF
      0x00000200ffffffff,  // DA: FCMOVcc, FUCOMPP
      0x00ffff1fffffffff,  // DB: FCMOVcc, E0-E4, FUCOMI, FCOMI
      0xffffffffffffffff,  // DC
      0x0000ffffffffffff,  // DD
      0xffffffff02ffffff,  // DE: of D8-DF only FCOMPP
      0x00ffff01ffffffff,  // DF: FNSTSW AX, FUCOMIP, FCOMIP
  };
  return ((kForms[opcode & 7] >> (modrm & 0x3f)) & 1) != 0;
}

bool FpuWaits(u8 opcode, u8 modrm) {
  if (modrm >= 0xc0) {
    if (opcode == 0xdb)
      return modrm < 0xe0 || modrm > 0xe4;      // FENI FDISI FNCLEX FNINIT FSETPM
    return !(opcode == 0xdf && modrm == 0xe0);  // FNSTSW AX
  }
  const u8 reg = (modrm >> 3) & 7;
  return !((opcode == 0xd9 || opcode == 0xdd) && reg >= 6);
}

bool FpuIsControl(u8 opcode, u8 modrm) {
  if (!FpuWaits(opcode, modrm)) return true;
  if (modrm >= 0xc0) return false;
  const u8 reg = (modrm >> 3) & 7;
  return (opcode == 0xd9 && (reg == 4 || reg == 5)) || (opcode == 0xdd && reg == 4);
}

namespace {

FpuOutcome Done() { return FpuOutcome::kDone; }

// D8 and, with other destinations, DC and DE.
FpuOutcome Arith(FpuState& s, u8 reg, unsigned i, bool to_sti, bool pop) {
  const FpuArith op = static_cast<FpuArith>(reg);
  if (op == FpuArith::kCompare || op == FpuArith::kComparePop) {
    FpuCompare(s, i, false, op == FpuArith::kComparePop ? 1 : 0);
  } else {
    FpuArithRegister(s, op, i, to_sti, pop);
  }
  return Done();
}

FpuOutcome ExecuteD9Unary(FpuState& s, u8 modrm) {
  switch (modrm) {
    case 0xe0:
      return FpuChangeSign(s), Done();
    case 0xe1:
      return FpuAbsolute(s), Done();
    case 0xe4:
      return FpuTest(s), Done();
    case 0xe5:
      return FpuExamine(s), Done();
    case 0xe8:
    case 0xe9:
    case 0xea:
    case 0xeb:
    case 0xec:
    case 0xed:
    case 0xee:
      return FpuLoadConstant(s, static_cast<FpuConstant>(modrm - 0xe8)), Done();
    case 0xf0:
      return FpuExp2MinusOne(s), Done();
    case 0xf1:
      return FpuYLog2X(s), Done();
    case 0xf2:
      return FpuTan(s), Done();
    case 0xf3:
      return FpuArcTan(s), Done();
    case 0xf4:
      return FpuExtract(s), Done();
    case 0xf5:
      return FpuRemainder(s, true), Done();
    case 0xf6:
      return FpuRotate(s, -1), Done();
    case 0xf7:
      return FpuRotate(s, 1), Done();
    case 0xf8:
      return FpuRemainder(s, false), Done();
    case 0xf9:
      return FpuYLog2XPlusOne(s), Done();
    case 0xfa:
      return FpuSquareRoot(s), Done();
    case 0xfb:
      return FpuSinCos(s), Done();
    case 0xfc:
      return FpuRoundToInteger(s), Done();
    case 0xfd:
      return FpuScale(s), Done();
    case 0xfe:
      return FpuSin(s), Done();
    case 0xff:
      return FpuCos(s), Done();
    default:
      return FpuOutcome::kUndefined;
  }
}

FpuOutcome ExecuteD9(FpuState& s, u8 modrm) {
  const unsigned i = modrm & 7;
  switch ((modrm >> 3) & 7) {
    case 0:
      return FpuLoadRegister(s, i), Done();
    case 1:
      return FpuExchange(s, i), Done();
    case 2:  // FNOP
      return modrm == 0xd0 ? Done() : FpuOutcome::kUndefined;
    case 3:
      return FpuStoreRegisterUnchecked(s, i), Done();
    default:
      return ExecuteD9Unary(s, modrm);
  }
}

// FCMOVcc: B E BE U, negated in DB.
FpuOutcome MoveIf(FpuState& s, u8 modrm, bool negated, u32 eflags) {
  static constexpr u32 kFlags[4] = {kEflagsCf, kEflagsZf, kEflagsCf | kEflagsZf,
                                    kEflagsPf};
  const bool set = (eflags & kFlags[(modrm >> 3) & 3]) != 0;
  FpuMoveIf(s, modrm & 7, set != negated);
  return Done();
}

FpuOutcome ExecuteDa(FpuState& s, u8 modrm, u32 eflags) {
  if (modrm < 0xe0) return MoveIf(s, modrm, false, eflags);
  if (modrm == 0xe9) return FpuCompare(s, 1, true, 2), Done();  // FUCOMPP
  return FpuOutcome::kUndefined;
}

FpuOutcome ExecuteDb(FpuState& s, u8 modrm, u32& eflags) {
  if (modrm < 0xe0) return MoveIf(s, modrm, true, eflags);
  const unsigned i = modrm & 7;
  switch ((modrm >> 3) & 7) {
    case 4:
      switch (modrm) {
        case 0xe0:  // FENI and FDISI of the 8087, FSETPM of the 287: no effect
        case 0xe1:
        case 0xe4:
          return Done();
        case 0xe2:
          return FpuClearExceptions(s), Done();
        case 0xe3:
          return FpuInit(s), Done();
        default:
          return FpuOutcome::kUndefined;
      }
    case 5:
      eflags = FpuCompareToFlags(s, i, true, false, eflags);
      return Done();
    case 6:
      eflags = FpuCompareToFlags(s, i, false, false, eflags);
      return Done();
    default:
      return FpuOutcome::kUndefined;
  }
}

FpuOutcome ExecuteDd(FpuState& s, u8 modrm) {
  const unsigned i = modrm & 7;
  switch ((modrm >> 3) & 7) {
    case 0:
      return FpuFree(s, i), Done();
    case 1:  // an alias
      return FpuExchange(s, i), Done();
    case 2:
      return FpuStoreRegister(s, i, false), Done();
    case 3:
      return FpuStoreRegister(s, i, true), Done();
    case 4:
      return FpuCompare(s, i, true, 0), Done();
    case 5:
      return FpuCompare(s, i, true, 1), Done();
    default:
      return FpuOutcome::kUndefined;
  }
}

FpuOutcome ExecuteDe(FpuState& s, u8 modrm) {
  const u8 reg = (modrm >> 3) & 7;
  const unsigned i = modrm & 7;
  if (reg == 2) return FpuCompare(s, i, false, 1), Done();  // an alias of FCOMP
  if (reg == 3) {
    if (modrm != 0xd9) return FpuOutcome::kUndefined;
    return FpuCompare(s, 1, false, 2), Done();
  }
  return Arith(s, reg, i, true, true);
}

FpuOutcome ExecuteDf(FpuState& s, u8 modrm, u32& eflags) {
  const unsigned i = modrm & 7;
  switch ((modrm >> 3) & 7) {
    case 0:  // FFREEP
      return FpuFreePop(s, i), Done();
    case 1:  // aliases of FXCH and FSTP
      return FpuExchange(s, i), Done();
    case 2:
    case 3:
      return FpuStoreRegister(s, i, true), Done();
    case 4:
      return modrm == 0xe0 ? FpuOutcome::kStatusToAx : FpuOutcome::kUndefined;
    case 5:
      eflags = FpuCompareToFlags(s, i, true, true, eflags);
      return Done();
    case 6:
      eflags = FpuCompareToFlags(s, i, false, true, eflags);
      return Done();
    default:
      return FpuOutcome::kUndefined;
  }
}

}  // namespace

FpuOutcome FpuExecuteRegister(FpuState& s, u8 opcode, u8 modrm, u32& eflags) {
  const u8 reg = (modrm >> 3) & 7;
  switch (opcode) {
    case 0xd8:
      return Arith(s, reg, modrm & 7, false, false);
    case 0xd9:
      return ExecuteD9(s, modrm);
    case 0xda:
      return ExecuteDa(s, modrm, eflags);
    case 0xdb:
      return ExecuteDb(s, modrm, eflags);
    case 0xdc:
      return Arith(s, reg, modrm & 7, true, false);
    case 0xdd:
      return ExecuteDd(s, modrm);
    case 0xde:
      return ExecuteDe(s, modrm);
    case 0xdf:
      return ExecuteDf(s, modrm, eflags);
    default:
      return FpuOutcome::kUndefined;
  }
}

}  // namespace lgx
