#include "debug/explain.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "debug/page_view.h"
#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_irq.h"
#include "mmu/page_walk.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

struct TrapWords {
  const char* name;
  const char* mnemonic;
};

// Intel SDM volume 3, table 6-1.
constexpr TrapWords kTraps[kFirstExternalVector] = {
    {"divide error", "#DE"},
    {"debug exception", "#DB"},
    {"non-maskable interrupt", "NMI"},
    {"breakpoint", "#BP"},
    {"overflow", "#OF"},
    {"BOUND range exceeded", "#BR"},
    {"invalid opcode", "#UD"},
    {"device not available", "#NM"},
    {"double fault", "#DF"},
    {"coprocessor segment overrun", nullptr},
    {"invalid TSS", "#TS"},
    {"segment not present", "#NP"},
    {"stack fault", "#SS"},
    {"general protection", "#GP"},
    {"page fault", "#PF"},
    {"reserved", nullptr},
    {"x87 error", "#MF"},
    {"alignment check", "#AC"},
    {"machine check", "#MC"},
    {"SIMD error", "#XM"},
};

const char* WhoRan(u32 cs) {
  switch (cs & 3) {
    case 0:
      return "the Switcher (ring 0)";
    case kGuestPl:
      return "the Guest kernel (ring 1)";
    default:
      return "a program of the Guest (ring 3)";
  }
}

std::string ErrorBits(u32 error) {
  std::string text = (error & kPfPresent) != 0 ? "P: an entry forbade it"
                                               : "P clear: an entry was not present";
  text += (error & kPfWrite) != 0 ? ", W: write" : ", W clear: read";
  text += (error & kPfUser) != 0 ? ", U: from ring 3" : ", U clear: from ring 0 to 2";
  if ((error & kPfReserved) != 0) text += ", RSVD: a reserved bit was set";
  if ((error & kPfFetch) != 0) text += ", I: instruction fetch";
  return text;
}

PageAccess AccessOf(u32 error) {
  const bool write = (error & kPfWrite) != 0;
  if ((error & kPfUser) != 0) {
    return write ? PageAccess::kUserWrite : PageAccess::kUserRead;
  }
  return write ? PageAccess::kKernelWrite : PageAccess::kKernelRead;
}

// What deliver_trap will do.
std::string Reflection(const Guest& guest, const Symbols& symbols, u32 trap) {
  const DescriptorWords gate =
      trap < kIdtEntries ? guest.cpu.idt[trap] : DescriptorWords{};
  if (!GatePresent(gate)) {
    return absl::StrFormat(
        "  the Guest has no handler for it: it is killed with \"unhandled trap %d\"\n",
        trap);
  }
  return absl::StrFormat(
      "  the Host reflects it (deliver_trap, host-05): a frame on the Guest kernel's "
      "stack, then\n  its handler %s\n",
      symbols.Address(Lin(GateHandler(gate))));
}

std::string PageFaultWords(const Guest& guest, const Symbols& symbols,
                           const ExitFacts& facts) {
  const PageSpace space = PageSpaceOf(guest);
  const Lin at(facts.cr2);
  const DoubleWalk walk = space.shadow.Observe(at);
  const PageOutcome outcome = PredictAccess(space, walk, at, AccessOf(facts.error));
  std::string out = absl::StrFormat("  wanted to %s 0x%08x; error code %d: %s\n",
                                    (facts.error & kPfWrite) != 0 ? "write to" : "read",
                                    facts.cr2, facts.error, ErrorBits(facts.error));
  switch (outcome.kind) {
    case PageOutcome::Kind::kFills: {
      const bool clean = StateOf(space, walk, at) == PageState::kClean;
      out += clean
                 ? "  the Guest's tables allow it; the shadow entry was read-only to "
                   "notice this first write\n"
                 : "  the Guest's tables allow it; the shadow tables have no entry yet\n";
      return out +
             "  the Host fills it in (demand_page, host-07 section 4), and the "
             "instruction runs again:\n  the Guest never notices\n";
    }
    case PageOutcome::Kind::kGoes:
      return out + "  both tables allow it: the instruction just runs again\n";
    case PageOutcome::Kind::kGuestFault:
      return out +
             absl::StrFormat("  the Guest's own fault: %s; CR2 goes to lguest_data.cr2\n",
                             outcome.reason) +
             Reflection(guest, symbols, facts.trap);
    case PageOutcome::Kind::kDevice:
      return out + "  a register of a device: the Launcher acts the instruction out\n";
    case PageOutcome::Kind::kKills:
      return out +
             absl::StrFormat("  the Host kills the Guest: \"%s\"\n", outcome.reason);
  }
  return out;
}

