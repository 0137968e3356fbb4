// The x87 unit: its registers and what each instruction does with them (Intel SDM volume
// 1, chapter 8). Nothing here touches memory, EFLAGS or the event logic of the CPU:
// operands come as bytes, results go back as bytes, and the caller delivers what
// PendingException() says.
//
// One instruction, seen by the caller:
//   1. CR0.EM or TS: #NM. A waiting instruction with PendingException(): #MF.
//   2. A memory operand is loaded; a fault leaves the state alone.
//   3. The function below. A store is two calls: FpuPrepareStore computes and changes
//   nothing,
//      the caller writes memory, FpuFinishStore changes the state.
#ifndef LGX_CPU_FPU_H_
#define LGX_CPU_FPU_H_

#include <array>

#include "base/types.h"
#include "cpu/float80.h"

namespace lgx {

// Status word. Bits 5:0 are the exceptions (kX87Invalid ...), bits 13:11 TOP.
inline constexpr u16 kFpuSwStackFault = 1u << 6;
inline constexpr u16 kFpuSwSummary = 1u << 7;  // ES: an unmasked exception is pending
inline constexpr u16 kFpuSwC0 = 1u << 8;
inline constexpr u16 kFpuSwC1 = 1u << 9;
inline constexpr u16 kFpuSwC2 = 1u << 10;
inline constexpr u16 kFpuSwC3 = 1u << 14;
inline constexpr u16 kFpuSwBusy = 1u << 15;  // B: a copy of ES
inline constexpr u16 kFpuSwConditions = kFpuSwC0 | kFpuSwC1 | kFpuSwC2 | kFpuSwC3;

inline constexpr u16 kFpuCwInit = 0x037f;
inline constexpr u16 kFpuCwWritable = 0x1f3f;
inline constexpr u16 kFpuCwAlwaysSet = 0x0040;

inline constexpr u32 kMxcsrInit = 0x00001f80;
inline constexpr u32 kMxcsrMask = 0x0000ffbf;  // no DAZ; see CpuModel::mxcsr_mask

struct FpuState {
  std::array<Float80, 8> regs{};  // R0-R7; an MMX register is the significand
  u8 valid = 0;                   // bit n: Rn is not empty
  u16 cw = kFpuCwInit;
  u16 sw = 0;
  u16 fop = 0;  // the last instruction that was not a control instruction
  u16 fcs = 0, fds = 0;
  u32 fip = 0, fdp = 0;
  u32 mxcsr = kMxcsrInit;
  std::array<std::array<u8, 16>, 8> xmm{};

