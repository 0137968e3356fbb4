// The escape opcodes D8-DF and FWAIT: what surrounds the x87 unit. The unit itself
// (fpu.h) knows neither memory nor CR0.
#include "cpu/cpu.h"
#include "cpu/fpu_execute.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// May an instruction use the unit now?
//   CR0.EM or CR0.TS      #NM
//   a pending exception   #MF for a waiting instruction, with CR0.NE; without NE it is an
//                         interrupt that nobody has wired, as if IGNNE# were held
// False: a fault is recorded.
bool UnitReady(Cpu& cpu, bool waits) {
  if ((cpu.state.cr0 & (kCr0Em | kCr0Ts)) != 0) {
    cpu.Raise(kVectorNm);
    return false;
  }
  if (waits && cpu.state.fpu.PendingException() && (cpu.state.cr0 & kCr0Ne) != 0) {
    cpu.Raise(kVectorMf);
    return false;
  }
  return true;
}

// A memory operand and the instruction it belongs to.
struct Operand {
  Cpu& cpu;
  Seg seg;
  u32 offset;
  FpuImageFormat image;

  bool Load(u8* bytes, u32 len, u32 align) const {
    return cpu.LoadBytes(seg, offset, bytes, len, align);
  }
  bool Store(const u8* bytes, u32 len, u32 align) const {
    return cpu.StoreBytes(seg, offset, bytes, len, align);
  }
  u32 ImageAlign() const { return image.wide ? 4 : 2; }
};

// #AC wants 10-byte operands on 8-byte boundaries.
u32 AlignOf(FpuFormat format) {
  const u32 size = FpuFormatSize(format);
  return size == 10 ? 8 : size;
}

// FIP, FDP and FOP: the last instruction that was not a control instruction.
void NotePointers(Cpu& cpu, const Insn& insn) {
  FpuState& fpu = cpu.state.fpu;
  fpu.fop = static_cast<u16>(((insn.opcode & 7) << 8) | insn.modrm);
  fpu.fip = cpu.state.eip;
  fpu.fcs = cpu.segment(Seg::kCs).selector;
}

void NoteOperand(Cpu& cpu, const Operand& at) {
  cpu.state.fpu.fdp = at.offset;
  cpu.state.fpu.fds = cpu.segment(at.seg).selector;
}

bool StoreValue(const Operand& at, FpuMemoryForm form) {
  FpuState& fpu = at.cpu.state.fpu;
  const bool truncate = form.kind == FpuMemoryKind::kStoreTruncatedPop;
  const FpuStore store = FpuPrepareStore(fpu, form.format, truncate);
  const u32 size = FpuFormatSize(form.format), align = AlignOf(form.format);
  if (store.write) {
    if (!at.Store(store.bytes.data(), size, align)) return false;
  } else if (!at.cpu.ProbeStore(at.seg, at.offset, size, align)) {
    return false;
  }
  FpuFinishStore(fpu, store, form.kind != FpuMemoryKind::kStore);
  return true;
}

bool LoadValue(const Operand& at, FpuMemoryForm form, u8 reg) {
  u8 bytes[10];
  if (!at.Load(bytes, FpuFormatSize(form.format), AlignOf(form.format))) return false;
  if (form.kind == FpuMemoryKind::kArith) {
    FpuArithMemory(at.cpu.state.fpu, static_cast<FpuArith>(reg), form.format, bytes);
  } else {
    FpuLoad(at.cpu.state.fpu, form.format, bytes);
  }
  return true;
}

// Loads and stores of numbers. False: a fault is recorded.
bool RunNumeric(const Operand& at, const Insn& insn, FpuMemoryForm form) {
  const bool load =
      form.kind == FpuMemoryKind::kArith || form.kind == FpuMemoryKind::kLoad;
  if (!(load ? LoadValue(at, form, insn.Reg()) : StoreValue(at, form))) return false;
  NotePointers(at.cpu, insn);
  NoteOperand(at.cpu, at);
  return true;
}

bool StoreWord(const Operand& at, u16 value) {
  u8 bytes[2];
  StoreLe<u16>(bytes, value);
  return at.Store(bytes, 2, 2);
}

