// The way through a gate and back, and into a segment register, for what happens nearly
// always: protected mode, 32-bit gates, the GDT, flat stacks, everything present,
// accessed and known to the TLB. Each function either does all of it, or nothing and
// leaves it to the way with all checks and faults (interrupt.cc, op_interrupt.cc,
// protection.cc). Descriptors are read from memory each time; only their decoded form is
// remembered.
#include "cpu/protection.h"

namespace lgx {
namespace {

// Bits of a descriptor's high word: present, accessed, of which kind.
constexpr u32 kGateMask = 0x9e00, kGate = 0x8e00;  // interrupt or trap gate, 32 bits
constexpr u32 kTrapGate = 0x0100;
constexpr u32 kCodeMask = 0x9d00, kCode = 0x9900;    // not conforming
constexpr u32 kStackMask = 0x9b00, kStack = 0x9300;  // writable data
constexpr u32 kDataMask = 0x9900, kData = 0x9100;
constexpr u32 kReadableCodeMask = 0x9f00, kReadableCode = 0x9b00;  // not conforming
constexpr u32 kTssMask = 0x9f00, kAvailableTss = 0x8900;           // of 32 bits
constexpr u32 kTssBusy = 0x0200;

bool IsStackFor(const CachedDescriptor& d, u16 selector, u32 cpl) {
  return (d.High() & kStackMask) == kStack && RplOf(selector) == cpl &&
         d.segment.Dpl() == cpl && d.segment.IsFlatStack();
}

void Fill(Segment* segment, const CachedDescriptor& d, u32 selector) {
  *segment = d.segment;
  segment->selector = static_cast<u16>(selector);
}

}  // namespace

const CachedDescriptor& DescriptorCache::Fill(u32 index, u64 bytes) {
  CachedDescriptor& entry = entries_[index];
  entry.bytes = bytes;
  Descriptor d;
  d.low = static_cast<u32>(bytes);
  d.high = static_cast<u32>(bytes >> 32);
  FillSegment(&entry.segment, 0, d);
  const bool data =
      (d.high & kDataMask) == kData || (d.high & kReadableCodeMask) == kReadableCode;
  entry.data_below = data ? static_cast<u8>(d.Dpl() + 1) : 0;
  return entry;
}

bool Cpu::LoadSegmentQuickly(Seg seg, u16 selector) {
  if (!Protected() || V86() || uncached_) return false;
  if (seg != Seg::kSs && LoadKnownSegment(seg, selector)) return true;
  const u8 shape = segment(seg).shape;
  // Like everything that is derived, the mode asks for the shape only, and not for that
  // of FS and GS.
  const auto loaded = [&] {
    if (seg < Seg::kFs && segment(seg).shape != shape) ModeChanged();
    return true;
  };
  if (IsNull(selector) && seg != Seg::kSs) {
    segment(seg).SetNull(selector);
    return loaded();
  }
  const CachedDescriptor* const d = QuickDescriptor(selector);
  if (d == nullptr) return false;
  if (seg == Seg::kSs) {
    const bool fits = (d->High() & kStackMask) == kStack &&
                      RplOf(selector) == state.cpl && d->segment.Dpl() == state.cpl;
    if (!fits) return false;
  } else if (!d->IsDataFor(selector, state.cpl)) {
    return false;
  }
  Fill(&segment(seg), *d, selector);
  return loaded();
}

bool Cpu::LoadTaskQuickly(u16 selector) {
  if (uncached_) return false;
  const CachedDescriptor* const d = QuickDescriptor(selector);
  if (d == nullptr || (d->High() & kTssMask) != kAvailableTss) return false;
  const u32 at = state.gdtr.base + (selector & ~7u);
  const TlbEntry& entry = tlb_by_ring[0][Tlb::IndexOf(at)];
  if (entry.write_tag != (at & ~kPageMask)) return false;
  entry.Host(at)[5] = static_cast<u8>((d->High() | kTssBusy) >> 8);
  Fill(&state.tr, *d, selector);
  state.tr.attr |= kTssBusy >> 8;
  return true;
}

bool Cpu::TransferQuickly(u16 selector, u32 eip, bool call) {
  if (!Protected() || V86() || uncached_) return false;
  const CachedDescriptor* const d = QuickDescriptor(selector);
  if (d == nullptr || (d->High() & kCodeMask) != kCode) return false;
  if (d->segment.Dpl() != state.cpl || RplOf(selector) > state.cpl ||
      eip > d->segment.limit) {
    return false;
  }
  Segment& cs = segment(Seg::kCs);
  if (call) {
    const u32 esp = Gpr(kEsp) - 8;
    const TlbEntry& entry = tlb_now[Tlb::IndexOf(esp)];
    if (!segment(Seg::kSs).IsFlatStack() || entry.write_tag != ((esp + 7) & ~kPageMask)) {
      return false;
    }
    StoreLe<u32>(entry.Host(esp), next_eip);
    StoreLe<u32>(entry.Host(esp + 4), cs.selector);
    Gpr(kEsp) = esp;
  }
  const u8 shape = cs.shape;
  Fill(&cs, *d, (selector & ~3u) | state.cpl);
  state.eip = next_eip = eip;
  if (cs.shape != shape) ModeChanged();
  return true;
}

bool Cpu::DeliverQuickly(const Event& event) {
  CpuState& s = state;
  if (!Protected() || V86() || stop_at_events_ || uncached_) return false;
  const u32 offset = event.fault.vector * 8u;
  u64 gate = 0;
  if (offset + 7 > s.idtr.limit || !QuickLoad(s.idtr.base + offset, &gate)) return false;
  const u32 gate_high = static_cast<u32>(gate >> 32);
  if ((gate_high & kGateMask) != kGate) return false;
  if (event.kind == EventKind::kSoftware && ((gate_high >> 13) & 3) < s.cpl) return false;
  const u16 selector = static_cast<u16>(gate >> 16);
  const u32 target = static_cast<u16>(gate) | (gate_high & 0xffff0000);
  const CachedDescriptor* const code = QuickDescriptor(selector);
  if (code == nullptr || (code->High() & kCodeMask) != kCode) return false;
  const u32 cpl = code->segment.Dpl();
  if (target > code->segment.limit || cpl > s.cpl) return false;

  const bool inner = cpl < s.cpl;
  const CachedDescriptor* stack = nullptr;
  u16 stack_selector = 0;
  u32 esp = Gpr(kEsp);
  if (inner) {
    const u32 at = 4 + 8 * cpl;
    u64 pointer = 0;
    if ((s.tr.attr & 8) == 0 || at + 7 > s.tr.limit) return false;
    if (!QuickLoad(s.tr.base + at, &pointer)) return false;
    esp = static_cast<u32>(pointer);
    stack_selector = static_cast<u16>(pointer >> 32);
    if (DescriptorCache::Compete(selector, stack_selector)) return false;
    stack = QuickDescriptor(stack_selector);
    if (stack == nullptr || !IsStackFor(*stack, stack_selector, cpl)) return false;
  } else if (!segment(Seg::kSs).IsFlatStack()) {
    return false;
  }
  const u32 bytes = (inner ? 20 : 12) + (event.fault.has_error ? 4 : 0);
  // A push as CPL 3 checks alignment, if that is on: then tlb_now never answers.
  const TlbEntry& entry = (inner ? tlb_by_ring[0] : tlb_now)[Tlb::IndexOf(esp - bytes)];
  if (entry.write_tag != ((esp - 1) & ~kPageMask)) return false;

  // Nothing can fail any more.
  u8* frame = entry.Host(esp - bytes);
  if (event.fault.has_error) {
    StoreLe<u32>(frame, event.fault.error);
    frame += 4;
  }
  StoreLe<u32>(frame, event.eip);
  StoreLe<u32>(frame + 4, segment(Seg::kCs).selector);
  StoreLe<u32>(frame + 8, SavedFlags(event));
  if (inner) {
    StoreLe<u32>(frame + 12, Gpr(kEsp));
    StoreLe<u32>(frame + 16, segment(Seg::kSs).selector);
    Fill(&segment(Seg::kSs), *stack, stack_selector);
  }
  Gpr(kEsp) = esp - bytes;
  s.eflags_rest &= ~(kEflagsTf | kEflagsNt | kEflagsVm |
                     ((gate_high & kTrapGate) == 0 ? kEflagsIf : 0));
  ClearResumeFlag();
  Fill(&segment(Seg::kCs), *code, (selector & ~3u) | cpl);
  s.cpl = static_cast<u8>(cpl);
  s.eip = next_eip = target;
  ModeChanged();
  return true;
}

bool Cpu::ReturnQuickly() {
  CpuState& s = state;
  if (!Protected() || uncached_ || (s.eflags_rest & (kEflagsVm | kEflagsNt)) != 0 ||
      !segment(Seg::kSs).IsFlatStack()) {
    return false;
  }
  const u32 esp = Gpr(kEsp);
  const TlbEntry& entry = tlb_now[Tlb::IndexOf(esp)];
  if (entry.read_tag != ((esp + 11) & ~kPageMask)) return false;
  const u8* const frame = entry.Host(esp);
  const u32 eip = LoadLe<u32>(frame);
  const u16 selector = LoadLe<u16>(frame + 4);
  const u32 image = LoadLe<u32>(frame + 8);
  if ((image & kEflagsVm) != 0 && s.cpl == 0) return false;
  const CachedDescriptor* const code = QuickDescriptor(selector);
  if (code == nullptr || (code->High() & kCodeMask) != kCode) return false;
  const u32 cpl = RplOf(selector);
  if (cpl < s.cpl || code->segment.Dpl() != cpl || eip > code->segment.limit) {
    return false;
  }
  const bool outer = cpl > s.cpl;
  const CachedDescriptor* stack = nullptr;
  u16 stack_selector = 0;
  if (outer) {
    if (entry.read_tag != ((esp + 19) & ~kPageMask)) return false;
    stack_selector = LoadLe<u16>(frame + 16);
    if (DescriptorCache::Compete(selector, stack_selector)) return false;
    stack = QuickDescriptor(stack_selector);
    if (stack == nullptr || !IsStackFor(*stack, stack_selector, cpl)) return false;
  }

  // Nothing can fail any more. The flags follow ReturnFlags (op_interrupt.cc).
  s.nmi_blocked = false;
  u32 changes = kEflagsTf | kEflagsDf | kEflagsNt | kEflagsAc | kEflagsId;
  if (s.cpl <= Iopl()) changes |= kEflagsIf;
  if (s.cpl == 0) changes |= kEflagsIopl | kEflagsVif | kEflagsVip;
  if ((image & kEflagsRf) != 0) SetResumeFlag();
  s.flags.SetArithmetic(image);
  s.eflags_rest = ((s.eflags_rest & ~changes) | (image & changes)) & kEflagsStored;
  Gpr(kEsp) = esp + 12;
  Fill(&segment(Seg::kCs), *code, selector);
  s.cpl = static_cast<u8>(cpl);
  if (outer) {
    Gpr(kEsp) = LoadLe<u32>(frame + 12);
    Fill(&segment(Seg::kSs), *stack, stack_selector);
    DropInnerSegments(*this);
  }
  s.eip = next_eip = eip;
  ModeChanged();
  return true;
}

}  // namespace lgx
