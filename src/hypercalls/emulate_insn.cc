#include "hypercalls/emulate_insn.h"

#include "hypercalls/guest_code.h"

namespace lgx {
namespace {

constexpr u8 kOperandSizePrefix = 0x66;
constexpr u8 kCli = 0xfa;

// IN and OUT: E4-E7 with the port in a second byte, EC-EF with the port in DX. Bit 0 of
// the opcode tells eAX from AL, bit 1 OUT from IN.
struct PortInsn {
  u32 length;
  bool in;
  bool word;  // AX or EAX
};
std::optional<PortInsn> MatchPortInsn(u8 opcode) {
  const bool word = (opcode & 1) != 0;
  switch (opcode & 0xfe) {
    case 0xe4:
      return PortInsn{2, true, word};
    case 0xec:
      return PortInsn{1, true, word};
    case 0xe6:
      return PortInsn{2, false, word};
    case 0xee:
      return PortInsn{1, false, word};
    default:
      return std::nullopt;
  }
}

// EAX after an IN from a port where nobody is: all ones. Up to 3.0 the widths came out
// wrong (Q4); guests of that time probe with what they get, so each generation keeps its
// own.
//
//                     up to 3.0          from 3.1
//   in al             AX                 AL
//   in al  with 66    upper half of EAX  AL
//   in eax            EAX                EAX
//   in ax  (66)       EAX                AX
u32 AllOnes(u32 eax, bool word, bool prefixed, bool exact) {
  if (exact) {
    if (!word) return eax | 0xff;
    return prefixed ? eax | 0xffff : 0xffffffff;
  }
  if (word) return 0xffffffff;
  return eax | (prefixed ? 0xffff0000 : 0x0000ffff);
}

}  // namespace

//: privilege.040 Pretending there is a PC around it
// A kernel that boots looks for hardware at well-known ports. Ring 1 may not touch ports,
// and a kernel has no handler to survive that. So the Host reads the instruction, answers
// "nobody home" (all ones), and steps over it. Nothing is written anywhere, and no device
// is behind it. Programs in ring 3 get their fault, as on a real machine. `cli` is
// stepped over too: kernels from 2.6.33 execute one early, before they know where they
// are.
//:
bool EmulateInsn(Guest& guest) {
  GuestRegs& regs = guest.cpu.regs;
  GuestCode code(guest, Lin(regs.eip()));
  // Translated before anything is decided: a bad EIP kills, whoever was running.
  if (!code.Find(0) || (regs.cs() & 3) != kGuestPl) return false;

  std::optional<u8> opcode = code.Byte(0);
  u32 length = 0;
  const bool prefixed = opcode == kOperandSizePrefix;
  if (prefixed) {
    length = 1;
    opcode = code.Byte(1);
  }
  if (!opcode) return false;

  if (*opcode == kCli) {
    regs.set_eip(regs.eip() + length + 1);
    return true;
  }
  const std::optional<PortInsn> insn = MatchPortInsn(*opcode);
  if (!insn) return false;
  if (insn->in) {
    regs.set_eax(AllOnes(regs.eax(), insn->word, prefixed, guest.abi.exact_in));
  }
  regs.set_eip(regs.eip() + length + insn->length);
  return true;
}

}  // namespace lgx