std::string HostInterruptWords(const ExitFacts& facts) {
  if (facts.trap == kSyscallVector) {
    return "  the system call vector as an interrupt gate: the Host swallows it\n";
  }
  return "  an interrupt of the machine, not of the Guest: the Switcher has called the "
         "Host's handler\n  (deliver_to_host, host-02 section 7.4); the Host looks for "
         "work and enters again\n";
}

std::string GeneralProtectionWords(const Guest& guest, const Symbols& symbols,
                                   const ExitFacts& facts) {
  std::string out = absl::StrFormat("  error code 0x%x", facts.error);
  if (facts.error != 0) {
    out += (facts.error & 2) != 0
               ? absl::StrFormat(": gate %d may not be used from there", facts.error >> 3)
               : absl::StrFormat(": selector 0x%04x", facts.error);
    return out + "\n" + Reflection(guest, symbols, facts.trap);
  }
  out += guest.abi.forwards_traps
             ? "; a port instruction goes up to the Launcher, "
             : "; IN and OUT are acted out by the Host (emulate_insn): IN gives ones, ";
  out += guest.abi.forwards_traps ? "all else is reflected\n"
                                  : "OUT does\n  nothing; all else is reflected\n";
  return out + Reflection(guest, symbols, facts.trap);
}

std::string OtherTrapWords(const Guest& guest, const Symbols& symbols,
                           const ExitFacts& facts) {
  switch (facts.trap) {
    case 7:
      if (guest.cpu.ts == 0) {
        return "  the Host was lazy with the FPU: it is the Guest's from now on\n";
      }
      return "  the Guest has asked for it (TS)\n" +
             Reflection(guest, symbols, facts.trap);
    case 6:
      return "  if the bytes there are vmcall, the Host writes int 0x1f over them; "
             "else\n" +
             Reflection(guest, symbols, facts.trap);
    case 13:
      return GeneralProtectionWords(guest, symbols, facts);
    case kImpossibleTrap:
      return "  no trap at all: restoring the Guest has faulted in the Switcher, and the "
             "Guest is killed\n";
    default:
      return Reflection(guest, symbols, facts.trap);
  }
}

// --- hypercalls

HcallArgs ArgsInRegisters(const Guest& guest) {
  HcallArgs args;
  args.number = guest.cpu.regs.eax();
  for (u32 i = 0; i < args.arg.size(); ++i) {
    const u8 word = guest.abi.registers[i];
    if (word != kAbsentArg) args.arg[i] = guest.cpu.regs.Word(word);
  }
  return args;
}

std::string GateText(u32 lo, u32 hi) {
  const DescriptorWords gate{lo, hi};
  if (!GatePresent(gate)) return "no gate";
  const u32 type = GateType(gate);
  const char* const name = type == kGateTrap        ? "trap gate"
                           : type == kGateInterrupt ? "interrupt gate"
                                                    : "gate of a forbidden type";
  return absl::StrFormat("%s, DPL %d, handler 0x%08x", name, (hi >> 13) & 3,
                         GateHandler(gate));
}

std::string PteText(const Guest& guest, const HcallArgs& args) {
  const bool pae = guest.shadow.mode() == PagingMode::kPae;
  const u64 pte = args.arg[2] | (pae ? u64{args.arg[3]} << 32 : 0);
  return absl::StrFormat("0x%0*x %s", pae ? 16 : 8, pte, DescribeEntry(pte));
}

std::optional<u32> SlotOf(const Guest& guest, Gpa gpgdir) {
  const auto slots = guest.shadow.slots();
  for (u32 i = 0; i < slots.size(); ++i) {
    if (slots[i].root && slots[i].gpgdir == gpgdir) return i;
  }
  return std::nullopt;
}

std::string TextAtGpa(const Guest& guest, Gpa at) {
  std::string text;
  constexpr u32 kMost = 80;
  for (u32 i = 0; i < kMost; ++i) {
    u8 byte = 0;
    if (!guest.memory.LoadValue(at + i, &byte) || byte < ' ' || byte > '~') break;
    text += static_cast<char>(byte);
  }
  return text;
}

std::string NewTableMeaning(const Guest& guest, Gpa gpgdir) {
  if (const std::optional<u32> slot = SlotOf(guest, gpgdir)) {
    return absl::StrFormat(
        "the Guest loads CR3. Slot %d shadows that table: it becomes current, nothing is "
        "flushed",
        *slot);
  }
  return "the Guest loads CR3. No slot shadows that table: one is taken by the die, and "
         "its user part emptied";
}

