#include "cpu/task.h"

namespace lgx {
namespace {

// Where the two kinds of TSS keep what a switch saves and loads.
struct TssLayout {
  u32 limit;     // the smallest
  u32 word;      // bytes of a general register
  u32 eip;       // the first one that is saved; EFLAGS and the eight registers follow
  u32 segments;  // ES CS SS DS, and FS GS; saved as well
  u32 segment_step;
  u32 segment_count;
  u32 ldt;
};
constexpr TssLayout kTss16 = {0x2b, 2, 0x0e, 0x22, 2, 4, 0x2a};
constexpr TssLayout kTss32 = {0x67, 4, 0x20, 0x48, 4, 6, 0x60};
constexpr u32 kLinkAt = 0;
constexpr u32 kCr3At = 0x1c;   // 32-bit only
constexpr u32 kTrapAt = 0x64;  // 32-bit only, bit 0
constexpr u32 kBusyByte = 5;   // of a descriptor, the byte with its type
constexpr u8 kBusy = 2;

const TssLayout& LayoutOf(u8 type) { return IsTss32(type) ? kTss32 : kTss16; }

// What the new task brings.
struct TaskImage {
  u32 eip = 0, eflags = 0;
  u32 regs[8] = {};
  u16 segments[kSegments] = {};
  u16 ldt = 0;
  u16 trap = 0;
};

bool ReadWord(Cpu& cpu, Lin at, u32 bytes, u32* value) {
  if (bytes == 4) return cpu.LoadSystem(at, value);
  u16 word = 0;
  if (!cpu.LoadSystem(at, &word)) return false;
  *value = word;
  return true;
}

bool WriteWord(Cpu& cpu, Lin at, u32 bytes, u32 value) {
  return bytes == 4 ? cpu.StoreSystem(at, value)
                    : cpu.StoreSystem(at, static_cast<u16>(value));
}

// General registers of a 16-bit TSS get ones above, as on the 386; the manual leaves the
// upper halves open.
bool ReadImage(Cpu& cpu, Lin base, const TssLayout& layout, TaskImage* image) {
  Lin at = base + layout.eip;
  u32* const words[] = {&image->eip, &image->eflags};
  for (u32* word : words) {
    if (!ReadWord(cpu, at, layout.word, word)) return false;
    at += layout.word;
  }
  for (u32& reg : image->regs) {
    if (!ReadWord(cpu, at, layout.word, &reg)) return false;
    if (layout.word == 2) reg |= 0xffff0000;
    at += layout.word;
  }
  for (u32 n = 0; n < layout.segment_count; ++n) {
    const Lin segment = base + layout.segments + n * layout.segment_step;
    if (!cpu.LoadSystem(segment, &image->segments[n])) return false;
  }
  if (layout.word == 4 && !cpu.LoadSystem(base + kTrapAt, &image->trap)) return false;
  return cpu.LoadSystem(base + layout.ldt, &image->ldt);
}

bool SaveTask(Cpu& cpu, Lin base, const TssLayout& layout, const TaskSwitch& to) {
  Lin at = base + layout.eip;
  for (const u32 word : {to.eip, to.eflags}) {
    if (!WriteWord(cpu, at, layout.word, word)) return false;
    at += layout.word;
  }
  for (u32 n = 0; n < 8; ++n) {
    if (!WriteWord(cpu, at, layout.word, cpu.Gpr(n))) return false;
    at += layout.word;
  }
  for (u32 n = 0; n < layout.segment_count; ++n) {
    const Lin segment = base + layout.segments + n * layout.segment_step;
    if (!cpu.StoreSystem(segment, cpu.state.seg[n].selector)) return false;
  }
  return true;
}

// Both TSSs and both descriptors, before anything changes: after this no access to them
// can fault.
bool ProbeAll(Cpu& cpu, const TaskSwitch& to, Lin old_descriptor) {
  const Segment& tr = cpu.state.tr;
  const TssLayout& from = LayoutOf(static_cast<u8>(tr.attr & kAttrType));
  const TssLayout& into = LayoutOf(to.tss.Type());
  const Lin base(to.tss.Base());
  const u32 saved = from.segments + from.segment_count * from.segment_step - from.eip;
  return cpu.ProbeLinear(Lin(tr.base) + from.eip, saved, Access::kWrite, false) &&
         cpu.ProbeLinear(base, into.limit + 1, Access::kRead, false) &&
         (to.via != TaskVia::kNested ||
          cpu.ProbeLinear(base + kLinkAt, 2, Access::kWrite, false)) &&
         (to.via == TaskVia::kReturn ||
          cpu.ProbeLinear(to.tss.at + kBusyByte, 1, Access::kWrite, false)) &&
         (to.via == TaskVia::kNested ||
          cpu.ProbeLinear(old_descriptor + kBusyByte, 1, Access::kWrite, false));
}

bool SetBusy(Cpu& cpu, Lin descriptor, bool busy) {
  u8 type = 0;
  if (!cpu.LoadSystem(descriptor + kBusyByte, &type)) return false;
  const u32 becomes = busy ? type | kBusy : type & ~kBusy;
  return cpu.StoreSystem(descriptor + kBusyByte, static_cast<u8>(becomes));
}

// -- the segments of the new task
// ---------------------------------------------------------------

bool Refuse(Cpu& cpu, u8 vector, u16 selector, u32 ext) {
  return cpu.RaiseFalse(vector, ErrorOf(selector) | ext);
}

//   null                                     unusable, and fine
//   in an LDT, outside the GDT, no LDT, not present    #TS(selector)
bool LoadTaskLdt(Cpu& cpu, u16 selector, u32 ext) {
  if (IsNull(selector)) return true;
  Descriptor d;
  if ((selector & 4) != 0) return Refuse(cpu, kVectorTs, selector, ext);
  if (!ReadDescriptor(cpu, selector, kVectorTs, ext, &d)) return false;
  if (d.IsSegment() || d.Type() != kTypeLdt || !d.IsPresent()) {
    return Refuse(cpu, kVectorTs, selector, ext);
  }
  FillSegment(&cpu.state.ldtr, selector, d);
  return true;
}

//   code whose DPL is wrong for RPL                        #TS(selector)
// Whatever else may be wrong with it is found after the stack.
bool CheckTaskCodeDpl(Cpu& cpu, u16 selector, u32 ext) {
  if (IsNull(selector) || !IsInTable(cpu.state, selector)) return true;
  Descriptor d;
  if (!ReadDescriptor(cpu, selector, kVectorTs, ext, &d)) return false;
  const u32 rpl = RplOf(selector);
  const bool fits = d.IsConforming() ? d.Dpl() <= rpl : d.Dpl() == rpl;
  return !d.IsCode() || fits || Refuse(cpu, kVectorTs, selector, ext);
}

//   null, outside its table, no code                       #TS(selector)
//   not present                                            #NP(selector)
bool LoadTaskCode(Cpu& cpu, u16 selector, u32 ext) {
  Descriptor d;
  if (IsNull(selector)) return cpu.RaiseFalse(kVectorTs, ext);
  if (!ReadDescriptor(cpu, selector, kVectorTs, ext, &d)) return false;
  if (!d.IsCode()) return Refuse(cpu, kVectorTs, selector, ext);
  if (!d.IsPresent()) return Refuse(cpu, kVectorNp, selector, ext);
  if (!SetAccessed(cpu, &d)) return false;
  FillSegment(&cpu.segment(Seg::kCs), selector, d);
  return true;
}

//   null, outside its table, no writable data              #TS(selector)
//   not present                                            #SS(selector)
//   DPL or RPL not CPL                                     #TS(selector)
bool LoadTaskStack(Cpu& cpu, u16 selector, u32 ext) {
  Descriptor d;
  if (IsNull(selector)) return cpu.RaiseFalse(kVectorTs, ext);
  if (!ReadDescriptor(cpu, selector, kVectorTs, ext, &d)) return false;
  if (!d.IsWritableData()) return Refuse(cpu, kVectorTs, selector, ext);
  if (!d.IsPresent()) return Refuse(cpu, kVectorSs, selector, ext);
  if (d.Dpl() != cpu.state.cpl || RplOf(selector) != cpu.state.cpl) {
    return Refuse(cpu, kVectorTs, selector, ext);
  }
  if (!SetAccessed(cpu, &d)) return false;
  FillSegment(&cpu.segment(Seg::kSs), selector, d);
  return true;
}

//   null                                                   fine
//   outside its table, not readable, DPL < CPL or RPL      #TS(selector)
//   not present                                            #NP(selector)
bool LoadTaskData(Cpu& cpu, Seg seg, u16 selector, u32 ext) {
  if (IsNull(selector)) return true;
  Descriptor d;
  if (!ReadDescriptor(cpu, selector, kVectorTs, ext, &d)) return false;
  const bool fits =
      d.IsSegment() && d.IsReadable() &&
      (d.IsConforming() || (RplOf(selector) <= d.Dpl() && cpu.state.cpl <= d.Dpl()));
  if (!fits) return Refuse(cpu, kVectorTs, selector, ext);
  if (!d.IsPresent()) return Refuse(cpu, kVectorNp, selector, ext);
  if (!SetAccessed(cpu, &d)) return false;
  FillSegment(&cpu.segment(seg), selector, d);
  return true;
}

// In the order of the manual's table "Exception Conditions Checked During a Task Switch".
bool LoadSegments(Cpu& cpu, const TaskImage& image, u32 ext) {
  if (!LoadTaskLdt(cpu, image.ldt, ext)) return false;
  if (cpu.V86()) {
    for (u32 n = 0; n < kSegments; ++n) {
      FillRealSegment(&cpu.state.seg[n], image.segments[n]);
    }
    return true;
  }
  const auto selector = [&image](Seg seg) {
    return image.segments[static_cast<u8>(seg)];
  };
  if (!CheckTaskCodeDpl(cpu, selector(Seg::kCs), ext) ||
      !LoadTaskStack(cpu, selector(Seg::kSs), ext) ||
      !LoadTaskCode(cpu, selector(Seg::kCs), ext)) {
    return false;
  }
  for (const Seg seg : {Seg::kDs, Seg::kEs, Seg::kFs, Seg::kGs}) {
    if (!LoadTaskData(cpu, seg, selector(seg), ext)) return false;
  }
  return true;
}

// Registers and selectors. The segments are unusable until their descriptors are loaded:
// a fault on the way finds the new task with those that were good. Only the stack stays
// where the old task had it until then, so that a handler of the same ring can be
// entered.
void LoadRegisters(Cpu& cpu, const TaskImage& image, const TaskSwitch& to) {
  CpuState& s = cpu.state;
  s.cr0 |= kCr0Ts;
  s.dr[7] &= ~kDr7Local;
  for (u32 n = 0; n < 8; ++n) s.regs[n] = image.regs[n];
  s.eip = cpu.next_eip = image.eip;
  s.flags.SetArithmetic(image.eflags);
  s.eflags_rest = image.eflags & kEflagsStored;
  if (to.via == TaskVia::kNested) s.eflags_rest |= kEflagsNt;
  cpu.ClearResumeFlag();
  if ((image.eflags & kEflagsRf) != 0) cpu.SetResumeFlag();
  for (u32 n = 0; n < kSegments; ++n) {
    if (n == static_cast<u32>(Seg::kSs)) {
      s.seg[n].selector = image.segments[n];
    } else {
      s.seg[n].SetNull(image.segments[n]);
    }
  }
  s.ldtr.SetNull(image.ldt);
  const u16 cs = image.segments[static_cast<u8>(Seg::kCs)];
  s.cpl = static_cast<u8>(cpu.V86() ? 3 : RplOf(cs));
}

}  // namespace

bool ReadAvailableTss(Cpu& cpu, u16 selector, u32 ext, TaskSwitch* to) {
  to->selector = selector;
  if ((selector & 4) != 0) return Refuse(cpu, kVectorGp, selector, ext);
  if (!ReadDescriptor(cpu, selector, kVectorGp, ext, &to->tss)) return false;
  const u8 type = to->tss.Type();
  if (to->tss.IsSegment() || !IsTss(type) || (type & kBusy) != 0) {
    return Refuse(cpu, kVectorGp, selector, ext);
  }
  if (!to->tss.IsPresent()) return Refuse(cpu, kVectorNp, selector, ext);
  return true;
}

// In the manual's order: limits, pages, the busy bit of the old task, its state, the link
// and the busy bit of the new one, TR, the new state, its descriptors.
bool SwitchTask(Cpu& cpu, const TaskSwitch& to) {
  CpuState& s = cpu.state;
  const TssLayout& from = LayoutOf(static_cast<u8>(s.tr.attr & kAttrType));
  const TssLayout& into = LayoutOf(to.tss.Type());
  if (to.tss.Limit() < into.limit) return Refuse(cpu, kVectorTs, to.selector, to.ext);
  if (s.tr.limit < from.limit) return Refuse(cpu, kVectorTs, s.tr.selector, to.ext);
  const Lin base(to.tss.Base());
  const Lin old_base(s.tr.base);
  const Lin old_descriptor(s.gdtr.base + (s.tr.selector & ~7u));
  if (!ProbeAll(cpu, to, old_descriptor)) return false;

  // CR3 comes with a 32-bit TSS where paging is on.
  const bool loads_cr3 = into.word == 4 && (s.cr0 & kCr0Pg) != 0;
  u32 cr3 = s.cr3;
  u64 pdpte[4] = {s.pdpte[0], s.pdpte[1], s.pdpte[2], s.pdpte[3]};
  if (loads_cr3) {
    if (!cpu.LoadSystem(base + kCr3At, &cr3)) return false;
    if ((s.cr4 & kCr4Pae) != 0 && !ReadPdptes(cpu, cr3, pdpte)) return false;
  }

  if (to.via != TaskVia::kNested && !SetBusy(cpu, old_descriptor, false)) return false;
  if (!SaveTask(cpu, old_base, from, to)) return false;
  if (to.via == TaskVia::kNested && !cpu.StoreSystem(base + kLinkAt, s.tr.selector)) {
    return false;
  }
  if (to.via != TaskVia::kReturn && !SetBusy(cpu, to.tss.at, true)) return false;
  TaskImage image;
  if (!ReadImage(cpu, base, into, &image)) return false;

  FillSegment(&s.tr, to.selector, to.tss);
  s.tr.attr |= kBusy;
  LoadRegisters(cpu, image, to);
  s.cr3 = cr3;
  for (u32 i = 0; i < 4; ++i) s.pdpte[i] = pdpte[i];
  cpu.DebugChanged();
  cpu.PagingChanged();
  cpu.SuppressStep();
  const bool loaded = LoadSegments(cpu, image, to.ext);
  cpu.ModeChanged();
  if (!loaded) return false;
  if ((image.trap & 1) != 0) cpu.TrapAfter(kDr6Bt);
  if (!cpu.segment(Seg::kCs).Contains(s.eip, 1)) return cpu.RaiseFalse(kVectorGp, to.ext);
  return true;
}

}  // namespace lgx
