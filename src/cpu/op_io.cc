// IN, OUT, INS, OUTS.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// Protected mode: CPL <= IOPL, else the I/O bitmap of a 32-bit TSS decides; a bitmap base
// at or above the limit means there is none.
bool PortAllowed(Cpu& cpu, u16 port, u32 bytes) {
  if (!cpu.Protected()) return true;
  if (!cpu.V86() && cpu.state.cpl <= cpu.Iopl()) return true;
  const Segment& tr = cpu.state.tr;
  const bool wide = (tr.attr & 8) != 0;
  if (!wide || tr.limit < 0x67) return cpu.RaiseFalse(kVectorGp, 0);
  u16 map = 0;
  if (!cpu.LoadSystem(Lin(tr.base + 0x66), &map)) return false;
  const u32 at = map + port / 8u;
  if (at + 1 > tr.limit) return cpu.RaiseFalse(kVectorGp, 0);
  u16 bits = 0;
  if (!cpu.LoadSystem(Lin(tr.base + at), &bits)) return false;
  if (((bits >> (port & 7)) & ((1u << bytes) - 1)) != 0)
    return cpu.RaiseFalse(kVectorGp, 0);
  return true;
}

u32 ReadPort(Cpu& cpu, u16 port, u32 bytes) {
  cpu.NotePort(port, bytes);
  if (cpu.ports() != nullptr) return cpu.ports()->In(port, bytes);
  return 0xffffffffu >> (32 - 8 * bytes);
}

void WritePort(Cpu& cpu, u16 port, u32 bytes, u32 value) {
  cpu.NotePort(port, bytes);
  if (cpu.ports() != nullptr) cpu.ports()->Out(port, bytes, value);
}

}  // namespace

// IN, OUT with an immediate port (E4 ... E7) or DX (EC ... EF). Faults: #GP(0), #PF
// (bitmap).
Flow OpInOut(Cpu& cpu, const Op& op) {
  const u16 opcode = op.insn().opcode;
  const u32 bytes = (opcode & 1) != 0 ? op.insn().operand_bytes : 1;
  const u16 port =
      opcode < 0xe8 ? static_cast<u16>(op.imm & 0xff) : static_cast<u16>(cpu.Gpr(kEdx));
  if (!PortAllowed(cpu, port, bytes)) return Flow::kFault;
  if ((opcode & 2) != 0) {
    WritePort(cpu, port, bytes, cpu.ReadReg(kEax, bytes));
  } else {
    cpu.WriteReg(kEax, bytes, ReadPort(cpu, port, bytes));
  }
  return Flow::kEnd;
}

// INS (6C 6D), OUTS (6E 6F), one element for each time around; REP re-executes.
Flow OpStringIo(Cpu& cpu, const Op& op) {
  const Insn& insn = op.insn();
  const u32 bytes = (insn.opcode & 1) != 0 ? insn.operand_bytes : 1;
  const bool wide = insn.address_bytes == 4;
  const u32 mask = wide ? 0xffffffff : 0xffff;
  const u16 port = static_cast<u16>(cpu.Gpr(kEdx));
  const auto put = [&](Reg reg, u32 value) { cpu.WriteReg(reg, wide ? 4 : 2, value); };
  if (!PortAllowed(cpu, port, bytes)) return Flow::kFault;
  if (insn.rep != 0 && (cpu.Gpr(kEcx) & mask) == 0) return Flow::kEnd;
  const u32 step = (cpu.state.eflags_rest & kEflagsDf) != 0 ? 0u - bytes : bytes;
  if (insn.opcode < 0x6e) {
    const u32 edi = cpu.Gpr(kEdi) & mask;
    if (!cpu.ProbeStore(Seg::kEs, edi, bytes)) return Flow::kFault;
    if (!cpu.StoreOperand(Seg::kEs, edi, bytes, ReadPort(cpu, port, bytes))) {
      return Flow::kFault;
    }
    put(kEdi, cpu.Gpr(kEdi) + step);
  } else {
    u32 value = 0;
    const u32 esi = cpu.Gpr(kEsi) & mask;
    if (!cpu.LoadOperand(static_cast<Seg>(op.seg), esi, bytes, &value))
      return Flow::kFault;
    WritePort(cpu, port, bytes, value);
    put(kEsi, cpu.Gpr(kEsi) + step);
  }
  if (insn.rep != 0) {
    put(kEcx, cpu.Gpr(kEcx) - 1);
    if ((cpu.Gpr(kEcx) & mask) != 0) cpu.RepeatGoesOn();
  }
  return Flow::kEnd;
}

}  // namespace lgx
