// Segment registers: MOV, PUSH, POP, LDS and its kin; LAR, LSL, VERR, VERW, ARPL; LDTR,
// TR.
#include "cpu/protection.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// The segment register an opcode names by itself.
Seg SegOfOpcode(u16 opcode) {
  switch (opcode) {
    case 0x06:
    case 0x07:
      return Seg::kEs;
    case 0x0e:
      return Seg::kCs;
    case 0x16:
    case 0x17:
      return Seg::kSs;
    case 0x1e:
    case 0x1f:
      return Seg::kDs;
    case 0x0fa0:
    case 0x0fa1:
      return Seg::kFs;
    default:
      return Seg::kGs;
  }
}

// A segment register was loaded; the mode was `mode` before. The block goes on unless it
// depends on what changed, or the next instruction runs in the shadow of this one.
Flow AfterLoad(Cpu& cpu, Seg seg, u8 mode) {
  if (seg == Seg::kSs) {
    cpu.state.interrupt_shadow = true;
    cpu.state.trap_shadow = true;
    return Flow::kEnd;
  }
  return cpu.mode() == mode ? Flow::kNext : Flow::kEnd;
}

bool LoadRm16(Cpu& cpu, const Op& op, u16* value) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) {
    *value = static_cast<u16>(cpu.Gpr(insn.Rm()));
    return true;
  }
  return cpu.Load(static_cast<Seg>(op.seg), cpu.Offset(op), value);
}

// A selector's descriptor for LAR, LSL, VERR and VERW: refusal is ZF = 0, not a fault.
// False: a page fault is recorded.
bool Peek(Cpu& cpu, u16 selector, Descriptor* d, bool* found) {
  const CpuState& s = cpu.state;
  const bool local = (selector & 4) != 0;
  const u32 limit = local ? s.ldtr.limit : s.gdtr.limit;
  *found = !IsNull(selector) && (!local || (s.ldtr.attr & kAttrPresent) != 0) &&
           (selector | 7u) <= limit;
  if (!*found) return true;
  const Lin at((local ? s.ldtr.base : s.gdtr.base) + (selector & ~7u));
  return cpu.LoadSystem(at, &d->low) && cpu.LoadSystem(at + 4, &d->high);
}

bool MayLook(const Cpu& cpu, u16 selector, const Descriptor& d) {
  return d.IsConforming() || (d.Dpl() >= cpu.state.cpl && d.Dpl() >= RplOf(selector));
}

bool HasLar(u8 system_type) {
  switch (system_type) {
    case kTypeTss16Available:
    case kTypeLdt:
    case kTypeTss16Busy:
    case kTypeCallGate16:
    case kTypeTaskGate:
    case kTypeTss32Available:
    case kTypeTss32Busy:
    case kTypeCallGate32:
      return true;
    default:
      return false;
  }
}

bool HasLsl(u8 system_type) {
  return system_type == kTypeTss16Available || system_type == kTypeLdt ||
         system_type == kTypeTss16Busy || system_type == kTypeTss32Available ||
         system_type == kTypeTss32Busy;
}

bool RealOrV86(const Cpu& cpu) { return (cpu.state.cr0 & kCr0Pe) == 0 || cpu.V86(); }

Flow StoreSelector(Cpu& cpu, const Op& op, u16 selector) {
  const Insn& insn = op.insn();
  if (insn.HasMemory()) {
    return cpu.Store<u16>(static_cast<Seg>(op.seg), cpu.Offset(op), selector)
               ? Flow::kNext
               : Flow::kFault;
  }
  cpu.WriteReg(insn.Rm(), insn.operand_bytes, selector);
  return Flow::kNext;
}

// LLDT: a null selector makes LDTR unusable; else an LDT in the GDT.
Flow LoadLdt(Cpu& cpu, u16 selector) {
  if (IsNull(selector)) {
    cpu.state.ldtr.SetNull(selector);
    return Flow::kNext;
  }
  Descriptor d;
  if ((selector & 4) != 0) return cpu.Raise(kVectorGp, ErrorOf(selector));
  if (!ReadDescriptor(cpu, selector, kVectorGp, 0, &d)) return Flow::kFault;
  if (d.IsSegment() || d.Type() != kTypeLdt)
    return cpu.Raise(kVectorGp, ErrorOf(selector));
  if (!d.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(selector));
  FillSegment(&cpu.state.ldtr, selector, d);
  return Flow::kNext;
}