  unsigned Top() const { return (sw >> 11) & 7; }
  void SetTop(unsigned top) { sw = static_cast<u16>((sw & ~0x3800) | ((top & 7) << 11)); }
  unsigned Physical(unsigned i) const { return (Top() + i) & 7; }
  Float80& St(unsigned i) { return regs[Physical(i)]; }
  const Float80& St(unsigned i) const { return regs[Physical(i)]; }
  bool IsEmpty(unsigned i) const { return ((valid >> Physical(i)) & 1) == 0; }
  bool PendingException() const { return (sw & kFpuSwSummary) != 0; }
};

// The formats of memory operands.
enum class FpuFormat : u8 { kF32, kF64, kF80, kI16, kI32, kI64, kBcd };
unsigned FpuFormatSize(FpuFormat format);

// The eight operations of D8, by the reg field of ModR/M. The result is always st0 <op>
// x, with the reversed forms x <op> st0.
enum class FpuArith : u8 { kAdd, kMul, kCompare, kComparePop, kSub, kSubR, kDiv, kDivR };

enum class FpuConstant : u8 { kOne, kLog2Ten, kLog2E, kPi, kLogTen2, kLogE2, kZero };

// Control
// ---------------------------------------------------------------------------------
void FpuInit(FpuState& s);  // FNINIT; leaves registers' bits, MXCSR and XMM alone
void FpuClearExceptions(FpuState& s);  // FNCLEX
void FpuLoadControlWord(FpuState& s, u16 cw);
void FpuUpdateSummary(FpuState& s);        // ES and B after cw or sw changed
void FpuFree(FpuState& s, unsigned i);     // FFREE
void FpuFreePop(FpuState& s, unsigned i);  // FFREEP
void FpuRotate(FpuState& s, int by);       // FINCSTP (1), FDECSTP (-1)

// The tag word of FNSTENV: two bits per register, 0 valid, 1 zero, 2 special, 3 empty.
u16 FpuTagWord(const FpuState& s);

// Loads
// -----------------------------------------------------------------------------------
void FpuLoad(FpuState& s, FpuFormat format, const u8* bytes);  // FLD, FILD, FBLD
void FpuLoadRegister(FpuState& s, unsigned i);                 // FLD ST(i)
void FpuLoadConstant(FpuState& s, FpuConstant constant);

// Stores
// ----------------------------------------------------------------------------------
struct FpuStore {
  std::array<u8, 10> bytes{};
  bool write =
      false;       // false: an unmasked exception keeps memory and the stack as they are
  u16 raised = 0;  // exceptions, SF and C1 for the status word
};
// truncate: FISTTP, RC is ignored.
[[nodiscard]] FpuStore FpuPrepareStore(const FpuState& s, FpuFormat format,
                                       bool truncate = false);
void FpuFinishStore(FpuState& s, const FpuStore& store, bool pop);
void FpuStoreRegister(FpuState& s, unsigned i, bool pop);  // FST(P) ST(i)
void FpuStoreRegisterUnchecked(FpuState& s, unsigned i);   // FSTPNCE, D9 D8+i
void FpuExchange(FpuState& s, unsigned i);                 // FXCH
void FpuMoveIf(FpuState& s, unsigned i, bool condition);   // FCMOVcc

// Arithmetic
// ------------------------------------------------------------------------------ st0 =
// st0 <op> memory; the two comparisons set C3 C2 C0 instead.
void FpuArithMemory(FpuState& s, FpuArith op, FpuFormat format, const u8* bytes);
// st0 <op> st(i), into st(i) when to_sti, else st0. Not for the comparisons.
void FpuArithRegister(FpuState& s, FpuArith op, unsigned i, bool to_sti, bool pop);
void FpuSquareRoot(FpuState& s);
void FpuRoundToInteger(FpuState& s);
void FpuChangeSign(FpuState& s);
void FpuAbsolute(FpuState& s);
void FpuScale(FpuState& s);
void FpuExtract(FpuState& s);
void FpuRemainder(FpuState& s, bool nearest);  // FPREM, FPREM1

// Transcendental functions
// ----------------------------------------------------------------
void FpuExp2MinusOne(FpuState& s);
void FpuYLog2X(FpuState& s);
void FpuYLog2XPlusOne(FpuState& s);
void FpuArcTan(FpuState& s);
void FpuSin(FpuState& s);
void FpuCos(FpuState& s);
void FpuSinCos(FpuState& s);
void FpuTan(FpuState& s);

// Comparison
// ------------------------------------------------------------------------------
void FpuCompare(FpuState& s, unsigned i, bool quiet, unsigned pops);  // F(U)COM(P)(P)
// FCOMI, FUCOMI: eflags with ZF PF CF set and OF SF AF cleared.
[[nodiscard]] u32 FpuCompareToFlags(FpuState& s, unsigned i, bool quiet, bool pop,
                                    u32 eflags);
void FpuTest(FpuState& s);     // FTST
void FpuExamine(FpuState& s);  // FXAM

// Images
// ----------------------------------------------------------------------------------
// FNSTENV and FNSAVE know four formats: operand size, and whether the CPU is in protected
// mode (virtual-8086 mode counts as real mode).
struct FpuImageFormat {
  bool wide = true;  // 32-bit operand size
  bool protected_mode = true;

  unsigned EnvironmentSize() const { return wide ? 28 : 14; }
  unsigned StateSize() const { return EnvironmentSize() + 80; }
};
inline constexpr unsigned kFpuMaxImage = 108;

void FpuWriteEnvironment(const FpuState& s, FpuImageFormat format, u8* image);
void FpuReadEnvironment(FpuState& s, FpuImageFormat format, const u8* image);  // FLDENV
void FpuWriteState(const FpuState& s, FpuImageFormat format, u8* image);
void FpuReadState(FpuState& s, FpuImageFormat format, const u8* image);  // FRSTOR
// After the image of FNSTENV is in memory: all exceptions become masked. (FNSAVE:
// FpuInit.)
void FpuMaskAll(FpuState& s);

// FXSAVE writes the first 288 of the 512 bytes; the rest stays as it is in memory.
inline constexpr unsigned kFxImageSize = 512;
inline constexpr unsigned kFxImageWritten = 288;
void FpuWriteFxImage(const FpuState& s, u8* image, u32 mxcsr_mask = kMxcsrMask);
// False: a reserved bit of MXCSR is set, #GP(0), nothing has changed.
[[nodiscard]] bool FpuReadFxImage(FpuState& s, const u8* image,
                                  u32 mxcsr_mask = kMxcsrMask);

}  // namespace lgx

#endif  // LGX_CPU_FPU_H_
