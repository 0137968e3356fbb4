#include "cpu/simd_table.h"

namespace lgx {
namespace {

std::size_t IndexOf(SimdPrefix prefix, u8 opcode) {
  return static_cast<std::size_t>(prefix) * 256 + opcode;
}

SimdPrefix PrefixOf(const RawInsn& insn) {
  if (insn.rep == 0xf3) return SimdPrefix::kF3;
  if (insn.rep == 0xf2) return SimdPrefix::kF2;
  return insn.prefix66 ? SimdPrefix::k66 : SimdPrefix::kNone;
}

SimdTable MakeTable() {
  SimdTable table;
  AddMmxRows(table);
  AddSseMoveRows(table);
  AddSseFloatRows(table);
  AddSseConvertRows(table);
  return table;
}

}  // namespace

void SimdTable::Add(const SimdRow& row) {
  rows_[IndexOf(row.prefix, row.opcode)].push_back(row);
}

const SimdRow* SimdTable::Find(const RawInsn& insn) const {
  if (!insn.known || (insn.opcode >> 8) != 0x0f) return nullptr;
  const SimdForm form = insn.Mod() == 3 ? SimdForm::kRegister : SimdForm::kMemory;
  for (const SimdRow& row :
       rows_[IndexOf(PrefixOf(insn), static_cast<u8>(insn.opcode))]) {
    if (row.form != SimdForm::kAny && row.form != form) continue;
    if (row.reg >= 0 && row.reg != insn.Reg()) continue;
    return &row;
  }
  return nullptr;
}

const SimdRow* FindSimd(const RawInsn& insn) {
  static const SimdTable table = MakeTable();
  return table.Find(insn);
}

}  // namespace lgx