// LTR: an available TSS in the GDT, marked busy in memory.
Flow LoadTr(Cpu& cpu, u16 selector) {
  if (cpu.LoadTaskQuickly(selector)) return Flow::kNext;
  Descriptor d;
  if (IsNull(selector)) return cpu.Raise(kVectorGp, 0);
  if ((selector & 4) != 0) return cpu.Raise(kVectorGp, ErrorOf(selector));
  if (!ReadDescriptor(cpu, selector, kVectorGp, 0, &d)) return Flow::kFault;
  const bool available = !d.IsSegment() && (d.Type() == kTypeTss16Available ||
                                            d.Type() == kTypeTss32Available);
  if (!available) return cpu.Raise(kVectorGp, ErrorOf(selector));
  if (!d.IsPresent()) return cpu.Raise(kVectorNp, ErrorOf(selector));
  d.high |= 0x200;
  if (!cpu.StoreSystem<u8>(d.at + 5, static_cast<u8>(d.high >> 8))) return Flow::kFault;
  FillSegment(&cpu.state.tr, selector, d);
  return Flow::kNext;
}

Flow Verify(Cpu& cpu, u16 selector, bool write) {
  Descriptor d;
  bool found = false;
  if (!Peek(cpu, selector, &d, &found)) return Flow::kFault;
  const bool fits = found && d.IsSegment() && MayLook(cpu, selector, d) &&
                    (write ? d.IsWritableData() : d.IsReadable());
  cpu.state.flags.SetZf(fits);
  return Flow::kNext;
}

}  // namespace

// PUSH sreg (06 0E 16 1E 0FA0 0FA8). With a 32-bit operand the slot is the zero-extended
// selector (host-02 section 9), but the checks are those of the selector's two bytes, as
// on the Intel processors the manual calls recent. They write only those two; here that
// is so where the other two could not be written. PUSH CS is an ordinary store on all of
// them.
Flow OpPushSeg(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const u32 mask = cpu.StackIs32() ? 0xffffffff : 0xffff;
  const u32 esp = cpu.Gpr(kEsp) - bytes;
  const Segment& ss = cpu.segment(Seg::kSs);
  const bool ordinary = op.insn().opcode == 0x0e;
  const bool whole = bytes == 4 && ss.Contains(esp & mask, 4) &&
                     ((ss.base + (esp & mask)) & kPageMask) <= kPageSize - 4;
  const u32 selector = cpu.segment(SegOfOpcode(op.insn().opcode)).selector;
  const u32 written = ordinary ? bytes : whole ? 4 : 2;
  const bool unchecked = whole && ss.writable && !cpu.ChecksAlignment();
  u8* const at = unchecked ? cpu.WriteCached(Lin(ss.base + (esp & mask))) : nullptr;
  u8 slot[4];
  StoreLe<u32>(slot, selector);
  if (at != nullptr) {
    StoreLe<u32>(at, selector);
  } else if (!cpu.StoreBytes(Seg::kSs, esp & mask, slot, written, ordinary ? bytes : 2)) {
    return Flow::kFault;
  }
  cpu.Gpr(kEsp) = (cpu.Gpr(kEsp) & ~mask) | (esp & mask);
  return Flow::kNext;
}

// POP sreg (07 17 1F 0FA1 0FA9). Faults: those of a segment load and of the stack.
Flow OpPopSeg(Cpu& cpu, const Op& op) {
  const u32 bytes = op.insn().operand_bytes;
  const Seg seg = SegOfOpcode(op.insn().opcode);
  const u32 mask = cpu.StackIs32() ? 0xffffffff : 0xffff;
  const u32 esp = cpu.Gpr(kEsp);
  u16 selector = 0;
  if (!cpu.Load(Seg::kSs, esp & mask, &selector)) return Flow::kFault;
  const u8 mode = cpu.mode();
  if (!LoadSegment(cpu, seg, selector)) return Flow::kFault;
  cpu.Gpr(kEsp) = (esp & ~mask) | ((esp + bytes) & mask);
  return AfterLoad(cpu, seg, mode);
}

// MOV r/m, sreg (8C): 16 bits to memory, zero-extended into a 32-bit register.
Flow OpMovFromSeg(Cpu& cpu, const Op& op) {
  if (op.insn().Reg() >= kSegments) return cpu.Raise(kVectorUd);
  return StoreSelector(cpu, op, cpu.state.seg[op.insn().Reg()].selector);
}