std::string SetPteMeaning(const Guest& guest, const HcallArgs& args) {
  const Lin v(args.arg[1]);
  const std::string kind =
      (args.arg[2] & (kPteAccessed | kPteDirty)) != 0
          ? "the shadow entry is written at once"
          : "the shadow entry is emptied, and the next touch fills it";
  if (v >= guest.shadow.kernel_address()) {
    return "a kernel page has changed, in every slot: " + kind;
  }
  if (const std::optional<u32> slot = SlotOf(guest, Gpa(args.arg[0]))) {
    return absl::StrFormat("a page has changed, in slot %d alone: %s", *slot, kind);
  }
  return "a page of a table that no slot shadows has changed: nothing to do";
}

std::string SetPgdMeaning(const Guest& guest, const HcallArgs& args) {
  if (const std::optional<u32> slot = SlotOf(guest, Gpa(args.arg[0]))) {
    return absl::StrFormat(
        "a top-level entry has changed: all below it is dropped from "
        "slot %d",
        *slot);
  }
  return "a top-level entry of a table that no slot shadows has changed: nothing to do";
}

std::string Meaning(const Guest& guest, Call call, const HcallArgs& args) {
  switch (call) {
    case Call::kFlushAsync:
      return "nothing of its own: the exit makes the Host look at the ring";
    case Call::kLguestInit:
      return "the handshake: where struct lguest_data is, and where the kernel begins";
    case Call::kShutdown:
      return absl::StrFormat("the end of the Guest, with the words \"%s\"",
                             TextAtGpa(guest, Gpa(args.arg[0])));
    case Call::kNewPgtable:
      return NewTableMeaning(guest, Gpa(args.arg[0]));
    case Call::kFlushTlb:
      return args.arg[0] != 0 ? "all shadow tables are dropped, kernel and user"
                              : "the user part of the current slot is dropped";
    case Call::kLoadIdtEntry:
      return "a gate of the Guest's IDT";
    case Call::kSetStack:
      return "where the Guest kernel's stack is, for traps from ring 3; its pages are "
             "pinned";
    case Call::kTs:
      return "CR0.TS: the next FPU instruction shall trap, or not";
    case Call::kSetClockevent:
      return args.arg[0] == 0 ? "the alarm is off" : "one alarm, as virtual interrupt 0";
    case Call::kHalt:
      return "the Guest sleeps until an interrupt";
    case Call::kSetPmd:
      return "a middle entry has changed (PAE): all shadow tables are dropped";
    case Call::kSetPte:
      return SetPteMeaning(guest, args);
    case Call::kSetPgd:
      return SetPgdMeaning(guest, args);
    case Call::kLoadTls:
      return "three segments of the running thread";
    case Call::kNotify:
      return "a device has work in its ring: the Launcher's read() returns this address";
    case Call::kLoadGdtEntry:
    case Call::kLoadGdt:
      return "segments of the Guest's GDT";
    case Call::kSendInterrupts:
      return "nothing of its own: the Host looks for pending interrupts on its way in";
    case Call::kUnknown:
    case Call::kBindDma:
    case Call::kSendDma:
      return "no call of this generation: the Guest is killed";
  }
  return "?";
}

}  // namespace

ExitFacts ExitFactsOf(const Guest& guest, u32 cr2) {
  const GuestRegs& regs = guest.cpu.regs;
  return {regs.trapnum(),
          regs.errcode(),
          regs.eip(),
          regs.cs(),
          cr2,
          guest.host.port.TookHostInterrupt()};
}

std::string TrapName(u32 trap) {
  if (trap == kLguestTrapEntry) return "hypercall (int 0x1f, vector 31)";
  if (trap == kImpossibleTrap) return "fault in the Switcher (trap number 256)";
  if (trap == kSyscallVector) return "system call (int 0x80, vector 128)";
  if (trap >= kFirstExternalVector) {
    return absl::StrFormat("Host interrupt (vector %d)", trap);
  }
  const TrapWords& words = kTraps[trap];
  if (words.name == nullptr) return absl::StrFormat("reserved (vector %d)", trap);
  if (words.mnemonic == nullptr) {
    return absl::StrFormat("%s (vector %d)", words.name, trap);
  }
  return absl::StrFormat("%s (%s, vector %d)", words.name, words.mnemonic, trap);
}

