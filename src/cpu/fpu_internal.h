// Shared by the fpu files: stack faults, and how a result and its exceptions reach the
// state.
#ifndef LGX_CPU_FPU_INTERNAL_H_
#define LGX_CPU_FPU_INTERNAL_H_

#include "cpu/fpu.h"

namespace lgx::fpu_internal {

inline FloatContext ContextOf(const FpuState& s) {
  return FloatContext::FromControlWord(s.cw);
}

// Puts exceptions, C1 and the summary into the status word. False: an unmasked IE, DE or
// ZE forbids to write the result.
bool Report(FpuState& s, const FloatContext& context);

// Reading an empty register, or loading into a full one. True: the exception is masked,
// the instruction goes on with the indefinite.
bool StackUnderflow(FpuState& s);
bool StackOverflow(FpuState& s);

// For instructions that replace st0 and push a second result: the stack may be full as
// well as st0 empty; full is found first. False: the instruction has ended.
bool ReadyToPushSecond(FpuState& s);

void SetConditions(FpuState& s, u16 conditions, u16 mask);

void Push(FpuState& s, Float80 value);
void Empty(FpuState& s, unsigned i);
void Pop(FpuState& s);
void Write(FpuState& s, unsigned i, Float80 value);  // makes ST(i) not empty

// Reports, and writes the result if nothing forbids it. True: written.
bool WriteResult(FpuState& s, unsigned i, Float80 value, const FloatContext& context);

}  // namespace lgx::fpu_internal

#endif  // LGX_CPU_FPU_INTERNAL_H_
