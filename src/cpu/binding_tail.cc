// The tail-call binding: its plain handlers, and the ways into and out of it.
#include "cpu/binding_tail.h"

#include "cpu/binding_tail_pinned.h"

#ifndef LGX_HAS_TAIL_BINDING

namespace lgx {
const BindingTable* TailBinding() { return nullptr; }
}  // namespace lgx

#else

// The guest's registers to the register file and back.
#define SPILL                                 \
  do {                                        \
    u32* const file_ = cpu->state.regs;       \
    file_[kEax] = g_eax, file_[kEcx] = g_ecx; \
    file_[kEdx] = g_edx, file_[kEbx] = g_ebx; \
    file_[kEsp] = g_esp, file_[kEbp] = g_ebp; \
    file_[kEsi] = g_esi, file_[kEdi] = g_edi; \
  } while (0)
#define RELOAD                                \
  do {                                        \
    const u32* const file_ = cpu->state.regs; \
    g_eax = file_[kEax], g_ecx = file_[kEcx]; \
    g_edx = file_[kEdx], g_ebx = file_[kEbx]; \
    g_esp = file_[kEsp], g_ebp = file_[kEbp]; \
    g_esi = file_[kEsi], g_edi = file_[kEdi]; \
  } while (0)

namespace lgx {
namespace tail {

LGX_CONVENTION void LeaveFault(LGX_PARAMETERS) {
  SPILL;
  LeaveAtOp(cpu, op, cpu->left_, Flags{flag_result, cpu->state.flags.mix},
            cpu->block_eip);
}

LGX_CONVENTION void LeaveForLookup(LGX_PARAMETERS) {
  SPILL;
  LeaveAt(cpu, cpu->left_, Flags{flag_result, cpu->state.flags.mix}, cpu->block_eip);
}

namespace {

// The jump cache may know the block of an open link.
[[gnu::noinline]] LGX_CONVENTION void FollowUnlinked(LGX_PARAMETERS) {
  LGX_ENTER(KnownTarget(cpu, cpu->block_eip), cpu->block_eip);
  [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS);
}

}  // namespace

#define LGX_OPEN(NAME, LINKED, OFFSET)                          \
  LGX_CONVENTION void NAME(LGX_PARAMETERS) {                    \
    const LinkCell* const cell = CELL;                          \
    const u32 from = cpu->block_eip;                            \
    cpu->block_eip = from + cell->OFFSET;                       \
    if (cell->LINKED != nullptr) {                              \
      [[clang::musttail]] return LeaveForLookup(LGX_ARGUMENTS); \
    }                                                           \
    RequestLink(cpu, &cell->LINKED, from, cpu->block_eip);      \
    [[clang::musttail]] return FollowUnlinked(LGX_ARGUMENTS);   \
  }
LGX_OPEN(OpenTaken, taken, taken_offset)
LGX_OPEN(OpenNext, next, next_offset)
#undef LGX_OPEN

namespace {

#define SLOW_LOAD   LGX_CALL_SLOW_LOAD
#define SLOW_STORE  LGX_CALL_SLOW_STORE
#define SLOW_MODIFY LGX_CALL_SLOW_MODIFY
#define REG32       LGX_MEMORY_REG32
#define REG16       LGX_MEMORY_REG16
#define REG8        LGX_MEMORY_REG8
#define GPR         LGX_MEMORY_GPR
#define BASE        LGX_MEMORY_BASE
#define flags       LGX_FLAGS

#define OP(name) LGX_OP(name)
#define LGX_OP(name)                                                                   \
  [[gnu::always_inline]] static inline LGX_CONVENTION void Body##name(LGX_PARAMETERS); \
  LGX_CONVENTION void Tail##name(LGX_PARAMETERS) {                                     \
    SPILL;                                                                             \
    [[clang::musttail]] return Body##name(LGX_ARGUMENTS);                              \
  }                                                                                    \
  LGX_CONVENTION void Body##name(LGX_PARAMETERS)
#define NEXT      \
  do {            \
    RELOAD;       \
    ++op;         \
    LGX_DISPATCH; \
  } while (0)
#define FAULT                                             \
  do {                                                    \
    RELOAD;                                               \
    [[clang::musttail]] return LeaveFault(LGX_ARGUMENTS); \
  } while (0)
#define LINK(LINKED, OFFSET)                     \
  do {                                           \
    RELOAD;                                      \
    LGX_LINK(LINKED, OFFSET, LGX_OPEN_##LINKED); \
  } while (0)
#define JUMP(TARGET)          \
  do {                        \
    const u32 to_ = (TARGET); \
    RELOAD;                   \
    LGX_JUMP(to_);            \
  } while (0)
#include "cpu/bodies.inc"
#undef flags

// An instruction that lives in a function of its own. The function sees complete state.
LGX_CONVENTION void TailOutOfLine(LGX_PARAMETERS) {
  SPILL;
  Flags now{flag_result, cpu->state.flags.mix};
  i64 left = cpu->left_;
  const Flow flow = RunOutOfLine(cpu, op, &left, &now, cpu->block_eip);
  if (LGX_UNLIKELY(flow != Flow::kNext)) {
    if (flow == Flow::kFault || !cpu->GoesOn()) return;
    flag_result = cpu->state.flags.result;
    RELOAD;
    LGX_JUMP(cpu->state.eip);
  }
  cpu->left_ = left;
  flag_result = now.result;
  cpu->state.flags.mix = now.mix;
  RELOAD;
  op += 2;
  LGX_DISPATCH;
}

// An operation of a dropped block: it has not run, and goes on from a fresh lookup.
LGX_CONVENTION void TailStale(LGX_PARAMETERS) {
  [[clang::musttail]] return LeaveFault(LGX_ARGUMENTS);
}

void Enter(Cpu& cpu, Block* block) {
  const Op* const op = block->ops();
  const u32* const file = cpu.state.regs;
  cpu.block_eip = cpu.state.eip;
  reinterpret_cast<Handler*>(const_cast<void*>(op->handler))(
      &cpu, op, cpu.state.flags.result, file[kEdi], file[kEsi], file[kEdx], file[kEbx],
      file[kEcx], file[kEbp], file[kEsp], file[kEax]);
}

}  // namespace

const BindingTable kTable = {
    {
#define LGX_POINTER(name) reinterpret_cast<const void*>(&Tail##name),
        LGX_HANDLERS(LGX_POINTER)
#undef LGX_POINTER
    },
    &Enter,
    &Specialised,
};

}  // namespace tail

const BindingTable* TailBinding() { return &tail::kTable; }

}  // namespace lgx

#endif
