// What decoding leaves behind: operations in blocks.
//
// A block is a run of instructions on one page, decoded once. Each instruction is one Op,
// sometimes preceded by one that computes its address; branches and out-of-line
// instructions are followed by a cell of the same size that holds their extra data.
#ifndef LGX_CPU_OP_H_
#define LGX_CPU_OP_H_

#include "base/types.h"
#include "cpu/segment.h"

namespace lgx {

class Cpu;
struct Block;
struct Insn;

// One operation. Register operands are byte offsets into the register file, so that AL,
// AH, AX and EAX follow one rule.
struct Op {
  const void* handler;  // of the binding the block was made for
  u32 imm;
  u32 disp;
  u8 dst;
  u8 src;
  u8 base;   // address: R(base) + (R(index) << scale) + disp; absent parts name the zero
  u8 index;  //   register
  u8 scale;
  u8 seg;      // Seg of the memory operand
  u8 length;   // of the instruction in bytes
  u8 slot;     // position of this Op in the block
  u16 offset;  // of the instruction in the block, in bytes
  u8 before;   // instructions of the block before this one
  u8 detail;   // per operation: access size and kind, condition, count
  u16 id;      // HandlerId; `handler` may be one made for these very operands
  u16 factor;  // 1 << scale

  // The cell behind an out-of-line instruction.
  const Insn& insn() const { return *reinterpret_cast<const Insn*>(this + 1); }
  inline Block* block() const;
};
static_assert(sizeof(Op) == 32);

// How an out-of-line instruction ended.
enum class Flow : u8 {
  kNext,   // done; go on behind it
  kEnd,    // done; leave the block, execution goes on at cpu.next_eip
  kFault,  // cpu holds the fault; nothing has changed but finished string elements
};

using SlowFn = Flow (*)(Cpu& cpu, const Op& op);

// The decoded instruction as an out-of-line function sees it.
struct Insn {
  const void* stale;  // room for the handler that marks a dead block
  SlowFn fn;
  u16 opcode;  // 0x00 ... 0xff, or 0x0f00 | second byte
  u8 modrm;
  u8 operand_bytes;  // 2 or 4 (1 is known from the opcode)
  u8 address_bytes;  // 2 or 4
  u8 rep;            // 0, 0xf2 or 0xf3
  u8 lock;
  u8 prefix66;
  u32 imm2;  // selector of a far pointer, second immediate of ENTER
  u32 unused;

  bool HasMemory() const { return modrm < 0xc0; }
  u8 Reg() const { return (modrm >> 3) & 7; }
  u8 Rm() const { return modrm & 7; }
};
static_assert(sizeof(Insn) == 32);

// The cell behind an operation that ends a block: where it goes, and the blocks there
// once they are known.
struct LinkCell {
  const void* stale;
  Block* taken;
  Block* next;
  u32 taken_offset;  // of the targets, relative to the block's own EIP
  u32 next_offset;
};
static_assert(sizeof(LinkCell) == 32);

// What a block was decoded for. Part of its key.
enum BlockMode : u8 {
  kModeUser = 1,     // CPL 3
  kModeCode32 = 2,   // CS.D
  kModeStack32 = 4,  // SS.B
  kModeFlat = 8,     // CS, DS, ES, SS are flat: addresses need no check
  kModeStep = 16,    // one instruction only
  kModeReal = 32,    // real or virtual-8086 mode
};

struct alignas(32) Block {
  static constexpr u32 kMaxInsns = 32;
  static constexpr u32 kMaxSlots = 3 * kMaxInsns + 4;

  i64 count;  // instructions; paid for when the block is entered
  u32 slots;
  Mfn frame;
  Mfn second_frame;  // where an instruction that crosses the page goes on
  u16 offset;        // of the first byte in its page
  u16 bytes;  // that it was made from; for an instruction that is none, all that were
              // looked at
  u8 mode;
  bool alive;
  bool links_ok;  // may be the target of a link or of the jump cache
  Block* hash_next;
  Block* frame_next;
  Block* second_next;
  u64 padding;

  // The last instruction continues on the next page (in `second_frame`).
  bool Crosses() const { return u32{offset} + bytes > kPageSize; }

  Op* ops() { return reinterpret_cast<Op*>(this + 1); }
};
static_assert(sizeof(Block) == 64);

inline Block* Op::block() const {
  return reinterpret_cast<Block*>(const_cast<Op*>(this - slot)) - 1;
}

}  // namespace lgx

#endif  // LGX_CPU_OP_H_
