// Group 15: FXSAVE, FXRSTOR, MXCSR, fences, CLFLUSH.
#include "cpu/simd_operand.h"
#include "cpu/slow_ops.h"

namespace lgx {

using namespace simd;  // NOLINT: this file implements part of it

namespace {

// FXSAVE and FXRSTOR need no CR4.OSFXSR. Without it they may leave out XMM registers and
// MXCSR (SDM volume 2); here they do not.
bool ImageReady(Cpu& cpu, Seg seg, u32 offset) {
  if ((cpu.state.cr0 & (kCr0Em | kCr0Ts)) != 0) return Refuse(cpu, kVectorNm);
  if (((cpu.segment(seg).base + offset) & 15) == 0) return true;
  return cpu.RaiseFalse(kVectorGp, 0);
}

// FXSAVE m512 (0FAE /0)
// Faults: #UD, #NM, #GP (operand not on a 16-byte boundary), memory.
Flow SaveImage(Cpu& cpu, Seg seg, u32 offset) {
  u8 image[kFxImageSize];
  if (!ImageReady(cpu, seg, offset)) return Flow::kFault;
  if (!cpu.ProbeStore(seg, offset, kFxImageSize, 16)) return Flow::kFault;
  FpuWriteFxImage(cpu.state.fpu, image, cpu.model().mxcsr_mask);
  return cpu.StoreBytes(seg, offset, image, kFxImageWritten, 16) ? Flow::kNext
                                                                 : Flow::kFault;
}

// FXRSTOR m512 (0FAE /1)
// Faults: as FXSAVE; #GP for reserved bits of MXCSR.
Flow RestoreImage(Cpu& cpu, Seg seg, u32 offset) {
  u8 image[kFxImageSize];
  if (!ImageReady(cpu, seg, offset)) return Flow::kFault;
  if (!cpu.LoadBytes(seg, offset, image, kFxImageSize, 16)) return Flow::kFault;
  if (FpuReadFxImage(cpu.state.fpu, image, cpu.model().mxcsr_mask)) return Flow::kNext;
  return cpu.Raise(kVectorGp, 0);
}

// LDMXCSR m32 (0FAE /2): #GP(0) for reserved bits.
Flow LoadMxcsr(Cpu& cpu, Seg seg, u32 offset) {
  u32 value = 0;
  if (!SseReady(cpu) || !cpu.Load(seg, offset, &value)) return Flow::kFault;
  if ((value & ~cpu.model().mxcsr_mask) != 0) return cpu.Raise(kVectorGp, 0);
  cpu.state.fpu.mxcsr = value;
  return Flow::kNext;
}

// STMXCSR m32 (0FAE /3)
Flow StoreMxcsr(Cpu& cpu, Seg seg, u32 offset) {
  if (!SseReady(cpu)) return Flow::kFault;
  return cpu.Store(seg, offset, cpu.state.fpu.mxcsr) ? Flow::kNext : Flow::kFault;
}

// CLFLUSH m8 (0FAE /7): there is no cache; faults as a load of one byte.
Flow FlushLine(Cpu& cpu, Seg seg, u32 offset) {
  u8 byte = 0;
  return cpu.Load(seg, offset, &byte) ? Flow::kNext : Flow::kFault;
}

}  // namespace

// 0F AE. Which of these the processor has was decided with its model (instruction_set.h).
Flow OpGroup15(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  if (insn.rep != 0 || insn.prefix66 != 0) return cpu.Raise(kVectorUd);
  if (!insn.HasMemory()) {  // fences: everything is in order already
    return insn.Reg() >= 5 ? Flow::kNext : cpu.Raise(kVectorUd);
  }
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  switch (insn.Reg()) {
    case 0:
      return SaveImage(cpu, seg, offset);
    case 1:
      return RestoreImage(cpu, seg, offset);
    case 2:
      return LoadMxcsr(cpu, seg, offset);
    case 3:
      return StoreMxcsr(cpu, seg, offset);
    case 7:
      return FlushLine(cpu, seg, offset);
    default:
      return cpu.Raise(kVectorUd);
  }
}

}  // namespace lgx
