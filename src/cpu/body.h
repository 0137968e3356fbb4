// Included by each binding around the bodies: the words that do not depend on the
// binding.
#ifndef LGX_CPU_BODY_H_
#define LGX_CPU_BODY_H_

#include <bit>

#include "cpu/handlers.h"

#if defined(__clang__) || defined(__GNUC__)
#define LGX_LIKELY(x)   __builtin_expect(static_cast<bool>(x), 1)
#define LGX_UNLIKELY(x) __builtin_expect(static_cast<bool>(x), 0)
#else
#define LGX_LIKELY(x)   (x)
#define LGX_UNLIKELY(x) (x)
#endif

#define ADDRESS   (BASE + op->disp)
#define ADDRESS_X (BASE + REG32(index) * op->factor + op->disp)
#define HIDDEN(n) cpu->state.regs[n]
#define CELL      reinterpret_cast<const LinkCell*>(op + 1)

// clang-format off
#define LGX_FOR_CONDITIONS(H)                                          \
  H(O, 0) H(No, 1) H(B, 2) H(Ae, 3) H(E, 4) H(Ne, 5) H(Be, 6) H(A, 7)  \
  H(S, 8) H(Ns, 9) H(P, 10) H(Np, 11) H(L, 12) H(Ge, 13) H(Le, 14) H(G, 15)
// clang-format on

// LOAD(type, name, linear address): declares `name`; a fault leaves the handler.
// What the TLB cannot answer is up to the binding: its SLOW_LOAD assigns the value or
// leaves the handler, and so do SLOW_STORE and SLOW_MODIFY.
#define LOAD(TYPE, NAME, LIN)                                                        \
  TYPE NAME;                                                                         \
  {                                                                                  \
    const u32 lin_ = (LIN);                                                          \
    const TlbEntry& entry_ = TLB[Tlb::IndexOf(lin_)];                                \
    if (LGX_LIKELY(((lin_ + (sizeof(TYPE) - 1)) & ~kPageMask) == entry_.read_tag)) { \
      NAME = LoadLe<TYPE>(entry_.Host(lin_));                                        \
    } else {                                                                         \
      SLOW_LOAD(TYPE, NAME, lin_);                                                   \
    }                                                                                \
  }

// STORE(type, linear address, value): a fault leaves the handler.
#define STORE(TYPE, LIN, VALUE)                                                       \
  {                                                                                   \
    const u32 lin_ = (LIN);                                                           \
    const TYPE value_ = static_cast<TYPE>(VALUE);                                     \
    const TlbEntry& entry_ = TLB[Tlb::IndexOf(lin_)];                                 \
    if (LGX_LIKELY(((lin_ + (sizeof(TYPE) - 1)) & ~kPageMask) == entry_.write_tag)) { \
      StoreLe<TYPE>(entry_.Host(lin_), value_);                                       \
    } else {                                                                          \
      SLOW_STORE(TYPE, lin_, value_);                                                 \
    }                                                                                 \
  }

// MODIFY(type, slot, linear address): declares `slot`, translated and checked for
// writing; a fault leaves the handler and nothing has changed. slot.Write cannot fault.
#define MODIFY(TYPE, SLOT, LIN)                                                       \
  ModifySlot<TYPE> SLOT{cpu, nullptr};                                                \
  {                                                                                   \
    const u32 lin_ = (LIN);                                                           \
    const TlbEntry& entry_ = TLB[Tlb::IndexOf(lin_)];                                 \
    if (LGX_LIKELY(((lin_ + (sizeof(TYPE) - 1)) & ~kPageMask) == entry_.write_tag)) { \
      SLOT.at = entry_.Host(lin_);                                                    \
    } else {                                                                          \
      SLOW_MODIFY(TYPE, SLOT, lin_);                                                  \
    }                                                                                 \
  }

// The register words of a binding whose register file is in memory.
#define LGX_MEMORY_REG32(field) cpu->R32(op->field)
#define LGX_MEMORY_REG16(field) cpu->R16(op->field)
#define LGX_MEMORY_REG8(field)  cpu->R8(op->field)
#define LGX_MEMORY_GPR(n)       cpu->state.regs[n]
#define LGX_MEMORY_BASE         cpu->R32(op->base)

// A store that the TLB does not let through as it is, because its page holds code: the
// host address, if the chunks of 64 bytes that it hits do not. Null: take the slow path.
#define LGX_UNWATCHED(TYPE, LIN) Unwatched(cpu, entry_, (LIN), sizeof(TYPE))

