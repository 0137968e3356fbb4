// The out-of-line instructions, by family. Each function executes one opcode (or a group
// that shares one), sees complete processor state, and changes nothing if it faults.
//
// In all of them: cpu.state.eip is the instruction's EIP, cpu.next_eip the one behind it
// (a function that jumps sets it), op.insn() the decoded fields, cpu.Offset(op) and
// op.seg the memory operand.
#ifndef LGX_CPU_SLOW_OPS_H_
#define LGX_CPU_SLOW_OPS_H_

#include "cpu/op.h"

namespace lgx {

#define LGX_SLOW(name) Flow name(Cpu& cpu, const Op& op)

// op_far.cc: CALL, JMP, RET between segments; SYSENTER, SYSEXIT
LGX_SLOW(OpCallFar);
LGX_SLOW(OpJmpFar);
LGX_SLOW(OpRetFar);
LGX_SLOW(OpSysenter);
LGX_SLOW(OpSysexit);
LGX_SLOW(OpCallFarIndirect);  // FF /3
LGX_SLOW(OpJmpFarIndirect);   // FF /5

// op_interrupt.cc: software interrupts and the return from any
LGX_SLOW(OpInt3);
LGX_SLOW(OpInt1);
LGX_SLOW(OpIntN);
LGX_SLOW(OpInto);
LGX_SLOW(OpIret);
LGX_SLOW(OpBound);

// op_segment.cc: segment registers and what looks at descriptors
LGX_SLOW(OpPushSeg);
LGX_SLOW(OpPopSeg);
LGX_SLOW(OpMovFromSeg);
LGX_SLOW(OpMovToSeg);
LGX_SLOW(OpLoadFarPointer);
LGX_SLOW(OpLarLsl);
LGX_SLOW(OpArpl);
LGX_SLOW(OpGroup6);  // SLDT STR LLDT LTR VERR VERW

// op_system.cc: control, debug and model specific registers; flags that matter to the
// system
LGX_SLOW(OpGroup7);  // SGDT SIDT LGDT LIDT SMSW LMSW INVLPG
LGX_SLOW(OpClts);
LGX_SLOW(OpCacheControl);  // INVD WBINVD
LGX_SLOW(OpMovFromCr);
LGX_SLOW(OpMovToCr);
LGX_SLOW(OpMovFromDr);
LGX_SLOW(OpMovToDr);
LGX_SLOW(OpRdmsr);
LGX_SLOW(OpWrmsr);
LGX_SLOW(OpRdtsc);
LGX_SLOW(OpRdpmc);
LGX_SLOW(OpCpuid);
LGX_SLOW(OpHlt);
LGX_SLOW(OpCliSti);
LGX_SLOW(OpPushf);
LGX_SLOW(OpPopf);

// op_string.cc, op_io.cc
LGX_SLOW(OpMovs);
LGX_SLOW(OpCmps);
LGX_SLOW(OpStos);
LGX_SLOW(OpLods);
LGX_SLOW(OpScas);
LGX_SLOW(OpStringIo);
LGX_SLOW(OpInOut);

// op_muldiv.cc, op_bcd.cc
LGX_SLOW(OpGroup3);  // F6, F7 /4 ... /7
LGX_SLOW(OpImul2);
LGX_SLOW(OpImul3);
LGX_SLOW(OpDaa);
LGX_SLOW(OpDas);
LGX_SLOW(OpAaa);
LGX_SLOW(OpAas);
LGX_SLOW(OpAam);
LGX_SLOW(OpAad);

// op_shift.cc, op_bits.cc
LGX_SLOW(OpShift);  // C0 C1 D0 ... D3, all eight, registers and memory
LGX_SLOW(OpShld);
LGX_SLOW(OpShrd);
LGX_SLOW(OpBitTest);
LGX_SLOW(OpBitScan);
LGX_SLOW(OpBswap);

// op_misc.cc
LGX_SLOW(OpCmpxchg);
LGX_SLOW(OpCmpxchg8b);
LGX_SLOW(OpXadd);
LGX_SLOW(OpCmov);  // 16-bit operands
LGX_SLOW(OpXlat);
LGX_SLOW(OpSahf);
LGX_SLOW(OpLahf);
LGX_SLOW(OpSalc);
LGX_SLOW(OpCmc);
LGX_SLOW(OpClc);
LGX_SLOW(OpStc);
LGX_SLOW(OpCldStd);
LGX_SLOW(OpCbw);  // CBW, CWDE
LGX_SLOW(OpCwd);  // CWD, CDQ

// op_stack.cc, op_branch.cc: any operand size, any stack, any code segment
LGX_SLOW(OpPushReg);
LGX_SLOW(OpPopReg);
LGX_SLOW(OpPushImm);
LGX_SLOW(OpPopRm);
LGX_SLOW(OpPusha);
LGX_SLOW(OpPopa);
LGX_SLOW(OpEnter);
LGX_SLOW(OpLeave);
LGX_SLOW(OpJccNear);
LGX_SLOW(OpJmpNear);
LGX_SLOW(OpCallNear);
LGX_SLOW(OpRetNear);
LGX_SLOW(OpLoop);    // LOOPNE LOOPE LOOP JECXZ
LGX_SLOW(OpGroup5);  // FF /2 ... /6

// op_x87.cc
LGX_SLOW(OpX87);
LGX_SLOW(OpFwait);

// op_sse_control.cc
LGX_SLOW(OpGroup15);  // 0F AE: FXSAVE FXRSTOR LDMXCSR STMXCSR CLFLUSH, fences

#undef LGX_SLOW

}  // namespace lgx

#endif  // LGX_CPU_SLOW_OPS_H_
