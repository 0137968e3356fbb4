#include "switcher/text.h"

#include <algorithm>

#include "base/check.h"
#include "switcher/assembler.h"

namespace lgx {
namespace {

constexpr std::array<std::string_view, kStages> kStageNames = {
    "save_host",
    "save_host_stack",
    "use_regs_stack",
    "load_guest_gdt",
    "load_guest_idt",
    "load_guest_tss",
    "free_host_tss",
    "load_guest_cr3",
    "restore_guest",
    "restore_guest_segments",
    "skip_trap_number",
    "enter_guest",
    "stub",
    "save_guest",
    "use_own_data",
    "find_pages",
    "read_trap_number",
    "load_host_cr3",
    "free_guest_tss",
    "load_host_gdt",
    "load_host_idt",
    "use_host_stack",
    "load_host_tss",
    "restore_host",
    "return",
    "find_handler",
    "call_handler",
    "drop_nmi",
};

// Offsets from P.
#define FIELD(name) static_cast<u32>(offsetof(LguestPages, name))

constexpr u32 kRegs = FIELD(regs);
constexpr u32 kTrapNum = FIELD(regs.trapnum);
constexpr u32 kHostCr3 = FIELD(state.host_cr3);
constexpr u32 kHostIdtDesc = FIELD(state.host_idt_desc);
constexpr u32 kHostIdtAddress = FIELD(state.host_idt_desc.address);
constexpr u32 kHostGdtDesc = FIELD(state.host_gdt_desc);
constexpr u32 kHostGdtAddress = FIELD(state.host_gdt_desc.address);
constexpr u32 kHostSp = FIELD(state.host_sp);
constexpr u32 kGuestIdtDesc = FIELD(state.guest_idt_desc);
constexpr u32 kGuestGdtDesc = FIELD(state.guest_gdt_desc);
// The type of a GDT's TSS descriptor, with the busy bit.
constexpr u32 kTssType = kTssSelector + 5;
constexpr u32 kGuestTssType = FIELD(state.guest_gdt) + kTssType;
#undef FIELD

constexpr Imm kNotBusy{~2u};
constexpr Imm kPageOfAddress{~kPageMask};
constexpr Imm kTrapAndError{8};  // the size of regs.trapnum and regs.errcode

class Listing : public Assembler {
 public:
  void At(Stage stage) { places.push_back({here(), stage}); }
  std::vector<StagePlace> places;
};

//: crossing.010 Into the Guest
// Two worlds meet in one page of code. It lies at the same address in both sets of page
// tables, so that the instruction behind the one that loads CR3 is still there. Until
// that load everything of the Host is in reach, and everything that must be written is
// written; after it, only the two pages of this processor are left, one of them
// read-only.
//
// The order is the art of it. The stack moves first, onto the page where the Guest's
// registers will appear. Then the tables: the segment registers keep what they once
// loaded from the old ones, and CS and SS are the same in both. The task register marks
// its segment busy by a store, so it comes before CR3, and so does unmarking the Host's.
// When CR3 changes, the page under ESP is suddenly another one, with the Guest's
// registers in the order of the pops. The last pop is iret, and that is the Guest.
//
// In: EAX = P, EBX = the shadow tables, interrupts off, and on the Host stack what a far
// call and a pushf leave.
//:
void SwitchToGuest(Listing& a) {
  a.At(Stage::kSaveHost);
  a.Push(Seg::kEs);
  a.Push(Seg::kDs);
  a.Push(Seg::kGs);
  a.Push(Seg::kFs);
  a.Push(kEbp);
  a.At(Stage::kSaveHostStack);
  a.Mov(Dword(kEax, kHostSp), kEsp);
  a.At(Stage::kUseRegsStack);  // ESP in one step: an NMI needs a stack at every moment
  a.Lea(kEdx, Dword(kEax, kRegs));
  a.Mov(kEsp, kEdx);
  a.At(Stage::kLoadGuestGdt);
  a.Lgdt(Pair(kEax, kGuestGdtDesc));
  a.At(Stage::kLoadGuestIdt);
  a.Lidt(Pair(kEax, kGuestIdtDesc));
  a.At(Stage::kLoadGuestTss);  // stores the busy bit: the page is still writable
  a.Mov(kEdx, Imm{kTssSelector});
  a.Ltr(kEdx);
  a.At(Stage::kFreeHostTss);  // a busy one could not be loaded again
  a.Mov(kEdx, Dword(kEax, kHostGdtAddress));
  a.And(Byte(kEdx, kTssType), kNotBusy);
  a.At(Stage::kLoadGuestCr3);
  a.MovToCr3(kEbx);
  a.At(Stage::kRestoreGuest);
  a.Pop(kEax);
  a.Pop(kEbx);
  a.Pop(kEcx);
  a.Pop(kEdx);
  a.Pop(kEsi);
  a.Pop(kEdi);
  a.Pop(kEbp);
  a.At(Stage::kRestoreGuestSegments);  // each may fault: regs.trapnum still says 256
  a.Pop(Seg::kGs);
  a.Pop(Seg::kFs);
  a.Pop(Seg::kDs);
  a.Pop(Seg::kEs);
  a.At(Stage::kSkipTrapNumber);
  a.Add(kEsp, kTrapAndError);
  a.At(Stage::kEnterGuest);
  a.Iret();
}

//: crossing.020 Out of the Guest
// Here the CPU has changed to ring 0 by itself: the stack is the end of the register
// page, and the five words that the CPU pushes are the last five of `regs`. The stub has
// added two, and the pushes below complete the structure. Nothing is copied anywhere; the
// Host finds the registers where they are.
//
// P is ESP without its low bits. That also holds when a fault of the way in landed here
// with half of the pops done. The trap number has to be read while the page is still this
// one. Then CR3, and the rest is the way in, mirrored.
//
// Out: EAX = P, EBX = the trap number, and on the Host stack the frame of the far call.
//:
void BackToHost(Listing& a) {
  a.At(Stage::kSaveGuest);
  a.Push(Seg::kEs);
  a.Push(Seg::kDs);
  a.Push(Seg::kFs);
  a.Push(Seg::kGs);
  a.Push(kEbp);
  a.Push(kEdi);
  a.Push(kEsi);
  a.Push(kEdx);
  a.Push(kEcx);
  a.Push(kEbx);
  a.Push(kEax);
  a.At(Stage::kUseOwnData);  // what the Guest had in DS cannot be trusted
  a.Mov(kEax, Imm{kLguestDs});
  a.Mov(Seg::kDs, Low16(kEax));
  a.At(Stage::kFindPages);
  a.Mov(kEax, kEsp);
  a.And(kEax, kPageOfAddress);
  a.At(Stage::kReadTrapNumber);
  a.Mov(kEbx, Dword(kEax, kTrapNum));
  a.At(Stage::kLoadHostCr3);
  a.Mov(kEdx, Dword(kEax, kHostCr3));
  a.MovToCr3(kEdx);
  a.At(Stage::kFreeGuestTss);  // for the next entry; writable again only now
  a.And(Byte(kEax, kGuestTssType), kNotBusy);
  a.At(Stage::kLoadHostGdt);
  a.Lgdt(Pair(kEax, kHostGdtDesc));
  a.At(Stage::kLoadHostIdt);
  a.Lidt(Pair(kEax, kHostIdtDesc));
  a.At(Stage::kUseHostStack);
  a.Mov(kEsp, Dword(kEax, kHostSp));
  a.At(Stage::kLoadHostTss);
  a.Mov(kEdx, Imm{kTssSelector});
  a.Ltr(kEdx);
  a.At(Stage::kRestoreHost);
  a.Pop(kEbp);
  a.Pop(Seg::kFs);
  a.Pop(Seg::kGs);
  a.Pop(Seg::kDs);
  a.Pop(Seg::kEs);
}

void ReturnToHost(Listing& a) {
  BackToHost(a);
  a.At(Stage::kReturn);
  a.Iret();
}

//: crossing.030 An interrupt that was not ours
// The timer of the Host does not know that a Guest is running. Its interrupt comes
// through the Guest's IDT, so it lands in a stub like everything else. By now the Host is
// complete again, and its stack holds a frame that says "interrupted just behind the far
// call, at ring 0". That is all a handler wants to see. So we look the handler up in the
// Host's IDT and jump there, and its iret is our return.
//:
void DeliverToHost(Listing& a) {
  BackToHost(a);
  a.At(Stage::kFindHandler);
  a.Mov(kEdx, Dword(kEax, kHostIdtAddress));
  a.Lea(kEdx, Indexed(kEdx, kEbx, 8));
  a.Mov(kEcx, Dword(kEdx, 4));        // offset 31:16 in its upper half
  a.Mov(Low16(kEcx), Word(kEdx, 0));  // offset 15:0
  a.At(Stage::kCallHandler);
  a.Jmp(kEcx);
}

// An NMI is dropped, wherever it strikes: in the Guest, or in here (Q20).
void HandleNmi(Listing& a) {
  a.At(Stage::kDropNmi);
  a.Add(kEsp, kTrapAndError);
  a.Iret();
}

struct Targets {
  Assembler::Label return_to_host;
  Assembler::Label deliver_to_host;
  Assembler::Label handle_nmi;
};

Assembler::Label TargetOf(u32 vector, const Targets& targets) {
  if (vector == 2) return targets.handle_nmi;
  if (vector < kFirstExternalVector || vector == kSyscallVector) {
    return targets.return_to_host;
  }
  return targets.deliver_to_host;
}

// Where every exit begins. For most vectors the CPU pushes no error code; a zero in its
// place gives all frames one shape.
void Stub(Listing& a, u32 vector, const Targets& targets) {
  a.At(Stage::kStub);
  if (!HasErrorCode(vector)) a.Push(Imm{0});
  a.Push(Imm{vector});
  a.Jmp(TargetOf(vector, targets));
}

}  // namespace

std::string_view StageName(Stage stage) { return kStageNames[static_cast<u32>(stage)]; }

std::optional<Stage> SwitcherText::StageAt(Lin eip) const {
  const u32 offset = eip - at;
  const auto place =
      std::lower_bound(places.begin(), places.end(), offset,
                       [](const StagePlace& p, u32 wanted) { return p.offset < wanted; });
  if (place == places.end() || place->offset != offset) return std::nullopt;
  return place->stage;
}

Stage SwitcherText::StageAround(Lin eip) const {
  CHECK(Contains(eip)) << "not an address of the Switcher";
  const auto behind =
      std::upper_bound(places.begin(), places.end(), eip - at,
                       [](u32 wanted, const StagePlace& p) { return wanted < p.offset; });
  return std::prev(behind)->stage;
}

SwitcherText AssembleSwitcher(Lin at) {
  Listing a;
  const Targets targets{a.NewLabel(), a.NewLabel(), a.NewLabel()};
  SwitcherText text;
  SwitchToGuest(a);
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    text.default_idt_entries[vector] = a.here();
    Stub(a, vector, targets);
  }
  a.Bind(targets.return_to_host);
  ReturnToHost(a);
  a.Bind(targets.deliver_to_host);
  DeliverToHost(a);
  a.Bind(targets.handle_nmi);
  HandleNmi(a);

  text.at = at;
  text.bytes = a.bytes();
  text.places = std::move(a.places);
  text.switch_to_guest = at;  // it comes first
  // The one thing that is not position independent.
  for (u32& entry : text.default_idt_entries) entry += at.value;
  return text;
}

}  // namespace lgx
