#include "hypercalls/guest_irq.h"

#include <bit>

#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_time.h"

namespace lgx {
namespace {

// Flags that a CPU clears when it enters a handler: TF, NT, RF, VM.
constexpr u32 kFlagsClearedByGates = 0x00000100 | 0x00004000 | 0x00010000 | 0x00020000;

// A stack that is pushed to in guest-physical memory. The stack pointer is translated
// once; the pages below it must follow each other there too (Q3). Linux kernel stacks do.
class GuestStack {
 public:
  GuestStack(const Guest& guest, Gpa top) : lg_(guest.lg), at_(top) {}
  void Push(u32 value) {
    at_ = at_ - 4;
    lg_.Store<u32>(at_, value);
  }
  Gpa at() const { return at_; }

 private:
  const LgAccess& lg_;
  Gpa at_;
};

// Before 2.6.31 there is no such word: a Guest that turns interrupts on notices at its
// next exit. A word that cannot be written means no lguest_data, and then nothing is
// pending.
void SetIrqPending(Guest& guest, u32 value) {
  const u16 at = guest.abi.data.irq_pending;
  if (at != kAbsentField) static_cast<void>(guest.PutData(at, value));
}

}  // namespace

//: privilege.030 Reflecting a trap
// The CPU stopped for something that is the Guest's own business, or a device has news
// for it. The Guest expects to find itself in a handler, with the old state on its stack.
// So the Host does with ordinary stores what a CPU does with microcode: take the kernel
// stack if the Guest was in ring 3, push flags, CS, EIP and perhaps an error code, and
// point EIP at the handler.
//
// One word is a forgery. The real IF is always 1 here; whether this Guest believes
// interrupts are on is a word in lguest_data. The flags image pushed must show what the
// Guest believes, because its iret will put it back. And where a CPU would clear IF for
// an interrupt gate, we clear the Guest's word.
//
// What is not done: the real flags keep TF, NT and RF, which a CPU would clear (Q2).
// Linux copes.
//:
void SetGuestInterrupt(Guest& guest, DescriptorWords gate, bool has_err) {
  GuestRegs& regs = guest.cpu.regs;
  const u32 old_ss = regs.ss();
  const bool from_user = (old_ss & 3) != kGuestPl;
  const u32 virtstack = from_user ? guest.cpu.esp1 : regs.esp();
  const std::optional<Gpa> origstack = guest.shadow.GuestPa(Lin(virtstack));
  if (!origstack) return;  // killed with `Bad address ...`

  GuestStack stack(guest, *origstack);
  if (from_user) {
    stack.Push(old_ss);
    stack.Push(regs.esp());
  }
  u32 eflags = regs.eflags();
  u32 enabled;
  if (guest.GetData(guest.abi.data.irq_enabled, &enabled) &&
      (enabled & kVirtualIf) == 0) {
    eflags &= ~kVirtualIf;
  }
  stack.Push(eflags);
  stack.Push(regs.cs());
  stack.Push(regs.eip());
  if (has_err) stack.Push(regs.errcode());

  if (from_user) regs.set_ss(guest.cpu.ss1);
  regs.set_esp(virtstack + (stack.at() - *origstack));
  regs.set_cs(kGuestKernelCs);
  regs.set_eip(GateHandler(gate));
  if (guest.options.quirks.q2_mended) {
    regs.set_eflags(regs.eflags() & ~kFlagsClearedByGates);
  }
  if (GateType(gate) == kGateInterrupt && !guest.PutData(guest.abi.data.irq_enabled, 0)) {
    guest.Kill("Disabling interrupts");
  }
}

bool DeliverTrap(Guest& guest, u32 num) {
  if (num >= kIdtEntries || !GatePresent(guest.cpu.idt[num])) return false;
  SetGuestInterrupt(guest, guest.cpu.idt[num], HasErrorCode(num));
  return true;
}

PendingInterrupt FindPendingInterrupt(const Guest& guest) {
  const u32 pending = guest.cpu.irqs_pending.load(std::memory_order_acquire);
  u32 blocked;
  if (pending == 0 || !guest.GetData(guest.abi.data.blocked_interrupts, &blocked)) {
    return {};
  }
  const u32 deliverable = pending & ~blocked;
  if (deliverable == 0) return {};
  return {static_cast<u32>(std::countr_zero(deliverable)),
          (deliverable & (deliverable - 1)) != 0};
}

//: time.050 A flag that nobody clears
// A Guest that has interrupts off when one comes in finds 0x200 in irq_pending, and is
// meant to call the Host when it turns them on again. Who sets the word back? In the
// reference, nobody. The code is there: "if no more interrupts are waiting, clear it".
// But "more" was computed from the *position* of the next pending bit, and a position
// past the end, 32, is as true as any other number. So after the first interrupt that had
// to wait, every enabling of interrupts costs a needless hypercall; on a real kernel that
// was more than half of all crossings. We keep it, because a faithful Host is the point,
// and offer the one-line repair as an option so that the difference can be measured (Q1).
//:
void TryDeliverInterrupt(Guest& guest, PendingInterrupt pending) {
  if (InNoInterruptRange(guest)) return;
  const LguestDataLayout& data = guest.abi.data;
  if (guest.cpu.halted) {
    // Waking up is "sti": the instruction behind the halt runs with interrupts on.
    if (!guest.PutData(data.irq_enabled, kVirtualIf))
      guest.Kill("Re-enabling interrupts");
    guest.cpu.halted = false;
  } else if (!guest.InterruptsEnabled()) {
    // The reference tests the whole word, which holds other EFLAGS bits after an iret
    // (Q21).
    SetIrqPending(guest, kVirtualIf);
    return;
  }

  const DescriptorWords gate = guest.cpu.idt[kFirstExternalVector + pending.irq];
  if (GatePresent(gate)) {
    guest.cpu.irqs_pending.fetch_and(~(u32{1} << pending.irq), std::memory_order_acq_rel);
    SetGuestInterrupt(guest, gate, false);
    ++guest.stats.irqs_injected[pending.irq];
    if (guest.trace.On(TraceCategory::kIrq)) {
      guest.trace.Event(TraceCategory::kIrq, "inject",
                        {{"irq", pending.irq}, {"handler", GateHandler(gate)}});
    }
  }
  WriteTimestamp(guest);
  if (guest.options.quirks.q1_mended && !pending.more) {
    SetIrqPending(guest, 0);
  }
}

}  // namespace lgx
