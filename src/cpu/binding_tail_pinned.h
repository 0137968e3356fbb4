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
};

struct Family {
  u16 id;        // HandlerId
  u16 follower;  // HandlerId of the operation behind it, kHandlerCount: any
  Form form;
  u8 width;  // of dst and src, in bytes: 1 means AL CL DL BL AH CH DH BH
  Handler* const* members;
};

// One list for each file.
std::span<const Family> RegisterFamilies();
std::span<const Family> MemoryFamilies();
std::span<const Family> IndexedFamilies();
std::span<const Family> PairFamilies();

// BindingTable::specialised.
const void* Specialised(const Op& op, const Op* follower);

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING

#endif  // LGX_CPU_BINDING_TAIL_PINNED_H_
