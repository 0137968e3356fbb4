// The loop binding: a handler returns the operation to run next. It needs nothing of the
// compiler, so it is there at every optimisation level and under every sanitizer, and is
// the one the other binding is compared with.
#include "cpu/body.h"

namespace lgx {
namespace {

// What the tail binding keeps in registers.
struct Loop {
  TlbEntry* tlb_array;
  i64 left;
  Flags lazy;
  u32 block_eip;
};

using Handler = const Op*(Cpu*, const Op*, Loop&);

const Op* LeaveFault(Cpu* cpu, const Op* op, Loop& loop) {
  LeaveAtOp(cpu, op, loop.left, loop.lazy, loop.block_eip);
  return nullptr;
}

const Op* LeaveForLookup(Cpu* cpu, Loop& loop) {
  LeaveAt(cpu, loop.left, loop.lazy, loop.block_eip);
  return nullptr;
}

// Enters `block`, or leaves if it is longer than what is left.
const Op* EnterBlock(Cpu* cpu, Loop& loop, Block* block) {
  if (block == nullptr || loop.left < static_cast<i64>(block->count)) {
    return LeaveForLookup(cpu, loop);
  }
  loop.left -= block->count;
  return block->ops();
}

const Op* FollowLink(Cpu* cpu, Loop& loop, Block* const* link, u32 offset) {
  const u32 from = loop.block_eip;
  loop.block_eip += offset;
  if (*link != nullptr) return EnterBlock(cpu, loop, *link);
  RequestLink(cpu, link, from, loop.block_eip);
  return EnterBlock(cpu, loop, KnownTarget(cpu, loop.block_eip));
}

#define OP(name) LGX_OP(name)
#define LGX_OP(name)                                                             \
  const Op* Loop##name([[maybe_unused]] Cpu* cpu, [[maybe_unused]] const Op* op, \
                       [[maybe_unused]] Loop& loop)
#define NEXT                 return op + 1
#define FAULT                return LeaveFault(cpu, op, loop)
#define LINK(LINKED, OFFSET) return FollowLink(cpu, loop, &CELL->LINKED, CELL->OFFSET)
#define JUMP(TARGET)                                               \
  do {                                                             \
    loop.block_eip = (TARGET);                                     \
    return EnterBlock(cpu, loop, JumpTarget(cpu, loop.block_eip)); \
  } while (0)

#define SLOW_LOAD   LGX_CALL_SLOW_LOAD
#define SLOW_STORE  LGX_CALL_SLOW_STORE
#define SLOW_MODIFY LGX_CALL_SLOW_MODIFY
#define REG32       LGX_MEMORY_REG32
#define REG16       LGX_MEMORY_REG16
#define REG8        LGX_MEMORY_REG8
#define GPR         LGX_MEMORY_GPR
#define BASE        LGX_MEMORY_BASE
#define TLB         loop.tlb_array
#define EIP         loop.block_eip
#define flags       loop.lazy
#include "cpu/bodies.inc"
#undef flags

OP(OutOfLine) {
  const Flow flow = RunOutOfLine(cpu, op, &loop.left, &loop.lazy, loop.block_eip);
  if (flow == Flow::kFault || (flow == Flow::kEnd && !cpu->GoesOn())) return nullptr;
  loop.tlb_array = cpu->tlb_now;
  if (flow == Flow::kEnd) {
    loop.left = cpu->left_;
    loop.lazy = cpu->state.flags;
    JUMP(cpu->state.eip);
  }
  return op + 2;
}

OP(Stale) { return LeaveFault(cpu, op, loop); }

void Enter(Cpu& cpu, Block* block) {
  Loop loop{cpu.tlb_now, cpu.left_, cpu.state.flags, cpu.state.eip};
  const Op* op = block->ops();
  do {
    op = reinterpret_cast<Handler*>(const_cast<void*>(op->handler))(&cpu, op, loop);
  } while (op != nullptr);
}

const BindingTable kTable = {
    {
#define LGX_POINTER(name) reinterpret_cast<const void*>(&Loop##name),
        LGX_HANDLERS(LGX_POINTER)
#undef LGX_POINTER
    },
    &Enter,
    nullptr,
};

}  // namespace

const BindingTable* LoopBinding() { return &kTable; }

}  // namespace lgx
