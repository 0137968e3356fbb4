// Generation D: 2.6.30. vmcall, arguments in the order of the registers' names, GDT
// entries one by one. The data is that of B.
#ifndef LGX_HYPERCALLS_ABI_D_H_
#define LGX_HYPERCALLS_ABI_D_H_

#include "hypercalls/abi_b.h"

namespace lgx {

inline constexpr Abi kAbiD = {
    .letter = 'D',
    .supported = true,
    .data = kAbiB.data,
    .calls = {Call::kFlushAsync,         // 0
              Call::kLguestInit,         // 1
              Call::kShutdown,           // 2
              Call::kUnknown,            // 3
              Call::kNewPgtable,         // 4
              Call::kFlushTlb,           // 5
              Call::kLoadIdtEntry,       // 6
              Call::kSetStack,           // 7
              Call::kTs,                 // 8
              Call::kSetClockevent,      // 9
              Call::kHalt,               // 10
              Call::kUnknown,            // 11
              Call::kUnknown,            // 12
              Call::kUnknown,            // 13
              Call::kSetPte,             // 14
              Call::kSetPgd,             // 15, then called SET_PMD
              Call::kLoadTls,            // 16
              Call::kNotify,             // 17
              Call::kLoadGdtEntry},      // 18
    .registers = {1, 2, 3, kAbsentArg},  // EBX, ECX, EDX
    .ring = {1, 2, 3, kAbsentArg},
    .ring_words = 4,
    .exact_in = false,
    .knows_pae = false,
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_D_H_