// Control words and images. False: a fault is recorded.
bool RunControl(const Operand& at, FpuMemoryKind kind) {
  FpuState& fpu = at.cpu.state.fpu;
  const u32 environment = at.image.EnvironmentSize(), whole = at.image.StateSize();
  u8 bytes[kFpuMaxImage];
  switch (kind) {
    case FpuMemoryKind::kLoadControl:
      if (!at.Load(bytes, 2, 2)) return false;
      FpuLoadControlWord(fpu, LoadLe<u16>(bytes));
      return true;
    case FpuMemoryKind::kStoreControl:
      return StoreWord(at, fpu.cw);
    case FpuMemoryKind::kStoreStatus:
      return StoreWord(at, fpu.sw);
    case FpuMemoryKind::kLoadEnvironment:
      if (!at.Load(bytes, environment, at.ImageAlign())) return false;
      FpuReadEnvironment(fpu, at.image, bytes);
      return true;
    case FpuMemoryKind::kStoreEnvironment:
      FpuWriteEnvironment(fpu, at.image, bytes);
      if (!at.Store(bytes, environment, at.ImageAlign())) return false;
      FpuMaskAll(fpu);
      return true;
    case FpuMemoryKind::kLoadState:
      if (!at.Load(bytes, whole, at.ImageAlign())) return false;
      FpuReadState(fpu, at.image, bytes);
      return true;
    default:  // kStoreState
      FpuWriteState(fpu, at.image, bytes);
      if (!at.Store(bytes, whole, at.ImageAlign())) return false;
      FpuInit(fpu);
      return true;
  }
}

Flow RunMemoryForm(Cpu& cpu, const Op& op, const Insn& insn, u8 opcode) {
  const FpuMemoryForm form = FpuMemoryFormOf(opcode, insn.Reg());
  if (form.kind == FpuMemoryKind::kUndefined) return cpu.Raise(kVectorUd);
  if (!UnitReady(cpu, FpuWaits(opcode, insn.modrm))) return Flow::kFault;
  const Operand at{cpu,
                   static_cast<Seg>(op.seg),
                   cpu.Offset(op),
                   {insn.operand_bytes == 4, cpu.Protected() && !cpu.V86()}};
  const bool done = form.kind >= FpuMemoryKind::kLoadControl ? RunControl(at, form.kind)
                                                             : RunNumeric(at, insn, form);
  return done ? Flow::kNext : Flow::kFault;
}

Flow RunRegisterForm(Cpu& cpu, const Insn& insn, u8 opcode) {
  if (!FpuRegisterFormExists(opcode, insn.modrm)) return cpu.Raise(kVectorUd);
  if (!UnitReady(cpu, FpuWaits(opcode, insn.modrm))) return Flow::kFault;
  const u32 before = cpu.Eflags();
  u32 eflags = before;
  const FpuOutcome outcome =
      FpuExecuteRegister(cpu.state.fpu, opcode, insn.modrm, eflags);
  if (outcome == FpuOutcome::kStatusToAx) {
    cpu.WriteReg(kEax, 2, cpu.state.fpu.sw);
  } else if (!FpuIsControl(opcode, insn.modrm)) {
    NotePointers(cpu, insn);
  }
  if (eflags != before) cpu.SetEflags(eflags);
  return Flow::kNext;
}

}  // namespace

// D8-DF.
// Faults: #UD, #NM, #MF, and those of the memory operand.
Flow OpX87(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u8 opcode = static_cast<u8>(insn.opcode);
  return insn.HasMemory() ? RunMemoryForm(cpu, op, insn, opcode)
                          : RunRegisterForm(cpu, insn, opcode);
}

// FWAIT (9B). CR0.TS counts only together with CR0.MP; CR0.EM does not.
// Faults: #NM, #MF.
Flow OpFwait(Cpu& cpu, const Op&) {
  constexpr u32 kBoth = kCr0Mp | kCr0Ts;
  if ((cpu.state.cr0 & kBoth) == kBoth) return cpu.Raise(kVectorNm);
  if (cpu.state.fpu.PendingException() && (cpu.state.cr0 & kCr0Ne) != 0) {
    return cpu.Raise(kVectorMf);
  }
  return Flow::kNext;
}

}  // namespace lgx
