#include "hypercalls/dispatcher.h"

#include "absl/strings/str_format.h"
#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_pages.h"
#include "hypercalls/guest_segments.h"
#include "hypercalls/guest_time.h"
#include "hypercalls/host_trace.h"
#include "hypercalls/lguest_init.h"
#include "hypercalls/shutdown.h"

namespace lgx {
namespace {

constexpr u8 kSlotFree = 0xff;        // in hcall_status; anything else means ready
constexpr u32 kInstructionBytes = 2;  // int 0x1f: EIP is behind it

Call NumberToCall(const Guest& guest, u32 number) {
  const Call call = guest.abi.CallOf(number);
  // Without PAE there is no middle level to set.
  if (call == Call::kSetPmd && guest.shadow.mode() != PagingMode::kPae) {
    return Call::kUnknown;
  }
  return call;
}

// Counts a call, keeps it for the report of a death, and tells whoever watches.
Call Note(Guest& guest, const HcallArgs& args, bool async) {
  const Call call = NumberToCall(guest, args.number);
  const u32 eip = guest.cpu.regs.eip() - kInstructionBytes;
  guest.stats.CountCall(call, async);
  guest.log.Add({args, call, async, eip});
  if (guest.trace.On(TraceCategory::kHypercall)) {
    guest.trace.Event(TraceCategory::kHypercall, NameOf(call),
                      {{"number", args.number},
                       {"arg1", args.arg[0]},
                       {"arg2", args.arg[1]},
                       {"arg3", args.arg[2]},
                       {"arg4", args.arg[3]},
                       {"async", async},
                       {"eip", eip}});
  }
  return call;
}

//: hypercalls.010 The whole vocabulary
// Seventeen requests, and every one is something that ring 1 cannot do for itself: page
// tables the CPU must believe, descriptors, the stack for traps, a timer, sleep, and a
// word to the Launcher. The first five words of the saved registers are the arguments. No
// call gives an answer: a result would have to be checked, and there is nothing a Guest
// could do about a refusal.
//:
void DoHcall(Guest& guest, const HcallArgs& args, bool async) {
  const Call call = Note(guest, args, async);
  const auto& arg = args.arg;
  switch (call) {
    case Call::kFlushAsync:      // the exit itself made us look at the ring
    case Call::kSendInterrupts:  // and the run loop looks for interrupts
      return;
    case Call::kLguestInit:
      guest.Kill("already have lguest_data");
      return;
    case Call::kShutdown:
      Shutdown(guest, Gpa(arg[0]), arg[1]);
      return;
    case Call::kNewPgtable:
      guest.shadow.NewPageTable(Gpa(arg[0]));
      return;
    case Call::kFlushTlb:
      FlushTlb(guest, arg[0]);
      return;
    case Call::kLoadIdtEntry:
      LoadIdtEntry(guest, arg[0], arg[1], arg[2]);
      return;
    case Call::kSetStack:
      SetStack(guest, arg[0], arg[1], arg[2]);
      return;
    case Call::kTs:
      guest.cpu.ts = arg[0];
      return;
    case Call::kSetClockevent:
      SetClockEvent(guest, arg[0]);
      return;
    case Call::kHalt:
      guest.cpu.halted = true;
      return;
    case Call::kSetPmd:
      guest.shadow.SetPmd(Gpa(arg[0]), arg[1]);
      return;
    case Call::kSetPte:
      SetPte(guest, args);
      return;
    case Call::kSetPgd:
      guest.shadow.SetPgd(Gpa(arg[0]), arg[1]);
      return;
    case Call::kLoadTls:
      LoadTls(guest, Gpa(arg[0]));
      return;
    case Call::kNotify:
      guest.cpu.pending_notify = arg[0];
      return;
    case Call::kLoadGdtEntry:
      LoadGdtEntry(guest, arg[0], arg[1], arg[2]);
      return;
    case Call::kLoadGdt:
      LoadGdt(guest, Gpa(arg[0]), arg[1]);
      return;
    case Call::kUnknown:
    case Call::kBindDma:  // these two: generation A, which is not supported
    case Call::kSendDma:
      // The newline is part of the text.
      guest.Kill(absl::StrFormat("Bad hypercall %i\n", static_cast<i32>(args.number)));
      return;
  }
}

void Perform(Guest& guest, const HcallArgs& args, bool async) {
  if (!guest.trace.On(TraceCategory::kShadow)) return DoHcall(guest, args, async);
  const ShadowChange change(guest);
  DoHcall(guest, args, async);
  change.Tell();
}

// The arguments of int 0x1f lie where the Switcher pushed the registers.
HcallArgs ArgsFromRegs(const Guest& guest) {
  HcallArgs args{.number = guest.cpu.regs.eax()};
  for (u32 i = 0; i < args.arg.size(); ++i) {
    const u8 word = guest.abi.registers[i];
    if (word != kAbsentArg) args.arg[i] = guest.cpu.regs.Word(word);
  }
  return args;
}

bool ReadRingSlot(const Guest& guest, u32 slot, HcallArgs* args) {
  u8 bytes[kMaxRingWords * 4];
  const u32 size = guest.abi.ring_words * u32{4};
  if (!guest.memory.Read(*guest.lguest_data + (guest.abi.data.hcalls + slot * size),
                         bytes, size)) {
    return false;
  }
  args->number = LoadLe<u32>(bytes);
  for (u32 i = 0; i < args->arg.size(); ++i) {
    const u8 word = guest.abi.ring[i];
    if (word != kAbsentArg) args->arg[i] = LoadLe<u32>(bytes + word * 4);
  }
  return true;
}

//: hypercalls.020 Calls that can wait
// A process switch is half a dozen small requests in a row, and a crossing costs more
// than any of them. So the Guest writes such calls into a ring of 64 slots in shared
// memory and goes on. They are done, in order, before the next call that does make it
// exit, so that from the Guest's side nothing ever overtakes anything.
//
// The status bytes are copied before the first call is done. A slot refilled meanwhile
// waits for the next round; without that, two sides running at once might never finish.
// And the cursor is the Host's own: the Guest has one too, and if the two disagree, only
// the Guest is the worse for it.
//:
void DoAsyncHcalls(Guest& guest) {
  const Gpa status_bytes = *guest.lguest_data + guest.abi.data.hcall_status;
  std::array<u8, kRingSize> status;
  if (!guest.memory.Read(status_bytes, status.data(), kRingSize)) return;

  for (u32 round = 0; round < kRingSize; ++round) {
    const u32 slot = guest.cpu.next_hcall;
    if (status[slot] == kSlotFree) return;
    guest.cpu.next_hcall = (slot + 1) % kRingSize;

    HcallArgs args;
    if (!ReadRingSlot(guest, slot, &args)) {
      guest.Kill("Fetching async hypercalls");
      return;
    }
    Perform(guest, args, true);
    if (!guest.memory.StoreValue<u8>(status_bytes + slot, kSlotFree)) {
      guest.Kill("Writing result for async hypercall");
      return;
    }
    // The Launcher must hear of this one before the next.
    if (guest.cpu.pending_notify != 0 || guest.dead()) return;
  }
}

}  // namespace

//: hypercalls.030 Ring, then registers
// `int 0x1f` has brought us here. Its arguments are in the saved registers, and a flag
// says that they wait; the flag, not the trap number, because read() may be left in the
// middle (a notification in the ring, a signal) and come back later. What must not happen
// then is that a call is done twice. So whoever has done it clears the flag, and nobody
// else looks.
//:
void DoHypercalls(Guest& guest) {
  if (!guest.lguest_data) {
    const HcallArgs args = ArgsFromRegs(guest);
    Note(guest, args, false);
    InitializeGuest(guest, args);
    guest.cpu.hcall = false;
    return;
  }
  DoAsyncHcalls(guest);
  if (guest.cpu.pending_notify != 0) return;
  Perform(guest, ArgsFromRegs(guest), false);
  guest.cpu.hcall = false;
}

}  // namespace lgx
