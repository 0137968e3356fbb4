// What an operating system uses: control and model specific registers, descriptor
// table registers, CPUID, and the flags that matter to it.
#include <cstring>

#include "cpu/cpuid.h"
#include "cpu/protection.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

constexpr u32 kCr0Known = kCr0Pe | kCr0Mp | kCr0Em | kCr0Ts | kCr0Et | kCr0Ne | kCr0Wp |
                          kCr0Am | kCr0Nw | kCr0Cd | kCr0Pg;

Flow Gp0(Cpu& cpu) { return cpu.Raise(kVectorGp, 0); }

// New values of the registers that control paging, taken together or refused together.
// With PAE the four PDPT entries are loaded
//   by MOV to CR3                 always
//   by MOV to CR0                 where CD, NW or PG changes
//   by MOV to CR4                 where PAE, PGE or PSE changes
Flow SetPaging(Cpu& cpu, u32 cr0, u32 cr3, u32 cr4, bool reload) {
  CpuState& s = cpu.state;
  if (reload && (cr0 & kCr0Pg) != 0 && (cr4 & kCr4Pae) != 0) {
    u64 pdpte[4];
    if (!ReadPdptes(cpu, cr3, pdpte)) return Flow::kFault;
    for (u32 i = 0; i < 4; ++i) s.pdpte[i] = pdpte[i];
  }
  const bool space_alone = s.cr0 == cr0 && s.cr4 == cr4;
  s.cr0 = cr0;
  s.cr3 = cr3;
  s.cr4 = cr4;
  space_alone ? cpu.SpaceChanged() : cpu.PagingChanged();
  return Flow::kEnd;
}

Flow SetCr0(Cpu& cpu, u32 value) {
  value = (value & kCr0Known) | kCr0Et;
  const bool pg_without_pe = (value & kCr0Pg) != 0 && (value & kCr0Pe) == 0;
  const bool nw_without_cd = (value & kCr0Nw) != 0 && (value & kCr0Cd) == 0;
  if (pg_without_pe || nw_without_cd) return Gp0(cpu);
  const bool reload = ((value ^ cpu.state.cr0) & (kCr0Cd | kCr0Nw | kCr0Pg)) != 0;
  return SetPaging(cpu, value, cpu.state.cr3, cpu.state.cr4, reload);
}

Flow SetCr4(Cpu& cpu, u32 value) {
  if ((value & ~cpu.model().Cr4Writable()) != 0) return Gp0(cpu);
  const u32 changes = value ^ cpu.state.cr4;
  const bool reload = (changes & (kCr4Pae | kCr4Pge | kCr4Pse)) != 0;
  const Flow flow = SetPaging(cpu, cpu.state.cr0, cpu.state.cr3, value, reload);
  if ((changes & kCr4De) != 0 && flow != Flow::kFault) cpu.DebugChanged();
  return flow;
}

// SGDT, SIDT: limit and base; a 16-bit operand size stores 24 bits of base on old
// processors, all 32 on those we follow. #AC goes by the two parts: a word, then a
// doubleword (SDM volume 3, "Checking Alignment").
Flow StoreTable(Cpu& cpu, const Op& op, const TableRegister& table) {
  const Seg seg = static_cast<Seg>(op.seg);
  const u32 offset = cpu.Offset(op);
  const bool done =
      cpu.ProbeStore(seg, offset, 2) && cpu.ProbeStore(seg, offset + 2, 4) &&
      cpu.Store(seg, offset, table.limit) && cpu.Store(seg, offset + 2, table.base);
  return done ? Flow::kNext : Flow::kFault;
}

Flow LoadTable(Cpu& cpu, const Op& op, TableRegister* table) {
  u8 image[6];
  const Segment& segment = cpu.segment(static_cast<Seg>(op.seg));
  const u32 offset = cpu.Offset(op);
  const u32 lin = segment.base + offset;
  const TlbEntry& entry = cpu.tlb_now[Tlb::IndexOf(lin)];
  if (segment.readable && segment.Contains(offset, sizeof image) &&
      entry.read_tag == ((lin + (sizeof image - 1)) & ~kPageMask)) {
    std::memcpy(image, entry.Host(lin), sizeof image);
  } else if (!cpu.LoadBytes(static_cast<Seg>(op.seg), offset, image, sizeof image, 1)) {
    return Flow::kFault;
  }
  table->limit = LoadLe<u16>(image);
  table->base = LoadLe<u32>(image + 2);
  if (op.insn().operand_bytes == 2) table->base &= 0x00ffffff;
  return Flow::kNext;
}

