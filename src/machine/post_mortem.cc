#include "machine/post_mortem.h"

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

std::string Named(u32 address, const SymbolTable& symbols) {
  const std::string name = symbols.Describe(address);
  return name.empty() ? absl::StrFormat("0x%08x", address)
                      : absl::StrFormat("0x%08x %s", address, name);
}

std::string Registers(const Guest& guest, const SymbolTable& symbols) {
  const GuestRegs& r = guest.cpu.regs;
  std::string out =
      absl::StrFormat("registers at the last exit (trap %d, error code 0x%08x):\n",
                      r.trapnum(), r.errcode());
  out += absl::StrFormat("  eip %s\n", Named(r.eip(), symbols));
  out += absl::StrFormat("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", r.eax(), r.ebx(),
                         r.ecx(), r.edx());
  out += absl::StrFormat("  esi %08x  edi %08x  ebp %08x  esp %08x\n", r.esi(), r.edi(),
                         r.ebp(), r.esp());
  out += absl::StrFormat("  cs %04x  ss %04x  ds %04x  es %04x  fs %04x  gs %04x\n",
                         r.cs() & 0xffff, r.ss() & 0xffff, r.ds() & 0xffff,
                         r.es() & 0xffff, r.fs() & 0xffff, r.gs() & 0xffff);
  out += absl::StrFormat("  eflags %08x  last page fault %s\n", r.eflags(),
                         Named(guest.cpu.last_pagefault, symbols));
  return out;
}

std::string Hypercalls(const Guest& guest, const SymbolTable& symbols) {
  const HypercallLog& log = guest.log;
  if (log.size() == 0) return "no hypercall was made\n";
  std::string out = absl::StrFormat("the last %d of %d hypercalls, newest last:\n",
                                    log.size(), log.total());
  for (u32 i = 0; i < log.size(); ++i) {
    const HypercallRecord& record = log[i];
    out += absl::StrFormat("  %-16s %08x %08x %08x %08x  %s%s\n", NameOf(record.call),
                           record.args.arg[0], record.args.arg[1], record.args.arg[2],
                           record.args.arg[3], record.async ? "(ring) " : "",
                           Named(record.eip, symbols));
  }
  return out;
}

}  // namespace

std::string DescribeDeath(const Machine& machine, const SymbolTable& symbols) {
  const Guest& guest = machine.guest();
  return Registers(guest, symbols) + Hypercalls(guest, symbols);
}

}  // namespace lgx