// MOV sreg, r/m16 (8E). CS and the two numbers without a register: #UD.
Flow OpMovToSeg(Cpu& cpu, const Op& op) {
  const u8 reg = op.insn().Reg();
  if (reg >= kSegments || reg == static_cast<u8>(Seg::kCs)) return cpu.Raise(kVectorUd);
  u16 selector = 0;
  if (!LoadRm16(cpu, op, &selector)) return Flow::kFault;
  const Seg seg = static_cast<Seg>(reg);
  const u8 mode = cpu.mode();
  if (!LoadSegment(cpu, seg, selector)) return Flow::kFault;
  return AfterLoad(cpu, seg, mode);
}

// LES LDS LSS LFS LGS (C4 C5 0FB2 0FB4 0FB5)
Flow OpLoadFarPointer(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  if (!insn.HasMemory()) return cpu.Raise(kVectorUd);
  const Seg from = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  const u32 bytes = insn.operand_bytes;
  u32 value = 0;
  u16 selector = 0;
  if (!cpu.LoadOperand(from, offset, bytes, &value) ||
      !cpu.Load(from, offset + bytes, &selector)) {
    return Flow::kFault;
  }
  Seg seg = Seg::kGs;
  switch (insn.opcode) {
    case 0xc4:
      seg = Seg::kEs;
      break;
    case 0xc5:
      seg = Seg::kDs;
      break;
    case 0x0fb2:
      seg = Seg::kSs;
      break;
    case 0x0fb4:
      seg = Seg::kFs;
      break;
    default:
      break;
  }
  if (!LoadSegment(cpu, seg, selector)) return Flow::kFault;
  cpu.WriteReg(insn.Reg(), bytes, value);
  return Flow::kEnd;
}

// LAR, LSL r, r/m16 (0F02, 0F03). Flags: ZF.
Flow OpLarLsl(Cpu& cpu, const Op& op) {
  if (RealOrV86(cpu)) return cpu.Raise(kVectorUd);
  const Insn& insn = op.insn();
  u16 selector = 0;
  if (!LoadRm16(cpu, op, &selector)) return Flow::kFault;
  Descriptor d;
  bool found = false;
  if (!Peek(cpu, selector, &d, &found)) return Flow::kFault;
  const bool lar = insn.opcode == 0x0f02;
  const bool fits = found && MayLook(cpu, selector, d) &&
                    (d.IsSegment() || (lar ? HasLar(d.Type()) : HasLsl(d.Type())));
  if (fits)
    cpu.WriteReg(insn.Reg(), insn.operand_bytes, lar ? d.high & 0x00ffff00 : d.Limit());
  cpu.state.flags.SetZf(fits);
  return Flow::kNext;
}

// ARPL r/m16, r16 (63). Flags: ZF. Memory is written, and must be writable, only where
// something changes: so the manual's description of the operation, the 386 and AMD's
// processors.
Flow OpArpl(Cpu& cpu, const Op& op) {
  if (RealOrV86(cpu)) return cpu.Raise(kVectorUd);
  const Insn& insn = op.insn();
  const Seg seg = static_cast<Seg>(op.seg);
  u16 selector = 0;
  if (!LoadRm16(cpu, op, &selector)) return Flow::kFault;
  const u16 wanted = cpu.Gpr(insn.Reg()) & 3;
  const bool raise = (selector & 3) < wanted;
  if (raise) {
    const u16 raised = static_cast<u16>((selector & ~3) | wanted);
    if (!insn.HasMemory()) {
      cpu.WriteReg(insn.Rm(), 2, raised);
    } else if (!cpu.Store(seg, cpu.Offset(op), raised)) {
      return Flow::kFault;
    }
  }
  cpu.state.flags.SetZf(raise);
  return Flow::kNext;
}

// SLDT STR LLDT LTR VERR VERW (0F00 /0 ... /5)
Flow OpGroup6(Cpu& cpu, const Op& op) {
  if (RealOrV86(cpu)) return cpu.Raise(kVectorUd);
  const u8 which = op.insn().Reg();
  if (which == 0) return StoreSelector(cpu, op, cpu.state.ldtr.selector);
  if (which == 1) return StoreSelector(cpu, op, cpu.state.tr.selector);
  if (which > 5) return cpu.Raise(kVectorUd);
  if (which < 4 && cpu.state.cpl != 0) return cpu.Raise(kVectorGp, 0);
  u16 selector = 0;
  if (!LoadRm16(cpu, op, &selector)) return Flow::kFault;
  if (which == 2) return LoadLdt(cpu, selector);
  if (which == 3) return LoadTr(cpu, selector);
  return Verify(cpu, selector, which == 5);
}

}  // namespace lgx
