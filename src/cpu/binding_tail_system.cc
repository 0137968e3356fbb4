// Handlers for what the way in and out of a kernel is made of and usually goes quickly:
// segment registers and EFLAGS on a flat stack. Each stands in front of an out-of-line
// operation, which does it again where something is not as usual.
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

#include "cpu/slow_ops.h"

namespace lgx::tail {
namespace {

// Behind the cell of the out-of-line operation.
#define NEXT_BEHIND \
  do {              \
    op += 2;        \
    LGX_DISPATCH;   \
  } while (0)

// Flat code may run in real mode, too, where a selector means something else.
[[gnu::always_inline]] inline bool HasDescriptors(const Cpu* cpu) {
  return cpu->Protected() && !cpu->V86();
}

template <Seg seg>
LGX_CONVENTION void PushSeg(LGX_PARAMETERS) {
  const u32 esp = g_esp - 4;
  STORE(u32, esp, cpu->segment(seg).selector);
  g_esp = esp;
  NEXT_BEHIND;
}

template <Seg seg>
LGX_CONVENTION void PopSeg(LGX_PARAMETERS) {
  const u32 esp = g_esp;
  LOAD(u16, selector, esp);
  if (LGX_UNLIKELY(!HasDescriptors(cpu) || !cpu->LoadKnownSegment(seg, selector))) ALONE;
  g_esp = esp + 4;
  NEXT_BEHIND;
}

template <Seg seg, u32 n>
LGX_CONVENTION void MovToSeg(LGX_PARAMETERS) {
  const u16 selector = static_cast<u16>(Pick<n>(LGX_GPRS));
  if (LGX_UNLIKELY(!HasDescriptors(cpu) || !cpu->LoadKnownSegment(seg, selector))) ALONE;
  NEXT_BEHIND;
}

LGX_CONVENTION void PushFlags(LGX_PARAMETERS) {
  if (LGX_UNLIKELY(cpu->V86())) ALONE;
  const u32 esp = g_esp - 4;
  STORE(u32, esp, LGX_FLAGS.Arithmetic() | cpu->state.eflags_rest | kEflagsOne);
  g_esp = esp;
  NEXT_BEHIND;
}

constexpr Seg kPlain[] = {Seg::kEs, Seg::kDs, Seg::kFs, Seg::kGs};
constexpr u32 kOpcodesOfPush[] = {0x06, 0x1e, 0x0fa0, 0x0fa8};

template <std::size_t... i>
Handler* MemberToSeg(Seg seg, u32 n, Numbers<i...>) {
  Handler* found = nullptr;
  ((kPlain[i / 8] == seg&& i % 8 == n ? found = &MovToSeg<kPlain[i / 8], i % 8>
                                      : nullptr),
   ...);
  return found;
}

template <std::size_t... i>
Handler* MemberOfStack(u32 opcode, Numbers<i...>) {
  Handler* found = nullptr;
  ((opcode == kOpcodesOfPush[i]       ? found = &PushSeg<kPlain[i]>
    : opcode == kOpcodesOfPush[i] + 1 ? found = &PopSeg<kPlain[i]>
                                      : nullptr),
   ...);
  return found;
}

}  // namespace

const void* QuickOutOfLine(const Op& op) {
  const Insn& insn = op.insn();
  Handler* found = nullptr;
  if (insn.fn == &OpMovToSeg && !insn.HasMemory()) {
    found = MemberToSeg(static_cast<Seg>(insn.Reg()), insn.Rm(),
                        std::make_index_sequence<32>());
  } else if ((op.block()->mode & kModeFlat) == 0 || insn.operand_bytes != 4) {
    return nullptr;
  } else if (insn.fn == &OpPushSeg || insn.fn == &OpPopSeg) {
    found = MemberOfStack(insn.opcode, std::make_index_sequence<4>());
  } else if (insn.fn == &OpPushf) {
    found = &PushFlags;
  }
  return reinterpret_cast<const void*>(found);
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
