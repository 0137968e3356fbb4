// Generation E: about 2.6.34 to 3.0. int 0x1f again; everything else as R.
#ifndef LGX_HYPERCALLS_ABI_E_H_
#define LGX_HYPERCALLS_ABI_E_H_

#include "hypercalls/abi_r.h"

namespace lgx {

inline constexpr Abi kAbiE = {
    .letter = 'E',
    .supported = true,
    .data = kAbiR.data,
    .calls = kAbiR.calls,
    .registers = kAbiR.registers,
    .ring = kAbiR.ring,
    .ring_words = kAbiR.ring_words,
    .exact_in = false,
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_E_H_
