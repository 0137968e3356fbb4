#include "hypercalls/trap_forward.h"

#include "hypercalls/guest_irq.h"

namespace lgx {
namespace {

constexpr u8 kGeneralProtection = 13;
constexpr u8 kPageFault = 14;

// The bytes at EIP, as far as the Guest's tables lead to memory. It executed them, so
// normally they do; but they may change, and the last ones may be behind the end of the
// program.
std::array<u8, PendingTrap::kInsnBytes> InsnBytes(const Guest& guest) {
  std::array<u8, PendingTrap::kInsnBytes> bytes{};
  for (u32 i = 0; i < bytes.size(); ++i) {
    const Lin at = Lin(guest.cpu.regs.eip()) + i;
    const std::optional<Gpa> gpa = guest.shadow.Observe(at).gpa;
    if (!gpa || !guest.memory.LoadValue<u8>(*gpa, &bytes[i])) break;
  }
  return bytes;
}

// One register: how it is read, and whether the Launcher may set it.
struct Register {
  u32 offset;
  u32 (GuestRegs::*get)() const;
  void (GuestRegs::*set)(u32);  // null: it decides about privilege
};
constexpr Register kRegisters[] = {
    {pt_regs::kBx, &GuestRegs::ebx, &GuestRegs::set_ebx},
    {pt_regs::kCx, &GuestRegs::ecx, &GuestRegs::set_ecx},
    {pt_regs::kDx, &GuestRegs::edx, &GuestRegs::set_edx},
    {pt_regs::kSi, &GuestRegs::esi, &GuestRegs::set_esi},
    {pt_regs::kDi, &GuestRegs::edi, &GuestRegs::set_edi},
    {pt_regs::kBp, &GuestRegs::ebp, &GuestRegs::set_ebp},
    {pt_regs::kAx, &GuestRegs::eax, &GuestRegs::set_eax},
    {pt_regs::kIp, &GuestRegs::eip, &GuestRegs::set_eip},
    {pt_regs::kSp, &GuestRegs::esp, &GuestRegs::set_esp},
    {pt_regs::kDs, &GuestRegs::ds, nullptr},
    {pt_regs::kEs, &GuestRegs::es, nullptr},
    {pt_regs::kFs, &GuestRegs::fs, nullptr},
    {pt_regs::kGs, &GuestRegs::gs, nullptr},
    {pt_regs::kCs, &GuestRegs::cs, nullptr},
    {pt_regs::kFlags, &GuestRegs::eflags, nullptr},
    {pt_regs::kSs, &GuestRegs::ss, nullptr},
};

const Register* FindRegister(u32 offset) {
  for (const Register& row : kRegisters) {
    if (row.offset == offset) return &row;
  }
  return nullptr;
}

void Forward(Guest& guest, u8 trap, u32 addr) {
  guest.cpu.pending_trap = PendingTrap{trap, InsnBytes(guest), addr};
  ++guest.stats.forwarded;
}

}  // namespace

//: privilege.050 Handed up
// Older Hosts pretended that no port has anybody behind it. Now there is a PCI bus, and
// the Host does not want to know about it: it takes down what the Guest was about to do,
// seven bytes of it, and ends the Launcher's read() with that. The Launcher looks at the
// instruction, asks for the registers it needs, sets those that change, steps EIP over
// it, and reads again. Or it finds that the instruction was none of its business, and
// sends the trap back to the Guest. What it cannot set are the registers that decide
// about privilege.
//:
void ForwardPortTrap(Guest& guest) { Forward(guest, kGeneralProtection, 0); }

bool ForwardDeviceAccess(Guest& guest) {
  const std::optional<Gpa> at = guest.shadow.FindDeviceAccess(
      Lin(guest.cpu.last_pagefault), guest.cpu.regs.errcode());
  if (!at) return false;
  Forward(guest, kPageFault, at->value);
  return true;
}

std::optional<u32> GetRegister(const Guest& guest, u32 offset) {
  const Register* row = FindRegister(offset);
  if (row == nullptr) return std::nullopt;
  return (guest.cpu.regs.*row->get)();
}

bool SetRegister(Guest& guest, u32 offset, u32 value) {
  const Register* row = FindRegister(offset);
  if (row == nullptr || row->set == nullptr) return false;
  (guest.cpu.regs.*row->set)(value);
  return true;
}

bool InjectTrap(Guest& guest, u32 num) {
  if (num == kPageFault && guest.lguest_data &&
      !guest.PutData(guest.abi.data.cr2, guest.cpu.last_pagefault)) {
    guest.Kill("Writing cr2");
    return true;  // dead, and there will be no next
  }
  return DeliverTrap(guest, num);
}

}  // namespace lgx
