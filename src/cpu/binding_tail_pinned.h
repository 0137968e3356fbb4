// The pinned handlers of the tail-call binding: families of handlers, one for each choice
// of registers (see binding_tail.h).
#ifndef LGX_CPU_BINDING_TAIL_PINNED_H_
#define LGX_CPU_BINDING_TAIL_PINNED_H_

#include <span>

#include "cpu/binding_tail.h"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

// Which operands a family's members are chosen by. `base` counts the eight registers and,
// ninth, any register that is none of them (the zero register, the address register).
enum class Form : u8 {
  kNone,  // no register: one member
  kD,     // dst
  kS,     // src
  kDS,    // dst * 8 + src
  kSame,  // dst, and src is the same
  kB,     // base
  kDB,    // dst * 9 + base
  kSB,    // src * 9 + base
  kBI,    // base * 8 + index
  kDBI,   // (dst * 9 + base) * 8 + index
  kSBI,   // (src * 9 + base) * 8 + index
  // Runs on registers only, of two or three operations. x is the register the first one
  // writes; a second one in a run of three writes it too. x * 8 + y.
  kCopied,       // the first is x = y; the second writes x
  kRead,         // the last one reads x and writes y
  kWrite,        // the last one writes x and reads y
  kAt,           // the last one loads y from [x+disp]
  kCopiedRead,   // kCopied and kRead with the same y
  kCopiedWrite,  // kCopied and kWrite with the same y
};

struct Family {
  u16 id;            // HandlerId
  u16 followers[2];  // HandlerId of the operations behind it, kHandlerCount: any
  Form form;
  u8 width;  // of dst and src, in bytes: 1 means AL CL DL BL AH CH DH BH
  Handler* const* members;
};

// One list for each file.
std::span<const Family> RegisterFamilies();
std::span<const Family> MemoryFamilies();
std::span<const Family> IndexedFamilies();
std::span<const Family> PairFamilies();
std::span<const Family> RunFamilies();

// The handler that stands in front of an out-of-line operation; null: there is none.
const void* QuickOutOfLine(const Op& op);

// BindingTable::specialised.
const void* Specialised(std::span<const Op> run);

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING

#endif  // LGX_CPU_BINDING_TAIL_PINNED_H_
