// How an SSE instruction that computes ends.
#ifndef LGX_CPU_SIMD_FLOAT_H_
#define LGX_CPU_SIMD_FLOAT_H_

#include "cpu/binary_float.h"
#include "cpu/simd_operand.h"

namespace lgx::simd {

// The exceptions found become sticky in MXCSR. False: one is unmasked and #XF is raised,
// or #UD without CR4.OSXMMEXCPT; nothing else may change then. (SDM volume 1, 11.5.3: if
// one found before the computation is unmasked, those found after it are not reported, of
// no lane.)
inline bool FinishFloat(Cpu& cpu, const FloatEnv& env) {
  constexpr u32 kBefore = kMxcsrInvalid | kMxcsrDenormal | kMxcsrZeroDivide;
  u32& mxcsr = cpu.state.fpu.mxcsr;
  const u32 unmasked = env.flags & ~(mxcsr >> kMxcsrMaskShift);
  if (unmasked == 0) {
    mxcsr |= env.flags;
    return true;
  }
  mxcsr |= (unmasked & kBefore) != 0 ? env.flags & kBefore : env.flags;
  return Refuse(cpu, (cpu.state.cr4 & kCr4Osxmmexcpt) != 0 ? kVectorXf : kVectorUd);
}

// -- operands of kLanes numbers

// A whole register's worth of memory must be aligned, less need not be.
template <typename T, u32 kLanes>
bool LoadLanes(Cpu& cpu, const Op& op, u8* to) {
  constexpr u32 kBytes = kLanes * sizeof(T);
  if constexpr (kBytes == 16) {
    return LoadXmmOrAligned16(cpu, op, to);
  } else {
    return LoadXmmOrMemory(cpu, op, to, kBytes);
  }
}

}  // namespace lgx::simd

#endif  // LGX_CPU_SIMD_FLOAT_H_