std::string ExplainExit(const Guest& guest, const Symbols& symbols,
                        const ExitFacts& facts) {
  std::string out = absl::StrFormat("%s in %s at %s\n", TrapName(facts.trap),
                                    WhoRan(facts.cs), symbols.Address(Lin(facts.eip)));
  if (facts.trap == kLguestTrapEntry) {
    const HcallArgs args = ArgsInRegisters(guest);
    return out +
           absl::StrFormat(
               "  %s, number %d in EAX; the Host notes it and carries it out before "
               "the next\n  entry, behind what waits in the ring\n",
               HypercallText(guest, guest.abi.CallOf(args.number), args), args.number);
  }
  if (facts.trap == 14) return out + PageFaultWords(guest, symbols, facts);
  const bool cs_in_its_place = facts.trap == kLguestCs && !facts.host_interrupt;
  if (facts.trap >= kFirstExternalVector && facts.trap != kImpossibleTrap &&
      !cs_in_its_place) {
    return out + HostInterruptWords(facts);
  }
  return out + OtherTrapWords(guest, symbols, facts);
}

std::string HypercallText(const Guest& guest, Call call, const HcallArgs& args) {
  const auto& a = args.arg;
  switch (call) {
    case Call::kFlushAsync:
    case Call::kHalt:
    case Call::kSendInterrupts:
      return absl::StrFormat("%s()", NameOf(call));
    case Call::kNewPgtable:
      return absl::StrFormat("%s(table 0x%08x)", NameOf(call), a[0]);
    case Call::kFlushTlb:
      return absl::StrFormat("%s(%s)", NameOf(call), a[0] != 0 ? "all" : "user");
    case Call::kLoadIdtEntry:
      return absl::StrFormat("%s(vector %d, %s)", NameOf(call), a[0],
                             GateText(a[1], a[2]));
    case Call::kSetStack:
      return absl::StrFormat("%s(ss 0x%04x, esp 0x%08x, %d pages)", NameOf(call), a[0],
                             a[1], a[2]);
    case Call::kTs:
      return absl::StrFormat("%s(%s)", NameOf(call), a[0] != 0 ? "set" : "clear");
    case Call::kSetClockevent:
      return absl::StrFormat("%s(%d ns)", NameOf(call), a[0]);
    case Call::kSetPte:
      return absl::StrFormat("%s(table 0x%08x, 0x%08x, %s)", NameOf(call), a[0], a[1],
                             PteText(guest, args));
    case Call::kSetPgd:
      return absl::StrFormat("%s(table 0x%08x, entry %d)", NameOf(call), a[0], a[1]);
    case Call::kSetPmd:
      return absl::StrFormat("%s(table 0x%08x, entry %d)", NameOf(call), a[0], a[1]);
    case Call::kNotify:
      return absl::StrFormat("%s(0x%08x)", NameOf(call), a[0]);
    case Call::kUnknown:
      return absl::StrFormat("hypercall %d", args.number);
    default:
      return absl::StrFormat("%s(0x%x, 0x%x, 0x%x, 0x%x)", NameOf(call), a[0], a[1], a[2],
                             a[3]);
  }
}

std::string ExplainHypercall(const Guest& guest, const Symbols& symbols, Call call,
                             const HcallArgs& args, bool async) {
  std::string out = absl::StrFormat(
      "hypercall %s, number %d, %s\n", HypercallText(guest, call, args), args.number,
      async ? "from the ring"
            : absl::StrFormat("by int 0x1f before %s",
                              symbols.Address(Lin(guest.cpu.regs.eip()))));
  return out + absl::StrFormat("  %s (LHCALL_%s, host-04)\n", Meaning(guest, call, args),
                               NameOf(call));
}

std::string ExplainDirectTrap(const Guest& guest, const Symbols& symbols, u32 vector,
                              u32 eax) {
  std::string out = absl::StrFormat(
      "%s: the CPU went through the Guest's own trap gate, from ring 3 to ring 1\n",
      TrapName(vector));
  if (vector == kSyscallVector) out += absl::StrFormat("  call number %d in EAX\n", eax);
  out += absl::StrFormat(
      "  handler %s; no crossing: the stack came from sp1 of the TSS, and the Host did "
      "not\n  hear of it (direct trap, host-05 section 5)\n",
      symbols.Address(Lin(GateHandler(guest.cpu.idt[vector % kIdtEntries]))));
  return out;
}

std::string ExplainInjection(const Guest& guest, const Symbols& symbols, u32 irq) {
  const DescriptorWords gate = guest.cpu.idt[(kFirstExternalVector + irq) % kIdtEntries];
  return absl::StrFormat(
      "virtual interrupt %d (vector %d) for the Guest: the Host has put a frame onto its "
      "kernel\n  stack and cleared irq_enabled; the next entry begins in its handler "
      "%s\n  (try_deliver_interrupt, host-05)\n",
      irq, kFirstExternalVector + irq, symbols.Address(Lin(GateHandler(gate))));
}

}  // namespace lgx
