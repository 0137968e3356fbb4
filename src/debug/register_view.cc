#include "debug/register_view.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "switcher/layout.h"

namespace lgx {
namespace {

constexpr std::string_view kNames[] = {"eax", "ecx", "edx", "ebx",
                                       "esp", "ebp", "esi", "edi"};
constexpr std::string_view kSegNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};

struct FlagName {
  u32 bit;
  const char* name;
};
constexpr FlagName kFlags[] = {{1u << 0, "CF"},  {1u << 2, "PF"},  {1u << 4, "AF"},
                               {1u << 6, "ZF"},  {1u << 7, "SF"},  {1u << 8, "TF"},
                               {1u << 9, "IF"},  {1u << 10, "DF"}, {1u << 11, "OF"},
                               {1u << 14, "NT"}, {1u << 16, "RF"}, {1u << 17, "VM"},
                               {1u << 18, "AC"}, {1u << 21, "ID"}};

CurrentRegisters SavedRegisters(const GuestRegs& r) {
  CurrentRegisters now;
  now.regs = {r.eax(), r.ecx(), r.edx(), r.ebx(), r.esp(), r.ebp(), r.esi(), r.edi()};
  now.eip = r.eip();
  now.eflags = r.eflags();
  const u32 selectors[] = {r.es(), r.cs(), r.ss(), r.ds(), r.fs(), r.gs()};
  for (u32 i = 0; i < kSegments; ++i) now.selectors[i] = static_cast<u16>(selectors[i]);
  now.cpl = r.cs() & 3;
  now.saved = true;
  return now;
}

std::string SystemRegisters(const CpuState& s) {
  std::string out = absl::StrFormat("cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n", s.cr0,
                                    s.cr2, s.cr3, s.cr4);
  out +=
      absl::StrFormat("gdt %08x+%04x  idt %08x+%04x  tr %04x base %08x\n", s.gdtr.base,
                      s.gdtr.limit, s.idtr.base, s.idtr.limit, s.tr.selector, s.tr.base);
  return out;
}

}  // namespace

CurrentRegisters ReadRegisters(const RunControl& control) {
  const Machine& machine = control.machine();
  if (control.BetweenCrossings()) return SavedRegisters(machine.guest().cpu.regs);
  const CpuState& s = machine.cpu().state;
  CurrentRegisters now;
  std::copy_n(s.regs, now.regs.size(), now.regs.begin());
  now.eip = s.eip;
  now.eflags = machine.cpu().Eflags();
  for (u32 i = 0; i < kSegments; ++i) now.selectors[i] = s.seg[i].selector;
  now.cpl = s.cpl;
  return now;
}

std::optional<u64> RegisterByName(const RunControl& control, std::string_view name) {
  const CurrentRegisters now = ReadRegisters(control);
  for (u32 i = 0; i < now.regs.size(); ++i) {
    if (name == kNames[i]) return now.regs[i];
  }
  for (u32 i = 0; i < kSegments; ++i) {
    if (name == kSegNames[i]) return now.selectors[i];
  }
  const CpuState& s = control.machine().cpu().state;
  if (name == "eip" || name == "pc") return now.eip;
  if (name == "eflags") return now.eflags;
  if (name == "sp") return now.regs[kEsp];
  if (name == "cr0") return s.cr0;
  if (name == "cr2") return s.cr2;
  if (name == "cr3") return s.cr3;
  if (name == "cr4") return s.cr4;
  return std::nullopt;
}

std::string EflagsText(u32 eflags) {
  std::string text;
  for (const FlagName& flag : kFlags) {
    if ((eflags & flag.bit) == 0) continue;
    if (!text.empty()) text += ' ';
    text += flag.name;
  }
  if (const u32 iopl = (eflags >> 12) & 3; iopl != 0) {
    text += absl::StrFormat("%sIOPL=%d", text.empty() ? "" : " ", iopl);
  }
  return text;
}

std::string ViewRegisters(const RunControl& control, const Symbols& symbols) {
  const CurrentRegisters r = ReadRegisters(control);
  std::string out;
  if (r.saved)
    out += "between two crossings: the Guest's registers as the Host has them\n";
  out += absl::StrFormat("eax %08x  ebx %08x  ecx %08x  edx %08x\n", r.regs[kEax],
                         r.regs[kEbx], r.regs[kEcx], r.regs[kEdx]);
  out += absl::StrFormat("esi %08x  edi %08x  ebp %08x  esp %08x\n", r.regs[kEsi],
                         r.regs[kEdi], r.regs[kEbp], r.regs[kEsp]);
  const std::string name = symbols.Describe(Lin(r.eip));
  out += absl::StrFormat("eip %08x%s\n", r.eip, name.empty() ? "" : " <" + name + ">");
  out +=
      absl::StrFormat("eflags %08x %s  ring %d\n", r.eflags, EflagsText(r.eflags), r.cpl);
  const auto& sel = r.selectors;
  out += absl::StrFormat("cs %04x  ss %04x  ds %04x  es %04x  fs %04x  gs %04x\n", sel[1],
                         sel[2], sel[3], sel[0], sel[4], sel[5]);
  if (!r.saved) out += SystemRegisters(control.machine().cpu().state);
  return out;
}

}  // namespace lgx
