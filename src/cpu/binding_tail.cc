// The tail-call binding: every handler ends in a guaranteed tail call of the next one,
// and the words that matter stay in registers from handler to handler.
//
// Needs Clang's musttail (and uses preserve_none where there is one). Other compilers and
// unoptimised builds run the loop binding; so does AddressSanitizer, whose frames Clang
// cannot combine with the calling convention.
#include "cpu/body.h"

#if defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
#if __has_cpp_attribute(clang::musttail) && !__has_feature(address_sanitizer)
#define LGX_HAS_TAIL_BINDING 1
#endif
#endif

#ifndef LGX_HAS_TAIL_BINDING

namespace lgx {
const BindingTable* TailBinding() { return nullptr; }
}  // namespace lgx

#else

#if __has_attribute(preserve_none)
#define LGX_CONVENTION __attribute__((preserve_none))
#else
#define LGX_CONVENTION
#endif

// What travels in registers: the processor, the operation, the current TLB array, the
// instructions left before Run() must stop, the lazy flags, and the EIP of the block.
#define LGX_PARAMETERS                                                 \
  [[maybe_unused]] Cpu *cpu, [[maybe_unused]] const Op *op,            \
      [[maybe_unused]] TlbEntry *tlb, [[maybe_unused]] i64 left,       \
      [[maybe_unused]] u64 flag_result, [[maybe_unused]] u64 flag_mix, \
      [[maybe_unused]] u32 eip
#define LGX_ARGUMENTS cpu, op, tlb, left, flag_result, flag_mix, eip
#define LGX_DISPATCH                                                                     \
  [[clang::musttail]] return reinterpret_cast<Handler*>(const_cast<void*>(op->handler))( \
      LGX_ARGUMENTS)

namespace lgx {
namespace {

using Handler = LGX_CONVENTION void(Cpu*, const Op*, TlbEntry*, i64, u64, u64, u32);

[[gnu::noinline]] LGX_CONVENTION void LeaveFault(LGX_PARAMETERS) {
  LeaveAtOp(cpu, op, left, Flags{flag_result, flag_mix}, eip);
}

// `eip` is the target and `left` has not paid for it.
[[gnu::noinline]] LGX_CONVENTION void LeaveForLookup(LGX_PARAMETERS) {
  LeaveAt(cpu, left, Flags{flag_result, flag_mix}, eip);
}

// A branch whose link is not known: the jump cache may know the block. `eip` is the
// target.
[[gnu::noinline]] LGX_CONVENTION void FollowUnlinked(LGX_PARAMETERS) {
  Block* const block = KnownTarget(cpu, eip);
  if (LGX_UNLIKELY(block == nullptr || left < static_cast<i64>(block->count))) {
    [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS);
  }
  left -= block->count;
  op = block->ops();
  LGX_DISPATCH;
}

#define OP(name)     LGX_OP(name)
#define LGX_OP(name) LGX_CONVENTION void Tail##name(LGX_PARAMETERS)
#define NEXT      \
  do {            \
    ++op;         \
    LGX_DISPATCH; \
  } while (0)
#define FAULT                                             \
  do {                                                    \
    [[clang::musttail]] return LeaveFault(LGX_ARGUMENTS); \
  } while (0)
#define LGX_ENTER(BLOCK, UNKNOWN)                               \
  do {                                                          \
    Block* const block_ = (BLOCK);                              \
    if (LGX_LIKELY(block_ != nullptr)) {                        \
      left -= block_->count;                                    \
      if (LGX_LIKELY(left >= 0)) {                              \
        op = block_->ops();                                     \
        LGX_DISPATCH;                                           \
      }                                                         \
      left += block_->count;                                    \
      [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS); \
    }                                                           \
    UNKNOWN;                                                    \
  } while (0)
#define LINK(LINKED, OFFSET)                                      \
  do {                                                            \
    const LinkCell* const cell_ = CELL;                           \
    eip += cell_->OFFSET;                                         \
    LGX_ENTER(cell_->LINKED, {                                    \
      RequestLink(cpu, &cell_->LINKED, eip - cell_->OFFSET, eip); \
      [[clang::musttail]] return FollowUnlinked(LGX_ARGUMENTS);   \
    });                                                           \
  } while (0)
#define JUMP(TARGET)                                                          \
  do {                                                                        \
    eip = (TARGET);                                                           \
    LGX_ENTER(JumpTarget(cpu, eip),                                           \
              { [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS); }); \
  } while (0)

#define flags (FlagsView{flag_result, flag_mix})
#include "cpu/bodies.inc"
#undef flags

// An instruction that lives in a function of its own. The function sees complete state.
OP(OutOfLine) {
  Flags now{flag_result, flag_mix};
  if (LGX_UNLIKELY(!RunOutOfLine(cpu, op, &left, &now, eip))) return;
  flag_result = now.result;
  flag_mix = now.mix;
  op += 2;
  tlb = cpu->tlb_now;
  LGX_DISPATCH;
}

// An operation of a dropped block: it has not run, and goes on from a fresh lookup.
OP(Stale) { LeaveAtOp(cpu, op, left, Flags{flag_result, flag_mix}, eip); }

void Enter(Cpu& cpu, Block* block) {
  const Op* op = block->ops();
  reinterpret_cast<Handler*>(const_cast<void*>(op->handler))(
      &cpu, op, cpu.tlb_now, cpu.left_, cpu.state.flags.result, cpu.state.flags.mix,
      cpu.state.eip);
}

const BindingTable kTable = {
    {
#define LGX_POINTER(name) reinterpret_cast<const void*>(&Tail##name),
        LGX_HANDLERS(LGX_POINTER)
#undef LGX_POINTER
    },
    &Enter,
};

}  // namespace

const BindingTable* TailBinding() { return &kTable; }

}  // namespace lgx

#endif
