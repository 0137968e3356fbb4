// The words of the tail-call binding, for the files that compile bodies for it: every
// handler ends in a guaranteed tail call of the next one, and the eight general registers
// and the lazy flags stay in registers of the host from handler to handler.
//
// Needs Clang's musttail and preserve_none. Other compilers and unoptimised builds run
// the loop binding; so does AddressSanitizer, whose frames Clang cannot combine with the
// calling convention.
//
// Each body is compiled twice:
//
//   plain    (binding_tail.cc) one handler per operation. It writes the registers to the
//            register file in memory first, works there, and reads them back at its end.
//   pinned   (binding_tail_pinned.inc) one handler per operation and choice of registers,
//            for what programs do most: a guest register is a host register. Where the
//            TLB cannot answer, nothing has changed yet, and the plain handler does it
//            again.
#ifndef LGX_CPU_BINDING_TAIL_H_
#define LGX_CPU_BINDING_TAIL_H_

#include "cpu/body.h"

#if defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
#if __has_cpp_attribute(clang::musttail) && __has_attribute(preserve_none) && \
    !__has_feature(address_sanitizer)
#define LGX_HAS_TAIL_BINDING 1
#endif
#endif

#ifdef LGX_HAS_TAIL_BINDING

#define LGX_CONVENTION __attribute__((preserve_none))

// preserve_none passes twelve words in registers, of which a tail call needs one for
// itself. The seventh is CX, where shifts want the guest's CL. What is needed less often
// is in Cpu: the TLB array, the instructions left, the EIP of the block, the second word
// of the flags.
#define LGX_PARAMETERS                                              \
  [[maybe_unused]] Cpu *cpu, [[maybe_unused]] const Op *op,         \
      [[maybe_unused]] u64 flag_result, [[maybe_unused]] u32 g_edi, \
      [[maybe_unused]] u32 g_esi, [[maybe_unused]] u32 g_edx,       \
      [[maybe_unused]] u32 g_ebx, [[maybe_unused]] u32 g_ecx,       \
      [[maybe_unused]] u32 g_ebp, [[maybe_unused]] u32 g_esp, [[maybe_unused]] u32 g_eax
#define LGX_ARGUMENTS \
  cpu, op, flag_result, g_edi, g_esi, g_edx, g_ebx, g_ecx, g_ebp, g_esp, g_eax
#define LGX_TAIL(POINTER)                                                            \
  [[clang::musttail]] return reinterpret_cast<Handler*>(const_cast<void*>(POINTER))( \
      LGX_ARGUMENTS)
#define LGX_DISPATCH LGX_TAIL(op->handler)

namespace lgx::tail {

using Handler = LGX_CONVENTION void(Cpu*, const Op*, u64, u32, u32, u32, u32, u32, u32,
                                    u32, u32);

// The ways out, in binding_tail.cc.
LGX_CONVENTION void LeaveFault(LGX_PARAMETERS);
// cpu->block_eip is the target, which has not been paid for.
LGX_CONVENTION void LeaveForLookup(LGX_PARAMETERS);
// A branch whose link is not known, or whose block is longer than what is left.
// cpu->block_eip is still the block's own.
LGX_CONVENTION void OpenTaken(LGX_PARAMETERS);
LGX_CONVENTION void OpenNext(LGX_PARAMETERS);

extern const BindingTable kTable;

}  // namespace lgx::tail

// Goes to BLOCK at TARGET if it is known and can be paid for.
#define LGX_ENTER(BLOCK, TARGET)                    \
  do {                                              \
    Block* const block_ = (BLOCK);                  \
    if (LGX_LIKELY(block_ != nullptr)) {            \
      const i64 paid_ = cpu->left_ - block_->count; \
      if (LGX_LIKELY(paid_ >= 0)) {                 \
        cpu->left_ = paid_;                         \
        cpu->block_eip = (TARGET);                  \
        op = block_->ops();                         \
        LGX_DISPATCH;                               \
      }                                             \
    }                                               \
  } while (0)
#define LGX_LINK(LINKED, OFFSET, OPEN)                      \
  do {                                                      \
    LGX_ENTER(CELL->LINKED, cpu->block_eip + CELL->OFFSET); \
    [[clang::musttail]] return OPEN(LGX_ARGUMENTS);         \
  } while (0)
#define LGX_JUMP(TARGET)                                      \
  do {                                                        \
    const u32 target_ = (TARGET);                             \
    LGX_ENTER(JumpTarget(cpu, target_), target_);             \
    cpu->block_eip = target_;                                 \
    [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS); \
  } while (0)
// LINK(taken, ...) and LINK(next, ...).
#define LGX_OPEN_taken OpenTaken
#define LGX_OPEN_next  OpenNext

#define LGX_FLAGS (FlagsView{flag_result, cpu->state.flags.mix})
#define TLB       cpu->tlb_now
#define EIP       cpu->block_eip

#endif  // LGX_HAS_TAIL_BINDING

#endif  // LGX_CPU_BINDING_TAIL_H_
