// The list of all handlers. Each has one body, in a body_*.inc file, and one compiled
// form per binding (binding_tail.cc, binding_loop.cc).
#ifndef LGX_CPU_HANDLERS_H_
#define LGX_CPU_HANDLERS_H_

#include <span>

#include "base/types.h"
#include "cpu/cpu.h"

namespace lgx {

// Operand forms in handler names: R register, I immediate, M memory at [base+disp],
// X memory at [base+index*scale+disp]; destination first. The number is the width.

// clang-format off
#define LGX_WIDTHS(H, name)      H(name##8) H(name##16) H(name##32)
#define LGX_WIDTHS_1632(H, name) H(name##16) H(name##32)
#define LGX_ALU(H, op) \
  LGX_WIDTHS(H, op##RR) \
  LGX_WIDTHS(H, op##RI) \
  LGX_WIDTHS(H, op##RM) \
  LGX_WIDTHS(H, op##MR) \
  LGX_WIDTHS(H, op##MI)
#define LGX_BIT_TESTS(H, name) \
  H(name##RR32) H(name##RI32) H(name##MR32) H(name##MI32)
#define LGX_CONDITIONS(H, name) \
  H(name##O) \
  H(name##No) \
  H(name##B) \
  H(name##Ae) \
  H(name##E) H(name##Ne) H(name##Be) H(name##A) H(name##S) H(name##Ns) H(name##P) \
      H(name##Np) H(name##L) H(name##Ge) H(name##Le) H(name##G)

#define LGX_HANDLERS(H) \
  LGX_ALU(H, Add) \
  LGX_ALU(H, Or) \
  LGX_ALU(H, Adc) \
  LGX_ALU(H, Sbb) \
  LGX_ALU(H, And) \
  LGX_ALU(H, Sub) \
  LGX_ALU(H, Xor) \
  LGX_ALU(H, Cmp) \
  LGX_WIDTHS(H, TestRR) \
  LGX_WIDTHS(H, TestRI) \
  LGX_WIDTHS(H, TestMR) \
  LGX_WIDTHS(H, TestMI) \
  LGX_WIDTHS(H, IncR) \
  LGX_WIDTHS(H, DecR) \
  LGX_WIDTHS(H, NegR) \
  LGX_WIDTHS(H, NotR) \
  LGX_WIDTHS(H, IncM) \
  LGX_WIDTHS(H, DecM) \
  LGX_WIDTHS(H, NegM) \
  LGX_WIDTHS(H, NotM) \
  LGX_WIDTHS(H, MovRR) \
  LGX_WIDTHS(H, MovRI) \
  LGX_WIDTHS(H, MovRM) \
  LGX_WIDTHS(H, MovMR) \
  LGX_WIDTHS(H, MovMI) \
  LGX_WIDTHS(H, MovRX) \
  LGX_WIDTHS(H, MovXR) \
  LGX_WIDTHS(H, XchgRR) \
  LGX_WIDTHS(H, XchgMR) \
  LGX_WIDTHS(H, ShlRI) \
  LGX_WIDTHS(H, ShrRI) \
  LGX_WIDTHS(H, SarRI) \
  H(AddRX32) \
  H(SubRX32) \
  H(CmpRX32) \
  H(AndRX32) \
  H(OrRX32) H(XorRX32) H(ShlRC32) H(ShrRC32) H(SarRC32) H(RolRI32) H(RorRI32) \
      H(MovzxR32R8) H(MovzxR32M8) H(MovzxR32X8) H(MovzxR32R16) H(MovzxR32M16) \
          H(MovzxR32X16) H(MovsxR32R8) H(MovsxR32M8) H(MovsxR32X8) H(MovsxR32R16) \
              H(MovsxR32M16) H(MovsxR32X16) H(MovzxR16R8) H(MovzxR16M8) H(MovsxR16R8) \
                  H(MovsxR16M8) H(LeaM) H(LeaX) H(Lea16M) H(ImulRR32) H(ImulRM32) \
                      H(ImulRRI32) H(ImulRMI32) H(Cdq) H(Cwde) H(Nop) H(PushR32) \
                          H(PushI32) H(PushM32) H(PopR32) H(Leave32) \
                              LGX_CONDITIONS(H, Set) LGX_CONDITIONS(H, Cmov) \
                                  LGX_CONDITIONS(H, J) H(JmpLink) H(CallLink) H(JmpR) \
                                      H(JmpM) H(CallR) H(CallM) H(Ret) H(RetI) \
                                          H(BlockEnd) H(AddressX) H(AddressChecked) \
                                              H(Address16Checked) H(OutOfLine) H(Stale) \
  LGX_BIT_TESTS(H, Bt) LGX_BIT_TESTS(H, Bts) LGX_BIT_TESTS(H, Btr) LGX_BIT_TESTS(H, Btc) \
  H(ShldRRI32) H(ShrdRRI32) H(CallNear) H(JmpNear)
// clang-format on

enum HandlerId : u16 {
#define LGX_ENUMERATE(name) k##name,
  LGX_HANDLERS(LGX_ENUMERATE)
#undef LGX_ENUMERATE
      kHandlerCount,
};

// What Run() uses of a binding.
struct BindingTable {
  const void* handlers[kHandlerCount];
  // Runs from `block`, whose instructions are already taken off cpu.left_, until a
  // handler leaves. State, cpu.left_ and exit members are then up to date.
  void (*enter)(Cpu& cpu, Block* block);
  // The handler made for the very operands of the first operation of `run`, or for
  // several of the run in one go; null: there is none. May itself be null.
  const void* (*specialised)(std::span<const Op> run);
};

const BindingTable* TailBinding();  // null where the compiler cannot promise tail calls
const BindingTable* LoopBinding();

// Why handlers returned to Run().
enum class Exit : u8 {
  kLookup,    // state.eip is where execution goes on; no block was known
  kBudget,    // the next block is longer than what is left
  kFault,     // a fault is recorded
  kEndBlock,  // an out-of-line instruction ended the block
};

}  // namespace lgx

#endif  // LGX_CPU_HANDLERS_H_