// The slow words of a binding that calls the processor from inside the handler.
#define LGX_CALL_SLOW_LOAD(TYPE, NAME, LIN)                              \
  {                                                                      \
    const Cpu::SlowValue slow_ = cpu->SlowLoad((LIN), sizeof(TYPE), op); \
    if (slow_.fault) FAULT;                                              \
    NAME = static_cast<TYPE>(slow_.value);                               \
  }
#define LGX_CALL_SLOW_STORE(TYPE, LIN, VALUE)                     \
  {                                                               \
    if (!cpu->SlowStore((LIN), sizeof(TYPE), (VALUE), op)) FAULT; \
  }
#define LGX_CALL_SLOW_MODIFY(TYPE, SLOT, LIN)           \
  {                                                     \
    SLOT.at = cpu->SlowModify((LIN), sizeof(TYPE), op); \
    if (SLOT.at == nullptr) FAULT;                      \
  }

namespace lgx {

template <typename T>
struct ModifySlot {
  Cpu* cpu;
  u8* at;
  T Read() const { return LoadLe<T>(at); }
  void Write(T value) {
    StoreLe<T>(at, value);
    if (LGX_UNLIKELY(at == cpu->bounce)) cpu->FlushBounce(sizeof(T));
  }
};

[[gnu::always_inline]] inline u8* Unwatched(const Cpu* cpu, const TlbEntry& entry,
                                            u32 lin, u32 size) {
  const u32 page = (lin + (size - 1)) & ~kPageMask;
  if ((entry.write_tag ^ page) != TlbEntry::kBesideCode) return nullptr;
  u8* const at = entry.Host(lin);
  const u64 first = static_cast<u64>(at - cpu->ram);
  const u64 chunks = cpu->watched_chunks[first >> kPageShift];
  const u64 hit = chunks >> ((first >> PhysMemory::kChunkShift) & 63) |
                  chunks >> (((first + (size - 1)) >> PhysMemory::kChunkShift) & 63);
  return (hit & 1) == 0 ? at : nullptr;
}

// The way out of the handlers, shared by both bindings: state is written back, and `left`
// is corrected by the instructions of the block that did not run.
inline void LeaveAtOp(Cpu* cpu, const Op* op, i64 left, const Flags& flags, u32 eip) {
  cpu->state.flags = flags;
  cpu->state.eip = eip + op->offset;
  cpu->left_ = left + (op->block()->count - op->before);
}

inline void LeaveAt(Cpu* cpu, i64 left, const Flags& flags, u32 target) {
  cpu->state.flags = flags;
  cpu->state.eip = target;
  cpu->left_ = left;
}

// Runs the out-of-line function of `op`. kNext: go on behind it. Otherwise all state is
// in the processor, as after LeaveAt.
inline Flow RunOutOfLine(Cpu* cpu, const Op* op, i64* left, Flags* flags, u32 eip) {
  cpu->state.flags = *flags;
  cpu->left_ = *left;
  cpu->state.eip = eip + op->offset;
  cpu->next_eip = cpu->state.eip + op->length;
  cpu->storing = op;
  const Flow flow = op->insn().fn(*cpu, *op);
  if (flow == Flow::kNext) {
    *left = cpu->left_;
    *flags = cpu->state.flags;
    return flow;
  }
  if (flow == Flow::kFault) {
    cpu->left_ += op->block()->count - op->before;
  } else {
    cpu->left_ += op->block()->count - op->before - 1;
    cpu->state.eip = cpu->next_eip;
  }
  return flow;
}

// The block at `target` if the jump cache knows it.
inline Block* JumpTarget(Cpu* cpu, u32 target) {
  const Cpu::JumpEntry& entry = cpu->jump_cache[cpu->JumpIndex(target)];
  return entry.key == (cpu->jump_context | target) ? entry.block : nullptr;
}

// Asks for the block at `to` to be written into `link`. Links stay inside a page: what
// lies behind it may be mapped anew at any time.
inline void RequestLink(Cpu* cpu, Block* const* link, u32 from, u32 to) {
  cpu->link_request =
      ((from ^ to) & ~kPageMask) == 0 ? const_cast<Block**>(link) : nullptr;
}

// The jump cache's answer for the target of an open link; fills the link.
inline Block* KnownTarget(Cpu* cpu, u32 target) {
  Block* const block = JumpTarget(cpu, target);
  if (block != nullptr) {
    if (cpu->link_request != nullptr) *cpu->link_request = block;
    cpu->link_request = nullptr;
  }
  return block;
}

}  // namespace lgx

#endif  // LGX_CPU_BODY_H_
