#include "tests/cpu/cpu_machine.h"

#include <absl/strings/str_format.h>

#include "base/hash.h"

namespace lgx {
namespace {

constexpr u16 kCodeAttr =
    kAttrPresent | kAttrS | kAttrCode | kAttrReadable | kAttrAccessed | kAttrDb | kAttrG;
constexpr u16 kDataAttr =
    kAttrPresent | kAttrS | kAttrWritable | kAttrAccessed | kAttrDb | kAttrG;

u16 WithDpl(u16 attr, u32 dpl) { return static_cast<u16>(attr | dpl << kAttrDplShift); }

}  // namespace

CpuMachine::CpuMachine(Binding binding)
    : memory(std::move(PhysMemory::Create(kMemory)).value()), cpu(*memory, binding) {
  constexpr u32 kAll = 0xffffffff;
  SetDescriptor(kCode0, 0, kAll, kCodeAttr);
  SetDescriptor(kData0, 0, kAll, kDataAttr);
  SetDescriptor(kCode1, 0, kAll, WithDpl(kCodeAttr, 1));
  SetDescriptor(kData1, 0, kAll, WithDpl(kDataAttr, 1));
  SetDescriptor(kCode3, 0, kAll, WithDpl(kCodeAttr, 3));
  SetDescriptor(kData3, 0, kAll, WithDpl(kDataAttr, 3));
  SetDescriptor(kTssSelector, kTss, 0x67, kAttrPresent | kTypeTss32Busy);
  PutLong(kTss + 4, kStack0);
  PutLong(kTss + 8, kData0);
  PutLong(kTss + 12, kStack1);
  PutLong(kTss + 16, kData1);
  memory->Store<u16>(Mpa(kTss + 0x66), 0x68);  // no I/O bitmap
  for (u32 vector = 0; vector < 256; ++vector) {
    SetGate(static_cast<u8>(vector), kCode0, vector == 0x80 ? 3 : 0);
    memory->Store<u8>(Mpa(kHandlers + 16 * vector), 0xf4);
  }
  CpuState& s = cpu.state;
  s.cr0 = kCr0Pe | kCr0Et;
  s.gdtr = {kGdt, 0xfff};
  s.idtr = {kIdt, 0x7ff};
  s.tr.Set(kTssSelector, kTss, 0x67, kAttrPresent | kTypeTss32Busy);
  s.ldtr.SetNull(0);
  EnterRing(0);
}

void CpuMachine::EnterRing(u32 ring) {
  CpuState& s = cpu.state;
  s.cpl = static_cast<u8>(ring);
  const u16 code = ring == 0 ? kCode0 : ring == 1 ? kCode1 : kCode3;
  const u16 data = ring == 0 ? kData0 : ring == 1 ? kData1 : kData3;
  for (Segment& segment : s.seg)
    segment.Set(data, 0, 0xffffffff, WithDpl(kDataAttr, ring));
  cpu.segment(Seg::kCs).Set(code, 0, 0xffffffff, WithDpl(kCodeAttr, ring));
  s.regs[kEsp] = ring == 0 ? kStack0 : ring == 1 ? kStack1 : kStack3;
  s.eip = kCode;
  cpu.StateChanged();
}

void CpuMachine::Put(const Code& code) {
  memory->Write(Mpa(code.at()), code.bytes().data(), code.bytes().size());
}

void CpuMachine::Start(const Code& code) {
  Put(code);
  cpu.state.eip = code.at();
}

void CpuMachine::SetDescriptor(u16 selector, u32 base, u32 limit, u16 attr) {
  const u32 field = (attr & kAttrG) != 0 ? limit >> 12 : limit;
  const u32 at = kGdt + (selector & ~7u);
  PutLong(at, base << 16 | (field & 0xffff));
  PutLong(at + 4,
          (base & 0xff000000) | (base >> 16 & 0xff) | (field & 0xf0000) | u32{attr} << 8);
}

void CpuMachine::SetGate(u8 vector, u16 selector, u32 dpl, bool trap) {
  const u32 offset = kHandlers + 16 * vector;
  PutLong(kIdt + 8 * vector, u32{selector} << 16 | offset);
  PutLong(kIdt + 8 * vector + 4, 0x8e00 | (trap ? 0x100 : 0) | dpl << 13);
}

// Two-level: directory, then one table. PAE: pointer table, directory, then two tables.
void CpuMachine::EnablePaging(bool pae) {
  constexpr u32 kAllowed = 7;  // present, writable, user
  pae_ = pae;
  CpuState& s = cpu.state;
  s.cr3 = kTables;
  s.cr0 |= kCr0Pg | kCr0Wp;
  if (pae) {
    s.cr4 |= kCr4Pae;
    s.efer |= kEferNxe;
    s.pdpte[0] = (kTables + 0x1000) | 1;
    memory->Store<u64>(Mpa(kTables), s.pdpte[0]);
    for (u32 i = 0; i < 2; ++i) {
      memory->Store<u64>(Mpa(kTables + 0x1000 + 8 * i),
                         (kTables + 0x2000 + 0x1000 * i) | kAllowed);
    }
  } else {
    PutLong(kTables, (kTables + 0x1000) | kAllowed);
  }
  for (u32 lin = 0; lin < kMemory; lin += kPageSize) SetPte(lin, lin | kAllowed);
  cpu.StateChanged();
}

Mpa CpuMachine::PteOf(u32 lin) const {
  return pae_ ? Mpa(kTables + 0x2000 + (lin >> 12) * 8)
              : Mpa(kTables + 0x1000 + (lin >> 12) * 4);
}

void CpuMachine::SetPte(u32 lin, u64 value) {
  if (pae_) {
    memory->Store<u64>(PteOf(lin), value);
  } else {
    memory->Store<u32>(PteOf(lin), static_cast<u32>(value));
  }
}

std::vector<Binding> AllBindings() {
  std::vector<Binding> all = {Binding::kLoop};
  if (BindingExists(Binding::kTail)) all.push_back(Binding::kTail);
  return all;
}

std::string BindingName(const ::testing::TestParamInfo<Binding>& info) {
  return info.param == Binding::kTail ? "Tail" : "Loop";
}

std::string Describe(const Cpu& cpu) {
  const CpuState& s = cpu.state;
  std::string text =
      absl::StrFormat("eip %08x eflags %08x cpl %d", s.eip, cpu.Eflags(), s.cpl);
  for (u32 i = 0; i < 8; ++i) absl::StrAppendFormat(&text, " r%d %08x", i, s.regs[i]);
  for (const Segment& g : s.seg) {
    absl::StrAppendFormat(&text, " [%04x %08x %08x %04x]", g.selector, g.base, g.limit,
                          g.attr);
  }
  absl::StrAppendFormat(&text, " ldtr %04x tr %04x cr %x %x %x %x dr6 %x dr7 %x",
                        s.ldtr.selector, s.tr.selector, s.cr0, s.cr2, s.cr3, s.cr4,
                        s.dr[6], s.dr[7]);
  absl::StrAppendFormat(&text, " shadow %d %d halted %d retired %d", s.interrupt_shadow,
                        s.trap_shadow, s.halted, cpu.retired());
  u8 image[kFxImageSize] = {};
  FpuWriteFxImage(s.fpu, image);
  absl::StrAppendFormat(&text, " fpu %016x", HashOf({image, kFxImageWritten}));
  return text;
}

u64 HashMemory(const PhysMemory& memory) {
  std::vector<u8> bytes(memory.size());
  memory.Read(Mpa(0), bytes.data(), bytes.size());
  return HashOf(bytes);
}

}  // namespace lgx
