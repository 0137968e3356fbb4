#include "switcher/assembler.h"

#include <Zydis/Zydis.h>

#include "base/check.h"
#include "base/endian.h"

namespace lgx {
namespace {

ZydisRegister Register32(Reg reg) {
  return static_cast<ZydisRegister>(ZYDIS_REGISTER_EAX + static_cast<u32>(reg));
}
ZydisRegister Register16(Reg reg) {
  return static_cast<ZydisRegister>(ZYDIS_REGISTER_AX + static_cast<u32>(reg));
}
ZydisRegister SegmentRegister(Seg seg) {
  return static_cast<ZydisRegister>(ZYDIS_REGISTER_ES + static_cast<u32>(seg));
}

// Zydis wants constants sign-extended from 32 bits.
i64 Signed(u32 value) { return static_cast<i32>(value); }

ZydisEncoderOperand ToZydis(const AsmOperand& from) {
  ZydisEncoderOperand to = {};
  switch (from.kind) {
    case AsmOperand::Kind::kRegister:
      to.type = ZYDIS_OPERAND_TYPE_REGISTER;
      to.reg.value = from.bytes == 2 ? Register16(from.reg) : Register32(from.reg);
      break;
    case AsmOperand::Kind::kSegment:
      to.type = ZYDIS_OPERAND_TYPE_REGISTER;
      to.reg.value = SegmentRegister(from.seg);
      break;
    case AsmOperand::Kind::kImmediate:
      to.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
      to.imm.s = Signed(from.value);
      break;
    case AsmOperand::Kind::kMemory:
      to.type = ZYDIS_OPERAND_TYPE_MEMORY;
      if (from.has_base) to.mem.base = Register32(from.reg);
      if (from.index) {
        to.mem.index = Register32(*from.index);
        to.mem.scale = from.scale;
      }
      to.mem.displacement = Signed(from.value);
      to.mem.size = from.bytes;
      break;
  }
  return to;
}

ZydisEncoderRequest Request(ZydisMnemonic mnemonic) {
  ZydisEncoderRequest request = {};
  request.machine_mode = ZYDIS_MACHINE_MODE_LEGACY_32;
  request.mnemonic = mnemonic;
  return request;
}

void Encode(const ZydisEncoderRequest& request, std::vector<u8>* bytes) {
  u8 code[ZYDIS_MAX_INSTRUCTION_LENGTH];
  ZyanUSize length = sizeof code;
  const ZyanStatus status = ZydisEncoderEncodeInstruction(&request, code, &length);
  CHECK(ZYAN_SUCCESS(status)) << "no encoding for "
                              << ZydisMnemonicGetString(request.mnemonic)
                              << " with these operands, status " << status;
  bytes->insert(bytes->end(), code, code + length);
}

constexpr u32 kDisplacementBytes = 4;

}  // namespace

AsmOperand Memory(u8 bytes, Reg base, u32 disp) {
  AsmOperand memory(base);
  memory.kind = AsmOperand::Kind::kMemory;
  memory.bytes = bytes;
  memory.value = disp;
  return memory;
}

AsmOperand Indexed(Reg base, Reg index, u8 scale) {
  AsmOperand memory = Memory(4, base, 0);
  memory.index = index;
  memory.scale = scale;
  return memory;
}

AsmOperand DwordAt(u32 address) {
  AsmOperand memory = Memory(4, kEax, address);
  memory.has_base = false;
  return memory;
}

AsmOperand PairAt(u32 address) {
  AsmOperand memory = DwordAt(address);
  memory.bytes = 6;
  return memory;
}

AsmOperand Low16(Reg reg) {
  AsmOperand low(reg);
  low.bytes = 2;
  return low;
}

void Assembler::Emit(u32 mnemonic, std::initializer_list<AsmOperand> operands) {
  ZydisEncoderRequest request = Request(static_cast<ZydisMnemonic>(mnemonic));
  for (const AsmOperand& operand : operands) {
    request.operands[request.operand_count++] = ToZydis(operand);
  }
  Encode(request, &bytes_);
}

// ---- labels

Assembler::Label Assembler::NewLabel() {
  labels_.emplace_back();
  return Label{static_cast<u32>(labels_.size()) - 1};
}

void Assembler::Bind(Label label) {
  LabelState& state = labels_[label.number];
  CHECK(!state.place) << "label bound twice";
  state.place = here();
  for (const u32 use : state.uses) Patch(use, here());
}

// The displacement at `at` is relative to the byte behind it.
void Assembler::Patch(u32 at, u32 target) {
  StoreLe<u32>(&bytes_[at], target - (at + kDisplacementBytes));
}

void Assembler::Jmp(Label to) {
  ZydisEncoderRequest request = Request(ZYDIS_MNEMONIC_JMP);
  request.branch_type = ZYDIS_BRANCH_TYPE_NEAR;
  request.branch_width = ZYDIS_BRANCH_WIDTH_32;
  request.operand_count = 1;
  request.operands[0].type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
  Encode(request, &bytes_);
  const u32 at = here() - kDisplacementBytes;
  LabelState& state = labels_[to.number];
  if (state.place) {
    Patch(at, *state.place);
  } else {
    state.uses.push_back(at);
  }
}

// ---- instructions

void Assembler::Push(AsmOperand from) { Emit(ZYDIS_MNEMONIC_PUSH, {from}); }
void Assembler::Pop(AsmOperand to) { Emit(ZYDIS_MNEMONIC_POP, {to}); }
void Assembler::Mov(AsmOperand to, AsmOperand from) {
  Emit(ZYDIS_MNEMONIC_MOV, {to, from});
}
void Assembler::Lea(Reg to, AsmOperand memory) { Emit(ZYDIS_MNEMONIC_LEA, {to, memory}); }
void Assembler::Add(AsmOperand to, AsmOperand from) {
  Emit(ZYDIS_MNEMONIC_ADD, {to, from});
}
void Assembler::And(AsmOperand to, AsmOperand from) {
  Emit(ZYDIS_MNEMONIC_AND, {to, from});
}
void Assembler::Lgdt(AsmOperand pair) { Emit(ZYDIS_MNEMONIC_LGDT, {pair}); }
void Assembler::Lidt(AsmOperand pair) { Emit(ZYDIS_MNEMONIC_LIDT, {pair}); }
void Assembler::Ltr(Reg selector) { Emit(ZYDIS_MNEMONIC_LTR, {Low16(selector)}); }

// Zydis 4.0 leaves the mod bits zero here. Processors ignore them, but they are always
// set.
void Assembler::MovToCr3(Reg from) {
  constexpr u8 kRegisterForm = 0xc0;
  constexpr u8 kCr3 = 3 << 3;
  Raw({0x0f, 0x22, static_cast<u8>(kRegisterForm | kCr3 | from)});
}

void Assembler::Jmp(Reg to) { Emit(ZYDIS_MNEMONIC_JMP, {to}); }

void Assembler::CallFar(AsmOperand pair) {
  ZydisEncoderRequest request = Request(ZYDIS_MNEMONIC_CALL);
  request.branch_type = ZYDIS_BRANCH_TYPE_FAR;
  request.operand_count = 1;
  request.operands[0] = ToZydis(pair);
  Encode(request, &bytes_);
}

void Assembler::Int(u8 vector) { Raw({0xcd, vector}); }
void Assembler::Iret() { Emit(ZYDIS_MNEMONIC_IRETD, {}); }
void Assembler::Pushf() { Emit(ZYDIS_MNEMONIC_PUSHFD, {}); }
void Assembler::Hlt() { Emit(ZYDIS_MNEMONIC_HLT, {}); }

}  // namespace lgx
