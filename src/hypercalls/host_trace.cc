#include "hypercalls/host_trace.h"

#include <algorithm>

#include "switcher/passage.h"

namespace lgx {

void TraceEntry(const Guest& guest) {
  const GuestRegs& regs = guest.cpu.regs;
  guest.trace.Begin(TraceCategory::kCrossing, "enter",
                    {{"eip", regs.eip()},
                     {"cs", regs.cs()},
                     {"slot", guest.shadow.current_slot()},
                     {"gpgdir", guest.shadow.CurrentGpgdir().value}});
}

void TraceExit(const Guest& guest, u64 instructions) {
  const GuestRegs& regs = guest.cpu.regs;
  const u32 trap = regs.trapnum();
  const u64 switcher = kPassageIn + PassageOut(trap);
  guest.trace.End(
      TraceCategory::kCrossing, "exit",
      {{"trap", trap},
       {"error_code", regs.errcode()},
       {"eip", regs.eip()},
       {"cs", regs.cs()},
       {"guest_instructions", instructions - std::min(instructions, switcher)},
       {"switcher_out", PassageOut(trap)}},
      CauseName(trap));
}

void TracePageFault(const Guest& guest) {
  const GuestRegs& regs = guest.cpu.regs;
  guest.trace.Event(TraceCategory::kFault, "page_fault",
                    {{"lin", guest.cpu.last_pagefault},
                     {"error_code", regs.errcode()},
                     {"eip", regs.eip()},
                     {"cs", regs.cs()}});
}

void TraceFill(const Guest& guest) {
  const Lin lin(guest.cpu.last_pagefault);
  const DoubleWalk walk = guest.shadow.Observe(lin);
  const DoubleWalk::Level& last = walk.level[walk.levels - 1];
  guest.trace.Event(TraceCategory::kDemand, "fill",
                    {{"lin", lin.value},
                     {"error_code", guest.cpu.regs.errcode()},
                     {"gpa", walk.gpa.value_or(Gpa(0)).value},
                     {"mpa", walk.mpa.value_or(Mpa(0)).value},
                     {"spte", last.shadow.value_or(0)},
                     {"slot", guest.shadow.current_slot()},
                     {"pool_pages", guest.host.pool.used()}});
}

ShadowChange::ShadowChange(const Guest& guest)
    : guest_(guest), before_(guest.shadow.stats()), slot_(guest.shadow.current_slot()) {}

void ShadowChange::Tell() const {
  const ShadowStats& now = guest_.shadow.stats();
  const auto tell = [&](const char* name) {
    guest_.trace.Event(TraceCategory::kShadow, name,
                       {{"slot", guest_.shadow.current_slot()},
                        {"gpgdir", guest_.shadow.CurrentGpgdir().value},
                        {"from_slot", slot_},
                        {"recycled", now.slot_recycled - before_.slot_recycled},
                        {"pool_pages", guest_.host.pool.used()}});
  };
  if (now.slot_switch != before_.slot_switch) tell("switch");
  if (now.flush_full != before_.flush_full) tell("flush_all");
  if (now.flush_user != before_.flush_user) tell("flush_user");
}

}  // namespace lgx
