#include "hypercalls/lguest_init.h"

#include "absl/strings/str_format.h"
#include "hypercalls/guest_idt.h"
#include "hypercalls/guest_pages.h"
#include "hypercalls/guest_time.h"

namespace lgx {
namespace {

// `bad guest page %p`: the Launcher's address of lguest_data, or a null pointer.
void KillForGuestPage(Guest& guest) {
  if (!guest.lguest_data) {
    guest.Kill("bad guest page (null)");
    return;
  }
  guest.Kill(
      absl::StrFormat("bad guest page 0x%x", guest.mem_base + guest.lguest_data->value));
}

// From 4.1 the range is one instruction, the iret itself.
bool ReadNoirqRange(Guest& guest) {
  const LguestDataLayout& data = guest.abi.data;
  if (data.noirq_iret == kAbsentField) {
    return guest.GetData(data.noirq_start, &guest.noirq_start) &&
           guest.GetData(data.noirq_end, &guest.noirq_end);
  }
  if (!guest.GetData(data.noirq_iret, &guest.noirq_start)) return false;
  guest.noirq_end = guest.noirq_start + 1;
  return true;
}

}  // namespace

//: hypercalls.040 The handshake
// The Guest says where its struct lguest_data lies. The range is checked here, once, and
// from then on the Host reads and writes it directly: it is the one place where the two
// share memory, and the crossings it saves are the point. What the Host must be able to
// trust, it copies now: the range of code where no interrupt may come, the kernel's first
// address, the system call vector. A Guest that changes them later deceives nobody.
//
// The kernel has no page tables of its own yet, no stack, no IDT. It runs at its physical
// address on tables that the Host made up; this call is how it learns where they are.
//:
void InitializeGuest(Guest& guest, const HcallArgs& args) {
  if (guest.abi.CallOf(args.number) != Call::kLguestInit) {
    guest.Kill(
        absl::StrFormat("hypercall %i before INIT", static_cast<i32>(args.number)));
    return;
  }
  const LguestDataLayout& data = guest.abi.data;
  const Gpa at(args.arg[0]);
  if (!guest.lg.Ok(at, data.size)) {
    KillForGuestPage(guest);
    return;
  }
  guest.lguest_data = at;

  u32 syscall_vec;
  if (!guest.PutData(data.tsc_khz, guest.host.clock.TscKhz()) ||
      !guest.GetData(data.syscall_vec, &syscall_vec)) {
    KillForGuestPage(guest);
    return;
  }
  if (!IsSyscallVector(syscall_vec, guest.options.syscall_vector)) {
    guest.Kill("bad syscall vector", absl::StrFormat("0x%x", syscall_vec));
    return;
  }
  if (!ReadNoirqRange(guest)) {
    KillForGuestPage(guest);
    return;
  }
  WriteTimestamp(guest);
  if (!PageTableGuestDataInit(guest)) {
    KillForGuestPage(guest);  // without effect if a bad kernel address was the reason
    return;
  }
  // In the reference the stores above may have replaced pages behind the shadow's back.
  // Ours cannot, but the flush shows in the Guest's accessed bits, so it stays.
  guest.shadow.ClearAll();
}

}  // namespace lgx
