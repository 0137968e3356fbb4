// The x87 opcode map, D8 to DF: which instruction of fpu.h a ModR/M byte means.
//
// Memory forms (ModR/M below 0xc0) are described by a table; the caller uses it to load
// or store the right number of bytes at the right time.
#ifndef LGX_CPU_FPU_EXECUTE_H_
#define LGX_CPU_FPU_EXECUTE_H_

#include "cpu/fpu.h"

namespace lgx {

// What a memory form does.
enum class FpuMemoryKind : u8 {
  kUndefined,  // #UD
  kArith,      // reads format; op is the reg field
  kLoad,       // reads format
  kStore,      // writes format
  kStorePop,
  kStoreTruncatedPop,  // FISTTP
  kLoadControl,        // FLDCW, 2 bytes
  kStoreControl,       // FNSTCW, 2 bytes
  kStoreStatus,        // FNSTSW, 2 bytes
  kLoadEnvironment,    // FLDENV, 14 or 28 bytes
  kStoreEnvironment,   // FNSTENV
  kLoadState,          // FRSTOR, 94 or 108 bytes
  kStoreState,         // FNSAVE
};
struct FpuMemoryForm {
  FpuMemoryKind kind;
  FpuFormat format = FpuFormat::kF80;
};
// opcode 0xd8-0xdf, reg 0-7.
FpuMemoryForm FpuMemoryFormOf(u8 opcode, u8 reg);

// Does the instruction look for a pending exception before it runs? All but the FN ones
// do.
bool FpuWaits(u8 opcode, u8 modrm);
// Control instructions leave FIP, FDP and FOP alone.
bool FpuIsControl(u8 opcode, u8 modrm);

// False: #UD.
bool FpuRegisterFormExists(u8 opcode, u8 modrm);

// Register forms that exist. kStatusToAx: FNSTSW AX, the caller moves s.sw to AX. eflags
// is read by FCMOVcc and changed by F(U)COMI(P).
enum class FpuOutcome : u8 { kDone, kUndefined, kStatusToAx };
[[nodiscard]] FpuOutcome FpuExecuteRegister(FpuState& s, u8 opcode, u8 modrm,
                                            u32& eflags);

}  // namespace lgx

#endif  // LGX_CPU_FPU_EXECUTE_H_