Flow StoreMsw(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  if (insn.HasMemory()) {
    const u16 word = static_cast<u16>(cpu.state.cr0);
    return cpu.Store(static_cast<Seg>(op.seg), cpu.Offset(op), word) ? Flow::kNext
                                                                     : Flow::kFault;
  }
  cpu.WriteReg(insn.Rm(), insn.operand_bytes, cpu.state.cr0);
  return Flow::kNext;
}

// LMSW sets PE, MP, EM and TS; it can set PE but not clear it.
Flow LoadMsw(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  u16 word = static_cast<u16>(cpu.Gpr(insn.Rm()));
  if (insn.HasMemory() && !cpu.Load(static_cast<Seg>(op.seg), cpu.Offset(op), &word)) {
    return Flow::kFault;
  }
  const u32 keep_pe = cpu.state.cr0 & kCr0Pe;
  return SetCr0(cpu, (cpu.state.cr0 & ~0xfu) | (word & 0xfu) | keep_pe);
}

bool ReadMsr(const Cpu& cpu, u32 index, u64 tsc, u64* value) {
  const CpuState& s = cpu.state;
  switch (index) {
    case 0x10:
      *value = tsc;
      return true;
    case 0x174:
      *value = s.sysenter_cs;
      return true;
    case 0x175:
      *value = s.sysenter_esp;
      return true;
    case 0x176:
      *value = s.sysenter_eip;
      return true;
    case 0xc0000080:
      *value = s.efer;
      return true;
    default:
      return false;
  }
}

}  // namespace

// SGDT SIDT LGDT LIDT SMSW LMSW INVLPG (0F01). Register forms other than SMSW and LMSW do
// not exist on this processor: VMCALL and its kin raise #UD.
Flow OpGroup7(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u8 which = insn.Reg();
  if (which == 4) return StoreMsw(cpu, op);
  if (which == 5 || (which != 6 && !insn.HasMemory())) return cpu.Raise(kVectorUd);
  if (which == 0) return StoreTable(cpu, op, cpu.state.gdtr);
  if (which == 1) return StoreTable(cpu, op, cpu.state.idtr);
  if (cpu.state.cpl != 0) return Gp0(cpu);
  if (which == 2) return LoadTable(cpu, op, &cpu.state.gdtr);
  if (which == 3) return LoadTable(cpu, op, &cpu.state.idtr);
  if (which == 6) return LoadMsw(cpu, op);
  return Flow::kNext;  // INVLPG: the TLB is never stale
}

// CLTS (0F06)
Flow OpClts(Cpu& cpu, const Op&) {
  if (cpu.state.cpl != 0) return Gp0(cpu);
  cpu.state.cr0 &= ~kCr0Ts;
  return Flow::kEnd;
}

// INVD, WBINVD (0F08, 0F09): there is no cache to write back.
Flow OpCacheControl(Cpu& cpu, const Op&) {
  return cpu.state.cpl != 0 ? Gp0(cpu) : Flow::kNext;
}

// MOV r32, CRn (0F20)
Flow OpMovFromCr(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  u32 value = 0;
  switch (insn.Reg()) {
    case 0:
      value = cpu.state.cr0;
      break;
    case 2:
      value = cpu.state.cr2;
      break;
    case 3:
      value = cpu.state.cr3;
      break;
    case 4:
      value = cpu.state.cr4;
      break;
    default:
      return cpu.Raise(kVectorUd);
  }
  if (cpu.state.cpl != 0) return Gp0(cpu);
  cpu.Gpr(insn.Rm()) = value;
  return Flow::kNext;
}

// MOV CRn, r32 (0F22)
Flow OpMovToCr(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u8 which = insn.Reg();
  if (which == 1 || which > 4) return cpu.Raise(kVectorUd);
  if (cpu.state.cpl != 0) return Gp0(cpu);
  const u32 value = cpu.Gpr(insn.Rm());
  if (which == 0) return SetCr0(cpu, value);
  if (which == 3) return SetPaging(cpu, cpu.state.cr0, value, cpu.state.cr4, true);
  if (which == 4) return SetCr4(cpu, value);
  cpu.state.cr2 = value;
  return Flow::kEnd;
}

// RDMSR (0F32): unknown registers raise #GP(0).
Flow OpRdmsr(Cpu& cpu, const Op& op) {
  u64 value = 0;
  if (cpu.state.cpl != 0 || !ReadMsr(cpu, cpu.Gpr(kEcx), cpu.TimeStamp(op), &value)) {
    return Gp0(cpu);
  }
  cpu.Gpr(kEax) = static_cast<u32>(value);
  cpu.Gpr(kEdx) = static_cast<u32>(value >> 32);
  return Flow::kNext;
}

