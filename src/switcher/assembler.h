// Writes 32-bit machine code, one call per instruction, so that a function that calls it
// reads like an assembly listing. Encodings come from Zydis; a mistake in the listing is
// a CHECK failure.
#ifndef LGX_SWITCHER_ASSEMBLER_H_
#define LGX_SWITCHER_ASSEMBLER_H_

#include <initializer_list>
#include <optional>
#include <vector>

#include "base/types.h"
#include "cpu/segment.h"
#include "cpu/state.h"

namespace lgx {

struct Imm {
  u32 value;
};

// A register, a segment register, a constant, or memory: [base + index * scale + disp].
struct AsmOperand {
  enum class Kind : u8 { kRegister, kSegment, kImmediate, kMemory };

  // Implicit on purpose: a listing names its operands and nothing else.
  // NOLINTBEGIN(google-explicit-constructor)
  AsmOperand(Reg r) : kind(Kind::kRegister), reg(r) {}
  AsmOperand(Seg s) : kind(Kind::kSegment), seg(s) {}
  AsmOperand(Imm i) : kind(Kind::kImmediate), value(i.value) {}
  // NOLINTEND(google-explicit-constructor)

  Kind kind;
  u8 bytes = 4;
  Reg reg = kEax;  // or the memory operand's base
  Seg seg = Seg::kEs;
  u32 value = 0;  // constant, displacement
  bool has_base = true;
  std::optional<Reg> index;
  u8 scale = 1;
};

// Memory operands, named by their size.
AsmOperand Memory(u8 bytes, Reg base, u32 disp);
inline AsmOperand Byte(Reg base, u32 disp) { return Memory(1, base, disp); }
inline AsmOperand Word(Reg base, u32 disp) { return Memory(2, base, disp); }
inline AsmOperand Dword(Reg base, u32 disp) { return Memory(4, base, disp); }
// Six bytes: limit and address of a descriptor table, or a far pointer.
inline AsmOperand Pair(Reg base, u32 disp) { return Memory(6, base, disp); }
AsmOperand Indexed(Reg base, Reg index, u8 scale);
// At a fixed address.
AsmOperand DwordAt(u32 address);
AsmOperand PairAt(u32 address);
// The low half of a register.
AsmOperand Low16(Reg reg);

class Assembler {
 public:
  // A place that jumps may name before it is known.
  struct Label {
    u32 number;
  };
  Label NewLabel();
  void Bind(Label label);

  const std::vector<u8>& bytes() const { return bytes_; }
  u32 here() const { return static_cast<u32>(bytes_.size()); }

  void Push(AsmOperand from);
  void Pop(AsmOperand to);
  void Mov(AsmOperand to, AsmOperand from);
  void Lea(Reg to, AsmOperand memory);
  void Add(AsmOperand to, AsmOperand from);
  void And(AsmOperand to, AsmOperand from);
  void Lgdt(AsmOperand pair);
  void Lidt(AsmOperand pair);
  void Ltr(Reg selector);
  void MovToCr3(Reg from);
  void Jmp(Label to);
  void Jmp(Reg to);
  void CallFar(AsmOperand pair);
  void Int(u8 vector);
  void Iret();
  void Pushf();
  void Hlt();
  // Bytes as they are.
  void Raw(std::initializer_list<u8> bytes) { bytes_.insert(bytes_.end(), bytes); }

 private:
  struct LabelState {
    std::optional<u32> place;
    std::vector<u32> uses;  // offsets of displacements that wait for it
  };
  void Emit(u32 mnemonic, std::initializer_list<AsmOperand> operands);
  void Patch(u32 at, u32 target);

  std::vector<u8> bytes_;
  std::vector<LabelState> labels_;
};

}  // namespace lgx

#endif  // LGX_SWITCHER_ASSEMBLER_H_
