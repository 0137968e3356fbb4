#include "cpu/translate.h"

#include "cpu/instruction_set.h"
#include "cpu/slow_table.h"

namespace lgx {
namespace {

constexpr u8 kZero = RegOffset32(kZeroRegister);
constexpr u8 kAddressReg = RegOffset32(kAddressRegister);

// The width's place in a family of handlers that are listed 8, 16, 32.
u32 WidthIndex(u32 bytes) { return bytes == 1 ? 0 : bytes == 2 ? 1 : 2; }

HandlerId Sized(HandlerId for8, u32 bytes) {
  return static_cast<HandlerId>(for8 + WidthIndex(bytes));
}

HandlerId ForCondition(HandlerId for_o, u32 cc) {
  return static_cast<HandlerId>(for_o + cc);
}

u8 RegOffset(u32 n, u32 bytes) {
  return bytes == 1 ? RegOffset8(n) : bytes == 2 ? RegOffset16(n) : RegOffset32(n);
}

// SETcc and CMOVcc, and the fifteen others, are listed condition by condition.
static_assert(kSetG - kSetO == 15 && kCmovG - kCmovO == 15 && kJG - kJO == 15);

struct AluForms {
  HandlerId rr, ri, rm, mr, mi;
};
constexpr AluForms kAlu[8] = {
    {kAddRR8, kAddRI8, kAddRM8, kAddMR8, kAddMI8},
    {kOrRR8, kOrRI8, kOrRM8, kOrMR8, kOrMI8},
    {kAdcRR8, kAdcRI8, kAdcRM8, kAdcMR8, kAdcMI8},
    {kSbbRR8, kSbbRI8, kSbbRM8, kSbbMR8, kSbbMI8},
    {kAndRR8, kAndRI8, kAndRM8, kAndMR8, kAndMI8},
    {kSubRR8, kSubRI8, kSubRM8, kSubMR8, kSubMI8},
    {kXorRR8, kXorRI8, kXorRM8, kXorMR8, kXorMI8},
    {kCmpRR8, kCmpRI8, kCmpRM8, kCmpMR8, kCmpMI8},
};
// r32, [base+index*scale+disp]; kHandlerCount where there is no such form.
constexpr HandlerId kAluIndexed[8] = {kAddRX32, kOrRX32,  kHandlerCount, kHandlerCount,
                                      kAndRX32, kSubRX32, kXorRX32,      kCmpRX32};
constexpr u32 kCmp = 7;

}  // namespace

Op& Translator::Append(HandlerId handler) {
  Op& op = block_->ops()[block_->slots];
  op = Op();
  op.handler = binding_.handlers[handler];
  op.id = handler;
  op.slot = static_cast<u8>(block_->slots++);
  order_[operations_++] = op.slot;
  op.offset = static_cast<u16>(offset_);
  op.before = static_cast<u8>(block_->count);
  op.base = op.index = kZero;
  if (insn_ != nullptr) op.length = insn_->length;
  return op;
}

// The slot behind the last operation, zeroed.
Op& Translator::AppendCell() {
  Op& cell = block_->ops()[block_->slots++];
  cell = Op();
  return cell;
}

// -- memory operands
// ------------------------------------------------------------------------

void Translator::SetMemory(Op& op) {
  op.base = base_;
  op.index = index_;
  op.scale = scale_;
  op.factor = static_cast<u16>(1u << scale_);
  op.disp = disp_;
  op.seg = seg_;
}

namespace {

struct MemoryOperand {
  u8 base = kZero, index = kZero, scale = 0;
  bool on_stack = false;  // the default segment is SS
  u32 disp = 0;
};

MemoryOperand Operand32(const RawInsn& i) {
  MemoryOperand m;
  m.disp = i.disp;
  u32 base = i.Rm();
  if (i.has_sib) {
    base = i.sib & 7;
    const u32 index = (i.sib >> 3) & 7;
    if (index != 4) {
      m.index = RegOffset32(index);
      m.scale = i.sib >> 6;
    }
  }
  if (base == kEbp && i.Mod() == 0) return m;  // disp32 alone
  m.base = RegOffset32(base);
  m.on_stack = base == kEsp || base == kEbp;
  return m;
}

MemoryOperand Operand16(const RawInsn& i) {
  static constexpr u8 kBase[8] = {kEbx, kEbx, kEbp, kEbp, kEsi, kEdi, kEbp, kEbx};
  static constexpr u8 kIndex[4] = {kEsi, kEdi, kEsi, kEdi};
  MemoryOperand m;
  m.disp = i.disp;
  if (i.Rm() == 6 && i.Mod() == 0) return m;  // disp16 alone
  m.base = RegOffset32(kBase[i.Rm()]);
  if (i.Rm() < 4) m.index = RegOffset32(kIndex[i.Rm()]);
  m.on_stack = kBase[i.Rm()] == kEbp;
  return m;
}

}  // namespace

// Flat segments, 32-bit addresses: the address needs no check.
bool Translator::IsPlain() const {
  return (block_->mode & kModeFlat) != 0 && insn_->address_bytes == 4 &&
         seg_ != static_cast<u8>(Seg::kFs) && seg_ != static_cast<u8>(Seg::kGs) &&
         seg_ != static_cast<u8>(Seg::kCs);
}

// Puts the operand's linear address into the address register, checked for an access of
// `size` bytes, and makes that register the operand.
void Translator::Address(u32 size, bool write) {
  const bool plain = IsPlain();
  if (plain && index_ == kZero) return;
  Op& op = Append(plain                       ? kAddressX
                  : insn_->address_bytes == 2 ? kAddress16Checked
                                              : kAddressChecked);
  SetMemory(op);
  op.detail = static_cast<u8>(size | (write ? 0x80 : 0));
  if (!plain) seg_ = kNoSegment;  // checked
  base_ = kAddressReg;
  index_ = kZero;
  scale_ = 0;
  disp_ = 0;
}

// -- emitting
// ---------------------------------------------------------------------------------

void Translator::Emit(HandlerId handler, u8 dst, u8 src, u32 imm) {
  Op& op = Append(handler);
  op.dst = dst;
  op.src = src;
  op.imm = imm;
}

void Translator::EmitMemory(HandlerId m_form, u8 dst, u8 src, u32 imm, u32 size,
                            bool write) {
  Address(size, write);
  Op& op = Append(m_form);
  SetMemory(op);
  op.dst = dst;
  op.src = src;
  op.imm = imm;
}

void Translator::EmitIndexed(HandlerId m_form, HandlerId x_form, u8 dst, u8 src, u32 size,
                             bool write) {
  if (!IsPlain() || index_ == kZero || x_form == kHandlerCount) {
    EmitMemory(m_form, dst, src, 0, size, write);
    return;
  }
  Op& op = Append(x_form);
  SetMemory(op);
  op.dst = dst;
  op.src = src;
}

LinkCell& Translator::EmitBranch(HandlerId handler, u32 taken_offset) {
  Append(handler);
  auto& cell = *reinterpret_cast<LinkCell*>(&AppendCell());
  cell.taken_offset = taken_offset;
  cell.next_offset = offset_ + insn_->length;
  ended_ = true;
  return cell;
}

void Translator::OutOfLine() {
  const RawInsn& i = *insn_;
  const SlowEntry entry = SlowFunction(i);
  Op& op = Append(kOutOfLine);
  SetMemory(op);
  op.imm = i.imm;
  auto& cell = reinterpret_cast<Insn&>(AppendCell());
  cell.fn = i.known ? entry.fn : OpUndefined;
  cell.opcode = i.opcode;
  cell.modrm = i.modrm;
  cell.operand_bytes = i.operand_bytes;
  cell.address_bytes = i.address_bytes;
  cell.rep = i.rep;
  cell.lock = i.lock ? 1 : 0;
  cell.prefix66 = i.prefix66 ? 1 : 0;
  cell.imm2 = i.imm2;
  ended_ = entry.ends_block || !i.known;
}

// -- the instruction
// --------------------------------------------------------------------------

bool Translator::Add(const RawInsn& insn, u32 offset) {
  insn_ = &insn;
  offset_ = offset;
  ended_ = false;
  const MemoryOperand m = insn.address_bytes == 4 ? Operand32(insn) : Operand16(insn);
  base_ = m.base;
  index_ = m.index;
  scale_ = m.scale;
  disp_ = m.disp;
  const bool on_stack = insn.has_modrm && insn.Mod() != 3 && m.on_stack;
  seg_ = insn.segment != kNoSegment ? insn.segment
                                    : static_cast<u8>(on_stack ? Seg::kSs : Seg::kDs);
  if ((insn.lock && !LockAllowed(insn.opcode, insn.modrm)) ||
      (RequiredFeatures(insn) & ~features_) != 0) {
    AddFault(kVectorUd, offset);
    return true;
  }
  const bool out_of_line = !insn.known || !Fast();
  if (out_of_line) OutOfLine();
  ++block_->count;
  // A function may find that nothing changed that would end the block (SGDT among the
  // system instructions): it returns kNext and goes on here.
  if (ended_ && out_of_line) Finish(offset + insn.length);
  return ended_;
}

void Translator::AddFault(u8 vector, u32 offset) {
  static constexpr RawInsn kNone;
  insn_ = &kNone;
  offset_ = offset;
  Append(kOutOfLine);
  auto& cell = reinterpret_cast<Insn&>(AppendCell());
  cell.fn = vector == kVectorUd ? OpUndefined : OpTooLong;
  ++block_->count;
}

void Translator::Finish(u32 offset) {
  insn_ = nullptr;
  offset_ = offset;
  Append(kBlockEnd);
  reinterpret_cast<LinkCell*>(&AppendCell())->next_offset = offset;
}

// Chooses the handlers that the binding has for these very operands, and for a comparison
// together with its branch and other short runs. Each operation of a run keeps its own
// handler: where the run cannot go on, it goes on from there.
void Translator::Specialise() {
  if (binding_.specialised == nullptr) return;
  for (u32 i = 0; i < operations_; ++i) {
    Op& op = block_->ops()[order_[i]];
    u32 run = 1;  // operations that lie one behind the other, without a cell in between
    while (i + run < operations_ && order_[i + run] == order_[i] + run) ++run;
    const void* const handler = binding_.specialised({&op, run});
    if (handler != nullptr) op.handler = handler;
  }
}

// True if the instruction has handlers of its own in this mode.
bool Translator::Fast() {
  return FastAlu() || FastMove() || FastGroup() || FastExtend() || FastShift() ||
         FastBits() || FastCondition() || FastStack() || FastBranch();
}

// 00 ... 3d: ADD OR ADC SBB AND SUB XOR CMP; 80 ... 83; 84 85 a8 a9: TEST
bool Translator::FastAlu() {
  const RawInsn& i = *insn_;
  const u32 bytes = (i.opcode & 1) == 0 ? 1 : i.operand_bytes;
  const bool mem = i.Mod() != 3;
  const u8 reg = RegOffset(i.Reg(), bytes);
  const u8 rm = RegOffset(i.Rm(), bytes);
  if (i.opcode < 0x40 && (i.opcode & 7) < 6) {
    const u32 which = i.opcode >> 3;
    const AluForms& f = kAlu[which];
    const u32 form = i.opcode & 7;
    if (form >= 4) {
      Emit(Sized(f.ri, bytes), RegOffset(kEax, bytes), 0, i.imm);
    } else if (!mem) {
      form < 2 ? Emit(Sized(f.rr, bytes), rm, reg, 0)
               : Emit(Sized(f.rr, bytes), reg, rm, 0);
    } else if (form < 2) {
      EmitMemory(Sized(f.mr, bytes), 0, reg, 0, bytes, which != kCmp);
    } else {
      EmitIndexed(Sized(f.rm, bytes), bytes == 4 ? kAluIndexed[which] : kHandlerCount,
                  reg, 0, bytes, false);
    }
    return true;
  }
  if (i.opcode >= 0x80 && i.opcode <= 0x83) {
    const AluForms& f = kAlu[i.Reg()];
    if (mem) {
      EmitMemory(Sized(f.mi, bytes), 0, 0, i.imm, bytes, i.Reg() != kCmp);
    } else {
      Emit(Sized(f.ri, bytes), rm, 0, i.imm);
    }
    return true;
  }
  if (i.opcode == 0x84 || i.opcode == 0x85) {
    mem ? EmitMemory(Sized(kTestMR8, bytes), 0, reg, 0, bytes, false)
        : Emit(Sized(kTestRR8, bytes), rm, reg, 0);
    return true;
  }
  if (i.opcode == 0xa8 || i.opcode == 0xa9) {
    Emit(Sized(kTestRI8, bytes), RegOffset(kEax, bytes), 0, i.imm);
    return true;
  }
  return false;
}

// 40 ... 4f: INC, DEC; f6 f7 /0 ... /3: TEST NOT NEG; fe ff /0 /1: INC DEC
bool Translator::FastGroup() {
  const RawInsn& i = *insn_;
  if (i.opcode >= 0x40 && i.opcode <= 0x4f) {
    Emit(Sized(i.opcode < 0x48 ? kIncR8 : kDecR8, i.operand_bytes),
         RegOffset(i.opcode & 7, i.operand_bytes), 0, 0);
    return true;
  }
  const u32 bytes = (i.opcode & 1) == 0 ? 1 : i.operand_bytes;
  const u8 rm = RegOffset(i.Rm(), bytes);
  const bool mem = i.Mod() != 3;
  const auto unary = [&](HandlerId r, HandlerId m) {
    mem ? EmitMemory(Sized(m, bytes), 0, 0, 0, bytes, true)
        : Emit(Sized(r, bytes), rm, 0, 0);
    return true;
  };
  if (i.opcode == 0xf6 || i.opcode == 0xf7) {
    if (i.Reg() == 2) return unary(kNotR8, kNotM8);
    if (i.Reg() == 3) return unary(kNegR8, kNegM8);
    if (i.Reg() > 1) return false;
    mem ? EmitMemory(Sized(kTestMI8, bytes), 0, 0, i.imm, bytes, false)
        : Emit(Sized(kTestRI8, bytes), rm, 0, i.imm);
    return true;
  }
  if (i.opcode == 0xfe || i.opcode == 0xff) {
    if (i.Reg() == 0) return unary(kIncR8, kIncM8);
    if (i.Reg() == 1) return unary(kDecR8, kDecM8);
  }
  return false;
}

// 86 ... 8b, 8d, 90 ... 97, a0 ... a3, b0 ... bf, c6 c7: MOV XCHG LEA NOP
bool Translator::FastMove() {
  const RawInsn& i = *insn_;
  const bool mem = i.Mod() != 3;
  u32 bytes = (i.opcode & 1) == 0 ? 1 : i.operand_bytes;
  switch (i.opcode) {
    case 0x86:
    case 0x87: {
      const u8 reg = RegOffset(i.Reg(), bytes);
      mem ? EmitMemory(Sized(kXchgMR8, bytes), 0, reg, 0, bytes, true)
          : Emit(Sized(kXchgRR8, bytes), RegOffset(i.Rm(), bytes), reg, 0);
      return true;
    }
    case 0x88:
    case 0x89: {
      const u8 reg = RegOffset(i.Reg(), bytes);
      mem ? EmitIndexed(Sized(kMovMR8, bytes), Sized(kMovXR8, bytes), 0, reg, bytes, true)
          : Emit(Sized(kMovRR8, bytes), RegOffset(i.Rm(), bytes), reg, 0);
      return true;
    }
    case 0x8a:
    case 0x8b: {
      const u8 reg = RegOffset(i.Reg(), bytes);
      mem ? EmitIndexed(Sized(kMovRM8, bytes), Sized(kMovRX8, bytes), reg, 0, bytes,
                        false)
          : Emit(Sized(kMovRR8, bytes), reg, RegOffset(i.Rm(), bytes), 0);
      return true;
    }
    case 0x8d: {
      if (!mem) return false;
      const bool cut = i.operand_bytes == 4 && i.address_bytes == 2;
      Op& op = Append(i.operand_bytes == 2 ? kLea16M : index_ == kZero ? kLeaM : kLeaX);
      SetMemory(op);
      op.dst = cut ? RegOffset32(kValueRegister) : RegOffset(i.Reg(), i.operand_bytes);
      if (cut) Emit(kMovzxR32R16, RegOffset32(i.Reg()), RegOffset16(kValueRegister), 0);
      return true;
    }
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa3: {
      base_ = index_ = kZero;
      disp_ = i.disp;
      if (i.segment == kNoSegment) seg_ = static_cast<u8>(Seg::kDs);
      const u8 acc = RegOffset(kEax, bytes);
      i.opcode < 0xa2 ? EmitMemory(Sized(kMovRM8, bytes), acc, 0, 0, bytes, false)
                      : EmitMemory(Sized(kMovMR8, bytes), 0, acc, 0, bytes, true);
      return true;
    }
    case 0xc6:
    case 0xc7:
      if (i.Reg() != 0) return false;
      mem ? EmitMemory(Sized(kMovMI8, bytes), 0, 0, i.imm, bytes, true)
          : Emit(Sized(kMovRI8, bytes), RegOffset(i.Rm(), bytes), 0, i.imm);
      return true;
    default:
      break;
  }
  if (i.opcode == 0x90) {
    Append(kNop);
    return true;
  }
  if (i.opcode >= 0x91 && i.opcode <= 0x97) {
    Emit(Sized(kXchgRR8, i.operand_bytes), RegOffset(kEax, i.operand_bytes),
         RegOffset(i.opcode & 7, i.operand_bytes), 0);
    return true;
  }
  if (i.opcode >= 0xb0 && i.opcode <= 0xbf) {
    bytes = i.opcode < 0xb8 ? 1 : i.operand_bytes;
    Emit(Sized(kMovRI8, bytes), RegOffset(i.opcode & 7, bytes), 0, i.imm);
    return true;
  }
  return false;
}

// 0f b6 b7 be bf: MOVZX MOVSX; 0f af, 69, 6b: IMUL; 98 99: CWDE CDQ; 0f 18 ... 1f: hints
bool Translator::FastExtend() {
  const RawInsn& i = *insn_;
  const bool mem = i.Mod() != 3;
  if (i.opcode == 0x0fb6 || i.opcode == 0x0fb7 || i.opcode == 0x0fbe ||
      i.opcode == 0x0fbf) {
    const bool sign = i.opcode >= 0x0fbe;
    const bool word = (i.opcode & 1) != 0;
    const u8 dst = RegOffset(i.Reg(), i.operand_bytes);
    const u8 src = RegOffset(i.Rm(), word ? 2 : 1);
    if (i.operand_bytes == 2) {
      if (word) {  // MOVZX r16, r/m16: a plain move
        mem ? EmitMemory(kMovRM16, dst, 0, 0, 2, false) : Emit(kMovRR16, dst, src, 0);
      } else if (mem) {
        EmitMemory(sign ? kMovsxR16M8 : kMovzxR16M8, dst, 0, 0, 1, false);
      } else {
        Emit(sign ? kMovsxR16R8 : kMovzxR16R8, dst, src, 0);
      }
      return true;
    }
    static constexpr HandlerId kForms[4][3] = {
        {kMovzxR32R8, kMovzxR32M8, kMovzxR32X8},
        {kMovzxR32R16, kMovzxR32M16, kMovzxR32X16},
        {kMovsxR32R8, kMovsxR32M8, kMovsxR32X8},
        {kMovsxR32R16, kMovsxR32M16, kMovsxR32X16},
    };
    const auto& f = kForms[(sign ? 2 : 0) + (word ? 1 : 0)];
    mem ? EmitIndexed(f[1], f[2], dst, 0, word ? 2 : 1, false) : Emit(f[0], dst, src, 0);
    return true;
  }
  if (i.opcode >= 0x0f18 && i.opcode <= 0x0f1f) {
    Append(kNop);
    return true;
  }
  if (i.operand_bytes != 4) return false;
  const u8 reg = RegOffset32(i.Reg());
  const u8 rm = RegOffset32(i.Rm());
  switch (i.opcode) {
    case 0x0faf:
      mem ? EmitMemory(kImulRM32, reg, 0, 0, 4, false) : Emit(kImulRR32, reg, rm, 0);
      return true;
    case 0x69:
    case 0x6b:
      mem ? EmitMemory(kImulRMI32, reg, 0, i.imm, 4, false)
          : Emit(kImulRRI32, reg, rm, i.imm);
      return true;
    case 0x98:
      Append(kCwde);
      return true;
    case 0x99:
      Append(kCdq);
      return true;
    default:
      return false;
  }
}

// c0 c1 d0 d1 d2 d3: shifts of registers
bool Translator::FastShift() {
  const RawInsn& i = *insn_;
  if (i.Mod() != 3) return false;
  const u32 bytes = (i.opcode & 1) == 0 ? 1 : i.operand_bytes;
  const u8 rm = RegOffset(i.Rm(), bytes);
  if (i.opcode == 0xd3 && bytes == 4) {
    switch (i.Reg()) {
      case 4:
      case 6:
        Emit(kShlRC32, rm, 0, 0);
        return true;
      case 5:
        Emit(kShrRC32, rm, 0, 0);
        return true;
      case 7:
        Emit(kSarRC32, rm, 0, 0);
        return true;
      default:
        return false;
    }
  }
  const bool by_imm = i.opcode == 0xc0 || i.opcode == 0xc1;
  if (!by_imm && i.opcode != 0xd0 && i.opcode != 0xd1) return false;
  const u32 count = by_imm ? i.imm & 31 : 1;
  if (count == 0) {
    Append(kNop);
    return true;
  }
  switch (i.Reg()) {
    case 0:
    case 1:
      if (bytes != 4) return false;
      Emit(i.Reg() == 0 ? kRolRI32 : kRorRI32, rm, 0, count);
      return true;
    case 4:
    case 6:
      Emit(Sized(kShlRI8, bytes), rm, 0, count);
      return true;
    case 5:
      Emit(Sized(kShrRI8, bytes), rm, 0, count);
      return true;
    case 7:
      Emit(Sized(kSarRI8, bytes), rm, 0, count);
      return true;
    default:
      return false;
  }
}

// 0f 90 ... 9f: SETcc; 0f 40 ... 4f: CMOVcc
bool Translator::FastCondition() {
  const RawInsn& i = *insn_;
  const u32 cc = i.opcode & 15;
  const bool mem = i.Mod() != 3;
  if ((i.opcode & 0xfff0) == 0x0f90) {
    if (!mem) {
      Emit(ForCondition(kSetO, cc), RegOffset8(i.Rm()), 0, 0);
      return true;
    }
    Address(1, true);
    Emit(ForCondition(kSetO, cc), RegOffset32(kValueRegister), 0, 0);
    Op& store = Append(kMovMR8);
    SetMemory(store);
    store.src = RegOffset32(kValueRegister);
    return true;
  }
  if ((i.opcode & 0xfff0) == 0x0f40 && i.operand_bytes == 4) {
    const u8 dst = RegOffset32(i.Reg());
    if (!mem) {
      Emit(ForCondition(kCmovO, cc), dst, RegOffset32(i.Rm()), 0);
      return true;
    }
    EmitMemory(kMovRM32, RegOffset32(kValueRegister), 0, 0, 4, false);
    Emit(ForCondition(kCmovO, cc), dst, RegOffset32(kValueRegister), 0);
    return true;
  }
  return false;
}

// 50 ... 5f, 68, 6a, c9, ff /6 with 32-bit operands on a flat 32-bit stack
bool Translator::FastStack() {
  const RawInsn& i = *insn_;
  if (i.operand_bytes != 4 || (block_->mode & kModeFlat) == 0) return false;
  if (i.opcode >= 0x50 && i.opcode <= 0x5f) {
    const u8 reg = RegOffset32(i.opcode & 7);
    Emit(i.opcode < 0x58 ? kPushR32 : kPopR32, reg, reg, 0);
  } else if (i.opcode == 0x68 || i.opcode == 0x6a) {
    Emit(kPushI32, 0, 0, i.imm);
  } else if (i.opcode == 0xc9) {
    Append(kLeave32);
  } else if (i.opcode == 0xff && i.Reg() == 6 && i.Mod() == 3) {
    Emit(kPushR32, 0, RegOffset32(i.Rm()), 0);
  } else if (i.opcode == 0xff && i.Reg() == 6) {
    EmitMemory(kPushM32, 0, 0, 0, 4, false);
  } else {
    return false;
  }
  block_->ops()[block_->slots - 1].seg = static_cast<u8>(Seg::kSs);
  return true;
}

// 0f a3 ab b3 bb, 0f ba /4 ... /7: BT BTS BTR BTC; 0f a4 ac: SHLD, SHRD
bool Translator::FastBits() {
  const RawInsn& i = *insn_;
  if (i.operand_bytes != 4) return false;
  const u8 reg = RegOffset32(i.Reg());
  const u8 rm = RegOffset32(i.Rm());
  const bool mem = i.Mod() != 3;
  static constexpr HandlerId kFirst[4] = {kBtRR32, kBtsRR32, kBtrRR32, kBtcRR32};
  const auto form = [](u32 which, u32 number) {
    return static_cast<HandlerId>(kFirst[which] + number);
  };
  switch (i.opcode) {
    case 0x0fa3:
    case 0x0fab:
    case 0x0fb3:
    case 0x0fbb: {
      const u32 which = (i.opcode >> 3) & 3;
      // The bit's own address is what a segment would have to check.
      if (mem && !IsPlain()) return false;
      mem ? EmitMemory(form(which, 2), 0, reg, 0, 4, which != 0)
          : Emit(form(which, 0), rm, reg, 0);
      return true;
    }
    case 0x0fba: {
      if (i.Reg() < 4) return false;
      const u32 which = i.Reg() & 3;
      mem ? EmitMemory(form(which, 3), 0, 0, i.imm, 4, which != 0)
          : Emit(form(which, 1), rm, 0, i.imm);
      return true;
    }
    case 0x0fa4:
    case 0x0fac:
      if (mem || (i.imm & 31) == 0) return false;
      Emit(i.opcode == 0x0fa4 ? kShldRRI32 : kShrdRRI32, rm, reg, i.imm & 31);
      return true;
    default:
      return false;
  }
}

// Is the target in the page of the block?
bool Translator::StaysOnPage(u32 target_offset) const {
  return block_->offset + target_offset < kPageSize;
}

// 70 ... 7f, 0f 80 ... 8f, c2 c3, e8 e9 eb, ff /2 /4 with 32-bit operands in flat code
bool Translator::FastBranch() {
  const RawInsn& i = *insn_;
  if (i.operand_bytes != 4 || (block_->mode & kModeFlat) == 0) return false;
  const u32 target = offset_ + i.length + i.imm;
  if ((i.opcode & 0xfff0) == 0x70 || (i.opcode & 0xfff0) == 0x0f80) {
    EmitBranch(ForCondition(kJO, i.opcode & 15), target);
    return true;
  }
  const auto indirect = [&](HandlerId r, HandlerId m) {
    if (i.Mod() != 3) Address(4, false);
    EmitBranch(i.Mod() == 3 ? r : m, 0);
    Op& op = block_->ops()[block_->slots - 2];
    if (i.Mod() != 3) SetMemory(op);
    op.src = RegOffset32(i.Rm());
  };
  switch (i.opcode) {
    case 0xe8:
      EmitBranch(StaysOnPage(target) ? kCallLink : kCallNear, target);
      break;
    case 0xe9:
    case 0xeb:
      EmitBranch(StaysOnPage(target) ? kJmpLink : kJmpNear, target);
      break;
    case 0xc3:
      EmitBranch(kRet, 0);
      break;
    case 0xc2:
      EmitBranch(kRetI, 0);
      block_->ops()[block_->slots - 2].imm = i.imm & 0xffff;
      break;
    case 0xff:
      if (i.Reg() == 2) {
        indirect(kCallR, kCallM);
      } else if (i.Reg() == 4) {
        indirect(kJmpR, kJmpM);
      } else {
        return false;
      }
      break;
    default:
      return false;
  }
  Op& op = block_->ops()[block_->slots - 2];
  if (i.opcode != 0xff) op.seg = static_cast<u8>(Seg::kSs);
  return true;
}

}  // namespace lgx
