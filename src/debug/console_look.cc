// The console's commands that look at the machine.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "debug/console.h"
#include "debug/descriptor_view.h"
#include "debug/explain.h"
#include "debug/memory_view.h"
#include "debug/page_map.h"
#include "debug/page_view.h"
#include "debug/queue_view.h"
#include "debug/register_view.h"
#include "hypercalls/guest_irq.h"
#include "hypercalls/guest_time.h"

namespace lgx {

Status DebugConsole::DoRegs(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  Say(ViewRegisters(parts_.control, parts_.symbols));
  return absl::OkStatus();
}

Status DebugConsole::DoExamine(Words words) {
  MemoryFormat format;
  if (!words.empty() && words[0].starts_with('/')) {
    const StatusOr<MemoryFormat> given = ParseMemoryFormat(words[0].substr(1));
    if (!given.ok()) return given.status();
    format = *given;
    words = words.subspan(1);
  }
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty()) return Errorf(kInvalidArgument, "say where: x/8xw $esp");
  const StatusOr<TypedAddress> at = Address(words[0]);
  if (!at.ok()) return at.status();
  Say(ViewMemory(parts_.control, parts_.symbols, *at, format));
  return absl::OkStatus();
}

Status DebugConsole::DoDisassemble(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 2));
  const RunControl& control = parts_.control;
  const Lin here(ReadRegisters(control).eip);
  TypedAddress at{Space::kLinear, here.value};
  if (!words.empty()) {
    const StatusOr<TypedAddress> given = Address(words[0]);
    if (!given.ok()) return given.status();
    at = *given;
  }
  const StatusOr<u64> n = Count(words, 1, 8);
  if (!n.ok()) return n.status();
  constexpr u64 kMost = 1000;
  Say(ViewCode(control, parts_.symbols, at, static_cast<u32>(std::min(*n, kMost)), here));
  return absl::OkStatus();
}

Status DebugConsole::DoBacktrace(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  Say(ViewStackTrace(parts_.control, parts_.symbols));
  return absl::OkStatus();
}

Status DebugConsole::DoSymbol(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty()) return Errorf(kInvalidArgument, "say which: sym schedule");
  const Symbols& symbols = parts_.symbols;
  if (const std::optional<Lin> at = symbols.Find(words[0])) {
    Say(absl::StrFormat("0x%08x %s\n", at->value, words[0]));
    return absl::OkStatus();
  }
  if (const StatusOr<TypedAddress> at = Address(words[0]); at.ok()) {
    const std::string name = symbols.Describe(Lin(static_cast<u32>(at->value)));
    if (name.empty()) {
      return Errorf(kNotFound, "0x%08x has no name", at->value);
    }
    Say(absl::StrFormat("0x%08x %s\n", at->value, name));
    return absl::OkStatus();
  }
  if (symbols.kernel().empty()) {
    return Errorf(kNotFound,
                  "the kernel has no symbols; start with --symbols FILE, its System.map "
                  "or its vmlinux");
  }
  constexpr size_t kMost = 40;
  const auto found = symbols.Search(words[0], kMost);
  if (found.empty()) return Errorf(kNotFound, "no symbol contains \"%s\"", words[0]);
  for (const SymbolTable::Symbol& symbol : found) {
    Say(absl::StrFormat("0x%08x %s\n", symbol.address, symbol.name));
  }
  if (found.size() == kMost) Say("...\n");
  return absl::OkStatus();
}

Status DebugConsole::DoInspect(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 2));
  if (words.size() != 2 || words[0] != "pages") {
    return Errorf(kInvalidArgument,
                  "say what: inspect pages ADDR, inspect pages --map or --diff");
  }
  const PageSpace space = PageSpaceOf(parts_.control.machine().guest());
  if (words[1] == "--map") {
    Say(ViewPageMap(space));
  } else if (words[1] == "--diff") {
    Say(ViewPageDifferences(space));
  } else {
    const StatusOr<TypedAddress> at = Address(words[1]);
    if (!at.ok()) return at.status();
    if (at->space != Space::kLinear) {
      return Errorf(kInvalidArgument, "page tables translate linear addresses only");
    }
    Say(ViewPage(space, Lin(static_cast<u32>(at->value))));
  }
  return absl::OkStatus();
}

std::string DebugConsole::ViewCounters(std::span<const std::string_view> prefixes) const {
  Stats stats;
  parts_.control.machine().VisitStats(stats);
  std::string text;
  for (const auto& [name, value] : stats.counters()) {
    const bool wanted = std::any_of(
        prefixes.begin(), prefixes.end(),
        [&full = name](std::string_view prefix) { return full.starts_with(prefix); });
    if (wanted) text += absl::StrFormat("%-40s %d\n", name, value);
  }
  return text.empty() ? "there is nothing of the kind\n" : text;
}

