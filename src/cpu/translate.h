// Decoded fields to operations: which handler runs an instruction, and with what
// operands.
#ifndef LGX_CPU_TRANSLATE_H_
#define LGX_CPU_TRANSLATE_H_

#include <array>

#include "cpu/decode.h"
#include "cpu/handlers.h"
#include "cpu/op.h"

namespace lgx {

// Appends the operations of instructions to a block.
class Translator {
 public:
  // `features` of the processor's model: an instruction of any other raises #UD.
  Translator(const BindingTable& binding, u64 features, Block* block)
      : binding_(binding), features_(features), block_(block) {}

  // The instruction at `offset` bytes from the block's start. True if it ends the block.
  bool Add(const RawInsn& insn, u32 offset);
  // An instruction that only raises a fault: #UD, or #GP(0) where it is too long.
  void AddFault(u8 vector, u32 offset);
  // Ends the block after instructions that did not: execution goes on at `offset`.
  void Finish(u32 offset);
  // Last of all: see handlers.h, BindingTable::specialised.
  void Specialise();

 private:
  struct Where;

  Op& Append(HandlerId handler);
  Op& AppendCell();
  void SetMemory(Op& op);
  void Address(u32 size, bool write);
  bool IsPlain() const;
  bool Fast();
  bool FastAlu();
  bool FastGroup();
  bool FastMove();
  bool FastExtend();
  bool FastStack();
  bool FastShift();
  bool FastBits();
  bool StaysOnPage(u32 target_offset) const;
  bool FastBranch();
  bool FastCondition();
  void Emit(HandlerId handler, u8 dst, u8 src, u32 imm);
  void EmitMemory(HandlerId m_form, u8 dst, u8 src, u32 imm, u32 size, bool write);
  void EmitIndexed(HandlerId m_form, HandlerId x_form, u8 dst, u8 src, u32 size,
                   bool write);
  LinkCell& EmitBranch(HandlerId handler, u32 taken_offset);
  void OutOfLine();

  const BindingTable& binding_;
  u64 features_;
  Block* block_;
  const RawInsn* insn_ = nullptr;
  u32 offset_ = 0;
  u8 base_ = 0, index_ = 0, scale_ = 0, seg_ = 0;
  u32 disp_ = 0;
  bool ended_ = false;
  std::array<u8, Block::kMaxSlots> order_;  // slots that are operations, not cells
  u32 operations_ = 0;
};

}  // namespace lgx

#endif  // LGX_CPU_TRANSLATE_H_
