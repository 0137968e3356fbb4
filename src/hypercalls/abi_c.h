// Generation C: 2.6.25 to 2.6.29. As B; SHUTDOWN has a reason and can restart.
#ifndef LGX_HYPERCALLS_ABI_C_H_
#define LGX_HYPERCALLS_ABI_C_H_

#include "hypercalls/abi_b.h"

namespace lgx {

inline constexpr Abi kAbiC = {
    .letter = 'C',
    .supported = true,
    .data = kAbiB.data,
    .calls = kAbiB.calls,
    .registers = kAbiB.registers,
    .ring = kAbiB.ring,
    .ring_words = kAbiB.ring_words,
    .exact_in = false,
    .knows_pae = false,
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_C_H_