// WRMSR (0F30)
Flow OpWrmsr(Cpu& cpu, const Op& op) {
  if (cpu.state.cpl != 0) return Gp0(cpu);
  const u64 value = cpu.Gpr(kEax) | u64{cpu.Gpr(kEdx)} << 32;
  CpuState& s = cpu.state;
  switch (cpu.Gpr(kEcx)) {
    case 0x10:
      cpu.set_tsc_offset(value - cpu.RetiredBefore(op));
      break;
    case 0x174:
      s.sysenter_cs = static_cast<u32>(value);
      break;
    case 0x175:
      s.sysenter_esp = static_cast<u32>(value);
      break;
    case 0x176:
      s.sysenter_eip = static_cast<u32>(value);
      break;
    case 0xc0000080:
      if ((value & ~kEferNxe) != 0) return Gp0(cpu);
      s.efer = value;
      cpu.PagingChanged();
      break;
    default:
      return Gp0(cpu);
  }
  return Flow::kEnd;
}

// RDTSC (0F31): retired instructions. #GP(0) with CR4.TSD outside CPL 0.
Flow OpRdtsc(Cpu& cpu, const Op& op) {
  if (cpu.state.cpl != 0 && (cpu.state.cr4 & kCr4Tsd) != 0) return Gp0(cpu);
  const u64 now = cpu.TimeStamp(op);
  cpu.Gpr(kEax) = static_cast<u32>(now);
  cpu.Gpr(kEdx) = static_cast<u32>(now >> 32);
  return Flow::kNext;
}

// RDPMC (0F33): there are no counters.
Flow OpRdpmc(Cpu& cpu, const Op&) { return Gp0(cpu); }

// CPUID (0FA2)
Flow OpCpuid(Cpu& cpu, const Op&) {
  const CpuidResult r = Cpuid(cpu.model(), cpu.Gpr(kEax), cpu.Gpr(kEcx));
  cpu.Gpr(kEax) = r.eax;
  cpu.Gpr(kEbx) = r.ebx;
  cpu.Gpr(kEcx) = r.ecx;
  cpu.Gpr(kEdx) = r.edx;
  return Flow::kNext;
}

// HLT (F4)
Flow OpHlt(Cpu& cpu, const Op&) {
  if (cpu.state.cpl != 0) return Gp0(cpu);
  cpu.Halt();
  return Flow::kEnd;
}

// CLI (FA), STI (FB): #GP(0) where CPL > IOPL. The instruction after an STI that set IF
// is still shielded from interrupts.
Flow OpCliSti(Cpu& cpu, const Op& op) {
  if (cpu.Protected() && cpu.state.cpl > cpu.Iopl()) return Gp0(cpu);
  u32& rest = cpu.state.eflags_rest;
  if (op.insn().opcode == 0xfa) {
    rest &= ~kEflagsIf;
  } else if ((rest & kEflagsIf) == 0) {
    rest |= kEflagsIf;
    cpu.state.interrupt_shadow = true;
  }
  return Flow::kEnd;
}

// PUSHF, PUSHFD (9C): VM and RF read as 0.
Flow OpPushf(Cpu& cpu, const Op& op) {
  if (cpu.V86() && cpu.Iopl() < 3) return Gp0(cpu);
  const u32 bytes = op.insn().operand_bytes;
  const u32 image = cpu.Eflags() & ~(kEflagsVm | kEflagsRf);
  const u32 mask = cpu.StackIs32() ? 0xffffffff : 0xffff;
  const u32 esp = cpu.Gpr(kEsp) - bytes;
  if (!cpu.StoreOperand(Seg::kSs, esp & mask, bytes, image)) return Flow::kFault;
  cpu.Gpr(kEsp) = (cpu.Gpr(kEsp) & ~mask) | (esp & mask);
  return Flow::kNext;
}

// POPF, POPFD (9D)
//   IOPL       changes at CPL 0 only
//   IF         changes where CPL <= IOPL
//   VM, VIF, VIP, RF   never (VIF and VIP are cleared at CPL 0 by hardware with VME only)
Flow OpPopf(Cpu& cpu, const Op& op) {
  if (cpu.V86() && cpu.Iopl() < 3) return Gp0(cpu);
  const u32 bytes = op.insn().operand_bytes;
  StackReader stack(cpu);
  u32 image = 0;
  if (!stack.Pop(bytes, &image)) return Flow::kFault;
  u32 changes = kEflagsArithmetic | kEflagsTf | kEflagsDf | kEflagsNt;
  if (bytes == 4) changes |= kEflagsAc | kEflagsId;
  if (cpu.state.cpl <= cpu.Iopl()) changes |= kEflagsIf;
  if (cpu.state.cpl == 0) changes |= kEflagsIopl;
  stack.Commit();
  cpu.SetEflags((cpu.Eflags() & ~changes) | (image & changes));
  return Flow::kEnd;
}

}  // namespace lgx
