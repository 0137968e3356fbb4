#include "cpu/protection.h"

namespace lgx {

bool IsInTable(const CpuState& s, u16 selector) {
  if ((selector & 4) == 0) return (selector | 7u) <= s.gdtr.limit;
  return (s.ldtr.attr & kAttrPresent) != 0 && (selector | 7u) <= s.ldtr.limit;
}

bool ReadDescriptor(Cpu& cpu, u16 selector, u8 vector, u32 ext, Descriptor* descriptor) {
  if (!IsInTable(cpu.state, selector)) {
    return cpu.RaiseFalse(vector, ErrorOf(selector) | ext);
  }
  const u32 base = (selector & 4) != 0 ? cpu.state.ldtr.base : cpu.state.gdtr.base;
  descriptor->at = Lin(base + (selector & ~7u));
  return cpu.LoadSystem(descriptor->at, &descriptor->low) &&
         cpu.LoadSystem(descriptor->at + 4, &descriptor->high);
}

bool SetAccessed(Cpu& cpu, Descriptor* descriptor) {
  if ((descriptor->high & 0x100) != 0) return true;
  descriptor->high |= 0x100;
  return cpu.StoreSystem<u8>(descriptor->at + 5, static_cast<u8>(descriptor->high >> 8));
}

void FillSegment(Segment* segment, u16 selector, const Descriptor& descriptor) {
  segment->Set(selector, descriptor.Base(), descriptor.Limit(), descriptor.Attr());
}

void FillRealSegment(Segment* segment, u16 selector) {
  constexpr u16 kRealData = kAttrPresent | kAttrS | kAttrWritable | kAttrAccessed;
  segment->Set(selector, u32{selector} << 4, 0xffff, kRealData);
}

// What may be loaded?
//   SS               writable data, RPL = DPL = CPL       else #GP(selector); null #GP(0)
//   DS ES FS GS      data or readable code; DPL >= CPL and RPL unless conforming code
//                                                         else #GP(selector); null is
//                                                         fine
//   not present      SS: #SS(selector), others #NP(selector)
bool LoadSegment(Cpu& cpu, Seg seg, u16 selector) {
  if (cpu.LoadSegmentQuickly(seg, selector)) return true;
  Segment& segment = cpu.segment(seg);
  if (!cpu.Protected() || cpu.V86()) {
    // Real mode keeps limit and attributes: "unreal" mode is a program's own doing.
    if (cpu.V86()) {
      FillRealSegment(&segment, selector);
    } else {
      segment.Set(selector, u32{selector} << 4, segment.limit, segment.attr);
    }
    cpu.ModeChanged();
    return true;
  }
  Descriptor d;
  if (seg == Seg::kSs) {
    if (!CheckStackSegment(cpu, selector, cpu.state.cpl, kVectorGp, 0, &d)) return false;
  } else {
    if (IsNull(selector)) {
      segment.SetNull(selector);
      cpu.ModeChanged();
      return true;
    }
    if (!ReadDescriptor(cpu, selector, kVectorGp, 0, &d)) return false;
    const bool fits =
        d.IsSegment() && d.IsReadable() &&
        (d.IsConforming() || (RplOf(selector) <= d.Dpl() && cpu.state.cpl <= d.Dpl()));
    if (!fits) return cpu.RaiseFalse(kVectorGp, ErrorOf(selector));
    if (!d.IsPresent()) return cpu.RaiseFalse(kVectorNp, ErrorOf(selector));
  }
  if (!SetAccessed(cpu, &d)) return false;
  FillSegment(&segment, selector, d);
  cpu.ModeChanged();
  return true;
}

namespace {

bool CheckStack(Cpu& cpu, u16 selector, u32 cpl, u8 vector, u8 absent, u32 ext,
                Descriptor* d) {
  if (IsNull(selector)) return cpu.RaiseFalse(vector, ext);
  if (!ReadDescriptor(cpu, selector, vector, ext, d)) return false;
  if (RplOf(selector) != cpl || !d->IsWritableData() || d->Dpl() != cpl) {
    return cpu.RaiseFalse(vector, ErrorOf(selector) | ext);
  }
  return d->IsPresent() || cpu.RaiseFalse(absent, ErrorOf(selector) | ext);
}

}  // namespace

bool CheckStackSegment(Cpu& cpu, u16 selector, u32 cpl, u8 vector, u32 ext,
                       Descriptor* d) {
  return CheckStack(cpu, selector, cpl, vector, kVectorSs, ext, d);
}

bool CheckIretStack(Cpu& cpu, u16 selector, u32 cpl, Descriptor* d) {
  return CheckStack(cpu, selector, cpl, kVectorGp, kVectorNp, 0, d);
}

void DropInnerSegments(Cpu& cpu) {
  for (const Seg seg : {Seg::kEs, Seg::kDs, Seg::kFs, Seg::kGs}) {
    Segment& s = cpu.segment(seg);
    const bool conforming = (s.attr & kAttrCode) != 0 && (s.attr & kAttrConforming) != 0;
    if ((s.attr & kAttrPresent) == 0 || conforming) continue;
    if (s.Dpl() < cpu.state.cpl) s.SetNull(0);
  }
}

bool ReadPdptes(Cpu& cpu, u32 cr3, u64* pdpte) {
  for (u32 i = 0; i < 4; ++i) {
    pdpte[i] = cpu.memory().Load<u64>(Mpa((cr3 & ~31u) + 8 * i));
    if ((pdpte[i] & 1) != 0 && (pdpte[i] & kPdpteReserved) != 0) {
      return cpu.RaiseFalse(kVectorGp, 0);
    }
  }
  return true;
}

bool ReadInnerStack(Cpu& cpu, u32 cpl, u32 ext, u16* ss, u32* esp) {
  const Segment& tr = cpu.state.tr;
  const bool wide = (tr.attr & 8) != 0;
  const u32 offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
  const u32 size = wide ? 6 : 4;
  if (offset + size - 1 > tr.limit) {
    return cpu.RaiseFalse(kVectorTs, ErrorOf(tr.selector) | ext);
  }
  const Lin at(tr.base + offset);
  if (wide) return cpu.LoadSystem(at, esp) && cpu.LoadSystem(at + 4, ss);
  u16 sp = 0;
  if (!cpu.LoadSystem(at, &sp) || !cpu.LoadSystem(at + 2, ss)) return false;
  *esp = sp;
  return true;
}

void EnterCode(Cpu& cpu, u16 selector, const Descriptor& code, u32 eip, u32 cpl) {
  FillSegment(&cpu.segment(Seg::kCs), static_cast<u16>((selector & ~3) | cpl), code);
  cpu.state.cpl = static_cast<u8>(cpl);
  cpu.state.eip = cpu.next_eip = eip;
  cpu.ModeChanged();
}

// -- stacks
// -----------------------------------------------------------------------------------

u32 StackWriter::Below(u32 bytes) const {
  const u32 esp = esp_ - bytes;
  return (ss_.attr & kAttrDb) != 0 ? esp : (esp_ & 0xffff0000) | (esp & 0xffff);
}

bool StackWriter::HasRoom(u32 bytes) {
  const u32 mask = (ss_.attr & kAttrDb) != 0 ? 0xffffffff : 0xffff;
  if (ss_.writable && ss_.Contains(Below(bytes) & mask, bytes)) return true;
  return cpu_.RaiseFalse(kVectorSs, error_);
}

bool StackWriter::Push(u32 value, u32 bytes) {
  if (!HasRoom(bytes)) return false;
  const u32 esp = Below(bytes);
  const u32 mask = (ss_.attr & kAttrDb) != 0 ? 0xffffffff : 0xffff;
  const Lin at(ss_.base + (esp & mask));
  if (user_ && !cpu_.CheckAlignment(at, bytes)) return false;
  const bool stored = bytes == 4 ? cpu_.StoreLinear(at, value, user_)
                                 : cpu_.StoreLinear(at, static_cast<u16>(value), user_);
  if (!stored) return false;
  esp_ = esp;
  return true;
}

u32 StackReader::Masked(u32 esp) const {
  return cpu_.StackIs32() ? esp : (cpu_.Gpr(kEsp) & 0xffff0000) | (esp & 0xffff);
}

bool StackReader::Pop(u32 bytes, u32* value) {
  const u32 mask = cpu_.StackIs32() ? 0xffffffff : 0xffff;
  if (!cpu_.LoadOperand(Seg::kSs, esp_ & mask, bytes, value)) return false;
  esp_ = Masked(esp_ + bytes);
  return true;
}

}  // namespace lgx
