// Decimal adjustment: DAA DAS AAA AAS AAM AAD.
//
// The manual's algorithms. Undefined by it and chosen here: OF is cleared; after AAA and
// AAS SF, ZF and PF follow AL; after AAM and AAD CF and AF are cleared.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

void SetFlags(Cpu& cpu, u8 value, bool cf, bool af) {
  Flags& flags = cpu.state.flags;
  flags.SetResult<u8>(value, cf, false);
  flags.SetAf(af);
}

Flow DecimalAdjust(Cpu& cpu, bool subtract) {
  const u8 old = static_cast<u8>(cpu.ReadReg(kEax, 1));
  const bool old_cf = cpu.state.flags.Cf();
  const auto adjust = [subtract](u32 value, u32 by) {
    return subtract ? value - by : value + by;
  };
  u32 al = old;
  bool cf = false;
  bool af = false;
  if ((al & 0xf) > 9 || cpu.state.flags.Af()) {
    const u32 low = adjust(al, 6);
    cf = old_cf || low > 0xff;
    al = low & 0xff;
    af = true;
  }
  if (old > 0x99 || old_cf) {
    al = adjust(al, 0x60) & 0xff;
    cf = true;
  }
  cpu.WriteReg(kEax, 1, al);
  SetFlags(cpu, static_cast<u8>(al), cf, af);
  return Flow::kNext;
}

Flow AsciiAdjust(Cpu& cpu, bool subtract) {
  u32 ax = cpu.ReadReg(kEax, 2);
  const bool carry = (ax & 0xf) > 9 || cpu.state.flags.Af();
  if (carry) ax = subtract ? ax - 0x106 : ax + 0x106;
  ax &= 0xff0f;
  cpu.WriteReg(kEax, 2, ax);
  SetFlags(cpu, static_cast<u8>(ax), carry, carry);
  return Flow::kNext;
}

}  // namespace

Flow OpDaa(Cpu& cpu, const Op&) { return DecimalAdjust(cpu, false); }  // DAA (27)
Flow OpDas(Cpu& cpu, const Op&) { return DecimalAdjust(cpu, true); }   // DAS (2F)
Flow OpAaa(Cpu& cpu, const Op&) { return AsciiAdjust(cpu, false); }    // AAA (37)
Flow OpAas(Cpu& cpu, const Op&) { return AsciiAdjust(cpu, true); }     // AAS (3F)

// AAM imm8 (D4). Faults: #DE if the base is 0.
Flow OpAam(Cpu& cpu, const Op& op) {
  const u32 base = op.imm & 0xff;
  if (base == 0) return cpu.Raise(kVectorDe);
  const u32 al = cpu.ReadReg(kEax, 1);
  cpu.WriteReg(kEax, 2, (al / base) << 8 | al % base);
  SetFlags(cpu, static_cast<u8>(al % base), false, false);
  return Flow::kNext;
}

// AAD imm8 (D5)
Flow OpAad(Cpu& cpu, const Op& op) {
  const u32 ax = cpu.ReadReg(kEax, 2);
  const u32 al = ((ax & 0xff) + (ax >> 8) * (op.imm & 0xff)) & 0xff;
  cpu.WriteReg(kEax, 2, al);
  SetFlags(cpu, static_cast<u8>(al), false, false);
  return Flow::kNext;
}

}  // namespace lgx