std::string DebugConsole::ViewIrqs() const {
  const Guest& guest = parts_.control.machine().guest();
  const PendingInterrupt next = FindPendingInterrupt(guest);
  u32 blocked = 0;
  std::string text;
  if (guest.GetData(guest.abi.data.blocked_interrupts, &blocked)) {
    text += absl::StrFormat("virtual interrupts %s for the Guest, masked 0x%08x\n",
                            guest.InterruptsEnabled() ? "on" : "off", blocked);
  } else {
    text += "before LGUEST_INIT: the Guest takes no interrupts yet\n";
  }
  text += absl::StrFormat("pending 0x%08x", guest.cpu.irqs_pending.load());
  text += next.irq < kLguestIrqs ? absl::StrFormat(", the next one is %d\n", next.irq)
                                 : ", none to be delivered\n";
  if (InNoInterruptRange(guest)) text += "in the Guest's range without interrupts\n";
  if (guest.cpu.halted) text += "the Guest sleeps\n";
  Stats stats;
  parts_.control.machine().VisitStats(stats);
  for (const auto& [name, value] : stats.counters()) {
    if (value != 0 && name.starts_with("irq.")) {
      text += absl::StrFormat("%-40s %d\n", name, value);
    }
  }
  return text;
}

std::string DebugConsole::ViewTimer() const {
  const Machine& machine = parts_.control.machine();
  const u64 now = machine.virtual_ns();
  std::string text =
      absl::StrFormat("now      %15d ns, %d instructions\n", now, machine.instructions());
  if (const std::optional<u64> alarm = NextDeadlineNs(machine.guest())) {
    text += absl::StrFormat("alarm    %15d ns, in %d ns\n", *alarm,
                            *alarm > now ? *alarm - now : 0);
  } else {
    text += "the Guest has set no alarm\n";
  }
  return text;
}

Status DebugConsole::DoInfo(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const std::string what = words.empty() ? "" : words[0];
  Machine& machine = parts_.control.machine();
  const PhysMemory& memory = machine.cpu().memory();
  const SwitcherPages& pages = machine.crossing().Pages();
  if (what == "gdt") {
    Say(ViewGdt(memory, pages));
  } else if (what == "idt") {
    Say(ViewIdt(memory, pages, machine.guest(), parts_.symbols));
  } else if (what == "tss") {
    Say(ViewTss(memory, pages));
  } else if (what == "tlb") {
    constexpr std::string_view kPrefixes[] = {"mmu.tlb.", "mmu.walk.", "shadow."};
    Say(ViewCounters(kPrefixes));
  } else if (what == "irq") {
    Say(ViewIrqs());
  } else if (what == "timer") {
    Say(ViewTimer());
  } else if (what == "queues") {
    constexpr std::string_view kPrefixes[] = {"block.", "console.", "net.", "rng."};
    Say(ViewQueues(machine.bus()) + ViewCounters(kPrefixes));
  } else if (what == "breaks") {
    return DoBreak({});
  } else {
    return Errorf(kInvalidArgument,
                  "\"%s\" is not one of gdt, idt, tss, tlb, irq, timer, queues, breaks",
                  what);
  }
  return absl::OkStatus();
}

Status DebugConsole::DoExplain(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  const RunControl& control = parts_.control;
  const Guest& guest = control.machine().guest();
  // On the way back, and until the Host has looked, the exit is in the register page.
  const bool leaving = control.last().inside && !IsGuest(control.CurrentParty()) &&
                       guest.cpu.regs.trapnum() != kImpossibleTrap;
  if (leaving) {
    Say(absl::StrFormat("insn %d, crossing %d: ", control.last().instructions,
                        control.last().crossing));
    Say(ExplainExit(guest, parts_.symbols,
                    ExitFactsOf(guest, control.machine().cpu().state.cr2)));
    return absl::OkStatus();
  }
  LGX_RETURN_IF_ERROR(NotesEvents());
  const EventLog::Entry* const entry = parts_.events->LastExplained();
  if (entry == nullptr) {
    Say("nothing has happened yet\n");
    return absl::OkStatus();
  }
  Say(absl::StrFormat("insn %d, crossing %d: ", entry->instructions, entry->crossing));
  Say(entry->explanation);
  return absl::OkStatus();
}

Status DebugConsole::NotesEvents() const {
  if (parts_.events != nullptr) return absl::OkStatus();
  return Errorf(StatusCode::kFailedPrecondition,
                "nobody notes events here; lgx debug and gdb's monitor do");
}

std::string DebugConsole::ViewEvents(size_t most) const {
  const auto& entries = parts_.events->entries();
  std::string text;
  for (size_t i = entries.size() - std::min(entries.size(), most); i < entries.size();
       ++i) {
    text += absl::StrFormat("%12d  %s\n", entries[i].instructions, entries[i].line);
  }
  return text.empty() ? "nothing has happened yet\n" : text;
}

Status DebugConsole::DoTrace(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const StatusOr<u64> n = Count(words, 0, 10);
  if (!n.ok()) return n.status();
  LGX_RETURN_IF_ERROR(NotesEvents());
  Say(ViewEvents(static_cast<size_t>(std::min<u64>(*n, EventLog::kKept))));
  return absl::OkStatus();
}

Status DebugConsole::DoHash(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  Say(absl::StrFormat("hash %016x\n", parts_.control.machine().Hash()));
  return absl::OkStatus();
}

Status DebugConsole::DoType(Words words) {
  if (!parts_.type) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "the Guest's console takes no input here");
  }
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  parts_.type(line + "\n");
  return absl::OkStatus();
}

}  // namespace lgx
